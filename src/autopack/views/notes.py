"""The human notes of a project, and where each was delivered."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from autopack.db import Database, ReadSession
from autopack.errors import AutopackError
from autopack.notes import service
from autopack.notes.queries import receipts, receipts_in_phase
from autopack.notes.schemas import LESSONS, NOTES, Note, Receipt
from autopack.redaction import Redactor
from autopack.runs import queries as runs
from autopack.supervisor.noting import place_of


class NoteView(Note):
    """A note, and the prompts that carried it, in the order of delivery."""

    receipts: tuple[Receipt, ...]


class NoteList(BaseModel):
    """The newest notes of a project, newest first."""

    model_config = ConfigDict(frozen=True)

    project: str
    """Top of the repository whose file they are in."""
    total: int
    """Notes that there are, shown here or not."""
    unread_bytes: int
    """At the end of a file that is too long; what is there is in no prompt."""
    notes: tuple[NoteView, ...]


class DeliveredNote(BaseModel):
    """A note that was in the prompt of one conversation, and what it says now."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    note_id: str
    text: str | None
    """Null: it is in the project's file no more, or the file can't be read."""
    lesson: bool
    """It was an accepted lesson, of `.autopack/lessons.md`."""
    author: str | None
    attempt: int
    role: str
    delivered_at: datetime


async def delivered_notes(
    session: ReadSession, redactor: Redactor, run_id: str, phase_index: int
) -> list[DeliveredNote]:
    """The notes that the conversations of one phase carried, in the order of delivery."""
    found = await receipts_in_phase(session, run_id, phase_index)
    notes = await _by_id(session, redactor, run_id) if found else {}
    return [
        DeliveredNote(
            note_id=one.note_id,
            text=None if (note := notes.get((one.note_id, one.lesson))) is None else note.text,
            lesson=one.lesson,
            author=None if note is None else note.author,
            attempt=one.attempt,
            role=one.role,
            delivered_at=one.delivered_at,
        )
        for one in found
    ]


async def _by_id(session: ReadSession, redactor: Redactor, run_id: str) -> dict[tuple[str, bool], Note]:
    """The notes and the lessons by id, and whether it is a lesson's."""
    place = await place_of(session, run_id=run_id)
    found: dict[tuple[str, bool], Note] = {}
    for book in (NOTES, LESSONS):
        with suppress(AutopackError):
            notes = await asyncio.to_thread(service.notes_of, place.top, redactor, book)
            found |= {(note.id, book is LESSONS): note for note in notes.notes}
    return found


async def latest_notes(
    database: Database,
    redactor: Redactor,
    *,
    limit: int,
    run_id: str | None = None,
    project: Path | None = None,
) -> NoteList:
    """The notes in force for a run, with its receipts; without one, those of a project.

    The project is the one registered at `project`, else that of the latest active run. Raises `NotFound`,
    `Conflict` and `Unavailable`.
    """
    async with database.read() as session:
        place = await place_of(session, run_id=run_id, project=project)
    found = await asyncio.to_thread(service.notes_of, place.top, redactor)
    if run_id is not None:
        found = service.in_force(found, run_id)
    newest = list(reversed(found.notes))[:limit]
    async with database.read() as session:
        delivered = await receipts(session, [note.id for note in newest])
        told = {receipt.run_id for some in delivered.values() for receipt in some}
        own = {run_id} if run_id is not None else await runs.in_project(session, told, place.project_id)
    return NoteList(
        project=str(place.top),
        total=len(found.notes),
        unread_bytes=found.unread_bytes,
        notes=tuple(
            NoteView(
                **note.model_dump(),
                receipts=tuple(one for one in delivered[note.id] if not one.lesson and one.run_id in own),
            )
            for note in newest
        ),
    )
