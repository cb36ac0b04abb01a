"""What runs are at in this moment, for other processes to show: two writes a second at most, no event."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from autopack.db import Database
from autopack.runs import queries

FLUSH_SECONDS = 0.5

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What a run is doing at this moment. Ephemeral: shown live, overwritten by the next."""

    run_id: str
    phase_id: str
    """Empty before the first phase."""
    what: str
    """`builder` or `auditor` at work, or `clone`, `setup`, `baseline`, `verify`."""
    doing: str
    """On one line; what follows a first comma may change while it is the same activity."""
    tokens: int | None = None
    """Reported tokens of the conversation so far; None where no model is at work."""

    def same(self, other: Activity) -> bool:
        """Whether it is the same activity, at most further on."""
        return (self.phase_id, self.what, self.doing.partition(",")[0]) == (
            other.phase_id,
            other.what,
            other.doing.partition(",")[0],
        )


class ActivityBoard:
    """The newest activity of each run of this process, and the task that writes it down."""

    def __init__(self) -> None:
        self._now: dict[str, tuple[Activity, datetime]] = {}
        self._unwritten: set[str] = set()

    def note(self, activity: Activity) -> None:
        """A run is at this now."""
        former = self._now.get(activity.run_id)
        if former is not None and former[0] == activity:
            return
        since = former[1] if former is not None and former[0].same(activity) else datetime.now(UTC)
        self._now[activity.run_id] = (activity, since)
        self._unwritten.add(activity.run_id)

    def doing(self, run_id: str) -> str:
        """What a run is at, on one line."""
        if (now := self._now.get(run_id)) is None:
            return "nothing yet"
        return ": ".join(part for part in (now[0].what, now[0].doing) if part)

    async def forget(self, database: Database, run_id: str) -> None:
        """A run is driven here no more."""
        if self._now.pop(run_id, None) is not None:
            self._unwritten.discard(run_id)
            async with database.write() as session:
                await queries.forget_activity(session, run_id)

    async def keep_writing(self, database: Database) -> None:
        """Write down what is new, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self._flush(database)
            except Exception as error:
                log.warning("activity_failed: %s", error)

    async def _flush(self, database: Database) -> None:
        fresh = [self._now[run_id] for run_id in self._unwritten if run_id in self._now]
        self._unwritten.clear()
        if not fresh:
            return
        async with database.write() as session:
            for activity, since in fresh:
                values = {
                    "phase_id": activity.phase_id,
                    "what": activity.what,
                    "doing": activity.doing,
                    "tokens": activity.tokens,
                    "since": since,
                    "seen_at": datetime.now(UTC),
                }
                await queries.show_activity(session, activity.run_id, values)
