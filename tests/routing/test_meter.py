from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from autopack.db import Database
from autopack.routing.meter import CallContext, Meter, lose_open_calls
from autopack.routing.policy import parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.queries import cooldowns
from autopack.routing.tables import ReservationRow
from autopack.usage.money import to_nano
from autopack.usage.recorder import get_usage_summary
from autopack.usage.rollups import differing_hours
from autopack.usage.schemas import GroupBy, TokenUsage
from autopack.usage.tables import UsageEventRow, UsageHourRow, UsageRunHourRow
from fixtures.refs import openai_model

POLICY = parse_policy(default_policy_text(), source="models.yaml")
BOUND = TokenUsage(input_tokens=5000, output_tokens=1000)
SPENT = TokenUsage(
    input_tokens=1200, cache_read_tokens=1000, cache_write_tokens=100, output_tokens=50, reasoning_tokens=20
)


def meter(
    database: Database,
    *,
    model: str = "gpt-5",
    role: str = "builder",
    run_id: str = "run_a",
    attempt: int = 1,
) -> Meter:
    context = CallContext(
        run_id=run_id,
        phase_id="store",
        attempt=attempt,
        role=role,
        model=openai_model(model),
        owner="me",
    )
    return Meter(database, context, policy=lambda: POLICY)


async def reservations(database: Database) -> list[ReservationRow]:
    async with database.read() as session:
        return list(await session.scalars(select(ReservationRow)))


async def events(database: Database) -> list[UsageEventRow]:
    async with database.read() as session:
        return list(await session.scalars(select(UsageEventRow)))


async def test_a_call_is_reserved_before_it_is_sent(database: Database) -> None:
    call_id = await meter(database).reserve(bound=BOUND)
    (reserved,) = await reservations(database)
    assert (reserved.call_id, reserved.state) == (call_id, "open")
    assert (reserved.input_tokens, reserved.output_tokens) == (5000, 1000)
    assert reserved.nano_usd is not None
    assert await events(database) == []


async def test_a_settled_call_is_one_event_with_its_price(database: Database) -> None:
    books = meter(database)
    call_id = await books.reserve(bound=BOUND)
    await books.settle(call_id, usage=SPENT, response_id="resp_1")
    (event,) = await events(database)
    (reserved,) = await reservations(database)
    assert reserved.state == "settled"
    assert reserved.closed_at is not None
    assert (event.prompt_tokens, event.completion_tokens) == (1200, 50)
    assert (event.cache_read_tokens, event.cache_write_tokens, event.reasoning_tokens) == (1000, 100, 20)
    assert (event.call_id, event.response_id, event.usage_status) == (call_id, "resp_1", "reported")
    assert (event.role, event.phase_id, event.attempt, event.pool) == ("builder", "store", 1, "openai")
    assert event.nano_usd is not None
    assert event.nano_usd > 0
    assert event.simulated


async def test_settling_twice_counts_once(database: Database) -> None:
    books = meter(database)
    call_id = await books.reserve(bound=BOUND)
    await books.settle(call_id, usage=SPENT, response_id=None)
    await books.settle(call_id, usage=SPENT, response_id=None)
    assert len(await events(database)) == 1
    async with database.read() as session:
        (hour,) = await session.scalars(select(UsageHourRow))
    assert (hour.calls, hour.prompt_tokens) == (1, 1200)


async def test_a_lost_call_is_unknown_at_its_reserved_size_and_never_zero(database: Database) -> None:
    books = meter(database)
    call_id = await books.reserve(bound=BOUND)
    await books.lose(call_id, why="the stream was cut")
    (event,) = await events(database)
    (reserved,) = await reservations(database)
    assert (event.usage_status, event.prompt_tokens, event.completion_tokens) == ("unknown", 5000, 1000)
    assert event.nano_usd == reserved.nano_usd
    assert (reserved.state, reserved.why) == ("unknown", "the stream was cut")
    async with database.read() as session:
        (total,) = await get_usage_summary(session, None, ())
    assert (total.total_tokens, total.unknown_calls, total.unknown_tokens) == (0, 1, 6000)
    assert total.usd is None


async def test_a_call_that_bought_nothing_leaves_no_event(database: Database) -> None:
    books = meter(database)
    await books.release(await books.reserve(bound=BOUND), why="connection refused")
    (reserved,) = await reservations(database)
    assert reserved.state == "released"
    assert await events(database) == []


async def test_a_call_that_is_cancelled_while_it_is_reserved_leaves_nothing_open(database: Database) -> None:
    books, moments, made = meter(database), random.Random(4), list[str]()
    for _ in range(150):
        reserving = asyncio.create_task(books.reserve(bound=BOUND))
        for _ in range(moments.randrange(60)):
            await asyncio.sleep(0)
        await asyncio.sleep(moments.random() * 0.005)
        reserving.cancel()
        made += [
            one for one in await asyncio.gather(reserving, return_exceptions=True) if isinstance(one, str)
        ]
    assert {reserved.call_id for reserved in await reservations(database)} == {*made}


async def test_a_call_that_was_never_made_leaves_nothing(database: Database) -> None:
    books = meter(database)
    await books.withdraw(await books.reserve(bound=BOUND))
    assert await reservations(database) == []
    assert await events(database) == []
    settled = await books.reserve(bound=BOUND)
    await books.settle(settled, usage=TokenUsage(input_tokens=1), response_id=None)
    await books.withdraw(settled)
    assert len(await reservations(database)) == 1


async def test_an_unpriced_model_costs_unknown_and_not_nothing(database: Database) -> None:
    books = meter(database, model="gpt-nobody-sells-this")
    await books.settle(await books.reserve(bound=BOUND), usage=SPENT, response_id=None)
    (event,) = await events(database)
    assert event.nano_usd is None
    async with database.read() as session:
        (total,) = await get_usage_summary(session, None, ())
    assert (total.total_tokens, total.unpriced_calls, total.usd) == (1250, 1, None)


