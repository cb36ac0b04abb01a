"""A database that is held or damaged: said with what to do, and everything else stays."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.supervisor import repair
from chaos.badday import bad_world, check_done, go_on, no_traceback, waiting_run
from chaos.killing import Zygote

pytestmark = pytest.mark.sqlite


async def test_a_database_that_is_held_too_long_ends_the_process_and_the_run_goes_on_later(
    tmp_path: Path, settings: Settings, forks: Zygote
) -> None:
    async with bad_world(tmp_path, settings) as world:
        impatient = replace(world, environ={**world.environ, "AUTOPACK_BUSY_SECONDS": "0.3"})
        running = asyncio.create_task(forks.call(impatient, "run", str(world.plan)))
        run_id = await waiting_run(world)
        with closing(sqlite3.connect(settings.home / "autopack.db", isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            go_on(world, run_id)
            assert (await running).code == 1, forks.output
            no_traceback(forks.output, "database is locked", "Another process holds it")
        assert (await forks.call(world, "resume", run_id)).code == 0, forks.output
        await check_done(world, run_id)


async def test_a_database_that_is_held_at_the_start_is_said(
    tmp_path: Path, settings: Settings, forks: Zygote
) -> None:
    async with bad_world(tmp_path, settings, waits=False) as world:
        impatient = replace(world, environ={**world.environ, "AUTOPACK_BUSY_SECONDS": "0.2"})
        with closing(sqlite3.connect(settings.home / "autopack.db", isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            assert (await forks.call(impatient, "run", str(world.plan))).code == 1
        no_traceback(forks.output, "database is locked")
        wrong = replace(world, environ={**world.environ, "AUTOPACK_BUSY_SECONDS": "soon"})
        assert (await forks.call(wrong, "runs")).code == 2
        no_traceback(forks.output, "AUTOPACK_BUSY_SECONDS is soon")


@pytest.mark.parametrize("how", ["cut off", "overwritten"])
async def test_a_damaged_database_is_said_and_found_by_doctor(
    tmp_path: Path, settings: Settings, forks: Zygote, how: str
) -> None:
    async with bad_world(tmp_path, settings, waits=False) as world:
        await world.run()
        await world.services.database.close()
        file = settings.home / "autopack.db"
        with closing(sqlite3.connect(file)) as opened:
            opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        data = bytearray(file.read_bytes())
        if how == "cut off":
            del data[len(data) // 2 :]
        else:
            data[4096:-4096] = random.Random(7).randbytes(len(data) - 8192)
        file.write_bytes(data)
        for words in (("runs",), ("run", str(world.plan)), ("doctor", "--repair")):
            assert (await forks.call(world, *words)).code == 1, forks.output
            assert "Traceback" not in forks.output
            assert "damaged" in forks.output, forks.output
            assert "copy" in forks.output, forks.output
        assert bytes(data) == file.read_bytes(), "what may be rescued is not touched"


async def test_the_engines_own_file_is_begun_anew_where_it_is_damaged(
    tmp_path: Path, settings: Settings, forks: Zygote
) -> None:
    async with bad_world(tmp_path, settings, waits=False) as world:
        (settings.home / "engine.db").write_bytes(random.Random(7).randbytes(50_000))
        assert (await forks.call(world, "run", str(world.plan))).code == 0, forks.output
        assert "engine.db is damaged" in (settings.home / "autopack.log").read_text()
        assert await repair.look(settings, world.services.database, mend=False) == []
