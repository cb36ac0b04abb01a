"""The start-up check: what crashes, kills and hands left behind, and mending what is safe to mend.

Never touches what a live process has in hand, and finds nothing the second time: run it as often as you like.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from autopack.config import Settings
from autopack.db import Database
from autopack.supervisor.books import look_at_feed, look_at_usage
from autopack.supervisor.flaws import Flaw, Home
from autopack.supervisor.leftovers import (
    look_at_conversations,
    look_at_database,
    look_at_engine,
    look_at_files,
)
from autopack.supervisor.refs import look_at_branches
from autopack.supervisor.sweep import look_at_orphans, look_at_processes, sweep
from autopack.supervisor.temporary import look_at_temporary

__all__ = ["Flaw", "at_start", "look", "sweep"]

Look = Callable[[Home], Awaitable[list[Flaw]]]

_AT_START: tuple[Look, ...] = (
    look_at_orphans,
    look_at_processes,
    look_at_conversations,
    look_at_temporary,
    look_at_engine,
)
_ALL: tuple[Look, ...] = (*_AT_START, look_at_feed, look_at_usage, look_at_files, look_at_branches)

log = logging.getLogger(__name__)


async def look(settings: Settings, database: Database, *, mend: bool) -> list[Flaw]:
    """Everything that is not as it should be; with `mend`, what can be mended is.

    Of a damaged database nothing else can be said.
    """
    home = Home(settings=settings, database=database, mend=mend)
    return await _look((look_at_database,), home) or await _look(_ALL, home)


async def at_start(settings: Settings, database: Database) -> list[Flaw]:
    """The part that takes milliseconds, mended: for every process that is about to drive a run."""
    return await _look(_AT_START, Home(settings=settings, database=database, mend=True))


async def _look(looks: tuple[Look, ...], home: Home) -> list[Flaw]:
    flaws: list[Flaw] = []
    for one in looks:
        for flaw in await one(home):
            log.warning("%s %s: %s", "mended" if flaw.mended else "found", flaw.what, flaw.said)
            flaws.append(flaw)
    return flaws
