from __future__ import annotations

from decimal import Decimal

from autopack.usage.schemas import TokenUsage
from autopack.usage.single import answered_call, lost_call
from autopack.views.spend import spend_of

USAGE = TokenUsage(input_tokens=100, output_tokens=20, cache_read_tokens=60, reasoning_tokens=5)


def test_calls_add_up_with_the_unknown_beside_the_known() -> None:
    calls = [
        answered_call(USAGE, Decimal("0.01"), simulated=True),
        answered_call(USAGE, None, simulated=False),
        lost_call(USAGE, Decimal("0.5"), simulated=False),
    ]
    spend = spend_of(calls)
    assert (spend.calls, spend.tokens, spend.cost_usd) == (3, 240, Decimal("0.01"))
    assert (spend.unpriced_calls, spend.unknown_calls, spend.unknown_tokens) == (1, 1, 120)
    assert spend.simulated


def test_an_answer_without_usage_is_unknown_and_not_nothing() -> None:
    spend = spend_of([answered_call(TokenUsage(), Decimal(0), simulated=False)])
    assert (spend.calls, spend.unknown_calls, spend.cost_usd) == (1, 1, None)
