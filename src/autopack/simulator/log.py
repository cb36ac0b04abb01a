"""The request log: one JSON line per request, with what was served to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from autopack.errors import InvalidInput
from autopack.simulator.usage import ServedUsage
from autopack.simulator.wire import Api


class LogEntry(BaseModel):
    """One request and how it was answered. One that got an error instead has an `error` and no usage."""

    model_config = ConfigDict(frozen=True)

    time: datetime
    """When the request was in, in UTC."""
    method: str
    path: str
    """With the query, if there was one."""
    status: int
    completed: bool
    """False where the answer was not handed over whole: the client went away, or a fault came instead."""
    api: Api | None = None
    model: str | None = None
    when: tuple[str, ...] | None = None
    """Lines of the conversation that was taken."""
    step: int | None = None
    streamed: bool = False
    response_id: str | None = None
    usage: ServedUsage | None = None
    """Of the whole answer, also where the client did not wait for it."""
    fault: str | None = None
    """The fault that it met, as `Fault.label` words it."""
    error: str | None = None
    request: JsonValue = None


class RequestLog:
    """Where entries go: a file that is appended to, or memory where there is none."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, which is created empty. Raises InvalidInput where that can't be done."""
        self._path = path
        self._entries: list[LogEntry] = []
        try:
            self._file = None if path is None else path.open("ab", buffering=0)
        except OSError as error:
            raise InvalidInput(f"The request log {path} can't be written: {error.strerror}.") from error

    def write(self, entry: LogEntry) -> None:
        """Add an entry; it is in the file when this returns."""
        if self._file is None:
            self._entries.append(entry)
        else:
            self._file.write(entry.model_dump_json().encode() + b"\n")

    def entries(self) -> list[LogEntry]:
        """All entries so far, in the order in which answers ended."""
        return list(self._entries) if self._path is None else read_log(self._path)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def read_log(path: Path) -> list[LogEntry]:
    """Entries of a log file, also while it is written: a line that has no end yet is left out."""
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [LogEntry.model_validate_json(line) for line in whole.splitlines()]


def served_tokens(entries: Iterable[LogEntry]) -> dict[str, ServedUsage]:
    """Sum of the tokens in completed answers, by model."""
    sums: dict[str, ServedUsage] = {}
    for entry in entries:
        if entry.completed and entry.usage is not None and entry.model is not None:
            sums[entry.model] = sums.get(entry.model, ServedUsage()) + entry.usage
    return sums
