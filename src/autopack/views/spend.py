"""What a set of model calls took. Unknown is said, never counted as nothing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer

from autopack.usage.money import to_usd
from autopack.usage.schemas import UsageSum


def _written_out(usd: Decimal) -> str:
    return f"{usd:f}"


Usd = Annotated[Decimal, PlainSerializer(_written_out, return_type=str, when_used="json")]
"""Dollars; as JSON a text such as "0.0123", in which no cent is rounded and no exponent stands."""


class Spend(BaseModel):
    """Tokens and dollars of some calls, with what is not known about them beside it.

    Tokens and dollars hold what providers reported. `unknown_tokens` is the most that the calls of unknown
    usage can have taken. Dollars of simulated calls are list prices: nobody was charged.
    """

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    calls: int = 0
    tokens: int = 0
    """Input and output, each token once."""
    prompt_tokens: int = 0
    """Cache reads and writes included."""
    completion_tokens: int = 0
    """Reasoning included."""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: Usd | None = None
    """Dollars of the calls with a known price; None where there is none."""
    unpriced_calls: int = 0
    """Calls with known tokens and no known price."""
    unknown_calls: int = 0
    """Calls of which nobody reported what they took."""
    unknown_tokens: int = 0
    """The most that those can have taken."""
    unknown_cost_usd: Usd | None = None
    """The most that those can have cost; None where there are none, or a price is not known."""
    simulated: bool = False
    """Whether any of the calls was answered by a script."""

    @property
    def whole(self) -> bool:
        """Whether tokens and dollars of every call are known."""
        return self.unpriced_calls == 0 and self.unknown_calls == 0


def spend_of(sums: Iterable[UsageSum]) -> Spend:
    """All of the sums as one."""
    rows = list(sums)
    if not rows:
        return _NOTHING
    if len(rows) == 1:
        return _spend_of_one(rows[0])
    priced = any(row.usd is not None for row in rows)
    return Spend(
        calls=sum(row.calls for row in rows),
        tokens=sum(row.total_tokens for row in rows),
        prompt_tokens=sum(row.prompt_tokens for row in rows),
        completion_tokens=sum(row.completion_tokens for row in rows),
        cache_read_tokens=sum(row.cache_read_tokens for row in rows),
        cache_write_tokens=sum(row.cache_write_tokens for row in rows),
        reasoning_tokens=sum(row.reasoning_tokens for row in rows),
        cost_usd=to_usd(sum(row.nano_usd for row in rows)) if priced else None,
        unpriced_calls=sum(row.unpriced_calls for row in rows),
        unknown_calls=sum(row.unknown_calls for row in rows),
        unknown_tokens=sum(row.unknown_tokens for row in rows),
        unknown_cost_usd=_unknown_cost(rows),
        simulated=any(row.simulated for row in rows),
    )


_NOTHING = Spend()


def _spend_of_one(row: UsageSum) -> Spend:
    """The same as of several: runs of thousands of phases have thousands of these."""
    return Spend(
        calls=row.calls,
        tokens=row.total_tokens,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cache_write_tokens=row.cache_write_tokens,
        reasoning_tokens=row.reasoning_tokens,
        cost_usd=row.usd,
        unpriced_calls=row.unpriced_calls,
        unknown_calls=row.unknown_calls,
        unknown_tokens=row.unknown_tokens,
        unknown_cost_usd=_unknown_cost([row]),
        simulated=row.simulated,
    )


def _unknown_cost(rows: list[UsageSum]) -> Decimal | None:
    if not any(row.unknown_calls for row in rows) or any(row.unknown_unpriced_calls for row in rows):
        return None
    return to_usd(sum(row.unknown_nano_usd for row in rows))
