"""What the protocols' requests have in common, and how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic_core import to_json

from autopack.simulator.wire import Asked

_TEXTS = ("text", "input_text")


class WirePart(BaseModel):
    """Base of what is read from a request: other fields are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TextPart(WirePart):
    """One part of a message's content; others than text are passed over."""

    type: str
    text: str | None = None


Content = str | tuple[TextPart, ...] | None
"""What a message says."""


class NamedTool(WirePart):
    """A tool that is offered. Some of a provider's own tools have no name."""

    name: str | None = None


class RequestBody(WirePart):
    """What every request says in the same way."""

    model: str
    stream: bool | None = None


def asked_of(
    body: RequestBody,
    raw: JsonValue,
    *,
    messages: str,
    before: Sequence[str],
    turns: Sequence[int],
    spoken: Iterable[Content],
    tools: Iterable[NamedTool | None] | None,
    max_output_tokens: int | None,
    stream_usage: bool = True,
) -> Asked:
    """A request in the one form that all are brought to.

    `messages` is its field with the conversation, `before` are the fields that a model reads before it;
    `turns` are the places in the conversation where the assistant's turns begin, `spoken` is the content
    of what system and user said.
    """
    fields = cast("dict[str, JsonValue]", raw)
    conversation = fields[messages]
    prompt_bytes = sum(len(to_json(part)) for part in (*(fields.get(name) for name in before), conversation))
    new = conversation[turns[-1] :] if turns and isinstance(conversation, list) else None
    return Asked(
        model=body.model,
        texts=tuple(text for content in spoken for text in _texts_of(content)),
        turns=len(turns),
        tools=tuple(tool.name for tool in tools or () if tool is not None and tool.name is not None),
        stream=bool(body.stream),
        prompt_bytes=prompt_bytes,
        known_bytes=0 if new is None else prompt_bytes - len(to_json(new)),
        max_output_tokens=max_output_tokens,
        stream_usage=stream_usage,
    )


def _texts_of(content: Content) -> tuple[str, ...]:
    if content is None or isinstance(content, str):
        return (content,) if content else ()
    return tuple(part.text for part in content if part.type in _TEXTS and part.text is not None)
