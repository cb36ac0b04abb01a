"""One reader of the feed for all who listen in this process, whichever process wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from autopack.db import Database, ReadSession
from autopack.errors import AutopackError, DatabaseLocked, DatabaseUnreachable, Unavailable
from autopack.feed import queries
from autopack.feed.messages import event_message, message
from autopack.feed.ring import Ring

AWAY_SECONDS = 1.0
"""Between looks at a database that can't be read."""

ENDING = "The server is shutting down."
_BROKEN = "The server can't read the feed any more; its log says more."


class Passing(NamedTuple):
    """Something that holds at this moment and is in no feed; the latest of its run and name counts."""

    run_id: str
    name: str
    data: Mapping[str, Any]


class _Shown(NamedTuple):
    version: int
    message: bytes


Also = Callable[[ReadSession], Awaitable[Sequence[Passing]]]
"""Reads all that holds at this moment, in the transaction in which events are read."""


class Listener:
    """One who listens: is woken when there may be something new."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.gone = False
        """It listens no more."""
        self.dropped: str | None = None
        """Why it is told nothing more."""

    def ring(self) -> None:
        """Wake it."""
        self._rung.set()

    def rest(self) -> None:
        """What comes from now on wakes it; to be called before it looks."""
        self._rung.clear()

    async def wait(self, seconds: float) -> bool:
        """Whether it was woken within this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        return self._rung.is_set()


class Tailer:
    """Reads while somebody listens: starts with the first and stops with the last. One per process."""

    def __init__(self, database: Database, *, also: Also | None = None, ring: Ring | None = None) -> None:
        """`also` reads what is passed on beside events: without an id, and only its latest state."""
        self.ring = Ring() if ring is None else ring
        self._database = database
        self._also = also
        self._passing: dict[tuple[str, str], _Shown] = {}
        self._version = 0
        self._listeners: set[Listener] = set()
        self._reading: asyncio.Task[None] | None = None
        self._began: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        """The one that reads, and those that are stopping."""
        self._ended = False

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[Listener]:
        """Listen, and be listed while the block lasts. Raises `Unavailable` where the feed can't be read."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            if self._ended:
                listener.dropped = ENDING
            else:
                await self._begin()
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._stop()

    def passing(self, version: int, *, run_id: str | None) -> tuple[list[bytes], int]:
        """Messages of what holds now and was not told at a version, of one run or of all; and the version."""
        told = [
            shown.message
            for (of, _), shown in self._passing.items()
            if shown.version > version and run_id in (None, of)
        ]
        return told, self._version

    def end(self) -> None:
        """Drop everyone who listens, now or later: the process is about to end. Any callback may call it."""
        self._ended = True
        self._stop()
        self._drop(ENDING)

    async def close(self) -> None:
        """End, and wait until nothing is read any more."""
        self.end()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _begin(self) -> None:
        if self._reading is None or self._began is None:
            self._began = asyncio.get_running_loop().create_future()
            self._reading = asyncio.create_task(self._read(self._began), name="feed tailer")
            self._tasks.add(self._reading)
            self._reading.add_done_callback(self._tasks.discard)
        await asyncio.shield(self._began)

    def _stop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._began is not None and not self._began.done():
            self._fail(self._began, Unavailable(ENDING))
        self._reading = self._began = None

    async def _read(self, began: asyncio.Future[None]) -> None:
        try:
            async with self._database.changes() as changes:
                async with self._database.read() as session:
                    self.ring.begin((await queries.bounds(session)).head)
                self._passing.clear()
                began.set_result(None)
                while True:
                    await self._catch_up()
                    await changes.wait()
        except AutopackError as error:
            self._fail(began, error)
        except Exception as error:
            import structlog

            structlog.get_logger(__name__).exception("feed_tailer_failed")
            self._fail(began, error)

    def _fail(self, began: asyncio.Future[None], error: Exception) -> None:
        """Tell those who listen, and begin anew with the next who does."""
        if began is not self._began:
            return
        self._reading = self._began = None
        if began.done():
            self._drop(error.message if isinstance(error, AutopackError) else _BROKEN)
        else:
            began.set_exception(error)
            began.exception()  # is told as retrieved: nobody may be waiting any more

    async def _catch_up(self) -> None:
        """Take in all that is new. A database that is away for a while is waited for."""
        more = True
        while more:
            before = self.ring.last, self._version
            try:
                more = await self._take()
            except (DatabaseUnreachable, DatabaseLocked):
                await asyncio.sleep(AWAY_SECONDS)
            if before != (self.ring.last, self._version):
                self._ring()

    async def _take(self) -> bool:
        """Take in one batch; whether there may be more."""
        limit = max(1, self.ring.events // 4)  # who listens looks into the ring before the next
        async with self._database.read() as session:
            events = await queries.after(session, event_id=self.ring.last, run_id=None, limit=limit)
            passing: Sequence[Passing] = () if self._also is None else await self._also(session)
        for event in events:
            self.ring.add(event.id, event.run_id, event_message(event))
        self._pass_on(passing)
        return len(events) == limit

    def _pass_on(self, passing: Sequence[Passing]) -> None:
        before, self._passing = self._passing, {}
        for one in passing:
            key, told = (one.run_id, one.name), message(one.name, one.data)
            shown = before.get(key)
            if shown is None or shown.message != told:
                self._version += 1
                shown = _Shown(self._version, told)
            self._passing[key] = shown

    def _ring(self) -> None:
        for listener in self._listeners:
            listener.ring()

    def _drop(self, why: str) -> None:
        for listener in self._listeners:
            listener.dropped = listener.dropped or why
        self._ring()
