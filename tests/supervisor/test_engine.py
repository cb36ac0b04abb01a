"""The engine's own file holds nothing that a run needs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from autopack.config import Settings
from autopack.supervisor import control
from fixtures.database import execute
from fixtures.world import approves, builds, small_world, write_file

WAITS = {
    "calls": [{"tool": "shell", "args": {"command": "test -e ~/waited || { touch ~/waited; sleep 611; }"}}]
}


def forget_the_engine(settings: Settings) -> None:
    """Delete all that the engine keeps."""
    if settings.postgres_url is not None:
        execute(settings, "DROP SCHEMA dbos CASCADE")
        return
    files = list(settings.home.glob("engine.db*"))
    assert files, "the engine keeps to its own file"
    for file in files:
        file.unlink()


async def test_a_run_goes_on_although_the_engines_database_is_gone(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(
        tmp_path, settings, builds(1, write_file("one.py", ""), WAITS), approves()
    ) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        async with asyncio.timeout(30):
            while not (settings.workspaces / run_id / "home" / "build" / "waited").exists():
                await asyncio.sleep(0.02)
        await control.cancel(world.services.database, run_id, by="a test")
        await driving
        forget_the_engine(settings)
        await world.drive(run_id)
        run = await world.read(run_id)
    assert (run.state, run.epoch) == ("succeeded", 2), run.end_detail


async def test_several_runs_can_be_driven_one_after_the_other_in_one_process(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, write_file("one.py", "")), approves()) as world:
        states = [(await world.run()).state for _ in range(3)]
    assert states == ["succeeded"] * 3
