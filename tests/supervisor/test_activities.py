"""What a run is at reaches whoever listens as soon as it is written, with no event beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.db import Database, changes
from autopack.feed.tailer import Tailer
from autopack.supervisor.activities import Activity, ActivityBoard
from autopack.views.activity import passing_activities
from views.recorded import record_run

LIMIT_SECONDS = 20.0


async def until_told(tailer: Tailer, holds: Callable[[list[dict[str, Any]]], bool]) -> None:
    """Wait until what is passed on at this moment is so."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not holds([json.loads(one.split(b"data: ")[1]) for one in tailer.passing(0, run_id=None)[0]]):
            await asyncio.sleep(0.01)


async def test_what_a_run_is_at_is_passed_on_without_waiting_for_the_look_each_second(
    tmp_path: Path, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "FALLBACK_SECONDS", 3600.0)
    run_id = await record_run(settings, repository=tmp_path)
    board = ActivityBoard()
    owner = Database(settings.database_url)
    tailer = Tailer(database, also=passing_activities)
    async with tailer.listening():
        writing = asyncio.create_task(board.keep_writing(owner))
        for doing in ("reads a.py", "writes b.py"):
            board.note(Activity(run_id=run_id, phase_id="cli", what="builder", doing=doing, tokens=7))
            await until_told(tailer, lambda told, doing=doing: [one["doing"] for one in told] == [doing])
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await board.forget(owner, run_id)
        await until_told(tailer, lambda told: not told)
    await tailer.close()
    await owner.close()
