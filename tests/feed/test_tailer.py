"""One reader for all who listen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest
from sqlalchemy import update

from autopack.config import Settings
from autopack.db import Database, ReadSession
from autopack.errors import Unavailable
from autopack.feed import queries
from autopack.feed.ring import Ring
from autopack.feed.schemas import CancelAsked
from autopack.feed.tables import EventRow
from autopack.feed.tailer import ENDING, Listener, Passing, Tailer
from fixtures.database import execute
from fixtures.writing import start_writers, write_events

LIMIT_SECONDS = 30.0


async def _until_read(tailer: Tailer, listener: Listener, event_id: int) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            listener.rest()
            if tailer.ring.last >= event_id:
                return
            assert await listener.wait(LIMIT_SECONDS)


def _ids(tailer: Tailer, *, run_id: str | None = None) -> list[int]:
    told, _ = tailer.ring.after(tailer.ring.floor, run_id=run_id, size=10**9)
    return [int(one.split(b"\n")[0].removeprefix(b"id: ")) for one in told]


async def test_what_several_processes_write_at_once_arrives_in_order_without_a_gap(
    settings: Settings, database: Database
) -> None:
    await write_events(database, 3)
    tailer = Tailer(database)
    async with tailer.listening() as listener:
        writers = start_writers(settings, ["run_a", "run_b"], count=60)
        await write_events(database, 40, run_id="run_c", each=7)
        await _until_read(tailer, listener, 163)
        assert _ids(tailer) == list(range(4, 164))
        assert sorted(_ids(tailer, run_id="run_a") + _ids(tailer, run_id="run_b")) != list(range(4, 124))
        assert len(_ids(tailer, run_id="run_b")) == 60
    for writer in writers:
        writer.join(LIMIT_SECONDS)


async def test_more_than_one_batch_is_taken_in(database: Database) -> None:
    tailer = Tailer(database, ring=Ring(events=2000))
    async with tailer.listening() as listener:
        await write_events(database, 1203, each=1203)
        await _until_read(tailer, listener, 1203)
        assert _ids(tailer) == list(range(1, 1204))


async def test_nobody_reads_while_nobody_listens(database: Database) -> None:
    reads = 0

    async def counted(_session: ReadSession) -> Sequence[Passing]:
        nonlocal reads
        reads += 1
        return ()

    tailer = Tailer(database, also=counted)
    await write_events(database, 2)
    assert (tailer.ring.last, reads) == (0, 0)
    async with tailer.listening() as first, tailer.listening() as second:
        await write_events(database, 1)
        for listener in (first, second):
            await _until_read(tailer, listener, 3)
        assert tailer.listeners == 2
    assert tailer.listeners == 0
    before = reads
    await write_events(database, 4)
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert (tailer.ring.last, reads) == (3, before)
    async with tailer.listening() as third:
        assert tailer.ring.floor == 7, "it begins anew with the next who listens"
        await write_events(database, 1)
        await _until_read(tailer, third, 8)
    await tailer.close()


async def test_one_who_leaves_does_not_end_it_for_the_others(database: Database) -> None:
    tailer = Tailer(database)
    async with tailer.listening() as stays:
        async with tailer.listening():
            pass
        await write_events(database, 1)
        await _until_read(tailer, stays, 1)


async def test_what_passes_is_told_once_and_only_its_latest_state(
    settings: Settings, database: Database
) -> None:
    at = {"run_a": 1, "run_b": 1}

    async def also(_session: ReadSession) -> Sequence[Passing]:
        return [Passing(run_id, "activity", {"n": number}) for run_id, number in at.items()]

    def told(version: int, run_id: str | None = None) -> tuple[list[int], int]:
        messages, newer = tailer.passing(version, run_id=run_id)
        return [json.loads(one.split(b"data: ")[1])["n"] for one in messages], newer

    tailer = Tailer(database, also=also)
    async with tailer.listening() as listener:
        async with asyncio.timeout(LIMIT_SECONDS):
            while not told(0)[0]:
                await listener.wait(LIMIT_SECONDS)
        shown, version = told(0)
        assert shown == [1, 1]
        assert told(version)[0] == []
        listener.rest()
        for number in (2, 3):
            at["run_b"] = number
            execute(settings, f"INSERT INTO pools (id) VALUES ('pool_{number}')")
        assert await listener.wait(LIMIT_SECONDS)
        assert told(version) == ([3], version + 1)
        assert told(version, "run_a")[0] == []
        assert told(0)[0] == [1, 3]
        at.pop("run_b")
        await write_events(database, 1)
        await _until_read(tailer, listener, 1)
        assert told(0)[0] == [1]


async def test_an_event_of_a_newer_version_drops_those_who_listen_and_not_the_next(
    settings: Settings, database: Database
) -> None:
    tailer = Tailer(database)
    async with tailer.listening() as listener:
        async with database.write() as session:
            queries.append(session, run_id="run_a", body=CancelAsked(by="x"))
            await session.end()
            await session.execute(update(EventRow).values(schema_version=2))
        async with asyncio.timeout(LIMIT_SECONDS):
            while listener.dropped is None:
                await listener.wait(LIMIT_SECONDS)
                listener.rest()
        assert "newer Autopack" in listener.dropped
        async with tailer.listening() as following:
            await write_events(database, 1)
            await _until_read(tailer, following, 2)
            assert following.dropped is None


async def test_a_defect_drops_those_who_listen(database: Database) -> None:
    async def defective(_session: ReadSession) -> Sequence[Passing]:
        raise RuntimeError("a defect")

    tailer = Tailer(database, also=defective)
    async with tailer.listening() as listener:
        assert await listener.wait(LIMIT_SECONDS)
        assert "its log says more" in (listener.dropped or "")


@pytest.mark.sqlite
async def test_a_feed_that_can_not_be_read_is_refused_and_tried_again(settings: Settings) -> None:
    database = Database(settings.database_url)
    tailer = Tailer(database)
    path = settings.home / "autopack.db"
    path.rename(path.with_suffix(".aside"))
    path.mkdir()
    with pytest.raises(Unavailable):
        async with tailer.listening():
            pass
    path.rmdir()
    path.with_suffix(".aside").rename(path)
    async with tailer.listening() as listener:
        await write_events(database, 1)
        await _until_read(tailer, listener, 1)
    await database.close()


async def test_its_end_drops_everyone_and_whoever_comes_later(database: Database) -> None:
    tailer = Tailer(database)
    async with tailer.listening() as listener:
        await tailer.close()
        assert await listener.wait(0)
        assert listener.dropped == ENDING
        async with tailer.listening() as late:
            assert late.dropped == ENDING


async def test_its_end_while_the_first_begins_to_listen_is_no_hang(database: Database) -> None:
    tailer = Tailer(database)

    async def listen() -> str | None:
        async with tailer.listening() as listener:
            return listener.dropped

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await tailer.close()
    with pytest.raises(Unavailable, match="shutting down"):
        await listening
