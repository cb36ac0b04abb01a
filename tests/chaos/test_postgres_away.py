"""A PostgreSQL server that goes away while a run goes on: it is waited for, else the run is gone on with."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autopack.config import Settings
from chaos.badday import bad_world, check_done, go_on, waiting_run
from chaos.killing import Zygote, chaos_world, check, check_books, finish
from fixtures.postgres import PostgresServer


@contextmanager
def on(server: PostgresServer, home: Path) -> Generator[Settings]:
    home.mkdir()
    with server.database() as name:
        yield Settings(home=home, postgres_url=server.url(name))


async def test_a_server_that_is_away_for_five_seconds_is_waited_for(
    tmp_path: Path, breakable: PostgresServer, forks: Zygote
) -> None:
    with on(breakable, tmp_path / "home") as settings:
        async with bad_world(tmp_path, settings) as world:
            running = asyncio.create_task(forks.call(world, "run", str(world.plan)))
            run_id = await waiting_run(world)
            breakable.stop(signal.SIGQUIT)
            go_on(world, run_id)  # what the Builder does next has to be stored
            for _ in range(50):
                await asyncio.sleep(0.1)
                assert not running.done(), forks.output
            breakable.start()
            assert (await running).code == 0, forks.output
            await check_done(world, run_id)
            await check_books(world, kills=0)


async def test_a_server_that_stays_away_ends_the_process_and_the_run_goes_on_later(
    tmp_path: Path, breakable: PostgresServer, forks: Zygote, full: bool
) -> None:
    if not full:
        pytest.skip("waits for half a minute: in --full")
    with on(breakable, tmp_path / "home") as settings:
        async with bad_world(tmp_path, settings) as world:
            running = asyncio.create_task(forks.call(world, "run", str(world.plan)))
            run_id = await waiting_run(world)
            breakable.stop()
            try:
                go_on(world, run_id)
                assert (await running).code == 1
                assert "Traceback" not in forks.output, forks.output
                assert "can't be reached" in forks.output, forks.output
                assert "then resume the run" in forks.output, forks.output
            finally:
                breakable.start()
            assert (await forks.call(world, "resume", run_id)).code == 0, forks.output
            await check_done(world, run_id)
            await check_books(world, kills=0)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(20 if metafunc.config.getoption("--full") else 2))


async def test_a_server_that_restarts_at_any_moment_costs_nothing_that_was_stored(
    tmp_path: Path, breakable: PostgresServer, forks: Zygote, seed: int
) -> None:
    chance = random.Random(seed)
    with on(breakable, tmp_path / "home") as settings:
        async with chaos_world(tmp_path / "w", settings) as world:
            running = asyncio.create_task(forks.call(world, "run", str(world.plan)))
            await asyncio.wait({running}, timeout=chance.uniform(0.1, 3))
            breakable.stop(chance.choice([signal.SIGINT, signal.SIGQUIT]))
            breakable.start()
            code = (await running).code
            assert "Traceback" not in forks.output, forks.output
            assert code == 0 or "resume the run" in forks.output, forks.output
            await check(world, await finish(forks, world), kills=1)
