"""Sessions as types: one that reads at one moment, and one that is one write transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import CursorResult, Table, Update, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from autopack.db.changes import Changes, changes_of
from autopack.db.engines import open_engine
from autopack.db.failures import explained, is_away, outcome_unknown
from autopack.db.rows import Base
from autopack.redaction import Redactor

RECONNECT_SECONDS = 10.0
"""How long the beginning of a transaction is tried again while the server is away (a restart of it)."""
_TRY_SECONDS = 0.2


class ReadSession(AsyncSession):
    """A session that only reads, on one consistent snapshot."""


class WriteSession(AsyncSession):
    """A session that is one write transaction, committed when its block ends."""

    def at_end(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something as the last thing before the commit, in the order of these calls."""
        self.info.setdefault("at_end", []).append(work)

    async def end(self) -> None:
        """Do what was left for the end."""
        waiting: list[Callable[[], Awaitable[None]]] = self.info.pop("at_end", [])
        for work in waiting:
            await work()


AnySession = ReadSession | WriteSession
SessionT = TypeVar("SessionT", bound=AsyncSession)


class Database:
    """The application's database, opened lazily. One object per process; `close()` at the door."""

    def __init__(self, url: str, redactor: Redactor | None = None) -> None:
        """What is written is redacted; without a redactor of the environment, of known shapes of keys."""
        redactor = redactor or Redactor()
        self._url = url
        self._writing = open_engine(url, write=True, redactor=redactor)
        self._reading = open_engine(url, write=False, redactor=redactor)
        self._write_sessions = async_sessionmaker(self._writing, class_=WriteSession, expire_on_commit=False)
        self._read_sessions = async_sessionmaker(self._reading, class_=ReadSession, expire_on_commit=False)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[WriteSession]:
        """One write transaction; keep it short, and never await a model, a process or git inside it.

        Raises `Unavailable` where the database can't be written. Its beginning is tried again while the
        server is away; a commit never is: where its outcome is unknown, the error says so, and whoever
        goes on looks at what is there.
        """
        with explained():
            async with await _begun(self._write_sessions) as session:
                yield session
                await session.end()
                try:
                    await session.commit()
                except DBAPIError as error:
                    if is_away(error):
                        raise outcome_unknown(error) from error
                    raise

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[ReadSession]:
        """One read transaction: everything read in it is of one moment."""
        with explained():
            async with await _begun(self._read_sessions) as session:
                yield session

    def changes(self) -> AbstractAsyncContextManager[Changes]:
        """A way to wait for what any process commits, beside the connections for reading and writing."""
        return changes_of(self._url)

    async def close(self) -> None:
        """Close every connection."""
        await self._writing.dispose()
        await self._reading.dispose()


async def _begun(sessions: async_sessionmaker[SessionT]) -> SessionT:
    """A session whose transaction has begun."""
    until = time.monotonic() + RECONNECT_SECONDS
    while True:
        session = sessions()
        try:
            await session.connection()
        except BaseException as error:
            await session.close()
            if not is_away(error) or time.monotonic() > until:
                raise
        else:
            return session
        await asyncio.sleep(_TRY_SECONDS)


async def changed(session: WriteSession, statement: Update) -> int:
    """Execute an update and return how many rows it changed: the heart of every compare-and-set."""
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount


async def added(session: WriteSession, row: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless one of its unique keys is there already; says whether it was inserted.

    One that another transaction is inserting at this moment is waited for.
    """
    statement = _adding(_insert(session), row, tuple(values))
    return cast("CursorResult[Any]", await session.execute(statement, dict(values))).rowcount == 1


async def added_to(
    session: WriteSession, row: type[Base], key: Mapping[str, Any], sums: Mapping[str, int]
) -> None:
    """Add numbers to those of the row of a primary key, or insert it with them: in one statement."""
    statement = _adding_to(_insert(session), row, tuple(key), tuple(sums))
    await session.execute(statement, {**key, **sums})


async def put(
    session: WriteSession, row: type[Base], key: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """Write values into the row of a primary key, or insert it with them: in one statement."""
    insert = _insert(session)(row.__table__).values({**key, **values})
    await session.execute(insert.on_conflict_do_update(index_elements=list(key), set_=dict(values)))


_Inserting: TypeAlias = Callable[[Any], postgresql.Insert | sqlite.Insert]


@lru_cache
def _adding(insert: _Inserting, row: type[Base], names: tuple[str, ...]) -> Any:
    """Built once: to build a statement takes longer than to execute it."""
    adding = insert(cast("Table", row.__table__)).values({name: bindparam(name) for name in names})
    return adding.on_conflict_do_nothing().inline().execution_options(preserve_rowcount=True)


@lru_cache
def _adding_to(insert: _Inserting, row: type[Base], key: tuple[str, ...], sums: tuple[str, ...]) -> Any:
    adding = insert(cast("Table", row.__table__)).values({name: bindparam(name) for name in (*key, *sums)})
    columns = row.__table__.c
    more = {name: columns[name] + adding.excluded[name] for name in sums}
    return adding.on_conflict_do_update(index_elements=list(key), set_=more)


def _insert(session: WriteSession) -> _Inserting:
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
