"""A service: it drives what nobody drives, and lets go of it when it ends."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from autopack.config import Settings
from autopack.runs.states import Waiting
from autopack.supervisor import control
from autopack.supervisor.services import open_services
from autopack.supervisor.serving import Serving, serving
from autopack.usage.tables import UsageEventRow
from fixtures.world import PLAN, World, approves, builds, small_world, write_file
from supervisor.waiting import asked, dies, kinds, reaches

GOOD = write_file("one.py", "ONE = 1\n")
SLOW = {**write_file("two.py", "TWO = 2\n"), "delay_seconds": 1.0}


@asynccontextmanager
async def service_on(world: World) -> AsyncGenerator[Serving]:
    """A service in this process, on the world's home."""
    async with (
        open_services(world.settings, environ=world.environ) as services,
        serving(services, address="http://127.0.0.1:1") as here,
    ):
        yield here


async def test_a_service_drives_what_is_queued_and_leaves_what_is_paused(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        await control.pause(world.services.database, run_id, by="Ada")
        async with service_on(world) as here:
            other = world.plan.with_name("other.yaml")
            other.write_text(json.dumps({**PLAN, "name": "other"}))
            second = await replace(world, plan=other).create()
            here.wake()
            await reaches(world, second, "succeeded")
            assert (await world.read(run_id)).state == "paused"
            await control.resume(world.services.database, run_id, by="Ada")
            here.wake()
            await reaches(world, run_id, "succeeded")


async def test_a_service_that_ends_lets_go_and_the_next_one_buys_nothing_twice(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD, SLOW), approves()) as world:
        run_id = await world.create()
        async with service_on(world):
            await asked(world, 2)
        run = await world.read(run_id)
        assert (run.state, run.owner) == ("in_progress", None)
        async with service_on(world):
            await reaches(world, run_id, "succeeded")
        assert len(world.simulator.entries()) == 4
        async with world.services.database.read() as session:
            statuses = list(await session.scalars(select(UsageEventRow.usage_status)))
        assert statuses == ["reported"] * 4


async def test_a_service_goes_on_with_the_run_of_a_process_that_died(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        await control.take(world.services.database, run_id, owner="gone")
        await dies(world)
        async with service_on(world):
            await reaches(world, run_id, "succeeded")


async def test_a_run_whose_key_the_service_lacks_is_parked_with_the_reason(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        environ = {name: value for name, value in world.environ.items() if "KEY" not in name}
        async with (
            open_services(settings, environ=environ) as services,
            serving(services, address="http://127.0.0.1:1"),
        ):
            await reaches(world, run_id, "paused")
        run = await world.read(run_id)
        assert (run.waits_for, "OPENAI_API_KEY" in run.end_detail) == (Waiting.CANNOT_START, True)


@pytest.mark.sqlite
async def test_a_run_that_the_engine_can_not_drive_is_parked_and_not_taken_for_ever(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world, service_on(world):
        for file in settings.home.glob("engine.db*"):
            file.write_bytes(b"This is no database. " * 4096)
        run_id = await world.create()
        await reaches(world, run_id, "paused")
        run = await world.read(run_id)
        assert run.waits_for == Waiting.CANNOT_START
        assert (await kinds(world, run_id)).count("run_claimed") == 1


@pytest.mark.sqlite
async def test_a_run_whose_repository_or_workspace_is_gone_says_so_instead_of_waiting_for_ever(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD, SLOW), approves()) as world:
        run_id = await world.create()
        away = world.repository.rename(tmp_path / "moved")
        async with service_on(world) as here:
            await reaches(world, run_id, "paused")
            assert (await world.read(run_id)).waits_for == Waiting.REPOSITORY_UNREACHABLE
            away.rename(world.repository)
            await control.resume(world.services.database, run_id, by="Ada")
            here.wake()
            await asked(world, 2)
        shutil.rmtree(settings.workspaces / run_id)
        async with service_on(world):
            await reaches(world, run_id, "failed")
        assert "workspace" in (await world.read(run_id)).end_detail
