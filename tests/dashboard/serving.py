"""The live feed over real HTTP: a server in this process, and a client that reads messages."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from uvicorn.config import Config
from uvicorn.server import ServerState

from autopack.dashboard.event_endpoints import router
from autopack.dashboard.hang_up import http_protocol
from autopack.db import Database
from autopack.errors import AutopackError
from autopack.feed.ring import Ring
from autopack.feed.tailer import Tailer
from autopack.views.activity import passing_activities

LIMIT_SECONDS = 30.0


def new_app(database: Database, tailer: Tailer) -> FastAPI:
    """The endpoint, and errors as the application answers them."""
    app = FastAPI()
    app.include_router(router)
    app.state.tailer = tailer
    app.state.services = SimpleNamespace(database=database)

    async def refuse(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, AutopackError)
        return JSONResponse(error.body(), status_code=error.status)

    app.add_exception_handler(AutopackError, refuse)
    return app


@dataclass(frozen=True)
class Message:
    """One message of a stream; a comment has no name."""

    name: str
    id: int | None
    data: Any


class Reader:
    """One client that reads; each call gives what comes next."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._rest = b""
        self.status = 0
        self.headers: dict[str, str] = {}

    async def begin(self) -> None:
        """Read the head of the answer."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }

    async def body(self) -> Any:
        """The whole answer, where it is one JSON."""
        return json.loads(await self._reader.readexactly(int(self.headers["content-length"])))

    async def chunk(self) -> bytes:
        """What was sent at once; empty at the end."""
        async with asyncio.timeout(LIMIT_SECONDS):
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            return (await self._reader.readexactly(size + 2))[:-2]

    async def next(self) -> Message | None:
        """The next message; None at the end of the stream."""
        while b"\n\n" not in self._rest:
            chunk = await self.chunk()
            if not chunk:
                return None
            self._rest += chunk
        one, self._rest = self._rest.split(b"\n\n", 1)
        return _message(one.decode())

    async def take(self, count: int) -> list[Message]:
        """The next messages, heartbeats left out."""
        taken: list[Message] = []
        while len(taken) < count:
            one = await self.next()
            assert one is not None, f"the stream ended after {taken}"
            if one.name:
                taken.append(one)
        return taken

    async def rest(self) -> list[Message]:
        """Everything up to the end."""
        taken: list[Message] = []
        while (one := await self.next()) is not None:
            taken.append(one)
        return taken

    def cut(self) -> None:
        """Go away without a word."""
        self._writer.transport.abort()


def _message(text: str) -> Message:
    fields = dict(line.split(": ", 1) for line in text.split("\n") if not line.startswith(":"))
    return Message(
        name=fields.get("event", ""),
        id=int(fields["id"]) if "id" in fields else None,
        data=json.loads(fields["data"]) if "data" in fields else None,
    )


@dataclass
class Served:
    """A server that is listening."""

    port: int
    tailer: Tailer
    database: Database
    readers: list[Reader] = field(default_factory=list[Reader])

    async def connect(
        self, query: str = "", *, headers: Mapping[str, str] | None = None, room: int = 0
    ) -> Reader:
        """Ask for the stream; `room` bounds how much the kernel takes for a client that does not read."""
        client = socket.socket()
        client.setblocking(False)
        if room:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.port))
        limit = room or 2**22
        reader, writer = await asyncio.open_connection(sock=client, limit=limit)
        lines = [f"GET /dashboard/events{query} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        made = Reader(reader, writer)
        self.readers.append(made)
        async with asyncio.timeout(LIMIT_SECONDS):
            await made.begin()
        return made

    async def follow(
        self, query: str = "", *, last: int | None = None, room: int = 0
    ) -> tuple[Reader, Message]:
        """A stream that has begun, and its first message."""
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        reader = await self.connect(query, headers=headers, room=room)
        assert reader.status == 200, await reader.body()
        (first,) = await reader.take(1)
        return reader, first

    async def until_listening(self, count: int) -> None:
        """Wait until as many are listened to."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while self.tailer.listeners != count:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serve_feed(database: Database, *, ring: Ring | None = None) -> AsyncGenerator[Served]:
    """Serve the feed on a free port."""
    tailer = Tailer(database, also=passing_activities, ring=ring)
    protocol: Any = http_protocol()
    config = Config(new_app(database, tailer), lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(config, state, {}), host="127.0.0.1", port=0)
    served = Served(server.sockets[0].getsockname()[1], tailer, database)
    try:
        yield served
    finally:
        await tailer.close()
        server.close()
        for reader in served.readers:
            reader.cut()
        if state.tasks:
            done, late = await asyncio.wait(state.tasks, timeout=LIMIT_SECONDS)
            assert not late, "streams did not end"
            assert not [one for one in done if one.exception()]
        await asyncio.sleep(0)
