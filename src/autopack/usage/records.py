"""Model calls as files hold them: JSON lines or CSV, one call a line, written and read back unchanged."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from autopack import userfiles
from autopack.usage.money import to_nano, to_usd
from autopack.usage.recorder import RESPONSE_ID_LENGTH
from autopack.usage.schemas import UsageStatus
from autopack.usage.tables import UsageEventRow

Format: TypeAlias = Literal["jsonl", "csv"]

SCHEMA_VERSION = 1
MOST_TOKENS = 10**12
"""Of one call: far above any, and sums of many still fit a 64-bit column in thousandths."""


def _whole_nano(usd: Decimal) -> Decimal:
    if usd != to_usd(to_nano(usd)):
        raise ValueError(f"{usd} is too fine; write at most nine decimals")
    return usd


Tokens = Annotated[int, Field(ge=0, le=MOST_TOKENS)]
Usd = Annotated[
    Decimal,
    Field(ge=0, le=1_000_000, allow_inf_nan=False),
    AfterValidator(_whole_nano),
    PlainSerializer(lambda usd: f"{usd:f}", return_type=str, when_used="json"),
]


def _version_of_ours(version: int) -> int:
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"{version} is not {SCHEMA_VERSION}: a newer Autopack may have written it; upgrade this one"
        )
    return version


def _name(most: int) -> Any:
    return Field(min_length=1, max_length=most)


class CallRecord(BaseModel):
    """One model call in a file. The order of its fields is that of a CSV's columns."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    schema_version: Annotated[int, AfterValidator(_version_of_ours)] = SCHEMA_VERSION
    """Version of this format."""
    call_id: Annotated[str, Field(pattern=r"^[!-~]{1,40}$")]
    """Made before the call was sent; one is recorded once."""
    created_at: AwareDatetime
    """When its usage was booked, with a time zone."""
    provider: Annotated[str, _name(64)]
    model: Annotated[str, _name(200)]
    run_id: Annotated[str, _name(40)] | None = None
    phase_id: Annotated[str, _name(64)] | None = None
    attempt: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    role: Annotated[str, _name(64)]
    """`builder`, `auditor`, or `agent:` and a helper's name."""
    pool: Annotated[str, _name(64)]
    """The quota that it counted against."""
    prompt_tokens: Tokens
    """Cache reads and writes included."""
    completion_tokens: Tokens
    """Reasoning included."""
    cache_read_tokens: Tokens = 0
    cache_write_tokens: Tokens = 0
    reasoning_tokens: Tokens = 0
    cost_usd: Usd | None = None
    """Dollars; empty where no price is known."""
    usage_status: UsageStatus
    """`reported`, or `unknown`: counts and cost are then what was reserved."""
    response_id: Annotated[str, _name(RESPONSE_ID_LENGTH)] | None = None
    """The provider's own."""
    simulated: bool
    """A script answered."""


FIELDS = tuple(CallRecord.model_fields)


def record_of(row: UsageEventRow) -> CallRecord:
    """A call as it is recorded. What is here was accepted once, so it is not validated again."""
    values = {name: getattr(row, name) for name in FIELDS if name not in ("schema_version", "cost_usd")}
    values |= {"usage_status": UsageStatus(row.usage_status), "response_id": row.response_id or None}
    return CallRecord.model_construct(**values, cost_usd=to_usd(row.nano_usd))


def json_line(record: CallRecord) -> str:
    """One line, in ASCII."""
    return json.dumps(record.model_dump(mode="json"))


def csv_header() -> str:
    """The names of the columns."""
    return ",".join(FIELDS)


def csv_line(record: CallRecord) -> str:
    """One line (a text with a line's end in it makes more of it); null is empty."""
    lines: list[str] = []
    written = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in record.model_dump(mode="json").items()
    }
    csv.DictWriter(_Into(lines), FIELDS, lineterminator="").writerow(written)
    return lines[0]


@dataclass
class _Into:
    lines: list[str]

    def write(self, line: str) -> None:
        self.lines.append(line)


@dataclass(frozen=True)
class Wrong:
    """A line that is no call, and why."""

    line: int
    said: str


@dataclass(frozen=True)
class Read:
    """A call, and where it stands."""

    line: int
    record: CallRecord


def read_records(lines: Iterable[str], *, redact: Callable[[str], str]) -> Iterator[Read | Wrong]:
    """Each call of a file in either format, or what is wrong with its line.

    A file whose first line begins with `{` is JSON lines, any other CSV. Keys are redacted in every text.
    """
    parsed = iter(lines)
    first = next(parsed, "").removeprefix("\ufeff")
    whole, is_json = itertools.chain([first], parsed), first.lstrip().startswith("{")
    for number, values in _of_json(whole) if is_json else _of_csv(whole):
        if isinstance(values, str):
            yield Wrong(number, values)
            continue
        clean = {name: redact(value) if isinstance(value, str) else value for name, value in values.items()}
        try:
            yield Read(number, _validated(clean, is_json=is_json))
        except ValidationError as invalid:
            yield Wrong(number, "; ".join(_problem(one) for one in invalid.errors()[:5]))


def _validated(values: Mapping[str, Any], *, is_json: bool) -> CallRecord:
    """In JSON a number is a number; in CSV everything is text."""
    if is_json:
        return CallRecord.model_validate_json(json.dumps(values), strict=True)
    return CallRecord.model_validate_strings(values)


def _of_json(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            yield number, "is not one JSON object on a line of its own"
            continue
        yield number, values if isinstance(values, dict) else "is not a JSON object"


def _of_csv(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    reader = csv.DictReader(lines, strict=True)
    try:
        missing = [name for name in FIELDS if name not in (reader.fieldnames or ())]
        if missing:
            yield 1, f"the first line does not name the columns {', '.join(missing)}"
            return
        for row in reader:
            if None in row or None in row.values():
                yield reader.line_num, "does not have as many values as there are columns"
                continue
            yield reader.line_num, {name: value for name, value in row.items() if value}
    except csv.Error as error:
        yield reader.line_num, f"is not CSV: {error}"


def _problem(error: Any) -> str:
    where = userfiles.path_text(error["loc"])
    match error["type"]:
        case "missing":
            said = "is missing"
        case "extra_forbidden":
            said = "is not known; remove it"
        case "string_pattern_mismatch":
            said = "must be 1 to 40 visible characters of ASCII"
        case "timezone_aware":
            said = "has no time zone; write it like 2025-03-03T10:15:00Z"
        case _:
            said = userfiles.wrong(error, written=str(error["input"])[:60])
    return f"{where}: {said}"
