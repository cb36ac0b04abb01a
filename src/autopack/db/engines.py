"""Connections: how each database is opened, what a transaction begins with, and what text may hold."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import event, make_url
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from autopack.db.failures import said_goodbye
from autopack.db.redacting import NO_TEXT, redact_parameters
from autopack.redaction import Redactor

_PATIENT: Mapping[str, str] = {
    "application_name": "autopack",
    "connect_timeout": "10",
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "35000",
}
"""libpq's parameters where AUTOPACK_DATABASE_URL says nothing else: a server that vanished is noticed."""

_FOR_EVER_SECONDS = 3600.0

_HELD_TOO_LONG = (
    "SET lock_timeout = '30s'",  # as long as SQLite waits for another's write
    "SET idle_in_transaction_session_timeout = '30s'",  # a process that was stopped holds up nobody for ever
)


def open_engine(url: str, *, write: bool, redactor: Redactor) -> AsyncEngine:
    """Connections of one process, for writing or for reading; no key is written."""
    parsed = make_url(url)
    if is_postgres(parsed):
        reading: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        engine = create_async_engine(
            parsed,
            connect_args=patience(parsed),
            pool_size=4,
            max_overflow=4,
            pool_pre_ping=True,
            execution_options={} if write else reading,
        )
        event.listen(engine.sync_engine, "handle_error", _notice_loss)
        if write:
            event.listen(engine.sync_engine, "connect", _hold_nobody_up)
    else:
        size = {"pool_size": 1, "max_overflow": 0} if write else {"pool_size": 4, "max_overflow": 4}
        # Each holder is done, or refused, after the busy timeout: who waits for one need not give up before.
        engine = create_async_engine(parsed, pool_timeout=_FOR_EVER_SECONDS, **size)
        _prepare_sqlite(engine.sync_engine, write=write)
    _clean_text(engine.sync_engine)
    if write:
        redact_parameters(engine.sync_engine, redactor)
    return engine


def open_schema(url: str, *, write: bool) -> Engine:
    """Connections that the schema is looked at or changed through, each time in one transaction."""
    parsed = make_url(url)
    if is_postgres(parsed):
        return create_engine(parsed, connect_args=patience(parsed))
    engine = create_engine(parsed.set(drivername="sqlite"))
    _prepare_sqlite(engine, write=write)
    return engine


def is_postgres(url: URL) -> bool:
    """Whether it is PostgreSQL; otherwise it is SQLite."""
    return url.get_backend_name() == "postgresql"


def patience(url: URL) -> dict[str, str]:
    """Parameters of a connection, but those that the URL has itself."""
    return {name: value for name, value in _PATIENT.items() if name not in url.query}


def _notice_loss(context: ExceptionContext) -> None:
    """A server that says that it shuts down has dropped the connection, though libpq may not know it yet."""
    if said_goodbye(context.original_exception):
        context.is_disconnect = True


def _hold_nobody_up(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for statement in _HELD_TOO_LONG:
        cursor.execute(statement)
    cursor.close()
    connection.commit()


def _prepare_sqlite(engine: Engine, *, write: bool) -> None:
    event.listen(engine, "connect", _open_sqlite)
    event.listen(engine, "begin", _begin_immediate if write else _begin)
    event.listen(engine, "invalidate", _let_go)


def _open_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _let_go(connection: Any, _record: object, _error: object) -> None:
    """Roll back before a connection that was cancelled in the midst of a statement is closed.

    Closing alone leaves SQLite's lock to that statement, until it is collected as garbage: nobody can write.
    """
    with contextlib.suppress(Exception, asyncio.CancelledError):  # asked again: the rollback is on its way
        connection.rollback()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _clean_text(engine: Engine) -> None:
    """Make text such as both databases hold; JSON escapes what they do not."""

    def clean(
        _connection: object, _cursor: object, statement: str, values: object, _context: object, _many: bool
    ) -> tuple[str, object]:
        return statement, _cleaned(values)

    event.listen(engine, "before_cursor_execute", clean, retval=True)


def _cleaned(value: object) -> object:
    if type(value) in NO_TEXT:
        return value
    match value:
        case str():
            return _both_hold(value)
        case dict():
            return {name: _cleaned(one) for name, one in cast("dict[str, object]", value).items()}
        case list():
            return [_cleaned(one) for one in cast("list[object]", value)]
        case tuple():
            return tuple([_cleaned(one) for one in cast("tuple[object, ...]", value)])
        case _:
            return value


def _both_hold(text: str) -> str:
    """Text as both databases hold it: no NUL, and no lone surrogate (a file's name that is no UTF-8).

    Each becomes the replacement character U+FFFD, as where bytes are decoded.
    """
    text = text.replace("\0", "\ufffd")
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
