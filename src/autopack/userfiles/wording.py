"""What pydantic found wrong, said in the words of the file: what it is, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from autopack.userfiles.problems import Loc, Misfits, Problem, Spot, nearest, shown


def translate(invalid: ValidationError, spots: Mapping[Loc, Spot], shape: type[BaseModel]) -> list[Problem]:
    """Every error of `invalid` as a problem at the nearest place that the file has."""
    problems: list[Problem] = []
    for error in invalid.errors(include_url=False):
        if error["type"] == "too_short" and len(error["input"]) >= error.get("ctx", {})["min_length"]:
            continue  # pydantic counts only the entries that are right, and the wrong ones are named anyway
        place = error["loc"]
        while place not in spots:
            place = place[:-1]
        spot = spots[place]
        cause = error.get("ctx", {}).get("error")
        if isinstance(cause, Misfits):
            for loc, text in cause.found:
                within = (*place, *loc)
                while within not in spots:
                    within = within[:-1]
                problems.append(Problem(spots[within].line, (*place, *loc), text))
        elif error["type"] == "missing":
            problems.append(Problem(spot.line, error["loc"], _missing(str(error["loc"][-1]))))
        elif error["type"] == "extra_forbidden":
            problems.append(Problem(spot.line, place, _unknown(place, shape)))
        else:
            problems.append(Problem(spot.line, place, wrong(error, written=spot.written)))
    return problems


def _missing(key: str) -> str:
    example = "1" if key == "schema_version" else "..."
    return f"is missing; add '{key}: {example}'"


def _unknown(loc: Loc, shape: type[BaseModel]) -> str:
    known = _known_keys(shape, loc[:-1])
    if guess := nearest(str(loc[-1]), known):
        return f"is not a known key; did you mean '{guess}'?"
    return f"is not a known key; write one of {', '.join(known)}, or remove it"


def _known_keys(shape: type[BaseModel], loc: Loc) -> list[str]:
    """Keys that may stand at this place, found by walking the type's JSON Schema."""
    schema = shape.model_json_schema()
    node = _plain(schema, schema)
    for part in loc:
        properties: dict[str, Any] = node.get("properties", {})
        step = (
            node.get("items")
            if isinstance(part, int)
            else properties.get(part, node.get("additionalProperties"))
        )
        node = _plain(step or {}, schema)
    return list(node.get("properties", {}))


def _plain(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The node behind references, and the first of alternatives that is not null."""
    while True:
        options: list[dict[str, Any]] = node.get("anyOf", [])
        if "$ref" in node:
            node = schema["$defs"][str(node["$ref"]).rsplit("/", 1)[-1]]
        elif options:
            node = next(option for option in options if option.get("type") != "null")
        else:
            return node


def wrong(error: ErrorDetails, *, written: str) -> str:
    """What one value should have been instead; `written` is how a scalar stands in its file."""
    given: object = error["input"]
    ctx: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(ctx["error"])
        case "enum" | "literal_error":
            expected = str(ctx["expected"]).replace("'", "").replace(" or ", ", ")
            if "," not in expected:
                return f"{shown(given)} is not {expected}; write {expected}"
            return f"{shown(given)} is not one of {expected}; write one of them"
        case "string_type" if isinstance(given, bool | int | float):
            read_as = "true or false" if isinstance(given, bool) else "a number"
            return f"{written} is read as {read_as}, but must be text; put it in quotes: '{written}'"
        case "string_type":
            return f"must be one text, not {kind_of(given)}"
        case "int_type" | "int_parsing" | "int_from_float":
            return f"must be a whole number, not {kind_of(given)}"
        case "float_type" | "decimal_type" | "decimal_parsing" | "finite_number":
            return f"must be a number, not {kind_of(given)}"
        case "bool_type" | "bool_parsing":
            return f"must be true or false, not {kind_of(given)}; write one of them"
        case "tuple_type" | "list_type" if isinstance(given, str):
            return f"must be a list, not one text; write [{shown(given)}]"
        case "tuple_type" | "list_type":
            return f"must be a list, not {kind_of(given)}"
        case "model_type" | "model_attributes_type" | "dict_type" | "mapping_type":
            return f"must hold keys and values, not {kind_of(given)}"
        case "string_unicode":
            return "holds a character that no text may hold; remove it"
        case "too_short":
            return f"must hold at least {ctx['min_length']}; add one"
        case "too_long":
            return f"holds more than {ctx['max_length']}; split it up"
        case "string_too_short":
            return "must not be empty; write a text"
        case "string_too_long":
            return f"is longer than {ctx['max_length']} characters; shorten it"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bound = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
            said = " ".join(f"{words} {ctx[key]}" for key, words in bound.items() if key in ctx)
            return f"must be {said}, not {shown(given)}"
        case _:
            return f"{error['msg'][:1].lower()}{error['msg'][1:]}"


def kind_of(value: object) -> str:
    """What a value is, in the words of an error."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {shown(value)}"
        case str():
            return f"the text {shown(value)}"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return "keys and values"
