"""Faults of a step: what a provider does instead of answering well, and for how many requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_KEYS = ("status", "cut", "stall", "malformed", "empty", "no_usage")
_OF_STATUS = ("retry_after", "code", "message", "in_stream")


def _count(value: object) -> object:
    if value == "always" or (type(value) is int and value > 0):
        return value
    raise ValueError("must be a number of requests from 1 on, or the word always")


Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
"""Of an answer, measured in its events, or in the bytes of a whole one."""


class Fault(BaseModel):
    """One fault: exactly one of `status`, `cut`, `stall`, `malformed`, `empty` and `no_usage`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: int | None = Field(default=None, ge=400, le=599)
    """An error instead of the answer, in the provider's own shape."""
    retry_after: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Seconds, sent as the header `retry-after`."""
    code: str | None = Field(default=None, min_length=1)
    """The provider's own error code (on Anthropic, its error type); None: what fits the status."""
    message: str | None = Field(default=None, min_length=1)
    in_stream: bool = False
    """In the middle of a 200 stream. A request that asks for no stream gets it as its status."""
    cut: Share | None = None
    """The connection closes after this share; 0: before the first byte."""
    stall: Share | None = None
    """After this share nothing more comes; the connection stays open."""
    malformed: Literal["body", "arguments"] | None = None
    empty: Literal[True] | None = None
    no_usage: Literal[True] | None = None
    times: Annotated[int | Literal["always"], BeforeValidator(_count)] = 1
    """How many requests meet it, one after another."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        named = [key for key in _KEYS if getattr(self, key) is not None]
        if len(named) != 1:
            wanted = ", ".join(f"`{key}`" for key in _KEYS)
            found = " and ".join(f"`{key}`" for key in named) or "none"
            raise ValueError(f"a fault has exactly one of {wanted}; this one has {found}")
        if self.status is None and (odd := [key for key in _OF_STATUS if key in self.model_fields_set]):
            raise ValueError(f"`{odd[0]}` belongs to a `status`, not to `{named[0]}`")
        if self.in_stream and self.retry_after is not None:
            raise ValueError("`retry_after` is a header: an error `in_stream` has none")
        return self

    @property
    def label(self) -> str:
        """Its name in the log: `status 429`, `cut 0.5`, `malformed body`, `empty`."""
        key = next(key for key in _KEYS if getattr(self, key) is not None)
        value: object = getattr(self, key)
        return key if value is True else f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}"


def check_faults(faults: Sequence[Fault], *, calls: bool) -> None:
    """Raise ValueError for faults that no request could meet. `calls`: the step may call a tool."""
    if any(fault.times == "always" for fault in faults[:-1]):
        raise ValueError("a fault that comes `always` must be the last: the ones after it are never reached")
    if not calls and any(fault.malformed == "arguments" for fault in faults):
        raise ValueError("`malformed: arguments` needs a step with `calls` or an `answer`")


def fault_for(faults: Sequence[Fault], place: int) -> Fault | None:
    """What the request at this place (from 0) meets; None once all have had their times."""
    for fault in faults:
        if fault.times == "always" or place < fault.times:
            return fault
        place -= fault.times
    return None
