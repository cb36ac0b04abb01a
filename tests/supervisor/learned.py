"""Runs whose model for the postmortem is a script, and what a test looks at of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from autopack.feed import queries as feed
from autopack.feed.schemas import PostmortemMoved
from autopack.notes import file
from autopack.notes.schemas import LESSONS, Note
from autopack.supervisor import postmortems
from autopack.supervisor.workers import known_worker
from autopack.views.postmortem import PostmortemView, postmortem_view
from fixtures.world import PLAN, World
from supervisor.test_large_audit import texts

QUICK: dict[str, Any] = {**PLAN, "verify": ["true"]}
"""The small plan, verified by a command that takes no time."""
MODEL = "claude-haiku-5-5"
ROLE = "Role: postmortem"


def accounts(
    *lessons: str, failed: str = "Nothing failed.", delay_seconds: float = 0.0, **more: Any
) -> dict[str, Any]:
    """A conversation in which the account of a run is given."""
    answer = {"built": "The file one.py is there.", "failed": failed, "lessons": list(lessons)}
    return {"when": [ROLE], "steps": [{"answer": answer, "delay_seconds": delay_seconds, **more}]}


def have_it_written(world: World, model: str = MODEL, more: str = "") -> None:
    """Map the helper in the world's models.yaml."""
    path = world.settings.policy_path
    path.write_text(f"{path.read_text()}agents: {{postmortem: {model}}}\n{more}")


async def write(world: World, run_id: str, stop: asyncio.Event | None = None) -> PostmortemView:
    """Write what is due of a run, as its driver does, and read it."""
    async with known_worker(world.services.database) as owner:
        await postmortems.write_due(world.services, run_id, owner=owner, stop=stop or asyncio.Event())
    return await learned(world, run_id)


async def learned(world: World, run_id: str) -> PostmortemView:
    async with world.services.database.read() as session:
        return await postmortem_view(session, run_id)


def asked(world: World) -> Sequence[str]:
    """The prompts of all requests for an account."""
    found = [texts(entry.request) for entry in world.simulator.entries()]
    return [text for some in found for text in some if text.startswith(ROLE)]


def prompts(world: World, role: str, phase: str = "one") -> Sequence[str]:
    """The first prompts of a role's requests about a phase."""
    found = [texts(entry.request) for entry in world.simulator.entries()]
    return [
        text
        for some in found
        for text in some
        if text.startswith(f"Role: {role}\n") and f"Phase: {phase}\n" in text
    ]


async def moves(world: World, run_id: str) -> list[tuple[str, str]]:
    """What the feed says of a run's postmortems: state and reason."""
    async with world.services.database.read() as session:
        events = await feed.after(session, event_id=0, run_id=run_id, limit=1000)
    return [(one.body.state, one.body.reason) for one in events if isinstance(one.body, PostmortemMoved)]


def in_file(world: World) -> tuple[Note, ...]:
    """The lessons of the world's repository."""
    return file.read(world.repository, LESSONS).notes
