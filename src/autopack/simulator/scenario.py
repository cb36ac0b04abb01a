"""The scenario file: which conversation a request belongs to, and what is answered at each step."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from autopack.errors import InvalidInput
from autopack.simulator.faults import Fault, check_faults
from autopack.simulator.usage import ServedUsage

_SHOWN_ERRORS = 3


def _one_line(value: str) -> str:
    if not value.strip() or "\n" in value:
        raise ValueError("must be one line of text")
    return value.strip()


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Call(_Part):
    """A tool call: the exact name that the client offers, and its arguments.

    An argument written `{file: relative/path}` is the text of that file beside the scenario.
    """

    tool: str = Field(min_length=1)
    args: dict[str, JsonValue] = {}

    @field_validator("args")
    @classmethod
    def _read_files(cls, args: dict[str, JsonValue], info: ValidationInfo) -> dict[str, JsonValue]:
        context: dict[str, Path] = info.context or {}
        return {name: _with_file(value, context.get("folder")) for name, value in args.items()}


class Step(_Part):
    """One answer of the model. `answer` is a structured one: it goes through the client's output tool
    (`final_result…`), or as JSON text where none is offered."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
    answer: dict[str, JsonValue] | None = None
    delay_seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    usage: ServedUsage | None = None
    """None: derived from the sizes of request and answer."""
    faults: tuple[Fault, ...] = ()
    """What the first requests for this step meet instead, one after another."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.answer is not None and (self.text or self.calls):
            raise ValueError("`answer` stands alone: it can't be given together with `text` or `calls`")
        if self.answer is None and not self.text and not self.calls:
            raise ValueError("a step needs `text`, `calls` or an `answer`")
        check_faults(self.faults, calls=bool(self.calls) or self.answer is not None)
        return self


class Conversation(_Part):
    """The requests whose system and user text hold all `when` lines, and the answers to them in turn."""

    when: tuple[Annotated[str, AfterValidator(_one_line)], ...]
    """Empty: every request."""
    steps: tuple[Step, ...] = Field(min_length=1)


class Scenario(_Part):
    """What a simulated provider answers. The first conversation whose lines are all there is taken."""

    schema_version: Literal[1]
    name: Annotated[str, AfterValidator(_one_line)]
    conversations: tuple[Conversation, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _all_can_be_reached(self) -> Self:
        for place, later in enumerate(self.conversations):
            for earlier in self.conversations[:place]:
                if set(earlier.when) <= set(later.when):
                    raise ValueError(
                        f"the conversation {list(later.when)} is never reached: {list(earlier.when)} "
                        "comes before it and takes all its requests"
                    )
        return self


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario file, and the files that it names.

    Raises InvalidInput, naming the file and what is wrong in it.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8")
        content: Any = YAML(typ="safe", pure=True).load(text)  # pyright: ignore[reportUnknownMemberType]  (untyped)
        return Scenario.model_validate(content, context={"folder": path.parent.resolve()})
    except OSError as error:
        raise InvalidInput(f"The scenario {path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The scenario {path} can't be read: it is not UTF-8 text.") from error
    except YAMLError as error:
        raise InvalidInput(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        hint = "The format is in docs/simulator.md."
        raise InvalidInput(f"{path}: {describe(error)}", hint=hint) from error


def describe(error: ValidationError) -> str:
    """A validation error as one line: where and what, for the first few places."""
    items = error.errors()
    places = [item["loc"] for item in items]
    found = [
        f"{_place(item['loc'])}: {item['msg'].removeprefix('Value error, ')}"
        for item in items
        if not (item["type"] == "too_short" and _holds_another(item["loc"], places))
    ]
    more = f" (and {len(found) - _SHOWN_ERRORS} more)" if len(found) > _SHOWN_ERRORS else ""
    return "; ".join(found[:_SHOWN_ERRORS]) + more


def _holds_another(location: tuple[int | str, ...], places: list[tuple[int | str, ...]]) -> bool:
    """Pydantic calls a sequence too short when what is in it is wrong."""
    return any(len(place) > len(location) and place[: len(location)] == location for place in places)


def _place(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".") or "the top level"


def _with_file(value: JsonValue, folder: Path | None) -> JsonValue:
    if not (isinstance(value, dict) and value.keys() == {"file"} and isinstance(value["file"], str)):
        return value
    name = value["file"]
    if folder is None:
        raise ValueError(f"`file: {name}` needs a scenario that is read from a file")
    target = (folder / name).resolve()
    if not target.is_relative_to(folder):
        raise ValueError(f"`file: {name}` points outside the scenario's folder")
    try:
        return target.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"`file: {name}` can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"`file: {name}` can't be read: it is not UTF-8 text") from error
