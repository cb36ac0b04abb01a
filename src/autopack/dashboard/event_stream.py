"""The live feed as a stream of messages (`text/event-stream`), for one client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from autopack.dashboard.hang_up import hang_up_of
from autopack.db import Database
from autopack.errors import AutopackError
from autopack.feed import queries
from autopack.feed.messages import HEARTBEAT, event_message, message
from autopack.feed.queries import Bounds
from autopack.feed.tailer import Listener, Tailer

HEARTBEAT_SECONDS = 15.0
STUCK_SECONDS = 10.0
"""How long a client may take no bytes."""
LAST_SECONDS = 1.0
"""How long it then has to take in why it is dropped."""
BATCH = 200
PIECE = 64 * 1024
"""Bytes that are sent at once, about: with what the server holds unsent, the bound of a client's memory."""

_OLD = "Events after {event_id} are not kept any more."
_OTHER = "There is no event {event_id} yet: this is another database."
_STUCK = "The client took nothing for {seconds:g} s."
_BEHIND = "The client is too far behind; it gets the rest when it connects again."


class EventStream(Response):
    """First `ready` (or `reset`), then every event after an id, or from now on, until the client goes."""

    media_type = "text/event-stream"

    def __init__(
        self, tailer: Tailer, database: Database, *, run_id: str | None = None, after: int | None = None
    ) -> None:
        self._tailer = tailer
        self._database = database
        self._run_id = run_id
        self._after = after
        self.status_code = 200
        self.background = None
        self.init_headers(
            {"Cache-Control": "no-store", "Connection": "close", "X-Accel-Buffering": "no"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it (ASGI)."""
        async with self._tailer.listening() as listener:
            bounds = await self._bounds()
            headers = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **headers})
            watching = asyncio.create_task(_until_gone(receive, listener))
            client = _Client(scope, send, listener)
            try:
                await self._live(client, await self._opened(client, bounds))
            except _Dropped as dropped:
                await client.drop(dropped.why)
            except AutopackError as error:
                await client.drop(error.message)
            finally:
                watching.cancel()

    async def _bounds(self) -> Bounds:
        async with self._database.read() as session:
            return await queries.bounds(session)

    async def _opened(self, client: _Client, bounds: Bounds) -> int:
        """Begin, and send what the ring no longer holds; the id from which it holds all."""
        event_id = bounds.head if self._after is None else self._after
        if bounds.first - 1 <= event_id <= bounds.head:
            await client.say(message("ready", {"as_of": bounds.head}, event_id=event_id))
        else:
            event_id = await _reset(client, event_id, bounds)
        while not (client.listener.gone or self._tailer.ring.covers(event_id)):
            async with self._database.read() as session:
                bounds = await queries.bounds(session)
                events = await queries.after(session, event_id=event_id, run_id=self._run_id, limit=BATCH)
            if bounds.first - 1 > event_id:
                event_id = await _reset(client, event_id, bounds)
                continue
            await client.say_all([event_message(event) for event in events])
            event_id = events[-1].id if len(events) == BATCH else max(event_id, bounds.head)
        return event_id

    async def _live(self, client: _Client, event_id: int) -> None:
        ring, version = self._tailer.ring, 0
        listener = client.listener
        while not listener.gone:
            listener.rest()
            if not ring.covers(event_id):
                raise _Dropped(_BEHIND)
            told, event_id = ring.after(event_id, run_id=self._run_id, size=PIECE)
            passing, version = self._tailer.passing(version, run_id=self._run_id)
            if told or passing or listener.dropped:
                await client.say(b"".join([*told, *passing]))
            elif not await listener.wait(client.silence_left()):
                await client.say(HEARTBEAT)


async def _reset(client: _Client, event_id: int, bounds: Bounds) -> int:
    """Say that events are missing, and why; it goes on from now."""
    why = _OTHER if event_id > bounds.head else _OLD
    told = {"as_of": bounds.head, "reason": why.format(event_id=event_id)}
    await client.say(message("reset", told, event_id=bounds.head))
    return bounds.head


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.gone = True
    listener.ring()


class _Dropped(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _Client:
    """The far end: takes bytes in time, or is dropped."""

    def __init__(self, scope: Scope, send: Send, listener: Listener) -> None:
        self.listener = listener
        self._send = send
        self._hang_up = hang_up_of(scope)
        self._said = time.monotonic()

    def silence_left(self) -> float:
        """Seconds until a heartbeat is due."""
        return max(0.0, self._said + HEARTBEAT_SECONDS - time.monotonic())

    async def say(self, told: bytes) -> None:
        """Send bytes. Raises `_Dropped` where the client is to be told nothing more, or takes none."""
        if self.listener.dropped:
            raise _Dropped(self.listener.dropped)
        try:
            async with asyncio.timeout(STUCK_SECONDS):
                await self._send({"type": "http.response.body", "body": told, "more_body": True})
        except TimeoutError:
            raise _Dropped(_STUCK.format(seconds=STUCK_SECONDS)) from None
        self._said = time.monotonic()

    async def say_all(self, messages: Sequence[bytes]) -> None:
        """Send messages in as few pieces as their size allows."""
        piece: list[bytes] = []
        size = 0
        for one in messages:
            piece.append(one)
            size += len(one)
            if size >= PIECE:
                await self.say(b"".join(piece))
                piece, size = [], 0
        if piece:
            await self.say(b"".join(piece))

    async def drop(self, why: str) -> None:
        """Say why it is dropped, if it can still be said, and close the connection."""
        import structlog

        structlog.get_logger(__name__).info("event_client_dropped", why=why)
        last = message("dropped", {"reason": why})
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self._send({"type": "http.response.body", "body": last, "more_body": False})
        except TimeoutError:
            self._cut()
            self.listener.rest()
            if not self.listener.gone:
                await self.listener.wait(LAST_SECONDS)
        else:
            asyncio.get_running_loop().call_later(STUCK_SECONDS, self._cut)

    def _cut(self) -> None:
        if self._hang_up is not None:
            self._hang_up()
