"""Anthropic Messages.

Format: the Anthropic API reference, "Messages" and "Streaming messages". `input_tokens` excludes what
was read from and written to the cache; thinking tokens are a part of `output_tokens`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue
from pydantic_core import to_json

from autopack.simulator.reading import Content, NamedTool, RequestBody, WirePart, asked_of
from autopack.simulator.refusals import anthropic_error
from autopack.simulator.usage import ServedUsage
from autopack.simulator.wire import Answer, Api, Asked, ToolCall, named_event, pieces

_SIGNATURE = "c2ltdWxhdGVk"
"""What a thinking block is signed with: "simulated"."""


class _Message(WirePart):
    role: str
    content: Content


class _Body(RequestBody):
    max_tokens: int
    messages: tuple[_Message, ...]
    system: Content = None
    tools: tuple[NamedTool, ...] | None = None


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
        heard = (message.content for message in asked.messages if message.role != "assistant")
        return asked_of(
            asked,
            body,
            messages="messages",
            before=("tools", "system"),
            turns=[place for place, message in enumerate(asked.messages) if message.role == "assistant"],
            spoken=(asked.system, *heard),
            tools=asked.tools,
            max_output_tokens=asked.max_tokens,
        )

    def whole(self, answer: Answer) -> bytes:
        """The answer as one JSON document."""
        content: list[JsonValue] = []
        if answer.reasoning:
            content.append({"type": "thinking", "thinking": answer.reasoning, "signature": _SIGNATURE})
        if answer.text:
            content.append({"type": "text", "text": answer.text})
        content.extend(
            {**_tool_use(call), "input": call.arguments if call.broken else call.args}
            for call in answer.calls
        )
        usage = {**_usage_before(answer.usage), **_usage_after(answer.usage)}
        return to_json(_message(answer, content=content, stop_reason=_stop(answer), usage=usage))

    def events(self, answer: Answer) -> Iterator[bytes]:
        """The answer as server-sent events."""
        usage = {**_usage_before(answer.usage), "output_tokens": 1 if answer.usage else 0}
        yield named_event(
            "message_start", message=_message(answer, content=[], stop_reason=None, usage=usage)
        )
        yield named_event("ping")
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
            parts = pieces(call.arguments)
            inputs = ({"type": "input_json_delta", "partial_json": piece} for piece in parts)
            yield from _block(place, {**_tool_use(call), "input": {}}, *inputs)
        stop: JsonValue = {"stop_reason": _stop(answer), "stop_sequence": None}
        yield named_event("message_delta", delta=stop, usage=_usage_after(answer.usage))
        yield named_event("message_stop")

    def error(self, *, status: int, message: str, code: str | None = None) -> JsonValue:
        """An error body as Anthropic clients expect it."""
        return anthropic_error(status=status, message=message, code=code)

    def error_event(self, *, status: int, message: str, code: str | None, place: int) -> bytes:
        """The event `error`, which holds the error's body."""
        error = anthropic_error(status=status, message=message, code=code)
        return named_event("error", error=error["error"])


def _usage_before(usage: ServedUsage | None) -> dict[str, JsonValue]:
    """What is known when an answer begins. Clients fail without it: who does not count says 0."""
    if usage is None:
        return {"input_tokens": 0}
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


def _usage_after(usage: ServedUsage | None) -> dict[str, JsonValue]:
    if usage is None:
        return {"output_tokens": 0}
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
    yield named_event("content_block_start", index=index, content_block=start)
    for delta in deltas:
        yield named_event("content_block_delta", index=index, delta={**delta})
    yield named_event("content_block_stop", index=index)
