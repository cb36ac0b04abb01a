"""kill -9 at every named point and at random moments: the run ends as if nothing had happened."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from pathlib import Path

import pytest

from autopack.config import Settings
from chaos.killing import Trap, Zygote, chaos_world, check, finish, runs_of

_STEPS = "autopack.supervisor.steps:Steps"
_LIFE = "autopack.supervisor.lifecycle:Lifecycle"
_SPACE = "autopack.workspace.workspace:Workspace"
_METER = "autopack.routing.meter:Meter"
_MODEL = "autopack.agents.metered:MeteredModel"
_TALK = "autopack.supervisor.conversations:Conversations"

POINTS = [
    # the run and its workspace
    Trap(point="autopack.supervisor.launch:create_run"),
    Trap(point="autopack.runs.service:claim"),
    Trap(point=f"{_SPACE}.create", when="during", seconds=0.02),
    Trap(point=f"{_SPACE}.create"),
    Trap(point=f"{_SPACE}.check", when="during", seconds=0.05),
    Trap(point=f"{_LIFE}.prepare"),
    Trap(point=f"{_STEPS}.open_attempt"),
    Trap(point=f"{_STEPS}.route"),
    Trap(point=f"{_SPACE}.reset_build", when="during", seconds=0.01),
    Trap(point=f"{_SPACE}.setup", when="during", seconds=0.02),
    # a call: reserve, send, receive, keep and settle, use
    Trap(point=f"{_METER}.reserve", when="before"),
    Trap(point=f"{_METER}.reserve"),
    Trap(point=f"{_MODEL}._receive", when="during", seconds=0.3),
    Trap(point=f"{_MODEL}._receive", nth=2),
    Trap(point=f"{_METER}.settle", when="before", nth=2),
    Trap(point="autopack.routing.meter:record_usage", when="before", nth=2),
    Trap(point="autopack.routing.meter:record_usage", nth=2),
    Trap(point=f"{_METER}.settle", nth=2),
    Trap(point=f"{_SPACE}.shell", when="during", seconds=0.04),
    Trap(point=f"{_SPACE}.shell", nth=2),
    # verification and audit
    Trap(point=f"{_SPACE}.check", when="during", nth=2, seconds=0.05),
    Trap(point=f"{_STEPS}.verify", nth=2),
    Trap(point=f"{_STEPS}.audit", when="before"),
    Trap(point=f"{_TALK}.audit"),
    # the commit protocol, between any two writes
    Trap(point=f"{_SPACE}.write_commit", when="before"),
    Trap(point=f"{_SPACE}.write_commit"),
    Trap(point=f"{_STEPS}.conclude", when="before", nth=6),
    Trap(point=f"{_STEPS}.commit", when="before"),
    Trap(point=f"{_SPACE}.move_branch", when="before"),
    Trap(point=f"{_SPACE}.move_branch", when="during", seconds=0.002),
    Trap(point=f"{_SPACE}.move_branch"),
    Trap(point=f"{_SPACE}.publish", when="during", seconds=0.004),
    Trap(point=f"{_SPACE}.publish"),
    Trap(point=f"{_TALK}.file", nth=2),
    Trap(point=f"{_STEPS}.commit"),
    # an attempt that fails, and the end
    Trap(point=f"{_TALK}.file"),
    Trap(point=f"{_STEPS}.conclude", nth=2),
    Trap(point=f"{_LIFE}.finish", when="before"),
    Trap(point=f"{_LIFE}.finish"),
]


async def test_nobody_disturbs_it(tmp_path: Path, settings: Settings, forks: Zygote) -> None:
    async with chaos_world(tmp_path / "w", settings) as world:
        ended = await forks.call(world, "run", str(world.plan))
        assert ended.code == 0, forks.output
        await check(world, await finish(forks, world), kills=0)


@pytest.mark.parametrize("trap", POINTS, ids=str)
async def test_killed_at_a_named_point(tmp_path: Path, settings: Settings, forks: Zygote, trap: Trap) -> None:
    stalls = trap.point.endswith("_receive") and trap.when == "during"
    async with chaos_world(tmp_path / "w", settings, stalls=stalls) as world:
        ended = await forks.call(world, "run", str(world.plan), trap=trap)
        assert ended.killed, f"it did not get there: {forks.output}"
        await check(world, await finish(forks, world), kills=1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        full = bool(metafunc.config.getoption("--full", default=False))
        metafunc.parametrize("seed", range(200 if full else 20))


@pytest.fixture(scope="module")
def lasts_seconds(tmp_path_factory: pytest.TempPathFactory, migrated_home: Path, forks: Zygote) -> float:
    """How long an undisturbed run takes here and now."""
    home = tmp_path_factory.mktemp("measured")

    async def measure() -> float:
        shutil.copytree(migrated_home, home / "home")
        async with chaos_world(home / "w", Settings(home=home / "home")) as world:
            began = time.monotonic()
            assert (await forks.call(world, "run", str(world.plan))).code == 0, forks.output
            return time.monotonic() - began

    return asyncio.run(measure())


async def test_killed_at_random_moments(
    tmp_path: Path, settings: Settings, forks: Zygote, lasts_seconds: float, seed: int
) -> None:
    chance = random.Random(seed)
    kills = 0
    async with chaos_world(tmp_path / "w", settings) as world:
        for _ in range(chance.randint(1, 3)):
            runs = await runs_of(world)
            words = ("resume", *runs) if runs else ("run", str(world.plan))
            moment = chance.uniform(0, lasts_seconds)
            ended = await forks.call(world, *words, kill_after_seconds=moment)
            kills += ended.killed
            if not ended.killed:
                break
        await check(world, await finish(forks, world), kills=kills)
