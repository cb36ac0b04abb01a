from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from autopack.usage.prices import PriceTable, price
from autopack.usage.schemas import TokenUsage

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
USAGE = TokenUsage(
    input_tokens=1200, cache_read_tokens=1000, cache_write_tokens=100, output_tokens=50, reasoning_tokens=20
)
OWN = {
    "mine": PriceTable(
        input=Decimal(2), output=Decimal(10), cache_read=Decimal("0.5"), cache_write=Decimal(3)
    )
}


def test_a_known_model_costs_what_its_list_price_says() -> None:
    assert price(model="claude-sonnet-4-5", provider="anthropic", usage=USAGE, at=AT) == Decimal("0.001725")


def test_a_price_is_that_of_its_day() -> None:
    usage = TokenUsage(input_tokens=1_000_000)
    before = price(model="o3", provider="openai", usage=usage, at=datetime(2025, 6, 1, tzinfo=UTC))
    after = price(model="o3", provider="openai", usage=usage, at=datetime(2025, 6, 20, tzinfo=UTC))
    assert (before, after) == (Decimal(10), Decimal(2))


def test_glm_is_priced_under_its_provider_s_other_name() -> None:
    assert price(model="glm-4.6", provider="glm", usage=USAGE, at=AT) == Decimal("0.00034")


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-nobody-made", "openai"),
        ("opus-4.5", "anthropic"),
        ("qwen", "local"),
        ("gpt-4o", "my-openai"),
        ("openai/gpt-4o", "litellm"),
        ("gpt-4o", "github-copilot"),
    ],
)
def test_a_price_that_nobody_knows_is_none_and_never_zero(model: str, provider: str) -> None:
    with capture_logs() as logs:
        assert price(model=model, provider=provider, usage=USAGE, at=AT) is None
    assert logs == []


@pytest.mark.parametrize("usage", [TokenUsage(input_tokens=5), TokenUsage(output_tokens=5)])
def test_a_model_that_is_listed_without_a_price_is_unknown(usage: TokenUsage) -> None:
    assert price(model="gpt-4o", provider="github-copilot", usage=usage, at=AT) is None


def test_the_policy_s_own_price_wins() -> None:
    table = OWN | {"gpt-4o": PriceTable(input=Decimal(0), output=Decimal(0))}
    own = price(model="mine", provider="local", usage=USAGE, at=AT, overrides=table)
    assert own == (100 * Decimal(2) + 1000 * Decimal("0.5") + 100 * Decimal(3) + 50 * Decimal(10)) / 1_000_000
    assert price(model="gpt-4o", provider="openai", usage=USAGE, at=AT, overrides=table) == 0
    assert price(model="other", provider="local", usage=USAGE, at=AT, overrides=table) is None


def test_cached_tokens_cost_the_input_price_where_no_other_is_said() -> None:
    table = {"mine": PriceTable(input=Decimal(2), output=Decimal(10))}
    assert price(model="mine", provider="local", usage=USAGE, at=AT, overrides=table) == Decimal("0.0029")


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        (TokenUsage(input_tokens=10, cache_read_tokens=20), "more cached tokens than input tokens"),
        (
            TokenUsage(input_tokens=10, cache_read_tokens=6, cache_write_tokens=5),
            "more cached tokens than input tokens",
        ),
        (TokenUsage(output_tokens=1, reasoning_tokens=2), "more reasoning tokens than output tokens"),
    ],
)
@pytest.mark.parametrize("model", ["mine", "gpt-4o"])
def test_usage_that_contradicts_itself_has_no_price_and_is_logged(
    usage: TokenUsage, why: str, model: str
) -> None:
    with capture_logs() as logs:
        assert price(model=model, provider="openai", usage=usage, at=AT, overrides=OWN) is None
    assert logs == [
        {"event": "price_unknown", "log_level": "warning", "model": model, "provider": "openai", "why": why}
    ]


def test_no_tokens_cost_nothing_where_the_price_is_known() -> None:
    assert price(model="gpt-4o", provider="openai", usage=TokenUsage(), at=AT) == 0


COUNTS = st.integers(0, 10**9)


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_no_usage_whatever_fails_a_ledger_write(
    plain: int, read: int, write: int, output: int, reasoning: int
) -> None:
    usage = TokenUsage(
        input_tokens=plain,
        cache_read_tokens=read,
        cache_write_tokens=write,
        output_tokens=output,
        reasoning_tokens=reasoning,
    )
    for model, provider in (("mine", "x"), ("gpt-5.4", "openai"), ("claude-sonnet-4-5", "anthropic")):
        got = price(model=model, provider=provider, usage=usage, at=AT, overrides=OWN)
        consistent = read + write <= plain and reasoning <= output
        assert (got is not None and got >= 0) if consistent else got is None


@given(COUNTS, COUNTS)
def test_more_tokens_never_cost_less(first: int, second: int) -> None:
    def cost(tokens: int) -> Decimal:
        got = price(model="gpt-5.4", provider="openai", usage=TokenUsage(input_tokens=tokens), at=AT)
        assert got is not None
        return got

    assert cost(min(first, second)) <= cost(max(first, second))
