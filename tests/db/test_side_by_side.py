"""Several at once on one database: what only one may have, one gets; what is added up, adds up."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from autopack.config import Settings
from autopack.db import Database, WriteSession
from autopack.errors import AutopackError, Conflict, Fenced
from autopack.feed.tables import EventRow
from autopack.projects import queries as projects
from autopack.projects.tables import ProjectRow
from autopack.routing.queries import lock_pool
from autopack.routing.tables import PoolRow
from autopack.runs import queries, service
from autopack.runs.states import RunState
from autopack.runs.tables import RunRow
from autopack.usage.recorder import LlmUsageEvent, record_usage
from autopack.usage.tables import UsageEventRow, UsageHourRow
from fixtures.world import builds, small_world
from views.recorded import record_run

AT = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
T = TypeVar("T")


@asynccontextmanager
async def connections(settings: Settings, count: int = 4) -> AsyncGenerator[list[Database]]:
    """Several processes' worth of connections."""
    opened = [Database(settings.database_url) for _ in range(count)]
    yield opened
    for database in opened:
        await database.close()


async def at_once(
    databases: list[Database], work: Callable[[Database], Awaitable[T]]
) -> list[T | AutopackError]:
    """Do something on every connection at one moment; an error of ours is a result."""

    async def tried(database: Database) -> T | AutopackError:
        try:
            return await work(database)
        except AutopackError as error:
            return error

    return await asyncio.gather(*(tried(database) for database in databases))


def _event(call_id: str, **more: object) -> LlmUsageEvent:
    fields: dict[str, object] = {
        "provider": "openai",
        "model": "gpt-6-luna",
        "run_id": None,
        "phase_id": None,
        "role": "builder",
        "prompt_tokens": 3_000_000_000,
        "completion_tokens": 5,
        "created_at": AT,
        "call_id": call_id,
        "cost_usd": Decimal("0.25"),
    }
    return LlmUsageEvent(**{**fields, **more})  # pyright: ignore[reportArgumentType]


async def test_a_call_recorded_by_several_counts_once(settings: Settings, database: Database) -> None:
    async def record(database: Database) -> bool:
        async with database.write() as session:
            return bool(await record_usage(session, _event("call_1")))

    async with connections(settings) as several:
        assert sorted(map(bool, await at_once(several, record))) == [False, False, False, True]
    async with database.read() as session:
        (hour,) = (await session.scalars(select(UsageHourRow))).all()
    assert (hour.calls, hour.prompt_tokens, hour.nano_usd) == (1, 3_000_000_000, 250_000_000)


async def _record(url: str, who: int, times: int) -> None:
    database = Database(url)
    for number in range(times):
        async with database.write() as session:
            await record_usage(session, _event(f"call_{who}_{number}"))
    await database.close()


def _in_a_process(url: str, who: int, times: int) -> None:
    asyncio.run(_record(url, who, times))


async def test_the_sums_of_several_processes_are_those_of_their_calls(
    settings: Settings, database: Database
) -> None:
    """Without any lock around them: each addition is one statement."""
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=_in_a_process, args=(settings.database_url, who, 40), daemon=True)
        for who in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    async with database.read() as session:
        (hour,) = (await session.scalars(select(UsageHourRow))).all()
        assert await session.scalar(select(func.count()).select_from(UsageEventRow)) == 120
    assert (hour.calls, hour.prompt_tokens, hour.completion_tokens) == (120, 360_000_000_000, 600)


async def test_a_pool_that_several_meet_first_is_made_once(settings: Settings, database: Database) -> None:
    async def lock(database: Database) -> None:
        async with database.write() as session:
            await lock_pool(session, "openai")

    async with connections(settings) as several:
        assert await at_once(several, lock) == [None] * 4
    async with database.read() as session:
        assert (await session.scalars(select(PoolRow.id))).all() == ["openai"]


