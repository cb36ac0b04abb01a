"""A run that people talk to while it works: which prompts carry their notes, and what the feed says of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.feed import queries as feed
from autopack.feed.schemas import NoteAdded, NoteDelivered, NoteWithdrawn
from autopack.notes import file
from autopack.notes.schemas import Note
from autopack.runs import queries
from autopack.supervisor import control, noting
from autopack.views.notes import latest_notes
from fixtures.world import PLAN, World, approves, builds, closes, git, reads, rejects, small_world, write_file
from supervisor.test_large_audit import MANY, shell, texts

LIMIT_SECONDS = 60
SKIP, HAND, OTHER = "Skip the UI tests, backend only.", "Write short names.", "This is for another run."


def plan_of(*phases: str) -> dict[str, Any]:
    """Phases that are verified by a command that takes no time."""
    plan = deepcopy(PLAN)
    plan["verify"] = ["true"]
    (first,) = plan["tiers"][0]["phases"]
    plan["tiers"][0]["phases"] = [first | {"id": phase, "name": f"Phase {phase}"} for phase in phases]
    return plan


def waits_for_you(phase: str) -> dict[str, Any]:
    """A step in which the Builder's shell waits until the test says `go`."""
    return shell(
        f"touch ~/at-{phase}; for n in $(seq 600); do test -e ~/go-{phase} && break; sleep 0.1; done"
    )


@asynccontextmanager
async def stopped_at(world: World, run_id: str, phase: str) -> AsyncGenerator[None]:
    """While the Builder of a phase waits; it goes on behind the block."""
    home = world.settings.workspaces / run_id / "home" / "build"
    async with asyncio.timeout(LIMIT_SECONDS):
        while not (home / f"at-{phase}").exists():
            await asyncio.sleep(0.02)
    yield
    (home / f"go-{phase}").touch()


async def add(world: World, text: str, *, run_id: str | None = None) -> Note:
    services = world.services
    return await noting.add_note(
        services.database, services.settings, services.redactor, text=text, by="Ada", run_id=run_id
    )


async def withdraw(world: World, note: Note) -> None:
    services = world.services
    await noting.withdraw_note(
        services.database, services.settings, services.redactor, note_id=note.id, by="Bob"
    )


def prompts_with(world: World, words: str) -> set[tuple[str, ...]]:
    """Role and phase (and part) of each conversation whose prompt has these words."""
    found: set[tuple[str, ...]] = set()
    for entry in world.simulator.entries():
        prompt = next(text for text in texts(entry.request) if text.startswith("Role: "))
        if words in prompt:
            lines = [line.partition(": ")[2] for line in prompt.splitlines()[:5]]
            found.add((lines[0], lines[2], *lines[4:]) if lines[4] else (lines[0], lines[2]))
    return found


async def told(world: World, run_id: str, note: Note) -> list[str]:
    """What the feed of a run says of a note."""
    async with world.services.database.read() as session:
        events = await feed.after(session, event_id=0, run_id=run_id, limit=1000)
    said: list[str] = []
    for event in events:
        match event.body:
            case NoteAdded(note_id=note.id):
                said.append("added")
            case NoteWithdrawn(note_id=note.id, by=by):
                said.append(f"withdrawn by {by}")
            case NoteDelivered(note_id=note.id) as got:
                said.append(f"phase {got.phase_index} ({got.phase_id}), attempt {got.attempt}, {got.role}")
            case _:
                pass
    return said


