"""OpenAI Responses.

Format: the OpenAI API reference, "Responses" and its "Streaming events". An answer is a list of items:
reasoning, a message, function calls. `input_tokens` includes cached tokens, `output_tokens` reasoning.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Literal

from pydantic import JsonValue
from pydantic_core import to_json

from autopack.simulator.reading import Content, NamedTool, RequestBody, WirePart, asked_of
from autopack.simulator.refusals import openai_error
from autopack.simulator.usage import ServedUsage
from autopack.simulator.wire import Answer, Api, Asked, ToolCall, named_event, pieces

_ENCRYPTED = "c2ltdWxhdGVk"
"""What stands for the encrypted reasoning: "simulated"."""


class _Item(WirePart):
    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: Content = None

    @property
    def of_model(self) -> bool:
        """Whether the model said it, and not its user or a tool."""
        if self.type == "message":
            return self.role == "assistant"
        return self.type == "reasoning" or self.type.endswith("_call")


class _Body(RequestBody):
    input: str | tuple[_Item, ...]
    instructions: str | None = None
    tools: tuple[NamedTool, ...] | None = None
    max_output_tokens: int | None = None


class Responses:
    """Speaks `POST /v1/responses`."""

    api = Api.RESPONSES
    path = "/v1/responses"
    id_prefix = "resp_"
    call_id_prefix = "call_"
    writes_cache = False

    def read(self, body: JsonValue) -> Asked:
        """Read a request's body. Raises pydantic's ValidationError."""
        asked = _Body.model_validate(body)
        items = () if isinstance(asked.input, str) else asked.input
        said = [item.of_model for item in items]
        heard = (item.content for item in items if item.type == "message" and not item.of_model)
        return asked_of(
            asked,
            body,
            messages="input",
            before=("tools", "instructions"),
            turns=[place for place, own in enumerate(said) if own and not (place and said[place - 1])],
            spoken=(asked.instructions, asked.input if isinstance(asked.input, str) else None, *heard),
            tools=asked.tools,
            max_output_tokens=asked.max_output_tokens,
        )

    def whole(self, answer: Answer) -> bytes:
        """The answer as one JSON document."""
        return to_json(_response(answer, status="completed", output=_items(answer)))

    def events(self, answer: Answer) -> Iterator[bytes]:
        """The answer as server-sent events, which are numbered; the last one repeats it whole."""
        numbers = count()
        for kind, fields in self._events(answer):
            yield named_event(kind, sequence_number=next(numbers), **fields)

    def _events(self, answer: Answer) -> Iterator[tuple[str, dict[str, JsonValue]]]:
        yield "response.created", {"response": _response(answer, status="in_progress", output=[])}
        items = _items(answer)
        for place, item in enumerate(items):
            at: dict[str, JsonValue] = {"item_id": item["id"], "output_index": place}
            yield (
                "response.output_item.added",
                {"output_index": place, "item": {**item, **_BEGINNINGS[str(item["type"])]}},
            )
            match item["type"]:
                case "reasoning":
                    part, stream = "reasoning_summary_part", "reasoning_summary_text"
                    yield from _text_events(part, stream, "summary_text", answer.reasoning, at)
                case "message":
                    yield from _text_events("content_part", "output_text", "output_text", answer.text, at)
                case _:
                    yield from _call_events(str(item["name"]), str(item["arguments"]), at)
            yield "response.output_item.done", {"output_index": place, "item": item}
        yield "response.completed", {"response": _response(answer, status="completed", output=items)}

    def error(self, *, status: int, message: str, code: str | None = None) -> JsonValue:
        """An error body as OpenAI clients expect it."""
        return {"error": openai_error(status=status, message=message, code=code)}

    def error_event(self, *, status: int, message: str, code: str | None, place: int) -> bytes:
        """The event `error`, which names code and message itself."""
        error = openai_error(status=status, message=message, code=code)
        return named_event(
            "error", sequence_number=place, code=error["code"], message=message, param=error["param"]
        )


_BEGINNINGS: dict[str, dict[str, JsonValue]] = {
    "reasoning": {"summary": [], "encrypted_content": None, "status": "in_progress"},
    "message": {"content": [], "status": "in_progress"},
    "function_call": {"arguments": "", "status": "in_progress"},
}
"""What an item of each type is without when its stream begins."""


def _items(answer: Answer) -> list[dict[str, JsonValue]]:
    """The output; ids of items are made of the answer's, so that stream and whole agree."""
    own = answer.id.removeprefix(Responses.id_prefix)
    items: list[dict[str, JsonValue]] = []
    if answer.reasoning:
        summary: JsonValue = {"type": "summary_text", "text": answer.reasoning}
        items.append(
            {"id": f"rs_{own}", "type": "reasoning", "summary": [summary], "encrypted_content": _ENCRYPTED}
        )
    if answer.text:
        text: JsonValue = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
        items.append({"id": f"msg_{own}", "type": "message", "role": "assistant", "content": [text]})
    items.extend(_call_item(call) for call in answer.calls)
    return [{**item, "status": "completed"} for item in items]


def _call_item(call: ToolCall) -> dict[str, JsonValue]:
    own = call.id.removeprefix(Responses.call_id_prefix)
    return {
        "id": f"fc_{own}",
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def _text_events(
    part: str, stream: str, kind: str, text: str, at: dict[str, JsonValue]
) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """A part of an item that is text: a part of a message, or of a reasoning's summary."""
    index = "summary_index" if stream.startswith("reasoning") else "content_index"
    at = {**at, index: 0}
    more: dict[str, JsonValue] = {"annotations": [], "logprobs": []} if kind == "output_text" else {}
    logged: dict[str, JsonValue] = {"logprobs": []} if kind == "output_text" else {}
    yield f"response.{part}.added", {**at, "part": {"type": kind, "text": "", **more}}
    for piece in pieces(text):
        yield f"response.{stream}.delta", {**at, "delta": piece, **logged}
    yield f"response.{stream}.done", {**at, "text": text, **logged}
    yield f"response.{part}.done", {**at, "part": {"type": kind, "text": text, **more}}


def _call_events(
    name: str, arguments: str, at: dict[str, JsonValue]
) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    for piece in pieces(arguments):
        yield "response.function_call_arguments.delta", {**at, "delta": piece}
    yield "response.function_call_arguments.done", {**at, "name": name, "arguments": arguments}


def _response(answer: Answer, *, status: str, output: list[dict[str, JsonValue]]) -> dict[str, JsonValue]:
    done = status == "completed"
    return {
        "id": answer.id,
        "object": "response",
        "created_at": answer.created,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": answer.model,
        "output": [*output],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": _usage(answer.usage) if done and answer.usage is not None else None,
    }


def _usage(usage: ServedUsage) -> JsonValue:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
