"""What every protocol's request is brought to, what every answer starts from, and what a protocol must do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import JsonValue
from pydantic_core import to_json

from autopack.simulator.usage import ServedUsage

_PIECES = 4


class Api(StrEnum):
    """The protocols that are spoken."""

    CHAT = "openai-chat"
    RESPONSES = "openai-responses"
    MESSAGES = "anthropic-messages"
    GLM = "zai-chat"


@dataclass(frozen=True)
class Asked:
    """A request as far as the simulator cares."""

    model: str
    texts: tuple[str, ...]
    """System and user texts, in order."""
    turns: int
    """Assistant turns that are already in it: the index of the step to answer with."""
    tools: tuple[str, ...]
    stream: bool
    prompt_bytes: int
    known_bytes: int
    """Of the prompt, what the previous request of this conversation held already."""
    max_output_tokens: int | None
    stream_usage: bool = True
    """Whether a stream is to tell its usage."""


@dataclass(frozen=True)
class ToolCall:
    """A call in an answer, under its wire id."""

    id: str
    name: str
    args: dict[str, JsonValue]
    broken: bool = False
    """Its arguments are to be no JSON."""

    @property
    def arguments(self) -> str:
        """The arguments as text; broken ones lack their last brace."""
        text = to_json(self.args).decode()
        return text[:-1] if self.broken else text


@dataclass(frozen=True)
class Answer:
    """An answer before it takes a protocol's form. `created` is in seconds since 1970."""

    id: str
    model: str
    created: int
    text: str
    reasoning: str
    calls: tuple[ToolCall, ...]
    usage: ServedUsage | None
    """None: it does not tell its usage."""


class WireFormat(Protocol):
    """One provider's protocol."""

    @property
    def api(self) -> Api:
        """Its name in the log."""
        ...

    @property
    def path(self) -> str:
        """The path it is asked on."""
        ...

    @property
    def id_prefix(self) -> str:
        """How its response ids begin."""
        ...

    @property
    def call_id_prefix(self) -> str:
        """How its tool call ids begin."""
        ...

    @property
    def writes_cache(self) -> bool:
        """Whether cache writes are billed by default."""
        ...

    def read(self, body: JsonValue) -> Asked:
        """Read a request's body. Raises pydantic's ValidationError."""
        ...

    def whole(self, answer: Answer) -> bytes:
        """The answer as one JSON document."""
        ...

    def events(self, answer: Answer) -> Iterator[bytes]:
        """The answer as server-sent events."""
        ...

    def error(self, *, status: int, message: str, code: str | None = None) -> JsonValue:
        """An error body as this provider's clients expect it; without a code, one that fits the status."""
        ...

    def error_event(self, *, status: int, message: str, code: str | None, place: int) -> bytes:
        """The same error as the last event of a stream, `place` events after its beginning."""
        ...


def pieces(text: str) -> Iterator[str]:
    """A text in a few parts, as a stream brings it."""
    size = -(-len(text) // _PIECES) or 1
    return (text[start : start + size] for start in range(0, len(text), size))


def event(data: JsonValue) -> bytes:
    """A server-sent event that has no name."""
    return b"data: " + to_json(data) + b"\n\n"


def named_event(kind: str, /, **fields: JsonValue) -> bytes:
    """A server-sent event whose name is repeated as the `type` of its data."""
    return b"event: " + kind.encode() + b"\n" + event({"type": kind, **fields})
