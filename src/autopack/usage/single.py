"""One call as a sum of one, for whoever adds up calls in hand without asking the records."""

from __future__ import annotations

from decimal import Decimal

from autopack.usage.money import to_nano
from autopack.usage.schemas import TokenUsage, UsageSum


def answered_call(usage: TokenUsage, usd: Decimal | None, *, simulated: bool) -> UsageSum:
    """A call with the usage that its provider reported, all zero where it reported none."""
    return _counted(
        simulated=simulated,
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        nano_usd=to_nano(usd) or 0,
        unpriced_calls=int(usd is None and usage.total > 0),
        unknown_calls=int(usage.total == 0),
        unknown_unpriced_calls=int(usage.total == 0),
    )


def lost_call(bound: TokenUsage, usd: Decimal | None, *, simulated: bool) -> UsageSum:
    """A call of unknown usage: `bound`, for `usd`, is the most that it can have taken."""
    return _counted(
        simulated=simulated,
        unknown_calls=1,
        unknown_tokens=bound.total,
        unknown_nano_usd=to_nano(usd) or 0,
        unknown_unpriced_calls=int(usd is None),
    )


def _counted(*, simulated: bool, **counts: int) -> UsageSum:
    return _NOTHING.model_copy(update={"simulated": simulated, **counts})


_NOTHING = UsageSum(
    simulated=False,
    calls=1,
    prompt_tokens=0,
    completion_tokens=0,
    cache_read_tokens=0,
    cache_write_tokens=0,
    reasoning_tokens=0,
    nano_usd=0,
    unpriced_calls=0,
    unknown_calls=0,
    unknown_tokens=0,
    unknown_nano_usd=0,
    unknown_unpriced_calls=0,
)
