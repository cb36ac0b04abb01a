"""What accounts say of their own windows: kept, believed as far as it can be, and what follows from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.routing import queries
from autopack.routing.accounts import AccountUsage, AccountWindow
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policy import parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.quota import AccountFull, QuotaReached, read_view
from autopack.routing.windows import Rolling
from autopack.usage.schemas import TokenUsage
from fixtures.refs import openai_model
from routing.test_quota_ledger import policy

RESET = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
FIVE_HOURS = "{windows: [{hours: 5, cap_tokens: 1000}]}"


def told(used: float, resets_at: datetime, *, hours: float = 5, extra: bool = False) -> AccountUsage:
    window = AccountWindow(length=timedelta(hours=hours), used=used, resets_at=resets_at)
    return AccountUsage(windows=(window,), extra=extra)


async def test_usage_before_a_reset_that_the_account_told_counts_no_more(
    database: Database, settings: Settings
) -> None:
    """For whoever reserves: another process, too, which remembers the hours before."""
    clock, capped = [RESET - timedelta(hours=2)], policy(FIVE_HOURS)
    context = CallContext(role="builder", model=openai_model("gpt-5"), owner="me")
    other = Database(settings.database_url)

    def meter(of: Database) -> Meter:
        return Meter(of, context, policy=lambda: capped, clock=lambda: clock[0])

    try:
        for of in (database, other):
            call_id = await meter(of).reserve(bound=TokenUsage(output_tokens=500))
            await meter(of).settle(call_id, usage=TokenUsage(output_tokens=500), response_id=None)
        for of in (database, other):
            with pytest.raises(QuotaReached) as refused:
                await meter(of).reserve(bound=TokenUsage(output_tokens=500))
            assert refused.value.until == RESET + timedelta(hours=4)  # the whole of its hour, and five more
        await meter(database).account_says(told(0.9, RESET))
        for of in (database, other):
            with pytest.raises(QuotaReached) as refused:
                await meter(of).reserve(bound=TokenUsage(output_tokens=500))
            assert refused.value.until == RESET
        clock[0] = RESET
        for of in (other, database):
            await meter(of).reserve(bound=TokenUsage(output_tokens=500))
    finally:
        await other.close()


@pytest.mark.parametrize(
    "window",
    [
        AccountWindow(length=timedelta(hours=5), used=0.5, resets_at=RESET + timedelta(hours=6)),
        AccountWindow(length=timedelta(hours=5), used=0.5, resets_at=RESET - timedelta(hours=1)),
        AccountWindow(length=timedelta(hours=5), used=float("nan"), resets_at=RESET + timedelta(hours=1)),
        AccountWindow(length=timedelta(0), used=0.5, resets_at=RESET + timedelta(minutes=1)),
        AccountWindow(length=timedelta(hours=-5), used=0.5, resets_at=RESET + timedelta(hours=1)),
    ],
)
async def test_what_an_account_can_not_have_said_is_not_kept(
    window: AccountWindow, database: Database
) -> None:
    context = CallContext(role="builder", model=openai_model("gpt-5"), owner="me")
    meter = Meter(database, context, policy=lambda: policy(FIVE_HOURS), clock=lambda: RESET)
    await meter.account_says(AccountUsage(windows=(window,)))
    async with database.read() as session:
        assert await queries.account_windows(session, now=RESET) == {}
        assert await queries.account_resets(session, "openai") == {}


async def test_a_reset_that_is_told_again_a_little_later_is_the_same(database: Database) -> None:
    context = CallContext(role="builder", model=openai_model("gpt-5"), owner="me")
    now = RESET - timedelta(hours=2)
    meter = Meter(database, context, policy=lambda: policy(FIVE_HOURS), clock=lambda: now)
    await meter.account_says(told(0.5, RESET, hours=4.98))
    await meter.account_says(told(0.6, RESET + timedelta(seconds=2)))
    async with database.read() as session:
        (window,) = (await queries.account_windows(session, now=now))["openai"]
        assert await queries.account_resets(session, "openai") == {timedelta(hours=5): RESET}
    assert (window.length, window.used) == (timedelta(hours=5), 0.6)


async def test_a_reset_that_is_told_sooner_than_a_window_after_the_last_does_not_empty_a_cap(
    database: Database,
) -> None:
    """Or a cap could be filled as often as one is told."""
    clock, capped = [RESET], policy(FIVE_HOURS)
    context = CallContext(role="builder", model=openai_model("gpt-5"), owner="me")
    meter = Meter(database, context, policy=lambda: capped, clock=lambda: clock[0])
    spent = 0

    async def fill() -> None:
        nonlocal spent
        while True:
            call_id = await meter.reserve(bound=TokenUsage(output_tokens=100))
            await meter.settle(call_id, usage=TokenUsage(output_tokens=100), response_id=None)
            spent += 100

    for _ in range(4):
        with pytest.raises(QuotaReached):
            await fill()
        await meter.account_says(told(0.1, clock[0] + timedelta(seconds=3)))
        clock[0] += timedelta(hours=1)
    assert spent <= 2_000, "once for what was used before the first, and no more in one window"


async def test_a_reset_that_was_told_while_the_clock_was_wrong_does_not_last(database: Database) -> None:
    ahead = [RESET + timedelta(days=365)]
    context = CallContext(role="builder", model=openai_model("gpt-5"), owner="me")
    meter = Meter(database, context, policy=lambda: policy(FIVE_HOURS), clock=lambda: ahead[0])
    await meter.account_says(told(1.0, ahead[0] + timedelta(hours=3)))
    async with database.read() as session:
        assert await queries.account_windows(session, now=RESET) == {}
    span = Rolling(length=timedelta(hours=5), reset=ahead[0] + timedelta(hours=3))
    assert span.since(RESET) == Rolling(length=timedelta(hours=5)).since(RESET)
    assert span.next_reset(RESET) is None


async def test_a_full_account_is_asked_for_no_further_call_but_to_try_it(database: Database) -> None:
    now = RESET - timedelta(hours=2)
    text = default_policy_text() + "pools: {plan: {billing: subscription, reserve_for: {auditor: 0.3}}}\n"
    kept = parse_policy(text + "agent_pools: {codex: plan}\n", source="models.yaml")

    def meter(role: str, *, trial: bool = False) -> Meter:
        model = kept.resolve("codex/gpt-5")
        context = CallContext(role=role, category="docs", model=model, owner="me", trial=trial)
        return Meter(database, context, policy=lambda: kept, clock=lambda: now)

    bound = TokenUsage(output_tokens=10)
    await meter("builder").account_says(told(0.75, RESET))
    with pytest.raises(AccountFull) as refused:
        await meter("builder").reserve(bound=bound)
    assert refused.value.until == RESET
    assert "30% of it kept free" in refused.value.message
    await meter("auditor").reserve(bound=bound)
    await meter("auditor").account_says(told(1.0, RESET))
    with pytest.raises(AccountFull):
        await meter("auditor").reserve(bound=bound)
    await meter("auditor", trial=True).reserve(bound=bound)


@pytest.mark.parametrize("allowed", [False, True])
async def test_an_account_that_charges_for_more_is_left_alone_unless_that_is_wanted(
    allowed: bool, database: Database
) -> None:
    pools = f"pools: {{plan: {{billing: subscription, extra_usage: {str(allowed).lower()}}}}}\n"
    text = default_policy_text() + pools
    told_policy = parse_policy(text, source="models.yaml")
    model = openai_model("gpt-5").model_copy(update={"pool": "plan"})
    context = CallContext(role="builder", model=model, owner="me")
    meter = Meter(database, context, policy=lambda: told_policy, clock=lambda: RESET - timedelta(hours=2))
    assert await meter.account_says(told(1.02, RESET, extra=True)) is allowed
    async with database.read() as session:
        view = await read_view(
            session, told_policy, roles=("builder",), category="docs", now=RESET - timedelta(hours=1)
        )
    standing = view.standing(model, role="builder", category="docs")
    assert (standing.level, standing.until) == (("soft", None) if allowed else ("cooling", RESET))


async def test_two_agents_in_one_pool_have_an_account_each(database: Database) -> None:
    now = RESET - timedelta(hours=2)
    agents = "agent_pools: {claude-code: plan, codex: plan}\n"
    pools = "pools: {plan: {billing: subscription, windows: [{hours: 5, cap_tokens: 1000}]}}\n"
    shared = parse_policy(default_policy_text() + pools + agents, source="models.yaml")
    models = [shared.resolve(name) for name in ("claude-code/claude-sonnet-4-5", "codex/gpt-5")]
    for model, used, reset in zip(models, (1.0, 0.2), (RESET, RESET + timedelta(hours=1)), strict=True):
        context = CallContext(role="builder", model=model, owner="me")
        meter = Meter(database, context, policy=lambda: shared, clock=lambda: now)
        await meter.account_says(told(used, reset))
    async with database.read() as session:
        assert await queries.account_resets(session, "plan") == {}, "nobody knows whose window the cap is of"
        view = await read_view(session, shared, roles=("builder",), category="docs", now=now)
    levels = [view.standing(model, role="builder", category="docs").level for model in models]
    assert levels == ["cooling", "open"]
