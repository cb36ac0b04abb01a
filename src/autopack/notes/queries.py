"""SQL of the receipts of human notes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import select

from autopack.db import AnySession, WriteSession, added
from autopack.notes.schemas import Receipt
from autopack.notes.tables import NoteReceiptRow


async def record_receipt(
    session: WriteSession,
    *,
    note_id: str,
    run_id: str,
    phase_index: int,
    phase_id: str,
    attempt: int,
    role: str,
    lesson: bool = False,
) -> bool:
    """A note was in the prompt of a conversation that was answered; says whether that is new."""
    values = {
        "run_id": run_id,
        "note_id": note_id,
        "phase_index": phase_index,
        "attempt": attempt,
        "role": role,
        "phase_id": phase_id,
        "delivered_at": datetime.now(UTC),
        "lesson": lesson,
    }
    return await added(session, NoteReceiptRow, values)


async def receipts_in_phase(session: AnySession, run_id: str, phase_index: int) -> list[Receipt]:
    """Which notes were delivered in a phase, in the order of delivery."""
    query = (
        select(NoteReceiptRow)
        .where(NoteReceiptRow.run_id == run_id, NoteReceiptRow.phase_index == phase_index)
        .order_by(NoteReceiptRow.delivered_at, NoteReceiptRow.note_id)
    )
    return [Receipt.model_validate(row, from_attributes=True) for row in await session.scalars(query)]


async def receipts(session: AnySession, note_ids: Iterable[str]) -> dict[str, list[Receipt]]:
    """Where several notes were delivered, by note, in the order of delivery."""
    wanted = list(note_ids)
    found: dict[str, list[Receipt]] = {note_id: [] for note_id in wanted}
    query = (
        select(NoteReceiptRow)
        .where(NoteReceiptRow.note_id.in_(wanted))
        .order_by(NoteReceiptRow.delivered_at, NoteReceiptRow.phase_index, NoteReceiptRow.attempt)
    )
    for row in await session.scalars(query):
        found[row.note_id].append(Receipt.model_validate(row, from_attributes=True))
    return found
