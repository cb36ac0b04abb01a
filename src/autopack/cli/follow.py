"""Following a run through the feed: the same for the process that drives it and for any other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from autopack.cli.board import Board, new_board
from autopack.cli.displays import Display
from autopack.views.spend import Spend

if TYPE_CHECKING:
    from autopack.db import Database

POLL_SECONDS = 0.12
_USAGE_SECONDS = 1.0
_BATCH = 500


class Follower:
    """Reads a run's events from the first one on and hands them to a board and a display."""

    def __init__(self, database: Database, board: Board, display: Display) -> None:
        self.board = board
        self._database = database
        self._display = display
        self._last = 0
        self._total = Spend()
        self._looked = 0.0

    async def until(self, over: Callable[[], bool]) -> None:
        """Follow until `over` says so, then take in what came last."""
        while not over():
            moved = await self.catch_up()
            if self._display.live:
                await self._look_at_usage(now=moved)
            self._display.refresh(self._total)
            await asyncio.sleep(POLL_SECONDS)
        await self.catch_up()
        if self._display.live:
            await self._look_at_usage(now=True)
            self._display.refresh(self._total)

    async def catch_up(self, *, shown: bool = True) -> bool:
        """Take in what happened since the last time, and show it; says whether something did."""
        from autopack.feed import queries as feed
        from autopack.feed.schemas import PlanAmended
        from autopack.views.phases import phase_heads

        before = self._last
        while True:
            async with self._database.read() as session:
                events = await feed.after(
                    session, event_id=self._last, run_id=self.board.run_id, limit=_BATCH
                )
            for event in events:
                self._last = event.id
                if isinstance(event.body, PlanAmended):
                    async with self._database.read() as session:
                        self.board.take_over(await phase_heads(session, self.board.run_id))
                self.board.apply(event)
                if shown:
                    self._display.event(event)
            if len(events) < _BATCH:
                return self._last != before

    async def _look_at_usage(self, *, now: bool) -> None:
        from autopack.views.usage import spend_by_phase, usage_report

        if not now and time.monotonic() - self._looked < _USAGE_SECONDS:
            return
        self._looked = time.monotonic()
        async with self._database.read() as session:
            self.board.usage = await spend_by_phase(session, self.board.run_id)
            report = await usage_report(session, run_id=self.board.run_id)
        self._total = report.real or report.simulated or Spend()


async def board_of(database: Database, run_id: str) -> Board:
    """An empty board of a run, ready for its events."""
    from autopack.views.phases import phase_heads
    from autopack.views.status import run_status

    async with database.read() as session:
        status = await run_status(session, run_id)
        heads = await phase_heads(session, run_id)
    return new_board(run_id=run_id, plan=status.plan, branch=status.branch, heads=heads)