async def test_a_locked_pool_keeps_others_out_until_the_commit(settings: Settings) -> None:
    order: list[str] = []

    async def second(database: Database) -> None:
        async with database.write() as session:
            await lock_pool(session, "openai")
            order.append("second")

    async with connections(settings, 2) as (one, other):
        async with one.write() as session:
            await lock_pool(session, "openai")  # makes it
        async with one.write() as session:
            await lock_pool(session, "openai")
            waiting = asyncio.create_task(second(other))
            for _ in range(10):
                await asyncio.sleep(0.02)
                assert not waiting.done()
            order.append("first")
        await waiting
    assert order == ["first", "second"]


async def test_a_repository_that_several_register_is_one_project(
    settings: Settings, database: Database
) -> None:
    async def register(database: Database) -> bool:
        async with database.write() as session:
            return (await projects.register(session, Path("/repositories/one")))[1]

    async with connections(settings) as several:
        assert sorted(map(bool, await at_once(several, register))) == [False, False, False, True]
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(ProjectRow)) == 1


async def test_one_of_two_claims_wins(settings: Settings, database: Database, tmp_path: Path) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        epoch = (await queries.run(session, run_id)).epoch

    async def claim(database: Database) -> int:
        async with database.write() as session:
            return await service.claim(session, run_id, epoch=epoch, owner="somebody")

    async with connections(settings) as several:
        ends = await at_once(several, claim)
    assert [end for end in ends if not isinstance(end, Fenced)] == [epoch + 1]


async def test_moves_of_one_run_come_one_after_the_other(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    """What a move reads after its fence, nobody changes before its commit."""
    run_id = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        before = await queries.run(session, run_id)

    async def add_one(session: WriteSession) -> None:
        run = await queries.fence(session, run_id, epoch=before.epoch)
        counted = int(run.end_detail or 0)
        await asyncio.sleep(0)
        run.end_detail = str(counted + 1)

    async def move(database: Database) -> None:
        for _ in range(10):
            async with database.write() as session:
                await add_one(session)

    async with connections(settings) as several:
        assert await at_once(several, move) == [None] * 4
    async with database.read() as session:
        after = await queries.run(session, run_id)
    assert (after.end_detail, after.seq) == ("40", before.seq + 40)


async def test_two_runs_of_one_plan_at_once_are_one_run(
    tmp_path: Path, settings: Settings, database: Database
) -> None:
    async with small_world(tmp_path, settings, builds(1)) as world:
        async with database.write() as session:
            await projects.register(session, world.repository)
        made = await asyncio.gather(*(world.create() for _ in range(4)), return_exceptions=True)
    assert len([one for one in made if isinstance(one, str)]) == 1, made
    assert all(isinstance(one, str | Conflict) for one in made), made
    async with database.read() as session:
        assert (await session.scalars(select(RunRow.state))).all() == [RunState.QUEUED]
        ids = (await session.scalars(select(EventRow.id).order_by(EventRow.id))).all()
    assert ids == [1]


@pytest.mark.parametrize("odd", ["a\0b", "a\udcffb"])
async def test_text_that_a_database_can_not_hold_is_stored_without_it(database: Database, odd: str) -> None:
    async with database.write() as session:
        session.add(ProjectRow(path=f"/{odd}", name=odd, created_at=AT))
    async with database.read() as session:
        (stored,) = await projects.every(session)
    assert (stored.path, stored.name) == ("/a\ufffdb", "a\ufffdb")


async def test_text_of_other_scripts_and_pictures_is_stored_as_it_is(database: Database) -> None:
    said = "über 日本 🚀 \x1b[31m \ufeff"
    async with database.write() as session:
        session.add(ProjectRow(path="/p", name=said, created_at=AT))
    async with database.read() as session:
        (stored,) = await projects.every(session)
    assert stored.name == said


async def test_numbers_beyond_32_bits_and_long_names_are_stored(database: Database) -> None:
    long = _event("call_1", model="m" * 200, response_id="r" * 500, completion_tokens=2**40)
    async with database.write() as session:
        assert await record_usage(session, long)
    async with database.read() as session:
        (stored,) = (await session.scalars(select(UsageEventRow))).all()
    assert (stored.completion_tokens, len(stored.model), len(stored.response_id or "")) == (2**40, 200, 128)
