"""Rows of the processes that drive runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from autopack.db import Base


class WorkerRow(Base):
    """A process that drives runs.

    On its own host it is alive while its pid, begun at `pid_started`, still runs; seen from another host,
    while it said so a moment ago.
    """

    __tablename__ = "workers"

    executor_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    pid_started: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[datetime]
    serves: Mapped[bool] = mapped_column(default=False)
    """A service: takes runs that nobody drives. The others drive the one they were started for."""
    address: Mapped[str] = mapped_column(String(255), default="")
    """Where a service listens, as a URL."""
