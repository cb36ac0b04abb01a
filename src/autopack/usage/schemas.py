"""Token counts as every provider's answer is brought to: one meaning for each number."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from autopack.usage.money import to_usd


class TokenUsage(BaseModel):
    """Tokens of one model call, or a sum of several.

    `input_tokens` includes what was read from and written to the provider's cache; `output_tokens`
    includes reasoning. So `total` counts each token once, and the kinds are parts of it.
    """

    model_config = ConfigDict(frozen=True)

    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0
    cache_read_tokens: NonNegativeInt = 0
    cache_write_tokens: NonNegativeInt = 0
    reasoning_tokens: NonNegativeInt = 0

    @property
    def total(self) -> int:
        """Input and output together, each token once."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
        )


class UsageStatus(StrEnum):
    """How far a call's counts can be trusted."""

    REPORTED = "reported"
    """The provider said so."""
    UNKNOWN = "unknown"
    """No answer said what the call took: the counts are what was reserved for it, an upper bound."""


GroupBy = Literal["provider", "model", "role", "run_id", "phase_id", "attempt", "simulated"]
GroupHoursBy = Literal["pool", "provider", "model", "role_class", "simulated"]

SeriesBy = Literal["provider", "model", "role", "role_class", "run"]


class UsageSum(BaseModel):
    """A sum over calls. Fields of `group_by` are set, the others None.

    Token and money sums hold what was reported; calls of unknown usage are counted apart at their
    reserved size, and calls without a known price in `unpriced_calls`. `usd` is None where not one
    call of the sum has a price.
    """

    model_config = ConfigDict(frozen=True)

    provider: str | None = None
    model: str | None = None
    role: str | None = None
    run_id: str | None = None
    phase_id: str | None = None
    attempt: int | None = None
    pool: str | None = None
    role_class: str | None = None
    """`core` or `aux`."""
    simulated: bool
    """Whether any of the calls was answered by a simulated provider."""
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    nano_usd: int
    unpriced_calls: int
    unknown_calls: int
    unknown_tokens: int
    unknown_nano_usd: int
    unknown_unpriced_calls: int

    @property
    def total_tokens(self) -> int:
        """Input and output, each token once."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def usd(self) -> Decimal | None:
        """Dollars of the priced calls; None where none is priced."""
        priced = self.calls - self.unknown_calls - self.unpriced_calls
        return None if priced == 0 else to_usd(self.nano_usd)
