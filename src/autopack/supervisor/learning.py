"""Lessons and people: accepted ones go into the repository's `lessons.md`, dismissed ones out of it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import NotFound
from autopack.feed import queries as feed
from autopack.feed.schemas import LessonDecided
from autopack.notes import file, service
from autopack.notes.schemas import LESSONS
from autopack.redaction import Redactor
from autopack.runs import queries as runs
from autopack.runs.schemas import Lesson
from autopack.runs.tables import PostmortemRow
from autopack.supervisor import queries
from autopack.supervisor.noting import place_of


async def decide(
    database: Database,
    settings: Settings,
    redactor: Redactor,
    *,
    run_id: str,
    lesson_id: str,
    decision: Literal["accepted", "dismissed"],
    by: str,
) -> Lesson:
    """Accept a lesson of a run, or dismiss it; one that was decided otherwise before is decided anew.

    The file comes first, under the lesson's id, so that a decision that died in between is finished by its
    repetition. What a person made of its text in the file stays. Raises `NotFound`, and what the file's
    writers raise.
    """
    async with database.read() as session:
        row = await queries.postmortem_with(session, run_id, lesson_id)
        lesson = _lesson(row, run_id, lesson_id)
        top = (await place_of(session, run_id=run_id)).top
    if decision == "accepted":
        note = service.new_note(lesson.text, by=by, run_id=run_id, redactor=redactor, note_id=lesson.id)
        await asyncio.to_thread(file.append, top, note, home=settings.home, book=LESSONS)
    else:  # also where it is not accepted as far as is known: an acceptance may have died in between
        with contextlib.suppress(NotFound):
            await asyncio.to_thread(file.remove, top, lesson.id, home=settings.home, book=LESSONS)
    async with database.write() as session:
        await runs.run(session, run_id, lock=True)
        row = await queries.postmortem_with(session, run_id, lesson_id)
        former = _lesson(row, run_id, lesson_id)
        decided = former.model_copy(update={"state": decision})
        if row is not None and former != decided:
            row.lessons = [decided.model_dump() if one["id"] == lesson_id else one for one in row.lessons]
            await session.flush()
            body = LessonDecided(lesson_id=lesson_id, decision=decision, text=lesson.text, by=by)
            feed.append(session, run_id=run_id, body=body)
    return decided


def _lesson(row: PostmortemRow | None, run_id: str, lesson_id: str) -> Lesson:
    for one in () if row is None else row.lessons:
        if one["id"] == lesson_id:
            return Lesson.model_validate(one)
    raise NotFound(
        f"Run {run_id} has no lesson {lesson_id}.", hint=f"`autopack show {run_id}` has those that it has."
    )
