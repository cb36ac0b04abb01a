"""Token counts that an answer is served with, written in the scenario or derived from sizes."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, NonNegativeInt, model_validator

BYTES_PER_TOKEN = 4
"""The usual rule of thumb for English text and code."""

UNCACHED_TAIL = 4
"""Tokens at a prompt's end that are never cached, as providers cache up to the last full block."""


class ServedUsage(BaseModel):
    """Tokens of one answer, or a sum of several, in one meaning for every protocol.

    `input_tokens` includes what was read from and written to the cache, `output_tokens` includes
    reasoning. The wire formats turn this into each provider's own convention.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0
    cache_read_tokens: NonNegativeInt = 0
    cache_write_tokens: NonNegativeInt = 0
    reasoning_tokens: NonNegativeInt = 0

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.cache_read_tokens + self.cache_write_tokens > self.input_tokens:
            raise ValueError("the cache tokens are parts of input_tokens: they can't be more")
        if self.reasoning_tokens > self.output_tokens:
            raise ValueError("reasoning_tokens are a part of output_tokens: they can't be more")
        return self

    def __add__(self, other: ServedUsage) -> ServedUsage:
        return ServedUsage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
        )


def derive_usage(
    *, prompt_bytes: int, known_bytes: int, answer_bytes: int, reasoning_bytes: int, writes_cache: bool
) -> ServedUsage:
    """Usage from sizes in UTF-8 bytes: the same request and answer always cost the same.

    `known_bytes` of the prompt were in the conversation's previous request: they are read from the
    cache. `writes_cache` says that this protocol bills what it adds to the cache. `answer_bytes`
    excludes `reasoning_bytes`.
    """
    asked = _tokens(prompt_bytes)
    read = max(0, _tokens(known_bytes) - UNCACHED_TAIL)
    written = max(0, asked - read - UNCACHED_TAIL) if writes_cache else 0
    thought = _tokens(reasoning_bytes)
    return ServedUsage(
        input_tokens=asked,
        output_tokens=_tokens(answer_bytes) + thought,
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=thought,
    )


def _tokens(size_bytes: int) -> int:
    return -(-size_bytes // BYTES_PER_TOKEN)
