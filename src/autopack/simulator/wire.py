"""What every protocol's request is brought to, what every answer starts from, and what a protocol must do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic_core import to_json

from autopack.simulator.usage import ServedUsage

_PIECES = 4


class Api(StrEnum):
    """The protocols that are spoken."""

    CHAT = "openai-chat"
    MESSAGES = "anthropic-messages"


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


@dataclass(frozen=True)
class ToolCall:
    """A call in an answer, under its wire id."""

    id: str
    name: str
    args: dict[str, JsonValue]


@dataclass(frozen=True)
class Answer:
    """An answer before it takes a protocol's form. `created` is in seconds since 1970."""

    id: str
    model: str
    created: int
    text: str
    reasoning: str
    calls: tuple[ToolCall, ...]
    usage: ServedUsage


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

    def events(self, answer: Answer, *, with_usage: bool) -> Iterator[bytes]:
        """The answer as server-sent events."""
        ...

    def error(self, *, status: int, message: str) -> JsonValue:
        """An error body as this provider's clients expect it."""
        ...


class WirePart(BaseModel):
    """Base of what is read from a request: other fields are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TextPart(WirePart):
    """One part of a message's content; others than text are passed over."""

    type: str
    text: str | None = None


def texts_of(content: str | Iterable[TextPart] | None) -> tuple[str, ...]:
    """The texts in a message's content."""
    if content is None:
        return ()
    if isinstance(content, str):
        return (content,)
    return tuple(part.text for part in content if part.type == "text" and part.text is not None)


def measure(
    *, fixed: Iterable[JsonValue], messages: list[JsonValue], last_turn: int | None
) -> tuple[int, int]:
    """Bytes of a prompt, and bytes of it that the conversation's previous request held already.

    `fixed` (tools, system text) comes before the messages; the previous request ended before the
    message `last_turn`, the last of the assistant's.
    """
    total = sum(len(to_json(part)) for part in (*fixed, messages))
    if last_turn is None:
        return total, 0
    return total, total - len(to_json(messages[last_turn:]))


def pieces(text: str) -> Iterator[str]:
    """A text in a few parts, as a stream brings it."""
    size = -(-len(text) // _PIECES) or 1
    return (text[start : start + size] for start in range(0, len(text), size))
