"""Bringing a database to this version's schema, once, whoever else starts at the same moment."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import Connection

from autopack.db.engines import is_postgres, open_schema
from autopack.db.failures import URL_HINT, explained
from autopack.errors import DiskUnusable, Unavailable, of_system
from autopack.home import make_home
from autopack.migrations import HEAD, KNOWN

OLDEST_POSTGRES = 14
_LOCK = 0x6175746F7061636B
"""Key of the advisory lock under which a schema is changed: `autopack` in ASCII."""


def prepare_database(url: str, *, home: Path) -> None:
    """Bring the database to this version's schema, creating its tables where there are none.

    Safe to call from several processes at once. A SQLite file is copied before its schema is changed:
    `autopack.db.before-0002` is what it was before revision 0002. Raises `Unavailable` where the home
    can't be written, the database can't be used, or it was written by a newer Autopack.
    """
    with _home_lock(home), explained():
        with _connected(url, write=False) as connection:
            if is_postgres(connection.engine.url):
                _check_server(connection)
            if _is_current(connection, home):
                return
        with _connected(url, write=True) as connection:
            if is_postgres(connection.engine.url):
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            if _is_current(connection, home):
                return
            _back_up(connection)
            _upgrade(connection)
            connection.commit()


@contextmanager
def _connected(url: str, *, write: bool) -> Generator[Connection]:
    engine = open_schema(url, write=write)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _home_lock(home: Path) -> Generator[None]:
    """The home, made where there is none, and this process the only one of it that looks at the schema."""
    try:
        make_home(home)
        lock = (home / "migrate.lock").open("a")
    except OSError as error:
        raise Unavailable(
            f"AUTOPACK_HOME ({home}) can't be written: {error.strerror}.",
            hint="Mend its permissions or its mount, or set AUTOPACK_HOME to a folder you can write.",
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_current(connection: Connection, home: Path) -> bool:
    version = _version(connection)
    if version is None or version in KNOWN:
        return version == HEAD
    where = f"in {home}" if connection.dialect.name == "sqlite" else f"named {connection.engine.url.database}"
    raise Unavailable(
        f"The database {where} was written by a newer Autopack (schema {version}; "
        f"this one knows up to {HEAD}).",
        hint="Upgrade Autopack, or set AUTOPACK_HOME to another folder (AUTOPACK_DATABASE_URL to another "
        "database).",
    )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _check_server(connection: Connection) -> None:
    """What a PostgreSQL server and database must be, said before the first run instead of in its midst."""
    number, said, encoding, read_only, may_create, has_engine = connection.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
        " current_setting('server_encoding'), current_setting('transaction_read_only'),"
        " has_database_privilege(current_database(), 'CREATE'),"
        " EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'dbos')"
    ).one()
    if number < OLDEST_POSTGRES * 10_000:
        raise Unavailable(
            f"The PostgreSQL server is of version {said}, which is too old.",
            hint=f"Autopack needs PostgreSQL {OLDEST_POSTGRES} or newer: upgrade it. {URL_HINT}",
        )
    if encoding != "UTF8":
        raise Unavailable(
            f"The database is encoded in {encoding}, which can't hold every text.",
            hint="Create one in UTF8: createdb --encoding=UTF8 --template=template0 NAME",
        )
    if read_only == "on":
        raise DiskUnusable(
            "The database is read-only.",
            hint="Name a server in AUTOPACK_DATABASE_URL that can be written: the primary, no standby.",
        )
    if not may_create and not has_engine:
        raise Unavailable(
            "The user of AUTOPACK_DATABASE_URL may not create a schema in the database.",
            hint="Make it the owner of the database: ALTER DATABASE … OWNER TO ….",
        )


def _back_up(connection: Connection) -> None:
    """Copy a SQLite file as it is before its schema changes; the caller's transaction keeps others off it.

    A PostgreSQL server has backups of its own.
    """
    version, path = _version(connection), connection.engine.url.database
    if version is None or path is None or is_postgres(connection.engine.url):
        return
    copy = Path(f"{path}.before-{min(revision for revision in KNOWN if revision > version)}")
    unfinished = Path(f"{copy}.part")
    try:
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as before, closing(sqlite3.connect(unfinished)) as after:
            before.backup(after)
        unfinished.replace(copy)
    except OSError as error:
        raise of_system(error) or error from None
    finally:
        unfinished.unlink(missing_ok=True)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "autopack:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
