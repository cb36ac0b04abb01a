"""What a run used, part by part."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import NotFound
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.quota import QuotaReached
from autopack.routing.schemas import Provider
from autopack.runs import queries
from autopack.usage.schemas import TokenUsage
from autopack.views.run_usage import RunUsage, run_usage
from fixtures.refs import openai_model
from usage.calls import call, record, unknown
from views.recorded import record_run

BOUND = TokenUsage(input_tokens=900, output_tokens=100)


@pytest.fixture
async def run_id(settings: Settings, tmp_path: Path) -> str:
    return await record_run(settings, repository=tmp_path)


async def look(database: Database, run_id: str) -> RunUsage:
    async with database.read() as session:
        return await run_usage(session, run_id)


def meter(database: Database, run_id: str, policy: Policy) -> Meter:
    context = CallContext(
        run_id=run_id, phase_id="store", attempt=2, role="builder", model=openai_model(), owner="me"
    )
    return Meter(database, context, policy=lambda: policy)


async def test_a_run_is_cut_into_tiers_phases_attempts_and_roles(database: Database, run_id: str) -> None:
    found = await look(database, run_id)
    assert [(tier.name, tier.booked.usage.calls) for tier in found.tiers] == [
        ("Foundation", 3),
        ("Surface", 1),
    ]
    store = found.tiers[0].phases[0]
    assert (store.id, store.state, store.booked.usage.tokens) == ("store", "completed", 3_300)
    assert [(one.number, one.outcome, one.booked.usage.tokens) for one in store.attempts] == [
        (1, "verification_failed", 1_100),
        (2, "committed", 2_200),
    ]
    roles = [(one.role, one.model, one.booked.usage.tokens) for one in store.attempts[1].roles]
    assert roles == [("auditor", "gpt-6.1-sol", 1_100), ("builder", "claude-opus-5-5", 1_100)]
    assert [phase.booked.usage.calls for phase in found.tiers[1].phases] == [1, 0]
    assert found.booked.usage.unknown_tokens == 1_100


async def test_a_phase_costs_all_that_was_spent_until_it_was_accepted(
    database: Database, run_id: str
) -> None:
    found = await look(database, run_id)
    assert found.failed_attempts.usage.cost_usd == Decimal("0.25")
    assert (found.accepted.phases, found.accepted.tokens_per_phase) == (1, 3_300)
    assert (found.accepted.cost_usd_per_phase, found.accepted.whole) == (Decimal("0.75"), False)


async def test_nothing_accepted_has_no_price(settings: Settings, database: Database, run_id: str) -> None:
    async with database.write() as session:
        for phase in await queries.phases(session, run_id):
            phase.state = "pending"
    accepted = (await look(database, run_id)).accepted
    assert (accepted.phases, accepted.tokens_per_phase, accepted.cost_usd_per_phase) == (0, None, None)


async def test_what_is_for_no_phase_or_one_that_is_gone_is_not_lost(database: Database, run_id: str) -> None:
    before = (await look(database, run_id)).booked.usage
    await record(
        database,
        call(run_id=run_id, phase_id=None, attempt=None, role="agent:planner"),
        call(run_id=run_id, phase_id="taken-out", attempt=1),
        call(run_id=run_id, phase_id="cli", attempt=None, role="agent:helper"),
        unknown(run_id=run_id, phase_id="cli", attempt=7),
    )
    found = await look(database, run_id)
    assert found.booked.usage.calls == before.calls + 4
    assert [one.role for one in found.beside] == ["agent:planner"]
    assert [(phase.id, phase.index, phase.state) for phase in found.gone] == [("taken-out", None, None)]
    cli = found.tiers[1].phases[0]
    assert [(one.number, one.outcome) for one in cli.attempts] == [(None, None), (1, "open"), (7, None)]


async def test_calls_that_were_not_bought_are_counted_where_they_belong(
    database: Database, run_id: str
) -> None:
    policy = parse_policy(default_policy_text(), source="models.yaml")
    books = meter(database, run_id, policy)
    await books.release(await books.reserve(bound=BOUND), why="no connection")
    await books.reserve(bound=BOUND)
    capped = policy.model_copy(update={"providers": {"openai": Provider(weekly_cap_tokens=1)}})
    with pytest.raises(QuotaReached):
        await meter(database, run_id, capped).reserve(bound=BOUND)
    found = await look(database, run_id)
    attempt = found.tiers[0].phases[0].attempts[1]
    for part in (found.booked, found.tiers[0].booked, attempt.booked):
        counts = (part.refused_calls, part.released_calls, part.open_calls, part.open_tokens)
        assert counts == (1, 1, 1, 1_000)
    assert found.failed_attempts.refused_calls == 0


async def test_an_unknown_run_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        await look(database, "run_20250303_101500_ab12")
