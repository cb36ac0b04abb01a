"""OpenAI Chat Completions.

Format: the OpenAI API reference, "Chat Completions" and "Chat Completion chunk"; `reasoning_content`
is the field in which OpenAI-compatible providers give a model's thinking. `prompt_tokens` includes
cached tokens, `completion_tokens` includes reasoning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from pydantic import JsonValue
from pydantic_core import to_json

from autopack.simulator.usage import ServedUsage
from autopack.simulator.wire import Answer, Api, Asked, TextPart, WirePart, measure, pieces, texts_of


class _Message(WirePart):
    role: str
    content: str | tuple[TextPart, ...] | None = None


class _Function(WirePart):
    name: str


class _Tool(WirePart):
    function: _Function | None = None


class _StreamOptions(WirePart):
    include_usage: bool = False


class _Body(WirePart):
    model: str
    messages: tuple[_Message, ...]
    tools: tuple[_Tool, ...] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None


class ChatCompletions:
    """Speaks `POST /v1/chat/completions`."""

    api = Api.CHAT
    path = "/v1/chat/completions"
    id_prefix = "chatcmpl-"
    call_id_prefix = "call_"
    writes_cache = False

    def read(self, body: JsonValue) -> Asked:
        """Read a request's body. Raises pydantic's ValidationError."""
        asked = _Body.model_validate(body)
        raw = cast("dict[str, JsonValue]", body)
        turns = [place for place, message in enumerate(asked.messages) if message.role == "assistant"]
        prompt_bytes, known_bytes = measure(
            fixed=(raw.get("tools"),),
            messages=cast("list[JsonValue]", raw["messages"]),
            last_turn=turns[-1] if turns else None,
        )
        return Asked(
            model=asked.model,
            texts=tuple(
                text
                for message in asked.messages
                if message.role in ("system", "developer", "user")
                for text in texts_of(message.content)
            ),
            turns=len(turns),
            tools=tuple(tool.function.name for tool in asked.tools or () if tool.function),
            stream=bool(asked.stream),
            prompt_bytes=prompt_bytes,
            known_bytes=known_bytes,
            max_output_tokens=asked.max_completion_tokens or asked.max_tokens,
            stream_usage=bool(asked.stream_options and asked.stream_options.include_usage),
        )

    def whole(self, answer: Answer) -> bytes:
        """The answer as one JSON document."""
        message: dict[str, JsonValue] = {"role": "assistant", "content": answer.text or None, "refusal": None}
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if answer.calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": to_json(call.args).decode()},
                }
                for call in answer.calls
            ]
        choice: JsonValue = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _finish(answer),
        }
        return to_json(
            {
                "id": answer.id,
                "object": "chat.completion",
                "created": answer.created,
                "model": answer.model,
                "choices": [choice],
                "usage": _usage(answer.usage),
            }
        )

    def events(self, answer: Answer, *, with_usage: bool) -> Iterator[bytes]:
        """The answer as server-sent events, with a usage chunk at the end where it was asked for."""
        yield _chunk(answer, {"role": "assistant", "content": ""})
        for piece in pieces(answer.reasoning):
            yield _chunk(answer, {"reasoning_content": piece})
        for piece in pieces(answer.text):
            yield _chunk(answer, {"content": piece})
        for index, call in enumerate(answer.calls):
            begin: JsonValue = {"name": call.name, "arguments": ""}
            yield _call_chunk(answer, {"index": index, "id": call.id, "type": "function", "function": begin})
            for piece in pieces(to_json(call.args).decode()):
                yield _call_chunk(answer, {"index": index, "function": {"arguments": piece}})
        yield _chunk(answer, {}, finish=_finish(answer))
        if with_usage:
            yield _event(answer, choices=[], usage=_usage(answer.usage))
        yield b"data: [DONE]\n\n"

    def error(self, *, status: int, message: str) -> JsonValue:
        """An error body as OpenAI clients expect it."""
        kind = "not_found_error" if status == 404 else "invalid_request_error"
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def _usage(usage: ServedUsage) -> JsonValue:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _finish(answer: Answer) -> str:
    return "tool_calls" if answer.calls else "stop"


def _chunk(answer: Answer, delta: JsonValue, *, finish: str | None = None) -> bytes:
    return _event(answer, choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


def _call_chunk(answer: Answer, call: JsonValue) -> bytes:
    return _chunk(answer, {"tool_calls": [call]})


def _event(answer: Answer, *, choices: list[JsonValue], usage: JsonValue = None) -> bytes:
    chunk: dict[str, JsonValue] = {
        "id": answer.id,
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.model,
        "choices": choices,
        "usage": usage,
    }
    return b"data: " + to_json(chunk) + b"\n\n"
