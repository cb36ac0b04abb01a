"""Endpoints of human notes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from autopack.dashboard.access import RUN_ID, Here, MaybeKey
from autopack.dashboard.problems import OF_POST, answers
from autopack.errors import Conflict, InvalidInput, NotFound
from autopack.idempotency.queries import IdempotencyKey
from autopack.notes.schemas import Note
from autopack.notes.service import NOTE_CHARS
from autopack.supervisor import noting
from autopack.views.notes import NoteList, latest_notes

AUTHOR = "dashboard"
router = APIRouter(prefix="/dashboard/human-notes", tags=["Notes"])


class NewNote(BaseModel):
    """A note for one run, or for every run of its project; without a run, of the latest active run's."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    note: Annotated[str, Field(min_length=1, max_length=NOTE_CHARS, pattern=r"\S")]
    run_id: Annotated[str | None, Field(pattern=RUN_ID)] = None
    every_run: bool = False
    """For every run of the named run's project, and not for that run alone."""


@router.post("", status_code=201, responses=answers(*OF_POST, NotFound, Conflict))
async def add_human_note(
    request: Request, here: Here, new: NewNote, idempotency_key: MaybeKey = None
) -> Note:
    """Append a note to the project's `.autopack/human_notes.md`: later prompts carry it."""
    key = None if idempotency_key is None else IdempotencyKey(idempotency_key, await request.body())
    return await noting.add_note(
        here.database,
        here.settings,
        here.redactor,
        text=new.note,
        by=AUTHOR,
        run_id=new.run_id,
        every_run=new.every_run,
        key=key,
    )


@router.get("", responses=answers(NotFound, Conflict, InvalidInput))
async def human_notes(
    here: Here,
    limit: Annotated[int, Query(ge=1, le=1000)] = 5,
    run_id: Annotated[str | None, Query(pattern=RUN_ID, description="Only what is in force for it.")] = None,
) -> NoteList:
    """Notes of a run's project, else of the latest active run's, newest first."""
    return await latest_notes(here.database, here.redactor, limit=limit, run_id=run_id)


@router.delete("/{note_id}", responses=answers(NotFound, Conflict, InvalidInput))
async def withdraw_human_note(
    here: Here, note_id: Annotated[str, Path(pattern=r"^[0-9a-f]{8}(?:[0-9a-f]{4})?$")]
) -> Note:
    """Take a note out of the file: no prompt that begins later carries it. Answers with what it said."""
    return await noting.withdraw_note(here.database, here.settings, here.redactor, note_id=note_id, by=AUTHOR)