async def test_notes_reach_every_later_prompt_until_they_are_withdrawn(
    tmp_path: Path, settings: Settings
) -> None:
    conversations = [
        builds(1, write_file("one.py", "ONE = 1\n"), waits_for_you("one"), phase="one"),
        builds(1, write_file("two.py", "TWO = 2\n"), phase="two"),
        builds(1, write_file("three.py", "THREE = 3\n"), waits_for_you("three"), phase="three"),
        *(approves(phase) for phase in ("one", "two", "three")),
    ]
    async with small_world(tmp_path, settings, *conversations, plan=plan_of("one", "two", "three")) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        async with stopped_at(world, run_id, "one"):
            note = await add(world, SKIP)
            path = file.notes_path(world.repository)
            path.write_text(f"{HAND}\n\n{path.read_text().replace(SKIP, f'{SKIP} Please.')}")
            elsewhere = f"## 2026-01-01 10:00:00 UTC · Eve · note aaaaaaaa · run run_other\n\n{OTHER}"
            path.write_text(f"{path.read_text()}\n{elsewhere}\n")
        async with stopped_at(world, run_id, "three"):
            await withdraw(world, note)
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        carried = {("auditor", "one"), ("builder", "two"), ("auditor", "two"), ("builder", "three")}
        assert prompts_with(world, f"{SKIP} Please.") == carried
        assert prompts_with(world, HAND) == {*carried, ("auditor", "three")}
        assert prompts_with(world, OTHER) == set()
        assert prompts_with(world, "Notes from the people") == {*carried, ("auditor", "three")}
        assert await told(world, run_id, note) == [
            "added",
            "phase 1 (one), attempt 1, auditor",
            "phase 2 (two), attempt 1, builder",
            "phase 2 (two), attempt 1, auditor",
            "phase 3 (three), attempt 1, builder",
            "withdrawn by Bob",
        ]
        listed = await latest_notes(world.services.database, world.services.redactor, limit=1, run_id=run_id)
        (hand,) = listed.notes
        assert [(one.phase_index, one.attempt, one.role) for one in hand.receipts][-1] == (3, 1, "auditor")
        assert ".autopack" not in git(world.repository, "ls-tree", "--name-only", f"autopack/{run_id}")


async def test_each_attempt_carries_the_notes_and_has_receipts_of_its_own(
    tmp_path: Path, settings: Settings
) -> None:
    first, second = write_file("one.py", "ONE = 1\n"), write_file("one.py", "ONE = 11\n")
    async with small_world(
        tmp_path, settings, builds(1, first), rejects(1), builds(2, second), approves(), plan=plan_of("one")
    ) as world:
        run_id = await world.create()
        note = await add(world, SKIP, run_id=run_id)
        await world.drive(run_id)
        assert (await world.read(run_id)).state == "succeeded"
        assert await told(world, run_id, note) == [
            "added",
            *(
                f"phase 1 (one), attempt {number}, {role}"
                for number in (1, 2)
                for role in ("builder", "auditor")
            ),
        ]


async def test_a_conversation_that_is_gone_on_with_keeps_the_notes_that_it_began_with(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(
        tmp_path,
        settings,
        builds(1, write_file("one.py", "ONE = 1\n"), waits_for_you("one")),
        approves(),
        plan=plan_of("one"),
    ) as world:
        run_id = await world.create()
        early = await add(world, SKIP)
        driving = asyncio.create_task(world.drive(run_id))
        async with stopped_at(world, run_id, "one"):
            await control.cancel(world.services.database, run_id, by="a test")
            await asyncio.wait_for(driving, LIMIT_SECONDS)
            assert await told(world, run_id, early) == ["added", "phase 1 (one), attempt 1, builder"]
            late = await add(world, HAND, run_id=run_id)
        await world.drive(run_id)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        assert prompts_with(world, HAND) == {("auditor", "one")}
        both = ["phase 1 (one), attempt 1, builder", "phase 1 (one), attempt 1, auditor"]
        assert await told(world, run_id, early) == ["added", *both]
        assert await told(world, run_id, late) == ["added", both[1]]
        async with world.services.database.read() as session:
            (attempt,) = await queries.attempts(session, run_id)
        assert attempt.number == 1


async def test_every_part_of_a_large_audit_carries_the_notes_and_one_receipt_is_given(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(
        tmp_path, settings, builds(1, shell(MANY)), closes(), reads(), plan=plan_of("one")
    ) as world:
        run_id = await world.create()
        note = await add(world, SKIP)
        await world.drive(run_id)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        parts = [*(f"{number} of 8" for number in range(1, 9)), "verdict"]
        wanted = {("builder", "one"), *(("auditor", "one", part) for part in parts)}
        assert prompts_with(world, SKIP) == wanted
        assert await told(world, run_id, note) == [
            "added",
            "phase 1 (one), attempt 1, builder",
            "phase 1 (one), attempt 1, auditor",
        ]


async def test_a_notes_file_that_can_not_be_read_stops_no_run(
    tmp_path: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with small_world(
        tmp_path, settings, builds(1, write_file("one.py", "ONE = 1\n")), approves(), plan=plan_of("one")
    ) as world:
        (world.repository / ".autopack").mkdir()
        (tmp_path / "secret").write_text("Nobody's business.\n")
        file.notes_path(world.repository).symlink_to(tmp_path / "secret")
        with caplog.at_level(logging.WARNING, logger="autopack.supervisor.noting"):
            run = await world.run()
        assert run.state == "succeeded", run.end_detail
        assert prompts_with(world, "Nobody's business") == set()
        assert "can't be read, it goes on without" in caplog.text
