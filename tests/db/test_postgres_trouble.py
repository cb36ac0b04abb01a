"""What PostgreSQL's troubles are called, and which of them are survived."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from autopack.config import Settings
from autopack.db import Database, prepare_database, sessions
from autopack.db.failures import unavailable
from autopack.errors import DatabaseLocked, DatabaseUnreachable, DiskFull, DiskUnusable, Unavailable
from autopack.feed import queries as feed
from autopack.feed.schemas import CancelAsked
from autopack.feed.tables import EventRow, FeedHead
from fixtures.postgres import SECURED, TEMPLATE, PostgresServer

PASSWORD = "hunter2-is-never-shown"


@pytest.fixture
def own(postgres_server: PostgresServer, tmp_path: Path) -> Generator[Settings]:
    """A migrated PostgreSQL database, whatever the other tests use."""
    with postgres_server.database() as name:
        yield Settings(home=tmp_path / "home", postgres_url=postgres_server.url(name))


def _refused(url: str, home: Path) -> Unavailable:
    with pytest.raises(Unavailable) as refused:
        prepare_database(url, home=home)
    told = refused.value.message + refused.value.hint
    assert PASSWORD not in told
    assert "\n" not in told
    return refused.value


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    for where in ("@127.0.0.1:1/a?connect_timeout=2", f"@/a?host={tmp_path}"):
        refused = _refused(f"postgresql+psycopg://ada:{PASSWORD}{where}", tmp_path)
        assert isinstance(refused, DatabaseUnreachable)
        assert "can't be reached" in refused.message
        assert "AUTOPACK_DATABASE_URL" in refused.hint


def test_a_wrong_password_is_said(postgres_server: PostgresServer, tmp_path: Path) -> None:
    postgres_server.execute(
        f"CREATE DATABASE {SECURED}",
        "CREATE ROLE ada LOGIN PASSWORD 'right'",
        f"GRANT ALL ON DATABASE {SECURED} TO ada",
    )
    refused = _refused(postgres_server.url(SECURED, user="ada", password=PASSWORD), tmp_path)
    assert "password authentication failed" in refused.message
    assert "%40" in refused.hint
    assert "no password supplied" in _refused(postgres_server.url(SECURED, user="ada"), tmp_path).message


def test_a_database_or_a_role_that_does_not_exist_is_said(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    absent = _refused(postgres_server.url("absent"), tmp_path)
    assert 'database "absent" does not exist' in absent.message
    assert "createdb" in absent.hint
    stranger = _refused(postgres_server.url(TEMPLATE, user="stranger"), tmp_path)
    assert 'role "stranger" does not exist' in stranger.message


def test_an_option_that_libpq_does_not_know_is_said(own: Settings) -> None:
    refused = _refused(f"{own.database_url}&sslmod=require", own.home)
    assert "sslmod" in refused.message


def test_a_database_that_can_only_be_read_is_said(postgres_server: PostgresServer, own: Settings) -> None:
    name = own.database_url.partition("@/")[2].partition("?")[0]
    postgres_server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    refused = _refused(own.database_url, own.home)
    assert isinstance(refused, DiskUnusable)
    assert "primary" in refused.hint


def test_a_user_who_may_not_create_tables_is_told_so(postgres_server: PostgresServer, tmp_path: Path) -> None:
    postgres_server.execute("CREATE ROLE poor LOGIN")
    with postgres_server.database(template="template0") as name:
        refused = _refused(postgres_server.url(name, user="poor"), tmp_path)
    assert "may not create" in refused.message
    assert "owner" in refused.hint


def test_a_database_in_another_encoding_is_refused(postgres_server: PostgresServer, tmp_path: Path) -> None:
    made = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    postgres_server.execute("DROP DATABASE IF EXISTS latin", made)
    refused = _refused(postgres_server.url("latin"), tmp_path)
    assert "LATIN1" in refused.message
    assert "UTF8" in refused.hint


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ("53100", DiskFull, "Free some room"),
        ("53300", Unavailable, "max_connections"),
        ("25006", DiskUnusable, "primary"),
        ("55P03", DatabaseLocked, "Another process"),
        ("57P01", DatabaseUnreachable, "resume"),
        ("08006", DatabaseUnreachable, "resume"),
    ],
)
async def test_each_state_that_the_server_names_has_its_remedy(
    own: Settings, state: str, kind: type[Unavailable], words: str
) -> None:
    database = Database(own.database_url)

    async def fail() -> None:
        async with database.write() as session:
            raised = f"DO $$ BEGIN RAISE EXCEPTION 'as it happens' USING ERRCODE = '{state}'; END $$"
            await (await session.connection()).exec_driver_sql(raised)

    with pytest.raises(Unavailable, match="as it happens") as refused:
        await fail()
    await database.close()
    assert type(refused.value) is kind
    assert words in refused.value.hint


async def test_a_defect_is_not_taken_for_trouble(own: Settings) -> None:
    database = Database(own.database_url)
    with pytest.raises(Exception, match="no_such_table") as failed:
        async with database.read() as session:
            await (await session.connection()).exec_driver_sql("SELECT * FROM no_such_table")
    await database.close()
    assert unavailable(failed.value) is None
    assert not isinstance(failed.value, Unavailable)


async def _append(database: Database, by: str) -> None:
    async with database.write() as session:
        feed.append(session, run_id="run_a", body=CancelAsked(by=by))


async def _events(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(EventRow)) or 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_restart_of_the_server_between_transactions_is_survived(
    breakable: PostgresServer, how: signal.Signals
) -> None:
    with breakable.database() as name:
        database = Database(breakable.url(name))
        await _append(database, "before")
        assert await _events(database) == 1
        breakable.stop(how)
        writing = asyncio.gather(_append(database, "meanwhile"), _append(database, "too"))
        for _ in range(15):  # while nobody answers
            await asyncio.sleep(0.05)
            assert not writing.done()
        breakable.start()
        await writing
        assert await _events(database) == 3
        await database.close()


async def test_a_transaction_that_was_cut_is_undone_and_said(breakable: PostgresServer) -> None:
    with breakable.database() as name:
        database = Database(breakable.url(name))

        async def cut() -> None:
            async with database.write() as session:
                (await session.scalars(select(FeedHead))).one().id = 7
                await session.flush()
                breakable.stop()
                breakable.start()
                await session.scalar(select(FeedHead.id))

        with pytest.raises(DatabaseUnreachable, match="can't be reached"):
            await cut()
        async with database.read() as session:
            assert await session.scalar(select(FeedHead.id)) == 0
        await database.close()


async def test_a_commit_without_an_answer_is_not_tried_again_and_said(breakable: PostgresServer) -> None:
    with breakable.database() as name:
        database = Database(breakable.url(name))

        async def unanswered() -> None:
            async with database.write() as session:
                (await session.scalars(select(FeedHead))).one().id = 7
                await session.flush()
                breakable.stop(signal.SIGQUIT)
                breakable.start()

        with pytest.raises(DatabaseUnreachable, match="not known") as unknown:
            await unanswered()
        assert "resume" in unknown.value.hint
        await database.close()


async def test_a_server_that_stays_away_is_said(
    breakable: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "RECONNECT_SECONDS", 0.5)
    database = Database(breakable.url(TEMPLATE))
    breakable.stop()
    try:
        with pytest.raises(DatabaseUnreachable, match="can't be reached"):
            await _events(database)
    finally:
        breakable.start()
    assert await _events(database) == 0
    await database.close()


async def test_no_read_session_can_write(own: Settings) -> None:
    database = Database(own.database_url)

    async def write() -> None:
        async with database.read() as session:
            (await session.scalars(select(FeedHead))).one().id = 7
            await session.flush()

    with pytest.raises(Unavailable, match="read-only"):
        await write()
    await database.close()
