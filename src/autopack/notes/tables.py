"""Rows of the receipts of human notes. The notes themselves are in the user's repository."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, false
from sqlalchemy.orm import Mapped, mapped_column

from autopack.db import Base


class NoteReceiptRow(Base):
    """A note that was in the prompt of one conversation which a model answered."""

    __tablename__ = "note_receipts"

    run_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    note_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    phase_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[str] = mapped_column(String(64), primary_key=True)
    phase_id: Mapped[str] = mapped_column(String(64))
    delivered_at: Mapped[datetime]
    lesson: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It was a lesson, and `note_id` is that one's."""
