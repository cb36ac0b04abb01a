"""Rows of the feed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from autopack.db import Base


class FeedHead(Base):
    """One row: the id of the newest event. Its update is the lock that puts events in commit order."""

    __tablename__ = "feed_head"

    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(BigInteger)


TURNS = "kind IN ('run_moved', 'run_claimed', 'pause_asked', 'cancel_asked', 'resume_asked')"
"""What says when a run works and when it waits, written out: SQLite takes an index by its words."""


class EventRow(Base):
    """One event. `payload` is the JSON of a type in `feed/schemas.py`, its `kind` included."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_run_id_id", "run_id", "id"),
        Index("ix_events_turns", "run_id", "id", sqlite_where=text(TURNS), postgresql_where=text(TURNS)),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    run_id: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(40))
    schema_version: Mapped[int]
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
