"""Calls get the price that was not known, or wrong, when they were made."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from autopack.db import Database
from autopack.routing import queries as ledger
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policy import parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.repricing import EACH, reprice
from autopack.usage.prices import PriceTable
from autopack.usage.queries import Priceable
from autopack.usage.recorder import get_usage_summary, record_usage
from autopack.usage.rollups import differing_hours
from autopack.usage.schemas import TokenUsage, UsageSum
from autopack.usage.tables import UsageEventRow
from fixtures.refs import openai_model
from usage.calls import call, record, unknown

OWN = {"mine": PriceTable(input=Decimal(2), output=Decimal(10), cache_read=Decimal("0.5"))}
UNPRICED = Priceable(unpriced=True, model=None, since=None)
EVERY = Priceable(unpriced=False, model=None, since=None)


async def total(database: Database, run_id: str = "run_a") -> UsageSum:
    async with database.read() as session:
        assert await differing_hours(session) == {}
        (found,) = await get_usage_summary(session, None, (), run_id=run_id)
    return found


async def test_calls_without_a_price_get_one_and_their_hours_with_them(database: Database) -> None:
    await record(
        database,
        call(model="mine", cost_usd=None, cache_read_tokens=40),
        unknown(model="mine", cost_usd=None, prompt_tokens=1000),
        call(model="nobodys", cost_usd=None),
        call(cost_usd=Decimal(7)),
    )
    done = await reprice(database, UNPRICED, OWN)
    assert done.looked_at == 3
    mine = done.models["mine", "openai", False]
    assert (mine.calls, mine.newly_priced, mine.unpriced, mine.before) == (2, 2, 0, 0)
    reported = (60 * 2_000) + 40 * 500 + 10 * 10_000
    assert mine.after == reported + 1000 * 2_000 + 10 * 10_000
    assert done.models["nobodys", "openai", False].unpriced == 1
    after = await total(database)
    assert (after.nano_usd, after.unpriced_calls) == (7 * 10**9 + reported, 1)
    assert (after.unknown_nano_usd, after.unknown_unpriced_calls) == (2_100_000, 0)


async def test_again_changes_nothing(database: Database) -> None:
    await record(database, call(model="mine", cost_usd=None), call(model="mine", cost_usd=Decimal(1)))
    await reprice(database, EVERY, OWN)
    before = await total(database)
    done = await reprice(database, EVERY, OWN)
    assert (done.looked_at, sum(one.calls for one in done.models.values())) == (2, 0)
    assert await total(database) == before


async def test_a_wrong_price_is_mended_where_that_is_asked_for(database: Database) -> None:
    old = datetime.now(UTC) - timedelta(days=3)
    await record(
        database,
        call(model="mine", cost_usd=Decimal(1)),
        call(model="mine", cost_usd=Decimal(1), created_at=old),
        call(model="other", cost_usd=Decimal(1)),
    )
    which = Priceable(unpriced=False, model="mine", since=datetime.now(UTC) - timedelta(days=1))
    done = await reprice(database, which, OWN)
    mine = done.models["mine", "openai", False]
    assert (done.looked_at, mine.calls, mine.newly_priced) == (1, 1, 0)
    assert (mine.before, mine.after) == (10**9, 300_000)
    assert (await total(database)).nano_usd == 2 * 10**9 + 300_000


async def test_a_known_price_is_never_taken_away(database: Database) -> None:
    await record(database, call(model="nobodys", cost_usd=Decimal(1)))
    done = await reprice(database, EVERY, {})
    assert (done.looked_at, done.models["nobodys", "openai", False].unpriced) == (1, 0)
    assert (await total(database)).nano_usd == 10**9


async def test_a_call_is_priced_as_of_its_own_time(database: Database) -> None:
    """The list's price of o3 fell on 2025-06-10."""
    dates = (datetime(2025, 5, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
    await record(database, *(call(model="o3", cost_usd=None, created_at=at) for at in dates))
    await reprice(database, UNPRICED, {})
    async with database.read() as session:
        costs = [row.nano_usd for row in await session.scalars(select(UsageEventRow).order_by("created_at"))]
    assert costs[0] is not None
    assert costs[1] is not None
    assert costs[0] > costs[1] > 0


async def test_a_budget_sees_the_price_of_a_call_whose_usage_was_lost(database: Database) -> None:
    model = openai_model("mine")
    policy = parse_policy(default_policy_text(), source="models.yaml")
    context = CallContext(
        run_id="run_a", phase_id="store", attempt=1, role="builder", model=model, owner="me"
    )
    books = Meter(database, context, policy=lambda: policy)
    await books.lose(await books.reserve(bound=TokenUsage(input_tokens=1000)), why="cut")
    async with database.read() as session:
        assert (await ledger.pending(session, "run_a", phases=None)).unpriced == 1
    await reprice(database, UNPRICED, OWN)
    async with database.read() as session:
        pending = await ledger.pending(session, "run_a", phases=None)
    assert (pending.unpriced, pending.nano_usd) == (0, 2_000_000)


@pytest.mark.parametrize("count", [EACH, EACH + 1])
async def test_many_calls_of_several_quotas_are_priced_in_parts_while_others_are_made(
    database: Database, count: int
) -> None:
    calls = [call(model="mine", pool=f"pool{one % 3}", cost_usd=None) for one in range(count)]
    async with database.write() as session:
        for one in calls:
            await record_usage(session, one)
    late = [call(model="mine", cost_usd=Decimal(0)) for _ in range(20)]
    done, _ = await asyncio.gather(reprice(database, UNPRICED, OWN), record(database, *late))
    assert sum(one.calls for one in done.models.values()) == count
    after = await total(database)
    assert (after.calls, after.nano_usd, after.unpriced_calls) == (count + 20, count * 300_000, 0)
