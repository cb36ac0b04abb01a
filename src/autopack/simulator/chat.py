"""OpenAI Chat Completions, and the flavour of it that Z.ai speaks.

Format: the OpenAI API reference, "Chat Completions" and "Chat Completion chunk"; `reasoning_content`
is the field in which OpenAI-compatible providers give a model's thinking. `prompt_tokens` includes
cached tokens, `completion_tokens` includes reasoning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import JsonValue
from pydantic_core import to_json

from autopack.simulator.reading import Content, NamedTool, RequestBody, WirePart, asked_of
from autopack.simulator.refusals import openai_error, zai_error
from autopack.simulator.usage import ServedUsage
from autopack.simulator.wire import Answer, Api, Asked, event, pieces

_CHUNK = "chat.completion.chunk"
_DONE = b"data: [DONE]\n\n"


class _Message(WirePart):
    role: str
    content: Content = None


class _Tool(WirePart):
    function: NamedTool | None = None


class _StreamOptions(WirePart):
    include_usage: bool = False


class _Body(RequestBody):
    messages: tuple[_Message, ...]
    tools: tuple[_Tool, ...] | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None


class ChatCompletions:
    """Speaks `POST /v1/chat/completions`."""

    api: Api = Api.CHAT
    path: str = "/v1/chat/completions"
    id_prefix: str = "chatcmpl-"
    call_id_prefix: str = "call_"
    writes_cache: bool = False

    def read(self, body: JsonValue) -> Asked:
        """Read a request's body. Raises pydantic's ValidationError."""
        asked = _Body.model_validate(body)
        return asked_of(
            asked,
            body,
            messages="messages",
            before=("tools",),
            turns=[place for place, message in enumerate(asked.messages) if message.role == "assistant"],
            spoken=(
                message.content
                for message in asked.messages
                if message.role in ("system", "developer", "user")
            ),
            tools=(tool.function for tool in asked.tools or ()),
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
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in answer.calls
            ]
        choice: JsonValue = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _finish(answer),
        }
        return to_json(_document(answer, "chat.completion", choices=[choice], usage=answer.usage))

    def events(self, answer: Answer) -> Iterator[bytes]:
        """The answer as server-sent events, the usage in a chunk of its own."""
        yield from self._content_events(answer)
        yield _chunk(answer, {}, finish=_finish(answer))
        if answer.usage is not None:
            yield event(_document(answer, _CHUNK, choices=[], usage=answer.usage))
        yield _DONE

    def error(self, *, status: int, message: str, code: str | None = None) -> JsonValue:
        """An error body as OpenAI clients expect it."""
        return {"error": openai_error(status=status, message=message, code=code)}

    def error_event(self, *, status: int, message: str, code: str | None, place: int) -> bytes:
        """An event that holds the error's body."""
        return event(self.error(status=status, message=message, code=code))

    def _content_events(self, answer: Answer) -> Iterator[bytes]:
        yield _chunk(answer, {"role": "assistant", "content": ""})
        for piece in pieces(answer.reasoning):
            yield _chunk(answer, {"reasoning_content": piece})
        for piece in pieces(answer.text):
            yield _chunk(answer, {"content": piece})
        for index, call in enumerate(answer.calls):
            begin: JsonValue = {"name": call.name, "arguments": ""}
            yield _call_chunk(answer, {"index": index, "id": call.id, "type": "function", "function": begin})
            for piece in pieces(call.arguments):
                yield _call_chunk(answer, {"index": index, "function": {"arguments": piece}})


class Glm(ChatCompletions):
    """Speaks `POST /api/paas/v4/chat/completions`, Z.ai's Chat: the last chunk always tells the usage.

    Format: the Z.ai API reference, "Chat completion". Whether the request's `thinking` is enabled makes no
    difference here: the scenario says what is thought.
    """

    api: Api = Api.GLM
    path: str = "/api/paas/v4/chat/completions"
    id_prefix: str = ""

    def read(self, body: JsonValue) -> Asked:
        """Read a request's body. Raises pydantic's ValidationError."""
        return replace(super().read(body), stream_usage=True)

    def events(self, answer: Answer) -> Iterator[bytes]:
        """The answer as server-sent events, the usage in the last chunk."""
        yield from self._content_events(answer)
        yield _chunk(answer, {"role": "assistant", "content": ""}, finish=_finish(answer), usage=answer.usage)
        yield _DONE

    def error(self, *, status: int, message: str, code: str | None = None) -> JsonValue:
        """An error body as Z.ai words it."""
        return {"error": zai_error(status=status, message=message, code=code)}


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


def _chunk(
    answer: Answer, delta: JsonValue, *, finish: str | None = None, usage: ServedUsage | None = None
) -> bytes:
    choice: JsonValue = {"index": 0, "delta": delta, "finish_reason": finish}
    return event(_document(answer, _CHUNK, choices=[choice], usage=usage))


def _call_chunk(answer: Answer, call: JsonValue) -> bytes:
    return _chunk(answer, {"tool_calls": [call]})


def _document(
    answer: Answer, kind: str, *, choices: list[JsonValue], usage: ServedUsage | None
) -> dict[str, JsonValue]:
    return {
        "id": answer.id,
        "object": kind,
        "created": answer.created,
        "model": answer.model,
        "choices": choices,
        "usage": None if usage is None else _usage(usage),
    }
