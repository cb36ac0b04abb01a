"""Calls of a file into the ledger: all of them or none, each once, under the locks of their quotas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeAlias

from autopack.db import Database, WriteSession
from autopack.errors import InvalidInput
from autopack.routing.queries import SET_BACK_AT_MOST, lock_pool, settle
from autopack.usage import queries
from autopack.usage.queries import Hour
from autopack.usage.recorder import LlmUsageEvent, record_usage, values_of
from autopack.usage.records import CallRecord, Read, Wrong
from autopack.usage.rollups import hours_of, sums_of
from autopack.usage.schemas import UsageStatus
from autopack.usage.tables import UsageEventRow

TOLD = 20
"""Wrong lines that are named."""
_EACH = 500

Reading: TypeAlias = Callable[[], Iterable[Read | Wrong]]
"""Reads the file from its beginning, each time it is called."""


@dataclass
class Imported:
    """What became of the calls of a file."""

    added: int = 0
    known: int = 0
    """They were here already."""
    settled: int = 0
    """They were here with unknown usage, and the file knows what they took."""


class _Misfits:
    """What is wrong with a file, line by line."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines: list[str] = []
        self._more = 0

    def add(self, line: int, said: str) -> None:
        if len(self._lines) < TOLD:
            self._lines.append(f"{self._source}:{line}: {said}")
        else:
            self._more += 1

    def refuse(self) -> None:
        """Raise InvalidInput where anything is wrong."""
        if self._lines:
            more = [f"and {self._more:,} more"] if self._more else []
            raise InvalidInput(
                "\n".join([*self._lines, *more]),
                hint="Nothing was imported. Mend these lines, and try again.",
            )


async def import_calls(database: Database, read: Reading, *, source: str) -> Imported:
    """Record the calls of a file that are not recorded yet, in one transaction.

    Raises InvalidInput, with a line for each problem, where a line is no call, contradicts what is recorded
    of its call, or is of the future; then nothing is imported. A call whose usage is unknown here is settled
    by one that is known; otherwise what is recorded stays, its price too.
    """
    pools = _checked(read, source)
    done, misfits = Imported(), _Misfits(source)
    added = defaultdict[Hour, defaultdict[str, int]](lambda: defaultdict(int))
    async with database.write() as session:
        for pool in sorted(pools):
            await lock_pool(session, pool)
        for some in _chunks(_good(read, pools, misfits)):
            await _import(session, some, done, added, misfits)
        misfits.refuse()
        for hour, sums in added.items():
            await queries.add_to_hour(session, hour, sums)
    return done


def _checked(read: Reading, source: str) -> set[str]:
    """The quotas of a file without a wrong line."""
    misfits, pools = _Misfits(source), set[str]()
    latest = datetime.now(UTC) + SET_BACK_AT_MOST
    for one in read():
        if isinstance(one, Wrong):
            misfits.add(one.line, one.said)
        elif one.record.created_at > latest:
            misfits.add(one.line, f"created_at: {one.record.created_at.isoformat()} is in the future")
        else:
            pools.add(one.record.pool)
    misfits.refuse()
    return pools


def _good(read: Reading, pools: set[str], misfits: _Misfits) -> Iterator[Read]:
    """The calls of a file that was right a moment ago; what was written into it since is refused."""
    for one in read():
        if isinstance(one, Wrong):
            misfits.add(one.line, one.said)
        elif one.record.pool not in pools:
            misfits.add(one.line, "was written while the file was read")
        else:
            yield one


def _chunks(found: Iterator[Read]) -> Iterator[list[Read]]:
    while some := list(islice(found, _EACH)):
        yield some


@dataclass
class _Chunk:
    here: dict[str, UsageEventRow]
    """Those that are recorded, or to be, by call id."""
    new: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


async def _import(
    session: WriteSession,
    some: list[Read],
    done: Imported,
    added: defaultdict[Hour, defaultdict[str, int]],
    misfits: _Misfits,
) -> None:
    chunk = _Chunk(await queries.events_of_calls(session, [one.record.call_id for one in some]))
    for one in some:
        event = _event(one.record)
        former, row = chunk.here.get(event.call_id), UsageEventRow(**values_of(event))
        if former is None:
            chunk.here[event.call_id] = row
            chunk.new.append(values_of(event))
            for hour in hours_of(row):
                for name, value in sums_of(row).items():
                    added[hour][name] += value
            done.added += 1
        elif said := _contradiction(former, row):
            misfits.add(one.line, said)
        elif former.usage_status == UsageStatus.UNKNOWN != row.usage_status:
            chunk.here[event.call_id] = row
            await _settle(session, chunk, event)
            done.settled += 1
        else:
            done.known += 1
    if chunk.new:
        await queries.add_events(session, chunk.new)


async def _settle(session: WriteSession, chunk: _Chunk, event: LlmUsageEvent) -> None:
    if chunk.new:  # it may be one of them
        await queries.add_events(session, chunk.new)
        chunk.new = []
    await record_usage(session, event)
    await settle(session, event.call_id, pool=event.pool or event.provider)


_WHO = ("provider", "model", "run_id", "phase_id", "attempt", "role", "pool", "simulated")
_WHAT = (
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "response_id",
)


def _contradiction(former: UsageEventRow, new: UsageEventRow) -> str:
    """What a call that is recorded is said to be otherwise; empty where nothing. Its price is no matter."""
    same_status = former.usage_status == new.usage_status
    for name in (*_WHO, *(_WHAT if same_status else ())):
        was, now = getattr(former, name), getattr(new, name)
        if was != now:
            return f"{name}: {new.call_id} is recorded with {was}, not with {now}"
    return ""


def _event(record: CallRecord) -> LlmUsageEvent:
    values = record.model_dump(exclude={"schema_version", "usage_status"})
    return LlmUsageEvent(**values, status=record.usage_status)
