"""`autopack doctor --repair`: what kills and hands left behind is mended, and found no second time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autopack.artifacts import ArtifactStore
from autopack.config import Settings
from autopack.processes.guard import Guard, this_engine
from autopack.processes.orphans import end_orphans, find_orphans
from autopack.supervisor import control, repair
from autopack.supervisor.flaws import Flaw
from autopack.supervisor.tables import WorkerRow
from autopack.usage.rollups import differing_hours
from chaos.badday import bad_world, check_done, go_on, until, waiting_run
from chaos.killing import processes_of
from cli.processes import call, start
from fixtures.database import execute
from fixtures.world import World


async def look(world: World, *, mend: bool = False) -> dict[str, Flaw]:
    found = await repair.look(world.settings, world.services.database, mend=mend)
    return {flaw.what: flaw for flaw in found}


async def test_what_a_killed_run_left_is_mended_and_the_run_goes_on(
    tmp_path: Path, settings: Settings
) -> None:
    async with bad_world(tmp_path, settings) as world:
        process = await start(world, "run", world.plan)
        run_id = await waiting_run(world)
        process.send(signal.SIGKILL)
        await process.end()
        await until(lambda: not processes_of(world))
        lock = settings.workspaces / run_id / "repo.git/worktrees/build/index.lock"
        lock.touch()
        (settings.transcripts / "ab").mkdir(parents=True, exist_ok=True)
        (settings.transcripts / "ab" / "tmphalf").write_text("half")
        ArtifactStore(settings.transcripts, verbatim=True).put(b"nobody's")
        execute(settings, "UPDATE usage_hourly SET prompt_tokens = prompt_tokens + 7")
        found = await look(world)
        assert set(found) == {"runs", "files", "usage", "locks"}
        assert all(flaw.mendable and not flaw.mended for flaw in found.values())
        assert await look(world) == found, "looking changes nothing"
        mended = await call(world, "doctor", "--repair")
        assert mended.code == 0, mended
        assert "Mended 4 things. All is right now." in mended.out
        assert not lock.exists()
        assert len(list(settings.transcripts.glob("??/*"))) == 1, "the open attempt's conversation stays"
        assert await look(world) == {}
        assert "All is right." in (await call(world, "doctor", "--repair")).out
        status = await call(world, "status", run_id)
        assert "interrupted" in status.out
        waits = settings.workspaces / run_id / "home" / "build" / "waits"
        waits.unlink()
        driving = asyncio.create_task(world.drive(run_id))
        await until(waits.exists)
        go_on(world, run_id)
        await driving
        await check_done(world, run_id)


async def test_what_a_live_process_has_in_hand_is_left_alone(tmp_path: Path, settings: Settings) -> None:
    async with bad_world(tmp_path, settings) as world:
        driving = asyncio.create_task(world.drive(await world.create()))
        run_id = await waiting_run(world)
        ArtifactStore(settings.transcripts, verbatim=True).put(b"about to be referred to")
        before = sorted(settings.transcripts.rglob("*"))
        (settings.workspaces / run_id / "repo.git/worktrees/build/index.lock").touch()
        assert await look(world, mend=True) == {}
        assert sorted(settings.transcripts.rglob("*")) == before
        go_on(world, run_id)
        await driving
        await check_done(world, run_id)


async def test_a_gap_in_the_feed_and_a_lost_artifact_are_said(tmp_path: Path, settings: Settings) -> None:
    async with bad_world(tmp_path, settings, waits=False) as world:
        await world.run()
        (gone, *_) = ArtifactStore(settings.artifacts).every().values()
        gone.unlink()
        (settings.workspaces / "run_of_nobody").mkdir()
        execute(settings, "DELETE FROM events WHERE id = 3")
        execute(settings, "UPDATE feed_head SET id = 4")
        told = await call(world, "doctor", "--repair", "--json")
        assert told.code == 1
        found = await look(world)
        assert "1 of the feed's" in found["events"].said
        assert not found["events"].mendable
        assert "run_of_nobody" in found["workspaces"].said
        assert (settings.workspaces / "run_of_nobody").is_dir(), "said, not deleted"
        if settings.postgres_url is None:
            assert "gone from the artifacts" in found["artifacts"].said
        await world.services.database.close()
        assert (await world.run()).state == "succeeded", "the feed goes on behind its last event"


async def test_runs_of_a_dead_process_are_freed_of_it(tmp_path: Path, settings: Settings) -> None:
    async with bad_world(tmp_path, settings, waits=False) as world:
        run_id = await world.create()
        async with world.services.database.write() as session:
            session.add(
                WorkerRow(
                    executor_id="dead", host="", pid=1, pid_started="1",
                    seen_at=(await world.read(run_id)).created_at,
                )
            )  # fmt: skip
        execute(settings, "UPDATE runs SET owner = 'dead', epoch = 4, intent = 'cancel'")
        execute(settings, "UPDATE workers SET seen_at = '2020-01-01 00:00:00'")
        assert [flaw.what for flaw in await repair.sweep(world.services.database)] == ["runs"]
        assert await repair.sweep(world.services.database) == []
        run = await world.read(run_id)
        assert (run.owner, run.epoch, run.intent) == (None, 5, "none"), "one of another host is fenced"
        assert await control.take(world.services.database, run_id, owner="next") == 6


@pytest.mark.skipif(sys.platform != "linux", reason="marks are read from /proc")
async def test_a_command_whose_autopack_is_gone_is_killed_and_no_other(tmp_path: Path) -> None:
    namespace = this_engine().partition("-")[0]
    marks = {
        "gone": f"{namespace}-{os.getpid()}-1-abcdef",
        "ours": f"{this_engine()}-abcdef",
        "elsewhere": f"1-{os.getpid()}-1-abcdef",
    }
    children = {
        name: subprocess.Popen(["sleep", "715"], env={**os.environ, Guard.variable: mark})
        for name, mark in marks.items()
    }
    try:
        await until(lambda: children["gone"].pid in find_orphans())
        assert await end_orphans() == 1
        assert {name: child.poll() for name, child in children.items()} == {
            "gone": -9,
            "ours": None,
            "elsewhere": None,
        }
    finally:
        for child in children.values():
            child.kill()
            child.wait()


@pytest.mark.parametrize("damage", ["usage_hourly WHERE provider = 'openai'", "usage_hourly_runs"])
async def test_sums_are_counted_anew_where_they_differ(
    tmp_path: Path, settings: Settings, damage: str
) -> None:
    async with bad_world(tmp_path, settings, waits=False) as world:
        await world.run()
        execute(settings, f"DELETE FROM {damage}")
        found = await look(world, mend=True)
        assert found["usage"].mended
        async with world.services.database.read() as session:
            assert await differing_hours(session) == {}
