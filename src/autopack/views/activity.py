"""What runs are at in this moment, as their owners said a moment ago: what the feed's tailer passes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from autopack.db import ReadSession
from autopack.feed.tailer import Passing
from autopack.runs import queries

FRESH_SECONDS = 30.0
"""How long what an owner said counts: longer than the clocks of two machines should differ."""


async def passing_activities(session: ReadSession) -> list[Passing]:
    """Messages `activity`, one of each run whose owner said something in the last half minute.

    `seen_at` is no part of them, so that one is sent when something changed, not each time it is said again.
    """
    instant = datetime.now(UTC) - timedelta(seconds=FRESH_SECONDS)
    return [
        Passing(
            run_id=row.run_id,
            name="activity",
            data={
                "run_id": row.run_id,
                "phase_id": row.phase_id or None,
                "what": row.what,
                "doing": row.doing,
                "tokens": row.tokens,
                "since": row.since.isoformat().replace("+00:00", "Z"),
            },
        )
        for row in await queries.activities_seen(session, after=instant)
    ]
