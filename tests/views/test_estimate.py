"""What a plan would take: from this home's own history, and never from nothing."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopack.db import Database
from autopack.feed.queries import Turn
from autopack.plan import Plan
from autopack.projects import queries as projects
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.schemas import Provider
from autopack.runs import queries
from autopack.views import queries as stored
from autopack.views.estimate import Outlook, PlanEstimate, plan_outlook
from autopack.views.history import worked
from autopack.views.needs import middle, upper
from usage.calls import call, unknown
from views.finished import Done, finish, plan_of, used

MEDIUM = ("core_backend", "medium")
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
async def here(database: Database, tmp_path: Path) -> Path:
    """The project that is asked for."""
    async with database.write() as session:
        await projects.register(session, tmp_path / "here")
    return tmp_path / "here"


def policy_of(**providers: Provider) -> Policy:
    policy = parse_policy(default_policy_text(), source="models.yaml")
    return policy.model_copy(update={"providers": {**policy.providers, **providers}})


SCRIPTED = policy_of(openai=Provider(simulated=True), anthropic=Provider(simulated=True))


async def look(
    database: Database, plan: Plan, *, project: Path | None = None, policy: Policy | None = None
) -> Outlook:
    async with database.read() as session:
        found = None if project is None else await projects.at(session, project)
        return await plan_outlook(
            session, plan, policy or policy_of(), project_id=found and found.id, now=datetime.now(UTC)
        )


async def estimated(
    database: Database, plan: Plan, *, project: Path | None = None, policy: Policy | None = None
) -> PlanEstimate:
    found = await look(database, plan, project=project, policy=policy)
    assert found.estimate is not None, found.reason
    assert found.reason is None
    return found.estimate


async def test_without_history_there_is_no_number(database: Database, here: Path) -> None:
    found = await look(database, plan_of(MEDIUM), project=here)
    assert (found.estimate, found.reason, found.warnings) == (None, "no finished phase of a run yet", ())
    await finish(database, here, used(100), used(100))
    found = await look(database, plan_of(MEDIUM), project=here)
    assert (found.estimate, found.reason) == (
        None,
        "only 2 finished phases of runs yet, and fewer than 3 tell nothing",
    )


async def test_a_phase_takes_the_median_of_similar_ones_and_at_most_their_90th_percentile(
    database: Database, here: Path
) -> None:
    costs = {100: "0.01", 200: "0.05", 900: "0.02"}
    phases = [used(tokens, cost_usd=Decimal(cost)) for tokens, cost in costs.items()]
    await finish(database, here, *phases)
    found = await estimated(database, plan_of(MEDIUM, MEDIUM), project=here)
    one, two = found.phases
    assert (one.id, two.id, one.samples, one.level, one.same_project) == ("p1", "p2", 3, "category", True)
    assert (one.expected.tokens, one.expected.cost_usd) == (200, Decimal("0.02"))
    assert (one.high.tokens, one.high.cost_usd) == (900, Decimal("0.05"))
    assert one.expected.minutes == pytest.approx(10.0, abs=0.1)
    assert (found.expected.tokens, found.high.tokens) == (400, 1_800)
    assert (found.expected.cost_usd, found.high.cost_usd) == (Decimal("0.04"), Decimal("0.10"))
    assert found.expected.minutes == one.expected.minutes * 2
    assert found.covered.model_dump() == {"category": 2, "complexity": 0, "any": 0, "none": 0}


async def test_failed_attempts_and_failed_phases_are_part_of_what_it_takes(
    database: Database, here: Path
) -> None:
    twice = Done(attempts=[[call(prompt_tokens=1_000, completion_tokens=0)]] * 2)
    given_up = Done(attempts=[[call(prompt_tokens=5_000, completion_tokens=0)]] * 3, failed=True)
    await finish(database, here, twice, twice, given_up)
    found = await estimated(database, plan_of(MEDIUM))
    assert (found.expected.tokens, found.high.tokens) == (2_000, 15_000)


async def test_phases_that_did_not_end_or_called_nobody_say_nothing(database: Database, here: Path) -> None:
    run_id = await finish(database, here, used(100), used(200), used(300), Done(attempts=[[]]))
    async with database.read() as session:
        assert len(await stored.finished_phases(session, project_id=None, limit=9)) == 4
    assert (await estimated(database, plan_of(MEDIUM))).phases[0].samples == 3
    async with database.write() as session:  # as a retry has it
        phase = await queries.phase(session, run_id, 1)
        phase.ended_at = None
    assert (await look(database, plan_of(MEDIUM))).estimate is None


async def test_the_most_specific_level_with_three_samples_counts(database: Database, here: Path) -> None:
    await finish(database, here, *[used(10, category="docs", complexity="low")] * 3)
    await finish(database, here, *[used(20, category="tests", complexity="medium")] * 3)
    await finish(database, here, *[used(30, category="core_backend", complexity="medium")] * 2)
    plan = plan_of(("docs", "low"), MEDIUM, ("docs", "high"))
    found = await estimated(database, plan)
    assert [(one.level, one.samples, one.expected.tokens) for one in found.phases] == [
        ("category", 3, 10),
        ("complexity", 5, 20),
        ("any", 8, 20),
    ]
    assert found.covered.model_dump() == {"category": 1, "complexity": 1, "any": 1, "none": 0}
    await finish(database, here, used(40))
    again = await estimated(database, plan)
    assert [(one.level, one.expected.tokens) for one in again.phases][1] == ("category", 30)


async def test_the_same_project_comes_first_where_it_has_three(
    database: Database, here: Path, tmp_path: Path
) -> None:
    await finish(database, tmp_path / "other", *[used(9_000)] * 5)
    await finish(database, here, used(10), used(10))
    found = (await estimated(database, plan_of(MEDIUM), project=here)).phases[0]
    assert (found.same_project, found.samples, found.expected.tokens) == (False, 7, 9_000)
    await finish(database, here, used(10))
    found = (await estimated(database, plan_of(MEDIUM), project=here)).phases[0]
    assert (found.same_project, found.samples, found.expected.tokens) == (True, 3, 10)
    beside = (await estimated(database, plan_of(MEDIUM))).phases[0]
    assert (beside.same_project, beside.samples) == (False, 8)


async def test_real_and_simulated_phases_are_never_put_together(database: Database, here: Path) -> None:
    await finish(database, here, *[used(7, simulated=True)] * 3)
    found = await look(database, plan_of(MEDIUM), project=here)
    assert (found.estimate, found.reason) == (None, "no finished phase of a run yet")
    await finish(database, here, used(50), used(50))
    mixed = Done(attempts=[[call(), call(role="auditor", simulated=True)]])
    await finish(database, here, mixed)
    assert (await look(database, plan_of(MEDIUM), project=here)).estimate is None
    scripted = await estimated(database, plan_of(MEDIUM), project=here, policy=SCRIPTED)
    assert (scripted.simulated, scripted.phases[0].samples, scripted.expected.tokens) == (True, 3, 7)
    await finish(database, here, used(50))
    real = await estimated(database, plan_of(MEDIUM), project=here)
    assert (real.simulated, real.phases[0].samples, real.expected.tokens) == (False, 3, 50)


async def test_a_phase_that_a_script_answers_in_part_is_not_covered(database: Database, here: Path) -> None:
    await finish(database, here, *[used(50)] * 3, *[used(7, simulated=True)] * 3)
    policy = policy_of(anthropic=Provider(simulated=True))
    assert (await look(database, plan_of(MEDIUM), policy=policy)).estimate is None


async def test_one_unpriced_or_unknown_call_leaves_the_dollars_unknown(
    database: Database, here: Path
) -> None:
    await finish(database, here, *[used(50)] * 9, used(60, cost_usd=None))
    found = await estimated(database, plan_of(MEDIUM, ("docs", "low")))
    assert [one.expected.cost_usd for one in found.phases] == [None, None]
    assert (found.expected.cost_usd, found.high.cost_usd, found.expected.tokens) == (None, None, 100)


async def test_a_call_of_unknown_usage_counts_at_what_was_reserved(database: Database, here: Path) -> None:
    lost = Done(attempts=[[unknown(prompt_tokens=9_000, completion_tokens=1_000)]])
    await finish(database, here, lost, used(50), used(60))
    found = await estimated(database, plan_of(MEDIUM))
    assert (found.expected.tokens, found.high.tokens, found.high.cost_usd) == (60, 10_000, None)


async def test_an_old_phase_of_the_other_kind_does_not_hide_what_is_older(
    database: Database, here: Path
) -> None:
    await finish(database, here, *[used(50)] * 3)
    await finish(database, here, *[used(7, simulated=True)] * 201)
    assert (await estimated(database, plan_of(MEDIUM), project=here)).expected.tokens == 50


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("{tokens: 99}", "The plan's budget of 99 tokens is below the expected need of 100 tokens."),
        ("{tokens: 899}", "The plan's budget of 899 tokens is below the high estimate of 900 tokens."),
        ("{usd: 0.01}", "The plan's budget of $0.01 is below the expected need of $0.50."),
        ("{tokens: 900, usd: 0.50}", ""),
    ],
)
async def test_a_budget_below_the_estimate_is_said(
    database: Database, here: Path, budget: str, said: str
) -> None:
    await finish(database, here, *[used(tokens, cost_usd=Decimal("0.5")) for tokens in (100, 100, 900)])
    found = await look(database, plan_of(MEDIUM, head=f"budget: {budget}"))
    assert found.warnings == ((said,) if said else ())


async def test_an_unknown_cost_is_not_compared_to_a_budget(database: Database, here: Path) -> None:
    await finish(database, here, *[used(100, cost_usd=None)] * 3)
    assert (await look(database, plan_of(MEDIUM, head="budget: {usd: 0.01}"))).warnings == ()


async def test_budgets_of_tiers_and_phases_are_compared_too(database: Database, here: Path) -> None:
    await finish(database, here, *[used(100)] * 3)
    plan = plan_of(MEDIUM, MEDIUM).model_dump(mode="json", by_alias=True)
    plan["tiers"][0]["budget"] = {"tokens": 150}
    plan["tiers"][0]["phases"][1]["budget"] = {"tokens": 50}
    found = await look(database, Plan.model_validate_json(json.dumps(plan)))
    assert found.warnings == (
        "The budget of the tier T of 150 tokens is below the expected need of 200 tokens.",
        "The budget of the phase p2 of 50 tokens is below the expected need of 100 tokens.",
    )


async def test_what_is_left_of_a_quota_is_compared_to_what_its_models_would_take(
    database: Database, here: Path
) -> None:
    """claude-sonnet-5-5 builds, gpt-6.1-terra audits: each draws on its own quota."""
    both = Done(
        attempts=[
            [
                call(prompt_tokens=400, completion_tokens=0, provider="anthropic"),
                call(prompt_tokens=100, completion_tokens=0, role="auditor"),
            ]
        ]
    )
    await finish(database, here, both, both, both)
    plan = plan_of(MEDIUM, MEDIUM)
    policy = policy_of(
        anthropic=Provider(weekly_cap_tokens=2_000, daily_cap_tokens=100_000),
        openai=Provider(weekly_cap_tokens=500),
    )
    assert (await look(database, plan, policy=policy)).warnings == ()
    policy = policy_of(anthropic=Provider(weekly_cap_tokens=1_900), openai=Provider(weekly_cap_tokens=500))
    assert (await look(database, plan, policy=policy)).warnings == (
        "anthropic: 36 % of 1,900 tokens a week is left, less than the expected need of 800 tokens.",
    )
    usd = policy_of(openai=Provider(monthly_cap_usd=Decimal("0.004"), autopack_share=0.5))
    assert (await look(database, plan, policy=usd)).warnings == (
        "openai: 0 % of $0.00 a month is left, less than the expected need of $0.00.",
    )


async def test_a_quota_counts_tokens_as_its_caps_do(database: Database, here: Path) -> None:
    cached = used(1_000, cache_read_tokens=900, provider="anthropic")
    await finish(database, here, cached, cached, cached)
    limits = {"weekly_cap_tokens": 400, "weights": {"cache_read": 0}}
    policy = policy_of(anthropic=Provider.model_validate(limits))
    assert (await look(database, plan_of(MEDIUM), policy=policy)).warnings == ()
    limits = {**limits, "weekly_cap_tokens": 399}
    policy = policy_of(anthropic=Provider.model_validate(limits))
    (said,) = (await look(database, plan_of(MEDIUM), policy=policy)).warnings
    assert said.endswith("less than the expected need of 100 tokens.")


def turn(minute: float, to: str | None, *, told: float | None = None) -> Turn:
    """A move, or without a state a takeover: then whoever drove it before was last heard of at `told`."""
    at = NOON + timedelta(minutes=minute)
    heard = at if told is None else NOON + timedelta(minutes=told)
    if to is None:
        return Turn("run_claimed", {}, at, heard)
    return Turn("run_moved", {"after": to, "reason": ""}, at, heard)


@pytest.mark.parametrize(
    ("turns", "minutes"),
    [
        ([], 60),
        ([turn(-5, None), turn(-5, "in_progress")], 60),
        ([turn(-5, "in_progress"), turn(10, "paused"), turn(40, "queued"), turn(50, "in_progress")], 20),
        ([turn(-5, "in_progress"), turn(50, None, told=15)], 25),
        ([turn(-5, "in_progress"), turn(10, "failed"), turn(20, "queued"), turn(30, "in_progress")], 40),
    ],
)
def test_work_is_the_time_in_which_the_run_worked(turns: list[Turn], minutes: float) -> None:
    assert worked(NOON, NOON + timedelta(hours=1), turns) == minutes * 60


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=60))
def test_the_high_need_is_one_that_nine_of_ten_phases_stayed_within(values: list[int]) -> None:
    high = upper(values)
    assert high in values
    assert sum(one <= high for one in values) >= math.ceil(len(values) * 0.9)
    assert sum(one < high for one in values) < len(values) * 0.9
    assert min(values) <= middle(values) <= high
