"""A run that has to wait for its quota, in the terminal that drives it."""

from __future__ import annotations

import signal
from pathlib import Path

from autopack.config import Settings
from cli.processes import start
from fixtures.world import World, approves, builds, small_world, write_file
from supervisor.test_quota_of_runs import lift, limit, use
from supervisor.waiting import reaches

CAP = "daily_cap_tokens: 1_000_000"


async def run_id_of(world: World) -> str:
    from autopack.runs import queries

    async with world.services.database.read() as session:
        (run,) = await queries.unfinished(session)
    return run.id


async def test_a_terminal_waits_with_its_run_and_goes_on_when_there_is_room(
    tmp_path: Path, settings: Settings
) -> None:
    good = write_file("one.py", "ONE = 1\n")
    async with small_world(tmp_path, settings, builds(1, good), approves()) as world:
        limit(world, "openai", CAP)
        await use(world, "openai", "gpt-5", 1_000_000)
        running = await start(world, "run", world.plan)
        await running.until("scheduled, goes on at")
        lift(world, CAP)
        ended = await running.end()
        assert (ended.code, "openai has used 100% of 1,000,000 tokens a day" in ended.out) == (0, True), ended


async def test_ctrl_c_stops_a_run_that_waits(tmp_path: Path, settings: Settings) -> None:
    good = write_file("one.py", "ONE = 1\n")
    async with small_world(tmp_path, settings, builds(1, good), approves()) as world:
        limit(world, "openai", CAP)
        await use(world, "openai", "gpt-5", 1_000_000)
        running = await start(world, "run", world.plan)
        await running.until("scheduled, goes on at")
        run_id = await run_id_of(world)
        running.send(signal.SIGINT)
        ended = await running.end()
        assert ended.code == 130, ended
        await reaches(world, run_id, "cancelled")
