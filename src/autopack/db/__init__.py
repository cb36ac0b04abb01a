"""The application's database, SQLite or PostgreSQL: sessions as types, and the schema's version.

All that differs between the two is in this package. On SQLite a write session begins with
`BEGIN IMMEDIATE`: through SQLAlchemy alone a transaction begins too late, and concurrent read-then-write
updates are lost in silence (docs/decisions/0003). On PostgreSQL writers run side by side, and what must
not is put in order by the locks that docs/decisions/0017 names.
"""

from autopack.db.changes import Changes, announce
from autopack.db.failures import explained
from autopack.db.preparing import prepare_database
from autopack.db.rows import Base, LargeInteger, ModelName, UtcDateTime
from autopack.db.sessions import (
    AnySession,
    Database,
    ReadSession,
    WriteSession,
    added,
    added_to,
    changed,
    put,
)

__all__ = [
    "AnySession",
    "Base",
    "Changes",
    "Database",
    "LargeInteger",
    "ModelName",
    "ReadSession",
    "UtcDateTime",
    "WriteSession",
    "added",
    "added_to",
    "announce",
    "changed",
    "explained",
    "prepare_database",
    "put",
]
