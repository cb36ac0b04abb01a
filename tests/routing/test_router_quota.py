"""What the router decides where quotas are short: by examples, and for every policy and state of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopack.plan import Complexity
from autopack.routing.accounts import ToldWindow
from autopack.routing.decisions import Decision
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.queries import Amounts, Cooldown, Use
from autopack.routing.quota import QuotaView
from autopack.routing.router import ModelRouter
from autopack.routing.standings import Standing
from routing.test_router import TEXT
from routing.test_router_properties import (
    CATEGORIES,
    COMPLEXITIES,
    FAMILIES,
    OVERRIDES,
    ROLES,
    mapped,
    policies,
)

NOW = datetime(2026, 11, 27, 21, 40, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
CAPS = "  openai: {weekly_cap_tokens: 1000}\n  anthropic: {weekly_cap_tokens: 1000}\n"
EMPTY, FULL, SOFT = 0, 1000, 850


def capped_text() -> str:
    limits = f"providers:\n{CAPS}  mine: {{kind: openai, base_url: 'https://x.y', api_key_env: K}}\n"
    return TEXT.replace(TEXT.splitlines(keepends=True)[-2], limits)


def capped(extra: str = "") -> Policy:
    return parse_policy(capped_text() + extra, source="models.yaml")


def view(
    policy: Policy,
    openai: int = EMPTY,
    anthropic: int = EMPTY,
    *,
    cooldowns: tuple[Cooldown, ...] = (),
    until: datetime | None = LATER,
    told: Mapping[str, Sequence[ToldWindow]] | None = None,
) -> QuotaView:
    """Quotas of which so many tokens are used."""
    used = {"openai": openai, "anthropic": anthropic}
    uses = {
        pool: Use({"week": Amounts(tokens * 1000, 0, 0)}, Amounts(0, 0, 0)) for pool, tokens in used.items()
    }
    frees = {(pool, role): until for pool in used for role in ("builder", "auditor")}
    return QuotaView(policy, uses, cooldowns=[*cooldowns], frees=frees, accounts=told or {})


def decide(policy: Policy, quota: QuotaView, category: str = "core_backend", **more: Any) -> Decision:
    overrides = more.pop("overrides", None)
    router = ModelRouter(policy, quota=quota, overrides=overrides)
    return router.decide(role="builder", category=category, complexity="medium", **more)


def test_below_the_soft_limit_the_mapped_model_is_taken() -> None:
    got = decide(capped(), view(capped(), anthropic=799))
    assert (got.model.name, got.verdict) == ("claude-medium", "go")


def test_above_it_the_first_fallback_below_its_own_is_taken() -> None:
    got = decide(capped(), view(capped(), anthropic=SOFT))
    assert got.model.name == "gpt-fallback"
    assert got.reason == (
        "complexity medium maps builder to claude-medium (anthropic has used 85% of 1,000 tokens a week); "
        "took gpt-fallback, a fallback of default"
    )
    assert [(one.model, one.taken) for one in got.candidates] == [
        ("claude-medium", False),
        ("gpt-fallback", True),
    ]
    assert decide(capped(), view(capped(), anthropic=SOFT, openai=SOFT)).model.name == "other"


def test_a_category_s_own_fallbacks_come_first() -> None:
    assert decide(capped(), view(capped(), anthropic=SOFT), "frontend_ui").model.name == "o3-ui"


def test_where_all_are_above_their_soft_limits_the_mapped_model_is_kept() -> None:
    text = "fallbacks: {default: [gpt-fallback]}"
    policy = parse_policy(
        capped_text().replace("fallbacks: {default: [gpt-fallback, other], frontend_ui: [o3-ui]}", text),
        source="models.yaml",
    )
    got = decide(policy, view(policy, SOFT, SOFT))
    assert (got.model.name, got.verdict) == ("claude-medium", "go")
    assert got.reason.endswith("kept: the policy has nothing better")
    assert decide(policy, view(policy, SOFT, FULL)).model.name == "gpt-fallback"
    spent = decide(policy, view(policy, FULL, FULL))
    assert (spent.verdict, spent.until) == ("wait", LATER)
    assert [one.taken for one in spent.candidates] == [False, False]


@pytest.mark.parametrize(
    ("settings", "used", "verdict"),
    [
        ("", SOFT, "go"),
        ("fail_fast: {above_soft_limit: fail}\n", SOFT, "fail"),
        ("", FULL, "fail"),
        ("fail_fast: {at_cap: wait}\n", FULL, "wait"),
    ],
)
def test_a_fail_fast_category_follows_its_own_words(settings: str, used: int, verdict: str) -> None:
    policy = capped(settings)
    got = decide(policy, view(policy, anthropic=used), "security_auth_change")
    assert (got.model.name, got.verdict) == ("claude-strong", verdict)
    assert got.until == (LATER if verdict == "wait" else None)


def test_a_rest_that_a_provider_asked_for_is_waited_for_where_no_other_model_may_be_taken() -> None:
    policy, cooldown = capped(), Cooldown("anthropic", "", LATER, "HTTP 429")
    quota = view(policy, cooldowns=(cooldown,))
    got = decide(policy, quota, "security_auth_change")
    assert (got.verdict, got.until) == ("wait", LATER)
    assert "left alone until 2026-11-28 00:40 UTC: HTTP 429" in got.reason
    assert decide(policy, quota).model.name == "gpt-fallback"
    of_model = view(policy, cooldowns=(Cooldown("anthropic", "claude-other", LATER, "HTTP 429"),))
    assert decide(policy, of_model).model.name == "claude-medium"


def test_an_override_is_the_model_that_is_used_or_none() -> None:
    policy = capped()
    overrides = {"builder": {"core_backend:medium": "claude-high"}}
    assert decide(policy, view(policy, anthropic=SOFT), overrides=overrides).model.name == "claude-high"
    got = decide(policy, view(policy, anthropic=FULL), overrides=overrides)
    assert (got.model.name, got.verdict) == ("claude-high", "wait")


def test_what_was_refused_since_the_quotas_were_looked_at_is_not_taken_again() -> None:
    refused = {"claude-medium": Standing(level="spent", said="no room", until=LATER)}
    got = decide(capped(), view(capped()), refused=refused)
    assert (got.model.name, got.candidates[0].why) == (
        "gpt-fallback",
        "complexity medium maps builder to claude-medium; no room",
    )


def test_what_never_fits_is_not_waited_for() -> None:
    policy = capped("exhausted: wait\n")
    refused = {
        name: Standing(level="spent", said="too large") for name in ("claude-medium", "gpt-fallback", "other")
    }
    assert decide(policy, view(policy), refused=refused).verdict == "fail"


LEVELS = st.sampled_from([EMPTY, SOFT, FULL])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Policy, QuotaView]:
    policy = draw(policies())
    caps = {"weekly_cap_tokens": 1000}
    mine = {**policy.providers["mine"].model_dump(exclude_none=True), **caps}
    document = {
        **policy.model_dump(mode="json"),
        "providers": {"openai": caps, "anthropic": caps, "mine": mine},
        "exhausted": draw(st.sampled_from(["wait", "fail"])),
        "fail_fast": {
            **policy.fail_fast.model_dump(mode="json"),
            "above_soft_limit": draw(st.sampled_from(["keep_primary", "fail"])),
            "at_cap": draw(st.sampled_from(["fail", "wait"])),
        },
    }
    policy = Policy.model_validate(document)
    uses = {
        pool: Use({"week": Amounts(draw(LEVELS) * 1000, 0, 0)}, Amounts(0, 0, 0)) for pool in policy.providers
    }
    cooling = draw(st.lists(st.sampled_from(["openai", "anthropic", "mine"]), max_size=2, unique=True))
    cooldowns = [Cooldown(pool, "", LATER, "HTTP 429") for pool in cooling]
    frees = {(pool, role): LATER for pool in uses for role in ("builder", "auditor")}
    return policy, QuotaView(policy, uses, cooldowns=cooldowns, frees=frees, accounts={})


@given(worlds(), OVERRIDES, ROLES, CATEGORIES, COMPLEXITIES, FAMILIES)
def test_nothing_gives_critical_work_or_an_override_another_model(
    world: tuple[Policy, QuotaView],
    overrides: dict[str, dict[str, str]],
    role: str,
    category: str,
    complexity: Complexity,
    avoid: str | None,
) -> None:
    policy, quota = world
    router = ModelRouter(policy, overrides=overrides, quota=quota)
    got = router.decide(role=role, category=category, complexity=complexity, avoid_family=avoid)
    usual = mapped(policy, overrides, role, category, complexity)
    if category in policy.fail_fast.categories or got.source == "run_override":
        assert got.model.name == usual
        assert {one.model for one in got.candidates if one.taken} <= {usual}
    standing = quota.standing(got.model, role=role, category=category)
    if got.verdict == "go":
        assert standing.usable
        assert [one.model for one in got.candidates if one.taken] == [got.model.name]
    else:
        assert got.model.name == usual
        assert not any(one.taken for one in got.candidates)
        assert (got.until is not None) == (got.verdict == "wait")
    assert all(one.why for one in got.candidates)


@given(worlds(), ROLES, CATEGORIES, COMPLEXITIES)
def test_other_work_is_done_as_long_as_a_fallback_has_room(
    world: tuple[Policy, QuotaView], role: str, category: str, complexity: Complexity
) -> None:
    policy, quota = world
    if category in policy.fail_fast.categories:
        return
    got = ModelRouter(policy, quota=quota).decide(role=role, category=category, complexity=complexity)
    chain = [mapped(policy, {}, role, category, complexity)]
    chain += [*policy.fallbacks.get(category, ()), *policy.fallbacks.get("default", ())]
    standings = [quota.standing(policy.resolve(name), role=role, category=category) for name in chain]
    assert (got.verdict == "go") == any(one.usable for one in standings)
    best = [name for name, one in zip(chain, standings, strict=True) if one.level == "open"]
    if best:
        assert got.model.name == best[0]


def account(used: float, *, hours: int = 5) -> ToldWindow:
    return ToldWindow(length=timedelta(hours=hours), used=used, resets_at=LATER, agent="", told_at=NOW)


@pytest.mark.parametrize(
    ("used", "level"), [(0.79, "open"), (0.8, "soft"), (0.99, "soft"), (1.0, "cooling"), (1.2, "cooling")]
)
def test_what_the_account_says_is_used_counts_as_well(used: float, level: str) -> None:
    policy = capped()
    got = view(policy, told={"openai": [account(0.1), account(used, hours=168)]})
    standing = got.standing(policy.resolve("gpt-5"), role="builder", category="docs")
    assert standing.level == level
    assert standing.until == (LATER if level == "cooling" else None)
    if level != "open":
        assert f"account says that {used:.0%} of its 7 days are used" in standing.said


def test_of_what_the_account_has_the_same_part_is_kept_free() -> None:
    text = capped_text().replace("openai: {", "openai: {reserve_for: {auditor: 0.3}, ")
    policy = parse_policy(text, source="models.yaml")
    got, model = view(policy, told={"openai": [account(0.75)]}), policy.resolve("gpt-5")
    assert got.standing(model, role="builder", category="docs").level == "cooling"
    assert got.standing(model, role="auditor", category="docs").level == "open"


def test_of_two_windows_that_are_full_the_last_to_reset_counts() -> None:
    policy = capped()
    long = replace(account(1.0, hours=168), resets_at=LATER + timedelta(days=3))
    for windows in ([account(1.0), long], [long, account(1.0)], [long, account(0.9)]):
        got = view(policy, told={"openai": windows})
        standing = got.standing(policy.resolve("gpt-5"), role="builder", category="docs")
        assert (standing.level, standing.until) == ("cooling", long.resets_at)


def test_a_cap_that_is_reached_is_so_whatever_the_account_says() -> None:
    policy = capped()
    got = view(policy, openai=FULL, told={"openai": [account(0.85)]})
    assert got.standing(policy.resolve("gpt-5"), role="builder", category="docs").level == "spent"
