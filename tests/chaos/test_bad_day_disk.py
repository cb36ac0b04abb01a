"""Full and read-only disks: the run waits, and goes on once there is room."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from autopack.artifacts import ArtifactStore
from autopack.config import Settings
from autopack.errors import DiskFull
from chaos.badday import (
    bad_world,
    check_done,
    fill,
    go_on,
    no_traceback,
    read_only,
    runs_of,
    small_disk,
    waiting_run,
)
from chaos.killing import Zygote


async def test_a_full_disk_of_the_workspaces_pauses_the_run(tmp_path: Path, settings: Settings) -> None:
    with small_disk(settings.workspaces, megabytes=48):
        async with bad_world(tmp_path, settings) as world:
            driving = asyncio.create_task(world.drive(await world.create()))
            run_id = await waiting_run(world)
            filler = fill(settings.workspaces)
            go_on(world, run_id)
            await driving
            run = await world.read(run_id)
            assert (run.state, run.waits_for) == ("paused", "disk_full"), run.end_detail
            assert "Free some" in run.end_detail
            filler.unlink()
            await world.drive(run_id)
            await check_done(world, run_id)
            assert len(await _attempts(world, run_id)) == 1, "no attempt was used up"


async def test_a_check_that_fails_for_want_of_room_is_no_failed_attempt(
    tmp_path: Path, settings: Settings
) -> None:
    from chaos.badday import PLAN

    plan = {**PLAN, "verify": ["test ! -e one.txt || head -c 30000000 /dev/zero > ~/big"]}
    with small_disk(settings.workspaces, megabytes=48):
        async with bad_world(tmp_path, settings, plan=plan) as world:
            driving = asyncio.create_task(world.drive(await world.create()))
            run_id = await waiting_run(world)
            ballast = settings.workspaces / "ballast"
            ballast.write_bytes(b"\0" * 30_000_000)
            go_on(world, run_id)
            await driving
            run = await world.read(run_id)
            assert (run.state, run.waits_for) == ("paused", "disk_full"), run.end_detail
            ballast.unlink()
            await world.drive(run_id)
            await check_done(world, run_id)
            assert len(await _attempts(world, run_id)) == 1


async def test_a_full_disk_of_the_artifacts_pauses_the_run_and_leaves_no_half_file(
    tmp_path: Path, settings: Settings
) -> None:
    with small_disk(settings.artifacts, megabytes=2):
        filler = fill(settings.artifacts)
        async with bad_world(tmp_path, settings, waits=False) as world:
            run_id = (await world.run()).id
            run = await world.read(run_id)
            assert (run.state, run.waits_for) == ("paused", "disk_full"), run.end_detail
            assert ArtifactStore(settings.artifacts).halves() == []
            filler.unlink()
            await world.drive(run_id)
            await check_done(world, run_id)


@pytest.mark.sqlite
async def test_a_home_that_fills_up_while_running_ends_with_the_reason_and_is_resumed(
    tmp_path: Path, settings: Settings, forks: Zygote
) -> None:
    with small_disk(settings.home, megabytes=64):
        async with bad_world(tmp_path, settings) as world:
            running = asyncio.create_task(forks.call(world, "run", str(world.plan)))
            run_id = await waiting_run(world)
            filler = fill(settings.home)
            go_on(world, run_id)
            assert (await running).code == 1, forks.output
            assert "Traceback" not in forks.output
            assert "room" in forks.output, forks.output
            filler.unlink()
            assert (await forks.call(world, "resume", run_id)).code == 0, forks.output
            await check_done(world, run_id)


@pytest.mark.sqlite
async def test_a_home_that_is_full_from_the_start_is_said(
    tmp_path: Path, settings: Settings, forks: Zygote
) -> None:
    with small_disk(settings.home, megabytes=8):
        async with bad_world(tmp_path, settings, waits=False) as world:
            filler = fill(settings.home)
            assert (await forks.call(world, "run", str(world.plan))).code == 1
            no_traceback(forks.output, "free space")
            filler.unlink()


@pytest.mark.sqlite
async def test_a_read_only_home_is_said_by_every_command(
    tmp_path: Path, settings: Settings, forks: Zygote
) -> None:
    async with bad_world(tmp_path, settings, waits=False) as world:
        with read_only(settings.home):
            for words in (("run", str(world.plan)), ("runs",), ("doctor", "--repair")):
                assert (await forks.call(world, *words)).code == 1
                no_traceback(forks.output, "can't be written", "AUTOPACK_HOME")
            await forks.call(world, "doctor")
            assert "can't be written" in " ".join(forks.output.split())
        assert await runs_of(world) == []


async def test_a_full_disk_of_the_repository_keeps_the_commit_and_publishes_it_later(
    tmp_path: Path, settings: Settings
) -> None:
    async with bad_world(tmp_path, settings) as world:
        with small_disk(world.repository, megabytes=4):
            driving = asyncio.create_task(world.drive(await world.create()))
            run_id = await waiting_run(world)
            filler = fill(world.repository)
            go_on(world, run_id)
            await driving
            run = await world.read(run_id)
            assert (run.state, run.waits_for) == ("paused", "disk_full"), run.end_detail
            assert str(world.repository) in run.end_detail
            filler.unlink()
            await world.drive(run_id)
            await check_done(world, run_id)


async def test_a_read_only_repository_pauses_the_run(tmp_path: Path, settings: Settings) -> None:
    async with bad_world(tmp_path, settings) as world:
        driving = asyncio.create_task(world.drive(await world.create()))
        run_id = await waiting_run(world)
        with read_only(world.repository):
            go_on(world, run_id)
            await driving
            run = await world.read(run_id)
            assert (run.state, run.waits_for) == ("paused", "repository_unreachable"), run.end_detail
            assert "Make it writable" in run.end_detail
        await world.drive(run_id)
        await check_done(world, run_id)


async def _attempts(world: object, run_id: str) -> list[object]:
    from autopack.runs import queries
    from fixtures.world import World

    assert isinstance(world, World)
    async with world.services.database.read() as session:
        return list(await queries.attempts(session, run_id))


@pytest.mark.sqlite
@pytest.mark.parametrize("room_kb", [32, 48])
async def test_a_disk_that_fills_while_a_response_is_kept_loses_no_conversation(
    tmp_path: Path, settings: Settings, room_kb: int
) -> None:
    with small_disk(settings.home, megabytes=24):
        async with bad_world(tmp_path, settings) as world:
            driving = asyncio.create_task(world.drive(await world.create()))
            run_id = await waiting_run(world)
            filler = fill(settings.home)
            os.truncate(filler, filler.stat().st_size - room_kb * 1024)
            go_on(world, run_id)
            with contextlib.suppress(DiskFull):
                await driving
            filler.unlink()
            await world.drive(run_id)
            run = await world.read(run_id)
            assert run.state == "succeeded", run.end_detail