async def test_an_answer_that_comes_after_its_call_was_given_up_takes_the_place_of_the_unknown(
    database: Database,
) -> None:
    books = meter(database)
    late = await books.reserve(bound=BOUND)
    assert await lose_open_calls(database, "run_a", why="taken for dead") == 1
    for _ in range(2):
        await books.settle(late, usage=SPENT, response_id="r1")
    (event,) = await events(database)
    assert (event.usage_status, event.response_id) == ("reported", "r1")
    assert [row.state for row in await reservations(database)] == ["settled"]
    async with database.read() as session:
        (total,) = await get_usage_summary(session, None, ())
        assert await differing_hours(session) == {}
    assert (total.total_tokens, total.unknown_calls) == (1250, 0)


async def test_calls_left_open_by_a_dead_process_become_unknown(database: Database) -> None:
    books = meter(database)
    await books.reserve(bound=BOUND)
    settled = await books.reserve(bound=BOUND)
    await books.settle(settled, usage=SPENT, response_id=None)
    await meter(database, run_id="run_b").reserve(bound=BOUND)
    assert await lose_open_calls(database, "run_a", why="the process died") == 1
    assert Counter(row.state for row in await reservations(database)) == {
        "unknown": 1,
        "settled": 1,
        "open": 1,
    }
    assert sorted(event.usage_status for event in await events(database)) == ["reported", "unknown"]
    assert await lose_open_calls(database, "run_a", why="again") == 0


USAGES = st.builds(
    TokenUsage,
    input_tokens=st.integers(500, 9000),
    cache_read_tokens=st.integers(0, 250),
    cache_write_tokens=st.integers(0, 250),
    output_tokens=st.integers(100, 900),
    reasoning_tokens=st.integers(0, 100),
)
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["builder", "auditor", "agent:planner"]),
        st.sampled_from(["gpt-5", "gpt-5-mini", "gpt-nobody-sells-this"]),
        st.sampled_from(["run_a", "run_b"]),
        st.sampled_from(["settle", "settle_twice", "unreserved", "lose", "release", "withdraw", "leave"]),
        USAGES,
    ),
    max_size=15,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=CALLS)
async def test_parts_sum_to_the_whole_whatever_becomes_of_calls(
    database: Database, calls: list[tuple[str, str, str, str, TokenUsage]]
) -> None:
    async with database.write() as session:
        for table in (UsageEventRow, UsageHourRow, UsageRunHourRow, ReservationRow):
            await session.execute(delete(table))
    for role, model, run_id, fate, usage in calls:
        books = meter(database, model=model, role=role, run_id=run_id)
        if fate == "unreserved":
            await books.settle(f"call_{secrets.token_hex(12)}", usage=usage, response_id=None)
            continue
        call_id = await books.reserve(bound=BOUND)
        if fate.startswith("settle"):
            await books.settle(call_id, usage=usage, response_id=None)
        if fate == "settle_twice":
            await books.settle(call_id, usage=usage, response_id=None)
        if fate == "lose":
            await books.lose(call_id, why="cut")
        if fate == "release":
            await books.release(call_id, why="refused")
        if fate == "withdraw":
            await books.withdraw(call_id)
    settled = [usage for *_, fate, usage in calls if fate.startswith(("settle", "unreserved"))]
    lost = sum(fate == "lose" for *_, fate, _ in calls)
    async with database.read() as session:
        hours = list(await session.scalars(select(UsageHourRow)))
        groups: list[tuple[GroupBy, ...]] = [("role",), ("model",), ("run_id",), ("provider", "role")]
        groups.append(("run_id", "model", "role"))
        for group in groups:
            parts = await get_usage_summary(session, None, group)
            assert sum(part.prompt_tokens for part in parts) == sum(u.input_tokens for u in settled)
            assert sum(part.total_tokens for part in parts) == sum(u.total for u in settled)
            assert sum(part.unknown_calls for part in parts) == lost
            assert sum(part.nano_usd for part in parts) == sum(hour.nano_usd for hour in hours)
            assert sum(part.calls for part in parts) == sum(hour.calls for hour in hours)
    assert sum(hour.completion_tokens for hour in hours) == sum(u.output_tokens for u in settled)
    assert sum(hour.reasoning_tokens for hour in hours) == sum(u.reasoning_tokens for u in settled)
    assert sum(hour.unknown_tokens for hour in hours) == lost * BOUND.total
    open_now = [row for row in await reservations(database) if row.state == "open"]
    assert len(open_now) == sum(fate == "leave" for *_, fate, _ in calls)


def test_money_is_whole_nano_dollars() -> None:
    from decimal import Decimal

    from autopack.usage.money import to_usd

    assert to_nano(Decimal("0.0000000015")) == 2
    assert to_nano(Decimal("0.0000000025")) == 2
    assert to_nano(None) is None
    assert to_usd(1_725_000) == Decimal("0.001725")
    assert to_usd(None) is None


async def test_a_call_that_was_under_way_does_not_shorten_a_longer_rest(database: Database) -> None:
    metered = meter(database)
    long = await metered.cool_down(seconds=600, why="a day's limit", whole_quota=True)
    short = await metered.cool_down(seconds=5, why="too fast", whole_quota=True)
    assert short == long
    async with database.read() as session:
        (kept,) = await cooldowns(session, now=long - timedelta(seconds=1))
    assert (kept.until, kept.why) == (long, "a day's limit")
    longer = await metered.cool_down(seconds=900, why="a week's limit", whole_quota=True)
    assert longer > long
