"""Rows of the processes that drive runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from autopack.db import Base


class WorkerRow(Base):
    """A process with an engine. It is alive while its pid, begun at `pid_started`, still runs on `host`."""

    __tablename__ = "workers"

    executor_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    pid_started: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime]
