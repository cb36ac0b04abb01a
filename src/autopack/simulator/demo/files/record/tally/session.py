"""One stretch of work, and the line it is written down as.

A line of the log is a JSON object, version 1:

    {"v": 1, "start": "2025-03-03T09:00:00+01:00", "end": null, "tag": "writing", "note": ""}

`end` is null while the session runs. Times carry their UTC offset, so a log that travels through
time zones, or through a change of the clocks, keeps its durations.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Optional

from tally.errors import RecordError

FORMAT_VERSION = 1
_TAG = re.compile(r"\w[\w./-]*")


@dataclass(frozen=True)
class Session:
    """A stretch of work on one thing. `end` is None while it runs."""

    start: datetime
    end: Optional[datetime]
    tag: str
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be written down and read back as the same session."""
        if not _TAG.fullmatch(self.tag):
            raise RecordError(f"{self.tag!r} is not a tag: use letters, digits, and . / - _ inside")
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment is not None and moment.utcoffset() is None:
                raise RecordError(f"the {name} {moment.isoformat()} has no UTC offset")
        if self.end is not None and self.end < self.start:
            raise RecordError(f"{self.tag!r} would end at {self.end:%H:%M}, before it starts at {self.start:%H:%M}")

    @property
    def running(self) -> bool:
        """Whether it has not been stopped yet."""
        return self.end is None

    def duration(self, now: datetime) -> timedelta:
        """How long it took, or has taken until `now`; never negative."""
        return max((self.end or now) - self.start, timedelta(0))

    def to_line(self) -> str:
        """The session as a line of the log, without the line break."""
        record = {
            "v": FORMAT_VERSION,
            "start": self.start.isoformat(),
            "end": None if self.end is None else self.end.isoformat(),
            "tag": self.tag,
            "note": self.note,
        }
        return json.dumps(record, ensure_ascii=False)

    @classmethod
    def from_line(cls, line: str) -> Session:
        """Read a line of the log. Raises RecordError that says what is wrong with it."""
        try:
            record: Any = json.loads(line)
        except ValueError as error:
            raise RecordError("not a line of JSON") from error
        if not isinstance(record, dict):
            raise RecordError("not a JSON object")
        version = record.get("v")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise RecordError(f"written by a newer tally (record version {version}): please upgrade")
        if version != FORMAT_VERSION:
            raise RecordError(f"unknown record version {version!r}")
        end = record.get("end")
        return cls(
            start=_moment(record, "start"),
            end=None if end is None else _moment(record, "end"),
            tag=_text(record, "tag"),
            note=_text(record, "note"),
        )


def _text(record: dict, field: str) -> str:
    value = record.get(field)
    if not isinstance(value, str):
        raise RecordError(f"{field!r} must be a text, not {value!r}")
    return value


def _moment(record: dict, field: str) -> datetime:
    text = _text(record, field)
    if text.endswith("Z"):  # ISO 8601, but datetime reads it only from Python 3.11 on
        text = f"{text[:-1]}+00:00"
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise RecordError(f"{field!r} is not a time: {text!r}") from error
