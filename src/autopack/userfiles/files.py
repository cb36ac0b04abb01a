"""From a user's file to validated values.

`parse` composes YAML into nodes (ruamel.yaml, YAML 1.2: `yes` and `on` are text), builds plain data from
them with the line of each value, validates it strictly against a pydantic shape and translates each error to

    plan.yaml:12: tiers[0].phases[1].complexity: 'hard' is not one of low, medium, high; write one of them
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from autopack.errors import InvalidInput, NotFound
from autopack.userfiles.positions import MAX_BYTES, Reader
from autopack.userfiles.problems import Problem, message, too_large
from autopack.userfiles.wording import translate

ShapeT = TypeVar("ShapeT", bound=BaseModel)


def read(path: Path) -> str:
    """Text of the user's file at `path`.

    Raises NotFound where there is none, InvalidInput where it is no UTF-8 text of at most 1 MiB.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{path}: there is no such file", hint="check the path") from None
    except IsADirectoryError:
        raise InvalidInput(f"{path}: is a folder, not a file", hint="name the file in it") from None
    except OSError as error:
        raise InvalidInput(f"{path}: can't be read: {error.strerror}", hint="check its permissions") from None
    if len(data) > MAX_BYTES:
        raise InvalidInput(too_large(str(path)))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"{path}:{line}: is not UTF-8 text; save the file as UTF-8") from None


def parse(text: str, *, source: str, shape: type[ShapeT]) -> ShapeT:
    """Validate the YAML `text` of the file called `source` as one of the pydantic class `shape`.

    Raises InvalidInput: one line per problem, all of them, in the order of the file.
    """
    return _parse(text, Reader(source), shape)


def parse_document(document: Mapping[str, Any], *, source: str, shape: type[ShapeT]) -> ShapeT:
    """Validate what arrived as JSON as if it stood in a file of the user's; it is called `source`.

    Raises InvalidInput as `parse` does, without lines: each problem is named by its place.
    """
    return _parse(_json(document), Reader(source, numbered=False), shape)


def _parse(text: str, reader: Reader, shape: type[ShapeT]) -> ShapeT:
    data = reader.read(text.removeprefix("\ufeff"))
    if newer := _newer_version(data, shape):
        problem = Problem(reader.spots[("schema_version",)].line, ("schema_version",), newer)
        raise _invalid(reader, [problem])
    problems = reader.problems
    try:
        # As JSON, because strict JSON takes lists for tuples and texts for enums, but never 'yes' for true.
        valid = shape.model_validate_json(json.dumps(data), strict=True, by_alias=True, by_name=False)
    except ValidationError as invalid:
        said = {problem.loc for problem in problems}
        problems += [p for p in translate(invalid, reader.spots, shape) if p.loc not in said]
    else:
        if not problems:
            return valid
    raise _invalid(reader, problems)


def _invalid(reader: Reader, problems: Sequence[Problem]) -> InvalidInput:
    placed = problems if reader.numbered else [replace(problem, line=0) for problem in problems]
    return InvalidInput(message(reader.source, placed))


_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""What YAML takes for the end of a line, or does not take at all, where JSON takes it for a letter."""


def _json(document: Mapping[str, Any]) -> str:
    """JSON that is YAML too, and says the same as both."""
    text = json.dumps(document, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def written(document: Mapping[str, Any]) -> str:
    """A document as the text of a YAML file that says the same."""
    from io import StringIO

    from ruamel.yaml import YAML

    yaml: Any = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False
    if _BREAKS.search(json.dumps(document, ensure_ascii=False)):  # no writer of YAML gets these right
        return _json(document) + "\n"
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def published_schema(shape: type[BaseModel], *, title: str, refs: str = "#/$defs/{model}") -> dict[str, Any]:
    """JSON Schema of a user's file, for editors and docs/: keys as written, described by field docstrings.

    `refs` is where the shapes that it refers to will be; they are in its `$defs`.
    """

    schema = shape.model_json_schema(schema_generator=_AsWritten, ref_template=refs)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": title}


class _AsWritten(GenerateJsonSchema):
    """Without what a user's file never holds: nulls, numbers as texts, and titles made of keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        without = "default" in schema and schema["default"] is None
        return self.generate_inner(schema["schema"]) if without else super().default_schema(schema)

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        bounds = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
        given: Mapping[str, Any] = dict(schema)
        said = {name: float(given[key]) for key, name in bounds.items() if key in given}
        return {"type": "number", **said}


def _newer_version(data: Mapping[str, object], shape: type[BaseModel]) -> str | None:
    versions = shape.model_fields.get("schema_version")
    known = max(get_args(versions.annotation)) if versions else 0
    given = data.get("schema_version")
    if not known or isinstance(given, bool) or not isinstance(given, int) or given <= known:
        return None
    return f"{given} was written for a newer Autopack, this one reads {known}; upgrade Autopack"
