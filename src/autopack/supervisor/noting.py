"""Human notes and runs: which project a note is for, which feed tells of it, and which prompts carried it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from autopack.config import Settings
from autopack.db import AnySession, Database, WriteSession
from autopack.errors import AutopackError, InvalidInput, NotFound
from autopack.feed import queries as feed
from autopack.feed.schemas import NoteAdded, NoteDelivered, NoteWithdrawn
from autopack.idempotency.queries import IdempotencyKey, answer_of, keep_answer
from autopack.notes import file, service
from autopack.notes.queries import record_receipt
from autopack.notes.schemas import LESSONS, NOTES, Book, Note, Notes
from autopack.projects import queries as projects
from autopack.projects.tables import ProjectRow
from autopack.redaction import Redactor
from autopack.roles.human_notes import ShownNotes, shown
from autopack.runs import queries as runs
from autopack.runs.tables import RunRow
from autopack.supervisor.hold import Hold
from autopack.supervisor.position import At

SCOPE = "note"
"""Of idempotency keys."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """The project whose file has a note."""

    project_id: int
    top: Path


async def place_of(session: AnySession, *, run_id: str | None = None, project: Path | None = None) -> Place:
    """The project of a run, else the one registered at `project`, else that of the latest active run.

    The latest active run is the newest that has not ended, else the newest. Raises `NotFound`.
    """
    if run_id is not None:
        return _place(await projects.by_id(session, (await runs.run(session, run_id)).project_id))
    if project is not None and (found := await projects.at(session, project)) is not None:
        return _place(found)
    active = (await runs.unfinished(session))[-1:] or await runs.recent(session, limit=1)
    if not active:
        raise NotFound(
            "There is no run yet, and so no project that a note is for.",
            hint="Start one with `autopack run PLAN`, or register a repository: `autopack project add DIR`.",
        )
    return _place(await projects.by_id(session, active[0].project_id))


def _place(project: ProjectRow) -> Place:
    return Place(project.id, Path(project.path))


async def add_note(
    database: Database,
    settings: Settings,
    redactor: Redactor,
    *,
    text: str,
    by: str,
    run_id: str | None = None,
    every_run: bool = False,
    project: Path | None = None,
    key: IdempotencyKey | None = None,
) -> Note:
    """Write a note into its project's file, and say so in the feed of the run concerned.

    With `run_id` it is for that run only, or for `every_run` of its project. Under a key it is written once,
    also where a first try died between file and feed. Raises `InvalidInput`, `NotFound`, `Conflict` and
    `Unavailable`.
    """
    note_id = None if key is None else note_id_of(key)
    only = None if every_run else run_id
    note = service.new_note(text, by=by, run_id=only, redactor=redactor, note_id=note_id)
    if key is not None:
        async with database.write() as session:
            if (answer := await answer_of(session, SCOPE, key)) is not None:
                return Note.model_validate(answer)
    async with database.read() as session:
        place = await place_of(session, run_id=run_id, project=project)
    note = await asyncio.to_thread(file.append, place.top, note, home=settings.home)
    note = service.without_keys(note, redactor)
    async with database.write() as session:
        run = await _concerned(session, place, only)
        if key is not None:
            if await answer_of(session, SCOPE, key) is not None:
                return note
            await keep_answer(session, SCOPE, key, note.model_dump(mode="json"))
        if run is not None:
            body = NoteAdded(note_id=note.id, by=note.author, text=note.text)
            feed.append(session, run_id=run.id, body=body)
    return note


def note_id_of(key: IdempotencyKey) -> str:
    """The id of the note that a request under a key writes: were it to die, what it wrote is found again."""
    return hashlib.sha256(f"{key.key}\0{key.digest}".encode()).hexdigest()[:8]


async def withdraw_note(
    database: Database,
    settings: Settings,
    redactor: Redactor,
    *,
    note_id: str,
    by: str,
    project: Path | None = None,
) -> Note:
    """Take a note out of its file, whichever project has it, and say so in the feed of the run concerned.

    `note_id` may be the beginning of an id. Raises `NotFound`, `InvalidInput` where several are meant,
    `Conflict` and `Unavailable`.
    """
    place, found = await _find(database, note_id, project)
    note = await asyncio.to_thread(file.remove, place.top, found, home=settings.home)
    async with database.write() as session:
        if (run := await _concerned(session, place, note.run_id)) is not None:
            feed.append(session, run_id=run.id, body=NoteWithdrawn(note_id=note.id, by=by))
    return service.without_keys(note, redactor)


async def _find(database: Database, said: str, project: Path | None) -> tuple[Place, str]:
    """The project that has a note, first where one would be added, and the note's whole id."""
    async with database.read() as session:
        first: list[Place] = []
        with contextlib.suppress(NotFound):
            first.append(await place_of(session, project=project))
        others = [_place(one) for one in await projects.every(session)]
    for place in (*first, *(one for one in others if one not in first)):
        try:
            notes = (await asyncio.to_thread(file.read, place.top)).notes
        except AutopackError:
            if place in first:
                raise
            continue
        ids = [note.id for note in notes if said and note.id.startswith(said)]
        if said in ids or len(ids) == 1:
            return place, said if said in ids else ids[0]
        if ids:
            raise InvalidInput(f"{said} could be any of {', '.join(ids[:4])}.", hint="Write more of the id.")
    raise NotFound(f"There is no note {said}.", hint="`autopack notes list` has them.")


