from __future__ import annotations

import asyncio
import multiprocessing

import pytest
from sqlalchemy import select, update

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import Unavailable
from autopack.feed import queries
from autopack.feed.schemas import CancelAsked, RunMoved
from autopack.feed.tables import EventRow, FeedHead


async def _append(url: str, run_id: str, times: int) -> None:
    database = Database(url)
    for number in range(times):
        async with database.write() as session:
            queries.append(session, run_id=run_id, body=CancelAsked(by=str(number)))
    await database.close()


def _in_a_process(url: str, run_id: str, times: int) -> None:
    asyncio.run(_append(url, run_id, times))


async def test_ids_have_no_gap_and_follow_the_commits_of_several_processes(
    settings: Settings, database: Database
) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=_in_a_process, args=(settings.database_url, f"run_{n}", 40), daemon=True)
        for n in range(3)
    ]
    for process in processes:
        process.start()
    seen: list[int] = []
    while any(process.is_alive() for process in processes) or len(seen) < 120:
        async with database.read() as session:
            new = await queries.after(session, event_id=seen[-1] if seen else 0, run_id=None, limit=500)
        seen += [event.id for event in new]
        await asyncio.sleep(0)
    assert seen == list(range(1, 121))


async def test_an_event_comes_back_as_what_it_was(database: Database) -> None:
    body = RunMoved(before="queued", after="failed", reason="baseline_red", detail='a "quoted" { detail')
    async with database.write() as session:
        queries.append(session, run_id="run_a", body=body)
    async with database.read() as session:
        (event,) = await queries.after(session, event_id=0, run_id="run_a", limit=10)
        assert event.id == 1
    assert event.body == body


async def test_a_file_name_that_is_no_utf_8_does_not_stop_an_event(database: Database) -> None:
    body = RunMoved(before="queued", after="failed", detail="changed a\udcffb and c\0d")
    async with database.write() as session:
        queries.append(session, run_id="run_a", body=body)
    async with database.read() as session:
        (event,) = await queries.after(session, event_id=0, run_id="run_a", limit=10)
    assert event.body == body.model_copy(update={"detail": "changed a\ufffdb and c\0d"})


async def test_an_aborted_transaction_takes_no_id(database: Database) -> None:
    async def aborted() -> None:
        async with database.write() as session:
            queries.append(session, run_id="run_a", body=CancelAsked(by="x"))
            raise RuntimeError("aborted")

    with pytest.raises(RuntimeError, match="aborted"):
        await aborted()
    async with database.write() as session:
        queries.append(session, run_id="run_a", body=CancelAsked(by="y"))
    async with database.read() as session:
        (event,) = await queries.after(session, event_id=0, run_id=None, limit=10)
    assert event.id == 1


async def test_events_of_one_run_are_told_from_the_others(database: Database) -> None:
    for run_id in ("run_a", "run_b", "run_a"):
        async with database.write() as session:
            queries.append(session, run_id=run_id, body=CancelAsked(by="x"))
    async with database.read() as session:
        events = await queries.after(session, event_id=0, run_id="run_a", limit=10)
    assert [event.id for event in events] == [1, 3]


async def test_an_event_of_a_newer_version_is_refused(database: Database) -> None:
    async with database.write() as session:
        queries.append(session, run_id="run_a", body=CancelAsked(by="x"))
        await session.end()
        await session.execute(update(EventRow).values(schema_version=2))
    async with database.read() as session:
        with pytest.raises(Unavailable, match="newer Autopack"):
            await queries.after(session, event_id=0, run_id=None, limit=10)


async def test_events_are_written_last_whatever_the_transaction_does_after_them(database: Database) -> None:
    async with database.write() as session:
        queries.append(session, run_id="run_a", body=CancelAsked(by="x"))
        head = await session.scalar(select(FeedHead.id))
        assert head == 0, "the lock of the feed's head was taken before the end"
    async with database.read() as session:
        assert await session.scalar(select(FeedHead.id)) == 1
