"""An owner that was taken for dead and is back: it stops at once, and nothing of it counts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from autopack.config import Settings
from autopack.supervisor.tables import WorkerRow
from chaos.killing import Trap, Zygote, chaos_world, check, processes_of, runs_of, shell
from fixtures.world import World, approves, builds, git, small_world, write_file

AUTOPACK = str(Path(sys.executable).parent / "autopack")
LIMIT_SECONDS = 60
PLAN: dict[str, Any] = {
    "schema_version": 1,
    "name": "fenced",
    "verify": "none",
    "tiers": [
        {
            "name": "Only",
            "phases": [
                {
                    "id": "one",
                    "name": "Phase one",
                    "description": "Write it.",
                    "category": "core_backend",
                    "complexity": "low",
                }
            ],
        }
    ],
}
WAITS = shell("test -e ~/waited || { touch ~/waited; sleep 633; }; echo once >> log.txt")


async def start(world: World, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        AUTOPACK,
        *words,
        cwd=world.repository,
        env=world.process_environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def until_it_sleeps(world: World) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not any(line.startswith("sleep 633") for line in processes_of(world)):
            await asyncio.sleep(0.02)


async def give_up_for_dead(world: World) -> None:
    """What another host sees of a process on a machine that has fallen silent."""
    async with world.services.database.write() as session:
        await session.execute(
            update(WorkerRow).values(host="another-host", seen_at=datetime.now(UTC) - timedelta(hours=1))
        )


async def test_a_stopped_owner_that_comes_back_does_no_harm(tmp_path: Path, settings: Settings) -> None:
    async with small_world(
        tmp_path, settings, builds(1, write_file("one.txt", "1\n"), WAITS), approves(), plan=PLAN
    ) as world:
        zombie = await start(world, "run", str(world.plan))
        await until_it_sleeps(world)
        zombie.send_signal(signal.SIGSTOP)
        (run_id,) = [path.name for path in settings.workspaces.iterdir()]
        for words, code in ((("run", str(world.plan)), 2), (("resume", run_id), 0)):
            second = await start(world, *words)
            said, _ = await second.communicate()
            assert second.returncode == code, said.decode()
            assert b"process" in said
        await give_up_for_dead(world)
        taken = await start(world, "resume", run_id)
        async with asyncio.timeout(LIMIT_SECONDS):
            said, _ = await taken.communicate()
        assert taken.returncode == 0, said.decode()
        zombie.send_signal(signal.SIGCONT)
        async with asyncio.timeout(10):
            said, _ = await zombie.communicate()
        assert b"Traceback" not in said
        assert b"taken over" in said, said.decode()
        assert zombie.returncode == 1
        assert (await world.read(run_id)).state == "succeeded"
        assert git(world.repository, "show", f"autopack/{run_id}:log.txt") == "once\n"
        assert not any(line.startswith("sleep 633") for line in processes_of(world))


@pytest.mark.parametrize(
    "point", ["supervisor.steps:Steps.commit", "workspace.workspace:Workspace.move_branch"]
)
async def test_an_owner_that_comes_back_in_its_commit_does_no_harm(
    tmp_path: Path, settings: Settings, forks: Zygote, point: str
) -> None:
    async with chaos_world(tmp_path / "w", settings) as world:
        trap = Trap(point=f"autopack.{point}", when="stopped before")
        former = asyncio.create_task(forks.call(world, "run", str(world.plan), trap=trap))
        pid = await stopped_owner(world)
        (run_id,) = await runs_of(world)
        await give_up_for_dead(world)
        taken = await start(world, "resume", run_id)
        async with asyncio.timeout(LIMIT_SECONDS):
            said, _ = await taken.communicate()
        assert taken.returncode == 0, said.decode()
        os.kill(pid, signal.SIGCONT)
        assert (await former).code == 1, forks.output
        assert "taken over" in forks.output
        await check(world, run_id, kills=0)


async def stopped_owner(world: World) -> int:
    """The process that drives the run, once it stands still."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            async with world.services.database.read() as session:
                pids = list(await session.scalars(select(WorkerRow.pid)))
            for pid in pids:
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                    return pid
            await asyncio.sleep(0.05)