async def _concerned(session: WriteSession, place: Place, run_id: str | None) -> RunRow | None:
    """The run whose feed tells of a note, locked: the named one, else the project's newest unfinished."""
    if run_id is None:
        own = [run for run in await runs.unfinished(session) if run.project_id == place.project_id]
        run_id = own[-1].id if own else None
    if run_id is not None:
        with contextlib.suppress(NotFound):  # a heading that someone wrote by hand may name any run
            return await runs.run(session, run_id, lock=True)
    return None


async def notes_for(hold: Hold) -> ShownNotes:
    """The notes and lessons that a conversation begins with. A file that can't be read stops no run."""
    notes = shown(
        service.in_force(await _read(hold, NOTES, "human notes"), hold.run_id),
        await _read(hold, LESSONS, "lessons"),
    )
    if notes.left_out or notes.unread_bytes:
        log.warning("there are more human notes for run %s than a prompt has room for", hold.run_id)
    if notes.lessons_left_out:
        log.warning("there are more lessons for run %s than a prompt has room for", hold.run_id)
    return notes


async def _read(hold: Hold, book: Book, what: str) -> Notes:
    source, redactor = hold.workspace.source, hold.services.redactor
    try:
        return await asyncio.to_thread(service.notes_of, source, redactor, book)
    except AutopackError as error:
        log.warning("%s of run %s can't be read, it goes on without: %s", what, hold.run_id, error.message)
        return Notes()


async def deliver(session: WriteSession, run_id: str, at: At, role: str, notes: ShownNotes) -> None:
    """A model answered a prompt that carried these: each has its receipt, and what is new is in the feed."""
    phase, attempt = at.phase, at.open.number
    carried = [(note, False) for note in notes.notes] + [(note, True) for note in notes.lessons]
    for note, lesson in carried:
        new = await record_receipt(
            session,
            note_id=note.id,
            run_id=run_id,
            phase_index=phase.phase_index,
            phase_id=phase.phase_id,
            attempt=attempt,
            role=role,
            lesson=lesson,
        )
        if new:
            body = NoteDelivered(
                note_id=note.id,
                phase_id=phase.phase_id,
                phase_index=phase.phase_index,
                attempt=attempt,
                role=role,
                lesson=lesson,
            )
            feed.append(session, run_id=run_id, body=body)
