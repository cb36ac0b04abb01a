"""Rows of the registered projects."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from autopack.db import Base


class ProjectRow(Base):
    """A git repository on this machine, by the path of its top level."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String(4096), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
