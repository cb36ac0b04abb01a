"""Whoever waits is woken by what is committed, wherever it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Generator
from contextlib import suppress

import pytest

from autopack.config import Settings
from autopack.db import Changes, Database, announce, changes
from autopack.feed import queries
from autopack.feed.schemas import CancelAsked
from fixtures.database import execute
from fixtures.postgres import PostgresServer
from fixtures.writing import start_writers, write_events

LIMIT_SECONDS = 20.0


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found by the look at each second."""
    monkeypatch.setattr(changes, "FALLBACK_SECONDS", 3600.0)


async def _woken(waiting: Awaitable[None], *, seconds: float = LIMIT_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        await waiting


async def _quiet(waiting: Changes) -> None:
    """Take in what it is woken for at first."""
    with suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0.3):
                await waiting.wait()


@pytest.mark.usefixtures("patient")
async def test_a_commit_of_this_process_wakes(database: Database) -> None:
    async with database.changes() as waiting:
        await write_events(database, 1)
        await _woken(waiting.wait())


@pytest.mark.usefixtures("patient")
async def test_a_commit_of_another_process_wakes(settings: Settings, database: Database) -> None:
    async with database.changes() as waiting:
        (writer,) = start_writers(settings, ["run_a"], count=1)
        await _woken(waiting.wait())
        async with database.read() as session:
            assert (await queries.bounds(session)).head == 1
    writer.join(LIMIT_SECONDS)


@pytest.mark.usefixtures("patient")
async def test_what_is_committed_between_two_waits_wakes_at_once(database: Database) -> None:
    async with database.changes() as waiting:
        for _ in range(3):
            await write_events(database, 5)
            await _woken(waiting.wait())


@pytest.mark.usefixtures("patient")
async def test_nothing_wakes_where_nothing_is_committed(database: Database) -> None:
    async def aborted() -> None:
        async with database.write() as session:
            queries.append(session, run_id="run_a", body=CancelAsked(by="x"))
            await session.end()
            raise RuntimeError("aborted")

    await write_events(database, 1)
    async with database.changes() as waiting:
        await _quiet(waiting)
        with pytest.raises(RuntimeError, match="aborted"):
            await aborted()
        async with database.read() as session:
            await queries.bounds(session)
        with pytest.raises(TimeoutError):
            await _woken(waiting.wait(), seconds=0.3)


async def test_what_nobody_announced_is_found_within_a_second(settings: Settings, database: Database) -> None:
    async with database.changes() as waiting:
        await _quiet(waiting)
        begun = time.monotonic()
        execute(settings, "UPDATE feed_head SET id = 1")
        await _woken(waiting.wait())
        assert time.monotonic() - begun < 2 * changes.FALLBACK_SECONDS


@pytest.mark.usefixtures("patient")
async def test_an_announcement_without_an_event_wakes(settings: Settings, database: Database) -> None:
    async with database.changes() as waiting:
        await _quiet(waiting)
        async with database.write() as session:
            await announce(session)
            await announce(session)
        if settings.postgres_url is None:
            execute(settings, "UPDATE feed_head SET id = 1")  # SQLite tells of changes, announced or not
        await _woken(waiting.wait())


@pytest.mark.sqlite
async def test_a_file_that_can_not_be_asked_is_for_the_reader_to_find_out(settings: Settings) -> None:
    async with changes.changes_of(f"sqlite+aiosqlite:///{settings.home / 'absent.db'}") as waiting:
        await _woken(waiting.wait())
    assert not (settings.home / "absent.db").exists()


@pytest.fixture
def own(postgres_server: PostgresServer) -> Generator[tuple[PostgresServer, str]]:
    """A migrated PostgreSQL database, whatever the other tests use."""
    with postgres_server.database() as name:
        yield postgres_server, name


async def test_a_connection_that_is_ended_is_made_anew(own: tuple[PostgresServer, str]) -> None:
    server, name = own
    database = Database(server.url(name))
    listening = f"FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE 'LISTEN%'"
    async with database.changes() as waiting:
        assert server.execute(f"SELECT pg_terminate_backend(pid) {listening}") == [(True,)]
        async with asyncio.timeout(LIMIT_SECONDS):
            while not server.execute(f"SELECT pid {listening}"):
                await waiting.wait()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(changes, "FALLBACK_SECONDS", 3600.0)
            await write_events(database, 1)
            await _woken(waiting.wait())
    await database.close()
    assert server.execute(f"SELECT pid {listening}") == []


async def test_a_server_that_is_away_is_asked_again_and_again(own: tuple[PostgresServer, str]) -> None:
    server, name = own
    server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    async with changes.changes_of(server.url(name)) as waiting:
        await _woken(waiting.wait())
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await _woken(waiting.wait())
        assert server.execute(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'") == [(1,)]
