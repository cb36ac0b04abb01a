from __future__ import annotations

import asyncio
import multiprocessing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select
from sqlalchemy.exc import StatementError

import autopack.feed.tables
import autopack.idempotency.tables
import autopack.notes.tables
import autopack.projects.tables
import autopack.routing.tables
import autopack.runs.tables
import autopack.supervisor.tables
import autopack.usage.tables
from autopack.config import Settings
from autopack.db import Base, Database, prepare_database
from autopack.db.engines import open_schema
from autopack.errors import Unavailable
from autopack.feed.tables import FeedHead
from autopack.migrations import HEAD, KNOWN
from autopack.projects.tables import ProjectRow
from fixtures.database import execute

TABLES = (
    autopack.feed.tables,
    autopack.idempotency.tables,
    autopack.notes.tables,
    autopack.projects.tables,
    autopack.routing.tables,
    autopack.runs.tables,
    autopack.supervisor.tables,
    autopack.usage.tables,
)


async def _read_then_write(url: str, times: int) -> None:
    database = Database(url)
    for _ in range(times):
        async with database.write() as session:
            head = (await session.scalars(select(FeedHead).with_for_update())).one()
            head.id = head.id + 1
    await database.close()


def _in_a_process(url: str, times: int) -> None:
    asyncio.run(_read_then_write(url, times))


async def test_no_update_is_lost_between_processes_that_lock_and_read_and_then_write(
    settings: Settings, database: Database
) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=_in_a_process, args=(settings.database_url, 50), daemon=True) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    async with database.read() as session:
        assert await session.scalar(select(FeedHead.id)) == 150


async def test_a_failed_write_leaves_nothing(database: Database) -> None:
    async def interrupted() -> None:
        async with database.write() as session:
            session.add(ProjectRow(path="/p", name="p", created_at=datetime.now(UTC)))
            await session.flush()
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        await interrupted()
    async with database.read() as session:
        assert (await session.scalars(select(ProjectRow))).all() == []


async def test_a_read_session_sees_one_moment(database: Database) -> None:
    async with database.read() as reading:
        before = await reading.scalar(select(FeedHead.id))
        async with database.write() as writing:
            (await writing.scalars(select(FeedHead))).one().id = 7
        assert await reading.scalar(select(FeedHead.id)) == before
    async with database.read() as reading:
        assert await reading.scalar(select(FeedHead.id)) == 7


async def test_instants_come_back_in_utc_whatever_zone_they_had(database: Database) -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    async with database.write() as session:
        session.add(ProjectRow(path="/p", name="p", created_at=at))
    async with database.read() as session:
        stored = (await session.scalars(select(ProjectRow.created_at))).one()
    assert stored == at
    assert stored.tzinfo == UTC


async def test_a_naive_instant_is_refused(database: Database) -> None:
    async def store() -> None:
        async with database.write() as session:
            session.add(ProjectRow(path="/p", name="p", created_at=datetime(2026, 1, 1)))

    with pytest.raises(StatementError, match="naive"):
        await store()


def test_the_migrations_give_exactly_the_tables_of_the_code(settings: Settings) -> None:
    assert len(TABLES) == 8
    engine = open_schema(settings.database_url, write=False)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_newest_revision_is_named_where_start_up_looks_for_it() -> None:
    import autopack.migrations

    script = ScriptDirectory(str(Path(autopack.migrations.__file__).parent))
    assert script.get_heads() == [HEAD]
    assert {revision.revision for revision in script.walk_revisions()} == KNOWN


def test_a_database_of_a_newer_version_is_refused(settings: Settings) -> None:
    execute(settings, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unavailable, match="newer Autopack") as refused:
        prepare_database(settings.database_url, home=settings.home)
    assert "Upgrade" in refused.value.hint


def test_preparing_twice_changes_nothing(settings: Settings) -> None:
    prepare_database(settings.database_url, home=settings.home)
    prepare_database(settings.database_url, home=settings.home)


def test_a_home_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    settings = Settings(home=tmp_path / "home" / "deeper")
    with pytest.raises(Unavailable, match="can't be written") as refused:
        prepare_database(settings.database_url, home=settings.home)
    assert "AUTOPACK_HOME" in refused.value.hint


@pytest.mark.sqlite
def test_a_damaged_database_is_said(settings: Settings) -> None:
    for path in settings.home.glob("autopack.db-*"):
        path.unlink()
    (settings.home / "autopack.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(Unavailable, match="not a database") as refused:
        prepare_database(settings.database_url, home=settings.home)
    assert "autopack.db-wal and autopack.db-shm aside together" in refused.value.hint
