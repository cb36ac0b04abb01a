"""Lessons: accepted into the repository's file, carried by later prompts, and told of like notes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from autopack.config import Settings
from autopack.errors import NotFound
from autopack.feed import queries as feed
from autopack.feed.schemas import LessonDecided, NoteDelivered
from autopack.notes import file
from autopack.notes.schemas import LESSONS
from autopack.runs.schemas import Lesson
from autopack.supervisor import learning
from autopack.views.lessons import lessons_of_project
from autopack.views.notes import delivered_notes
from fixtures.world import World, approves, builds, small_world, write_file
from supervisor.learned import QUICK, accounts, have_it_written, in_file, learned, prompts, write

TITLE = "## Lessons from earlier runs"
GOOD = (builds(1, write_file("one.py", "ONE = 1\n")), approves())


async def decide(
    world: World, run_id: str, lesson: Lesson, decision: Literal["accepted", "dismissed"]
) -> Lesson:
    services = world.services
    return await learning.decide(
        services.database,
        services.settings,
        services.redactor,
        run_id=run_id,
        lesson_id=lesson.id,
        decision=decision,
        by="Ada",
    )


async def test_an_accepted_lesson_is_in_the_file_and_in_the_next_runs_prompts_with_receipts(
    tmp_path: Path, settings: Settings
) -> None:
    conversations = (*GOOD, accounts("Write numbers as digits.", "Never this."))
    async with small_world(tmp_path, settings, *conversations, plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        keep, drop = (await write(world, run_id)).lessons
        assert not any(TITLE in prompt for prompt in prompts(world, "builder"))
        assert (await decide(world, run_id, keep, "accepted")).state == "accepted"
        await decide(world, run_id, drop, "dismissed")
        (note,) = in_file(world)
        assert (note.id, note.text, note.author, note.run_id) == (keep.id, keep.text, "Ada", run_id)
        head = (world.repository / ".autopack" / "lessons.md").read_text().splitlines()
        assert head[0] == "# Lessons"
        assert f"Ada · lesson {keep.id} · run {run_id}" in head[2]
        assert [one.state for one in (await learned(world, run_id)).lessons] == ["accepted", "dismissed"]

        again = await world.create()
        await world.drive(again)
        for role in ("builder", "auditor"):
            prompt = prompts(world, role)[-1]
            assert TITLE in prompt, role
            assert f"<<< lesson {keep.id} " in prompt
            assert (keep.text in prompt, drop.text in prompt) == (True, False)
        async with world.services.database.read() as session:
            events = await feed.after(session, event_id=0, run_id=again, limit=1000)
            shown = await delivered_notes(session, world.services.redactor, again, 1)
        told = [one.body for one in events if isinstance(one.body, NoteDelivered)]
        assert [(one.note_id, one.lesson, one.role) for one in told] == [
            (keep.id, True, "builder"),
            (keep.id, True, "auditor"),
        ]
        assert [(one.text, one.lesson) for one in shown] == [(keep.text, True)] * 2
        found = await lessons_of_project(
            world.services.database, world.services.redactor, limit=5, project=world.repository
        )
    assert [receipt.role for receipt in found.accepted[0].receipts] == ["builder", "auditor"]
    assert found.proposed == ()


async def test_a_decision_can_be_repeated_and_taken_back_and_a_hand_edit_stays(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, *GOOD, accounts("Say it short."), plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        (lesson,) = (await write(world, run_id)).lessons
        await decide(world, run_id, lesson, "accepted")
        path = file.notes_path(world.repository, LESSONS)
        path.write_text(
            path.read_text().replace("Say it short.", "Say it very short.") + "\n## Mine\n\nBy hand.\n"
        )
        edited = path.read_text()
        await decide(world, run_id, lesson, "accepted")
        assert path.read_text() == edited
        assert [note.text for note in in_file(world)] == ["Say it very short.", "## Mine\n\nBy hand."]
        await decide(world, run_id, lesson, "dismissed")
        assert [note.text for note in in_file(world)] == ["## Mine\n\nBy hand."]
        await decide(world, run_id, lesson, "dismissed")
        async with world.services.database.read() as session:
            events = await feed.after(session, event_id=0, run_id=run_id, limit=1000)
        told = [one.body.decision for one in events if isinstance(one.body, LessonDecided)]
        assert told == ["accepted", "dismissed"]
        with pytest.raises(NotFound, match="no lesson 00000000"):
            await decide(world, run_id, lesson.model_copy(update={"id": "00000000"}), "accepted")


async def test_a_file_of_lessons_that_can_not_be_read_stops_no_run(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, *GOOD, plan=QUICK) as world:
        (world.repository / ".autopack").mkdir()
        (world.repository / ".autopack" / "lessons.md").symlink_to(world.repository / "README.md")
        assert (await world.run()).state == "succeeded"
        assert not any(TITLE in prompt for prompt in prompts(world, "builder"))
