"""The lessons of a project: the accepted ones and where each was delivered, and those to decide about."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from autopack.db import Database
from autopack.notes import service
from autopack.notes.queries import receipts
from autopack.notes.schemas import LESSONS, Note, Receipt
from autopack.redaction import Redactor
from autopack.runs import queries as runs
from autopack.runs.tables import PostmortemRow
from autopack.supervisor import queries
from autopack.supervisor.noting import place_of
from autopack.views.postmortem import lessons_of

RUNS = 50
"""Ends of runs that are looked at for lessons to decide about: the newest."""


class AcceptedLesson(Note):
    """A lesson of the file, and the prompts that carried it, in the order of delivery."""

    receipts: tuple[Receipt, ...]


class ProposedLesson(BaseModel):
    """A lesson that nobody has decided about."""

    model_config = ConfigDict(frozen=True)

    number: int
    id: str
    text: str


class ProposedLessons(BaseModel):
    """Those of a run's last end."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    lessons: tuple[ProposedLesson, ...]


class LessonList(BaseModel):
    """The lessons of a project."""

    model_config = ConfigDict(frozen=True)

    project: str
    """Top of the repository whose file they are in."""
    total: int
    """Accepted ones that there are, shown here or not."""
    unread_bytes: int
    accepted: tuple[AcceptedLesson, ...]
    """What the file holds, the newest first."""
    proposed: tuple[ProposedLessons, ...]
    """To decide about, of the newest runs first."""


async def lessons_of_project(
    database: Database, redactor: Redactor, *, limit: int, project: Path | None = None
) -> LessonList:
    """The lessons of the project registered at `project`, else of that of the latest active run.

    Raises `NotFound`, `Conflict` and `Unavailable`.
    """
    async with database.read() as session:
        place = await place_of(session, project=project)
        made = await queries.postmortems_of_project(session, place.project_id, limit=RUNS)
    found = await asyncio.to_thread(service.notes_of, place.top, redactor, LESSONS)
    newest = list(reversed(found.notes))[:limit]
    async with database.read() as session:
        told = await receipts(session, [note.id for note in newest])
        where = {receipt.run_id for some in told.values() for receipt in some}
        own = await runs.in_project(session, where, place.project_id)
    return LessonList(
        project=str(place.top),
        total=len(found.notes),
        unread_bytes=found.unread_bytes,
        accepted=tuple(
            AcceptedLesson(
                **note.model_dump(),
                receipts=tuple(one for one in told[note.id] if one.lesson and one.run_id in own),
            )
            for note in newest
        ),
        proposed=tuple(
            ProposedLessons(run_id=row.run_id, lessons=lessons) for row in made if (lessons := _proposed(row))
        ),
    )


def _proposed(row: PostmortemRow) -> tuple[ProposedLesson, ...]:
    return tuple(
        ProposedLesson(number=number, id=one.id, text=one.text)
        for number, one in enumerate(lessons_of(row), 1)
        if one.state == "proposed"
    )
