"""Runs that are disturbed at random: paused, cancelled, gone on with, their service killed and restarted.

Each ends in the state that was asked for last, leaves no process, and once it may go on it comes to the same
commits and books as a run that nobody disturbed.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from autopack.config import Settings
from autopack.errors import Conflict
from autopack.runs.states import RunState
from autopack.supervisor import control
from autopack.supervisor.tables import WorkerRow
from chaos.killing import Zygote, chaos_world, check, processes_of
from fixtures.world import World

LIMIT_SECONDS = 60
ASKS: dict[str, Callable[..., Awaitable[control.Asked]]] = {
    "pause": control.pause,
    "cancel": control.cancel,
    "resume": control.resume,
    "retry": control.retry,
}
STAYS = {"pause": RunState.PAUSED, "cancel": RunState.CANCELLED}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """30 runs with --full; some of them always."""
    full = metafunc.config.getoption("--full")
    metafunc.parametrize("seed", range(30 if full else 5))


class Disturbed:
    """A run with what was done to it."""

    def __init__(self, world: World, run_id: str) -> None:
        self.world, self.run_id = world, run_id
        self.last = "resume"
        self.cuts = 0
        """Calls that may have been cut: by a kill, a restart or a cancel."""

    async def ask(self, word: str) -> None:
        """Ask something of the run. What is refused was not asked."""
        try:
            asked = await ASKS[word](self.world.services.database, self.run_id, by="chaos")
        except Conflict:
            return
        if asked.changed or word not in ("resume", "retry"):
            self.last = word
            self.cuts += word == "cancel"

    async def state(self) -> RunState:
        return RunState((await self.world.read(self.run_id)).state)

    async def rests(self) -> RunState:
        """The state in which the run neither works nor waits for someone who works on it."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                run = await self.world.read(self.run_id)
                state = RunState(run.state)
                if state.ended or state is RunState.PAUSED:
                    return state
                await asyncio.sleep(0.05)


async def service_pid(world: World) -> int | None:
    """The process of the service, once it has made itself known; one that was killed is still listed."""
    async with world.services.database.read() as session:
        for pid in await session.scalars(select(WorkerRow.pid).where(WorkerRow.serves)):
            stat = Path(f"/proc/{pid}/stat")
            if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
                return pid
    return None


@asynccontextmanager
async def service(forks: Zygote, world: World, *, ends_by: signal.Signals) -> AsyncGenerator[None]:
    """A service as a process of its own, ended by a signal when the block is left."""
    serving = asyncio.create_task(forks.call(world, "serve", "--port", "0"))
    async with asyncio.timeout(LIMIT_SECONDS):
        while (pid := await service_pid(world)) is None:
            assert not serving.done(), forks.output
            await asyncio.sleep(0.02)
    try:
        yield
    finally:
        os.kill(pid, ends_by)
        ended = await asyncio.wait_for(serving, LIMIT_SECONDS)
        expected = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 0}
        assert ended.code == expected[ends_by], forks.output


async def test_a_run_that_is_disturbed_ends_as_was_asked_last(
    tmp_path: Path, settings: Settings, forks: Zygote, seed: int
) -> None:
    chance = random.Random(seed)
    async with chaos_world(tmp_path / "w", settings) as world:
        run = Disturbed(world, await world.create())
        for _ in range(chance.randint(1, 3)):
            by = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
            async with service(forks, world, ends_by=by):
                for _ in range(chance.randint(0, 4)):
                    await asyncio.sleep(chance.uniform(0, 0.8))
                    await run.ask(chance.choice([*ASKS]))
                await asyncio.sleep(chance.uniform(0, 0.8))
            run.cuts += 1
            if chance.random() < 0.5:
                await run.ask(chance.choice([*ASKS]))  # while nobody serves
        async with service(forks, world, ends_by=signal.SIGTERM):
            state = await run.rests()
            wanted = STAYS.get(run.last, RunState.SUCCEEDED)
            assert state in (wanted, RunState.SUCCEEDED), f"{state} after {run.last}"
            if state is not RunState.SUCCEEDED:
                assert await run.state() is wanted, "it stays so"
                await run.ask("resume")
                assert await run.rests() is RunState.SUCCEEDED
        assert not [line for line in processes_of(world) if "sleep" in line]
        await check(world, run.run_id, kills=run.cuts + 1)
