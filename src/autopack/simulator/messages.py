"""Anthropic Messages.

Format: the Anthropic API reference, "Messages" and "Streaming messages". `input_tokens` excludes what
was read from and written to the cache; thinking tokens are a part of `output_tokens`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from pydantic import JsonValue
from pydantic_core import to_json

from autopack.simulator.usage import ServedUsage
from autopack.simulator.wire import (
    Answer,
    Api,
    Asked,
    TextPart,
    ToolCall,
    WirePart,
    measure,
    pieces,
    texts_of,
)

_SIGNATURE = "c2ltdWxhdGVk"
"""What a thinking block is signed with: "simulated"."""


class _Message(WirePart):
    role: str
    content: str | tuple[TextPart, ...]


class _Tool(WirePart):
    name: str


class _Body(WirePart):
    model: str
    max_tokens: int
    messages: tuple[_Message, ...]
    system: str | tuple[TextPart, ...] | None = None
    tools: tuple[_Tool, ...] | None = None
    stream: bool | None = None


class Messages:
    """Speaks `POST /v1/messages`."""

    api = Api.MESSAGES
    path = "/v1/messages"
    id_prefix = "msg_"
    call_id_prefix = "toolu_"
    writes_cache = True

    def read(self, body: JsonValue) -> Asked:
        """Read a request's body. Raises pydantic's ValidationError."""
        asked = _Body.model_validate(body)
        raw = cast("dict[str, JsonValue]", body)
        turns = [place for place, message in enumerate(asked.messages) if message.role == "assistant"]
        prompt_bytes, known_bytes = measure(
            fixed=(raw.get("tools"), raw.get("system")),
            messages=cast("list[JsonValue]", raw["messages"]),
            last_turn=turns[-1] if turns else None,
        )
        spoken = [message.content for message in asked.messages if message.role != "assistant"]
        return Asked(
            model=asked.model,
            texts=(
                *texts_of(asked.system),
                *(text for content in spoken for text in texts_of(content)),
            ),
            turns=len(turns),
            tools=tuple(tool.name for tool in asked.tools or ()),
            stream=bool(asked.stream),
            prompt_bytes=prompt_bytes,
            known_bytes=known_bytes,
            max_output_tokens=asked.max_tokens,
        )

    def whole(self, answer: Answer) -> bytes:
        """The answer as one JSON document."""
        content: list[JsonValue] = []
        if answer.reasoning:
            content.append({"type": "thinking", "thinking": answer.reasoning, "signature": _SIGNATURE})
        if answer.text:
            content.append({"type": "text", "text": answer.text})
        content.extend({**_tool_use(call), "input": call.args} for call in answer.calls)
        usage = {**_usage_before(answer.usage), **_usage_after(answer.usage)}
        return to_json(_message(answer, content=content, stop_reason=_stop(answer), usage=usage))

    def events(self, answer: Answer, *, with_usage: bool) -> Iterator[bytes]:
        """The answer as server-sent events; usage is always a part of them."""
        usage = {**_usage_before(answer.usage), "output_tokens": 1}
        yield _event("message_start", message=_message(answer, content=[], stop_reason=None, usage=usage))
        yield _event("ping")
        index = 0
        if answer.reasoning:
            yield from _block(
                index,
                {"type": "thinking", "thinking": "", "signature": ""},
                *({"type": "thinking_delta", "thinking": piece} for piece in pieces(answer.reasoning)),
                {"type": "signature_delta", "signature": _SIGNATURE},
            )
            index += 1
        if answer.text:
            deltas = ({"type": "text_delta", "text": piece} for piece in pieces(answer.text))
            yield from _block(index, {"type": "text", "text": ""}, *deltas)
            index += 1
        for place, call in enumerate(answer.calls, start=index):
            parts = pieces(to_json(call.args).decode())
            inputs = ({"type": "input_json_delta", "partial_json": piece} for piece in parts)
            yield from _block(place, {**_tool_use(call), "input": {}}, *inputs)
        stop: JsonValue = {"stop_reason": _stop(answer), "stop_sequence": None}
        yield _event("message_delta", delta=stop, usage=_usage_after(answer.usage))
        yield _event("message_stop")

    def error(self, *, status: int, message: str) -> JsonValue:
        """An error body as Anthropic clients expect it."""
        kind = "not_found_error" if status == 404 else "invalid_request_error"
        return {"type": "error", "error": {"type": kind, "message": message}}


def _usage_before(usage: ServedUsage) -> dict[str, JsonValue]:
    return {
        "input_tokens": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens,
            "ephemeral_1h_input_tokens": 0,
        },
        "service_tier": "standard",
    }


def _usage_after(usage: ServedUsage) -> dict[str, JsonValue]:
    return {
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def _message(
    answer: Answer, *, content: list[JsonValue], stop_reason: str | None, usage: JsonValue
) -> dict[str, JsonValue]:
    return {
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _tool_use(call: ToolCall) -> dict[str, JsonValue]:
    return {"type": "tool_use", "id": call.id, "name": call.name}


def _stop(answer: Answer) -> str:
    return "tool_use" if answer.calls else "end_turn"


def _block(index: int, start: JsonValue, *deltas: dict[str, str]) -> Iterator[bytes]:
    yield _event("content_block_start", index=index, content_block=start)
    for delta in deltas:
        yield _event("content_block_delta", index=index, delta={**delta})
    yield _event("content_block_stop", index=index)


def _event(kind: str, **fields: JsonValue) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + to_json({"type": kind, **fields}) + b"\n\n"
