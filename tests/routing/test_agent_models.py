"""Models that are called through a coding agent: what their names stand for, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from autopack.routing.policy import CodingAgent, ModelRef, Policy, ProviderKind, parse_policy
from autopack.usage.prices import PriceTable, price
from autopack.usage.schemas import TokenUsage

HEAD = """\
schema_version: 1
complexity_models:
  low: {builder: gpt-4o-mini, auditor: claude-haiku-4-5}
  medium: {builder: claude-sonnet-4-5, auditor: gpt-4o}
  high: {builder: claude-opus-4-5, auditor: gpt-5}
"""
USAGE = TokenUsage(input_tokens=1_000_000)


def policy(added: str = "") -> Policy:
    return parse_policy(HEAD + added, source="models.yaml")


def test_one_that_is_logged_in_by_itself_needs_no_key_and_has_a_quota_of_its_own() -> None:
    model = policy().resolve("claude-code/claude-sonnet-4-5")
    assert model == ModelRef(
        name="claude-code/claude-sonnet-4-5",
        provider="anthropic",
        kind=ProviderKind.ANTHROPIC,
        family="claude",
        api_key_env="",
        pool="claude-code",
        agent=CodingAgent.CLAUDE_CODE,
    )
    assert model.called == "claude-sonnet-4-5"
    assert model.key_set({})


def test_its_pool_is_what_agent_pools_says() -> None:
    got = policy("pools: {max: {billing: subscription}}\nagent_pools: {claude-code: max}\n")
    assert got.resolve("claude-code/claude-sonnet-4-5").pool == "max"
    assert got.resolve("codex/gpt-5.1").pool == "codex"
    assert got.resolve("claude-sonnet-4-5").pool == "anthropic"


def test_in_the_pool_of_a_provider_it_is_given_its_key_and_address() -> None:
    got = policy(
        "providers: {openai: {base_url: 'http://127.0.0.1:1/v1', api_key_env: MY_KEY, simulated: true}}\n"
        "agent_pools: {codex: openai}\n"
    )
    model = got.resolve("codex/gpt-5.1")
    assert (model.base_url, model.api_key_env, model.pool) == ("http://127.0.0.1:1/v1", "MY_KEY", "openai")
    assert model.simulated
    assert not model.key_set({})
    assert model.key_set({"MY_KEY": "x"})


def test_one_model_can_be_called_with_an_account_of_its_own() -> None:
    got = policy(
        "providers: {zai-plan: "
        "{kind: anthropic, base_url: 'https://api.z.ai/api/anthropic', api_key_env: PLAN}}\n"
        "models: {claude-code/glm-4.6: {provider: zai-plan}}\n"
    )
    model = got.resolve("claude-code/glm-4.6")
    assert (model.provider, model.pool, model.api_key_env, model.family) == (
        "zai-plan",
        "zai-plan",
        "PLAN",
        "glm",
    )


def test_a_name_that_nobody_else_knows_is_its_agents() -> None:
    model = policy().resolve("cursor/composer-1")
    assert (model.provider, model.family, model.pool) == ("cursor", "cursor", "cursor")


@pytest.mark.parametrize("agent", list(CodingAgent))
def test_its_price_is_the_list_price_of_the_same_model(agent: CodingAgent) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    same = price(model="gpt-5", provider="openai", usage=USAGE, at=now)
    assert same is not None
    assert price(model=f"{agent}/gpt-5", provider="openai", usage=USAGE, at=now) == same
    own = {"gpt-5": PriceTable(input=Decimal(7), output=Decimal(1))}
    assert price(model=f"{agent}/gpt-5", provider="openai", usage=USAGE, at=now, overrides=own) == 7
    nearer = own | {f"{agent}/gpt-5": PriceTable(input=Decimal(2), output=Decimal(1))}
    assert price(model=f"{agent}/gpt-5", provider="openai", usage=USAGE, at=now, overrides=nearer) == 2
