"""A typed answer through a coding agent: the schema it is given, and the answer read from what it said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from autopack.agents.base import AgentGaveUp, AgentTask, T

_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n```", re.DOTALL)
_NOT_STRICT = ("default", "minLength", "maxLength", "title", "format", "pattern")


class Misshapen(Exception):
    """An answer that does not fit; the text says how, for the model. Never leaves `agents`."""


def schema_of(task: AgentTask[Any]) -> dict[str, Any] | None:
    """The schema of the answer, in the strict form that every agent takes; None: it is text.

    Strict: every property is required and no other one is allowed (OpenAI's structured outputs).
    """
    if task.output is str:
        return None
    return cast("dict[str, Any]", _strict(TypeAdapter(task.output).json_schema()))


def read_answer(task: AgentTask[T], *, text: str, answer: object) -> T:
    """The answer, typed. Raises Misshapen; AgentGaveUp where text was asked for and there is none."""
    if task.output is str:
        if not text.strip():
            raise AgentGaveUp(f"{task.model.name} ended without a word.")
        return cast("T", text)
    wanted = TypeAdapter(task.output)
    try:
        return wanted.validate_python(answer) if answer is not None else wanted.validate_json(_json_in(text))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise Misshapen(problems[:2_000]) from error


def _json_in(text: str) -> str:
    """The JSON in a text: all of it, in the last fence, or from the first brace to the last."""
    text = text.strip()
    if _is_json(text):
        return text
    for fenced in reversed(_FENCED.findall(text)):
        if _is_json(fenced):
            return fenced
    return text[text.find("{") : text.rfind("}") + 1] or text


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _strict(schema: object) -> object:
    if isinstance(schema, list):
        return [_strict(one) for one in cast("list[object]", schema)]
    if not isinstance(schema, Mapping):
        return schema
    told = cast("Mapping[str, Any]", schema)
    if "$ref" in told:
        return {"$ref": told["$ref"]}  # nothing may stand beside it
    kept = {key: _strict(value) for key, value in told.items() if key not in _NOT_STRICT}
    if isinstance(properties := told.get("properties"), Mapping):
        named = cast("Mapping[str, object]", properties)
        kept["properties"] = {name: _strict(one) for name, one in named.items()}
        kept["required"] = list(named)
        kept["additionalProperties"] = False
    return kept
