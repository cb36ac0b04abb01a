"""What a driver's error means to a user: what happened, and what to do about it.

PostgreSQL's are told apart by their SQLSTATE (appendix A of its manual). A connection that was refused has
none: those are told by the words of libpq and of the server, which are English unless the server speaks
another language; then the general hint has to do.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from types import TracebackType

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from autopack.errors import DatabaseLocked, DatabaseUnreachable, DiskFull, DiskUnusable, Unavailable

URL_HINT = "Correct AUTOPACK_DATABASE_URL (postgresql://user:password@host:5432/database)."
_GONE = "08", "57P"
"""Classes of SQLSTATE: connection exceptions, and a server that shuts down or starts up."""


@dataclass(frozen=True)
class _Meaning:
    kind: type[Unavailable]
    hint: str
    states: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


_POSTGRES = (
    _Meaning(
        Unavailable,
        "Correct user and password in AUTOPACK_DATABASE_URL; write @ : / ? # in them as %40 %3A %2F %3F %23.",
        states=("28P01",),
        words=("password authentication failed", "no password supplied"),
    ),
    _Meaning(
        Unavailable,
        "Allow the user of AUTOPACK_DATABASE_URL to connect from here (role, pg_hba.conf), or name another.",
        states=("28000",),
        words=('role "', "pg_hba.conf", "authentication failed", "SSL"),
    ),
    _Meaning(
        Unavailable,
        "Create it with `createdb`, in UTF8 and owned by Autopack's user, or correct AUTOPACK_DATABASE_URL.",
        states=("3D000",),
        words=('database "',),
    ),
    _Meaning(
        Unavailable,
        "End some of the server's other connections, or raise its max_connections.",
        states=("53300",),
        words=("too many clients", "connection slots"),
    ),
    _Meaning(
        DiskFull,
        "Free some room on the disk of the PostgreSQL server, then resume the run.",
        states=("53100",),
    ),
    _Meaning(
        DiskUnusable,
        "Name a server in AUTOPACK_DATABASE_URL that can be written: the primary, no standby.",
        states=("25006",),
    ),
    _Meaning(
        Unavailable,
        "Make Autopack's user the owner of the database: ALTER DATABASE … OWNER TO ….",
        states=("42501",),
    ),
    _Meaning(
        DatabaseLocked,
        "Another process holds it: end that process, or try again when it is done; resume a run then.",
        states=("55P03", "40P01", "40001", "57014", "25P03"),
    ),
    _Meaning(
        Unavailable,
        "The disk or the memory of the PostgreSQL server needs mending; its own log says more.",
        states=("53000", "53200", "58000", "58030", "XX001", "XX002"),
    ),
    _Meaning(Unavailable, URL_HINT, words=("invalid connection option", "invalid sslmode", "invalid port")),
)


class explained:  # noqa: N801 - reads as the phrase it is: `with explained():`
    """Turns the driver's operational errors into one that a user can act on. Defects pass as they are."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and (meant := unavailable(error)) is not None:
            raise meant from error


def unavailable(error: Exception) -> Unavailable | None:
    """What an error of the driver means; None where it is no matter of the database's state."""
    if _of_postgres(error):
        return _postgres(error)
    damaged = type(error) in {DatabaseError, sqlite3.DatabaseError}
    return (
        _sqlite(error) if damaged or isinstance(error, OperationalError | sqlite3.OperationalError) else None
    )


def is_away(error: BaseException) -> bool:
    """Whether the server can't be reached, or dropped the connection: it may be back in a moment."""
    return isinstance(error, DBAPIError) and isinstance(unavailable(error), DatabaseUnreachable)


def said_goodbye(error: BaseException) -> bool:
    """Whether it is the driver's word that the server ends the connection."""
    return (getattr(error, "sqlstate", None) or "").startswith(_GONE)


def outcome_unknown(error: DBAPIError) -> DatabaseUnreachable:
    """The connection broke while a change was being committed."""
    return DatabaseUnreachable(
        f"The connection to the database broke while a change was being stored: {_cause(error)}. "
        "Whether it was stored is not known.",
        hint="Look when the database is back (`autopack status`); resume the run then.",
    )


def _of_postgres(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and type(error.orig).__module__.partition(".")[0] == "psycopg"


def _postgres(error: Exception) -> Unavailable | None:
    cause, state = _cause(error), _state(error)
    said = f"The database can't be used: {cause}."
    for meaning in _POSTGRES:
        if state in meaning.states or (state is None and any(word in cause for word in meaning.words)):
            return meaning.kind(said, hint=meaning.hint)
    lost = isinstance(error, OperationalError | InterfaceError)
    if (state is None and lost) or (state or "").startswith(_GONE):
        hint = "See that the server runs and that AUTOPACK_DATABASE_URL names it, then resume the run."
        return DatabaseUnreachable(f"The database server can't be reached: {cause}.", hint=hint)
    return Unavailable(said, hint="The log of the PostgreSQL server says more.") if lost else None


def _sqlite(error: Exception) -> Unavailable:
    cause = _cause(error)
    said = f"The database can't be used: {cause}."
    hint = "Check that AUTOPACK_HOME is on a local disk with free space; `autopack doctor` looks at it."
    if "is full" in cause:
        return DiskFull(said, hint="Free some room on the disk of AUTOPACK_HOME, then resume the run.")
    if "disk I/O" in cause:
        return DiskUnusable(said, hint=hint)
    if "locked" in cause:
        hint = "Another process holds it: end that process, or try again when it is done; resume a run then."
        return DatabaseLocked(said, hint=hint)
    if "readonly" in cause or "read-only" in cause or "unable to open" in cause:
        hint = "AUTOPACK_HOME must be writable: mend its permissions, or set AUTOPACK_HOME to another folder."
        return DiskUnusable(said, hint=hint)
    if "not a database" in cause or "malformed" in cause:
        hint = (
            "autopack.db in AUTOPACK_HOME is damaged. Move it, autopack.db-wal and autopack.db-shm aside "
            "together to begin anew, or put back a copy. Repositories, branches and workspaces are untouched."
        )
    return Unavailable(said, hint=hint)


def _state(error: Exception) -> str | None:
    """The SQLSTATE of an error that PostgreSQL sent."""
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


def _cause(error: Exception) -> str:
    """The driver's own words on one line. They hold no password: libpq never says one."""
    return " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split()).rstrip(".")
