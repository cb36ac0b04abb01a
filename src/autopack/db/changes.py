"""Waiting until something was committed, by this process or any other, without reading a table.

SQLite says it of a connection of one's own: `PRAGMA data_version` differs once another connection has
committed (https://www.sqlite.org/pragma.html#pragma_data_version); it takes microseconds, and is asked again
and again while somebody waits. PostgreSQL says it to those who LISTEN, where the writer `announce`d it; one
look a second makes up for what was not announced, and for a connection that broke.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import make_url, text
from sqlalchemy.engine import URL

from autopack.db.engines import is_postgres, patience

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from autopack.db.sessions import WriteSession

POLL_SECONDS = 0.02
FALLBACK_SECONDS = 1.0
_CONNECT_SECONDS = 5.0
_PAUSE_SECONDS = 0.005
_CHANNEL = "autopack"
_ANNOUNCED = "announced"


class Changes(Protocol):
    """Knows what its holder has seen."""

    async def wait(self) -> None:
        """Return when something may have been committed since the last return, or since the beginning.

        It may return without a cause. It never raises for the database's sake: whoever reads then finds out.
        """
        ...


@asynccontextmanager
async def changes_of(url: str) -> AsyncGenerator[Changes]:
    """What is committed to a database from now on."""
    parsed = make_url(url)
    changes = _Told(parsed) if is_postgres(parsed) else _Polled(Path(parsed.database or ""))
    try:
        await changes.begin()
        yield changes
    finally:
        await changes.close()


async def announce(session: WriteSession) -> None:
    """Have the commit of this transaction wake those who wait; on SQLite every commit does."""
    if session.get_bind().dialect.name == "postgresql" and not session.info.get(_ANNOUNCED):
        session.info[_ANNOUNCED] = True
        await session.execute(text(f"SELECT pg_notify('{_CHANNEL}', '')"))


class _Polled:
    """SQLite: the version of its data, as a connection of our own sees it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None

    async def begin(self) -> None:
        self._seen = self._version()

    async def wait(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            version = self._version()
            if version is None or version != self._seen:
                self._seen = version
                return

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _version(self) -> int | None:
        """None where the file can't be asked at this moment."""
        try:
            if self._connection is None:
                at = f"{self._path.absolute().as_uri()}?mode=rw"
                self._connection = sqlite3.connect(at, uri=True, timeout=0, isolation_level=None)
            return self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            return None


class _Told:
    """PostgreSQL: what a connection of our own is told."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._connection: AsyncConnection[tuple[object, ...]] | None = None

    async def begin(self) -> None:
        await self._listen()

    async def wait(self) -> None:
        import psycopg

        if self._connection is None:
            if not await self._listen():
                await asyncio.sleep(FALLBACK_SECONDS)
            return
        try:
            async for _ in self._connection.notifies(timeout=FALLBACK_SECONDS, stop_after=1):
                await asyncio.sleep(_PAUSE_SECONDS)
        except psycopg.Error:
            await self.close()

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _listen(self) -> bool:
        """Whether it is listening now."""
        import psycopg

        _, told = self._url.get_dialect()().create_connect_args(self._url)
        options: dict[str, Any] = {**told, **patience(self._url)}
        with suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(_CONNECT_SECONDS):
                self._connection = await psycopg.AsyncConnection.connect(**options, autocommit=True)
                await self._connection.execute(f"LISTEN {_CHANNEL}")
                return True
        await self.close()
        return False
