"""The application's database: sessions as types, real write transactions, and the schema's version.

Everything that differs between SQLite and another database is in this file. On SQLite a write session
begins with `BEGIN IMMEDIATE`: through SQLAlchemy alone a transaction begins too late, and concurrent
read-then-write updates are lost in silence (docs/decisions/0003).
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, cast

from sqlalchemy import CursorResult, DateTime, Dialect, MetaData, Update, event, inspect
from sqlalchemy.engine import Connection, create_engine
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from autopack.errors import Unavailable
from autopack.migrations import HEAD, KNOWN

BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite connection waits for another process's write before it gives up."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Aware datetimes in and out, stored as UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; a naive datetime is a bug."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime can't be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite gives naive datetimes back: they are UTC."""
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC)


class Base(DeclarativeBase):
    """Base of every ORM row; names of constraints are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


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


class Database:
    """The application's database, opened lazily. One object per process; `close()` at the door."""

    def __init__(self, url: str) -> None:
        self._writing = _engine(url, write=True)
        self._reading = _engine(url, write=False)
        self._write_sessions = async_sessionmaker(self._writing, class_=WriteSession, expire_on_commit=False)
        self._read_sessions = async_sessionmaker(self._reading, class_=ReadSession, expire_on_commit=False)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[WriteSession]:
        """One write transaction; keep it short, and never await a model, a process or git inside it.

        Raises `Unavailable` where the database can't be written.
        """
        with _explained():
            async with self._write_sessions.begin() as session:
                yield session
                await session.end()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[ReadSession]:
        """One read transaction: everything read in it is of one moment."""
        with _explained():
            async with self._read_sessions() as session:
                yield session

    async def close(self) -> None:
        """Close every connection."""
        await self._writing.dispose()
        await self._reading.dispose()


async def changed(session: WriteSession, statement: Update) -> int:
    """Execute an update and return how many rows it changed: the heart of every compare-and-set."""
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount


def _engine(url: str, *, write: bool) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=1 if write else 4, max_overflow=0 if write else 4)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_immediate if write else _begin)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


class _explained:  # noqa: N801 - reads as the phrase it is: `with _explained():`
    """Turns the database driver's operational errors into one that a user can act on."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        damaged = type(error) in {DatabaseError, sqlite3.DatabaseError}
        if isinstance(error, Exception) and (damaged or isinstance(error, OperationalError)):
            raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    cause = str(error.orig if isinstance(error, DBAPIError) else error)
    hint = "Check that AUTOPACK_HOME is on a local disk with free space; `autopack doctor` looks at it."
    if "readonly" in cause or "read-only" in cause or "unable to open" in cause:
        hint = "AUTOPACK_HOME must be writable: mend its permissions, or set AUTOPACK_HOME to another folder."
    elif "not a database" in cause or "malformed" in cause:
        hint = "The file is damaged: put back a copy of autopack.db, or move it aside to begin anew."
    elif "locked" in cause:
        hint = "Another process holds the database; end it, or try again when it is done."
    return Unavailable(f"The database can't be used: {cause}.", hint=hint)


def prepare_database(url: str, *, home: Path) -> None:
    """Bring the database to this version's schema, creating it where there is none.

    Safe to call from several processes at once (a lock file in `home`). Raises `Unavailable` where the
    home can't be written or the database was written by a newer Autopack.
    """
    import fcntl

    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "migrate.lock").open("a")
    except OSError as error:
        raise Unavailable(
            f"AUTOPACK_HOME ({home}) can't be written: {error.strerror}.",
            hint="Mend its permissions, or set AUTOPACK_HOME to a folder you can write.",
        ) from None
    with lock, _explained():
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine = create_engine(url.replace("+aiosqlite", ""))
        try:
            with engine.connect() as connection:
                version = _version(connection)
            if version == HEAD:
                return
            if version is not None and version not in KNOWN:
                raise Unavailable(
                    f"The database in {home} was written by a newer Autopack (schema {version}; "
                    f"this one knows up to {HEAD}).",
                    hint="Upgrade Autopack, or set AUTOPACK_HOME to another folder.",
                )
            _upgrade(url.replace("+aiosqlite", ""))
        finally:
            engine.dispose()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _upgrade(url: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "autopack:migrations")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
