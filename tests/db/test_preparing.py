"""The schema's way to this version: once, all or nothing, and on SQLite with a copy of what was before."""

from __future__ import annotations

import itertools
import multiprocessing
import sqlite3
from collections.abc import Generator
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from autopack.config import Settings
from autopack.db import Database, prepare_database
from autopack.db.engines import open_schema
from autopack.errors import Unavailable
from autopack.migrations import HEAD
from autopack.projects import queries as projects
from autopack.usage.queries import RunHourOf, hours
from autopack.usage.rollups import differing_hours
from fixtures.database import execute
from fixtures.postgres import PostgresServer


def _at_revision(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "autopack:migrations")
    engine = open_schema(url, write=True)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def _version(url: str) -> str:
    engine = open_schema(url, write=False)
    with engine.connect() as connection:
        version: str = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    engine.dispose()
    return version


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Settings]:
    """A home with a database that has nothing in it."""
    if request.param == "sqlite":
        (tmp_path / "home").mkdir()
        yield Settings(home=tmp_path / "home")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.database(template="template0") as name:
            yield Settings(home=tmp_path / "home", postgres_url=server.url(name))


async def test_an_older_database_keeps_what_is_in_it(empty: Settings) -> None:
    _at_revision(empty.database_url, "0001")
    database = Database(empty.database_url)
    async with database.write() as session:
        await projects.register(session, Path("/repositories/one"))
    prepare_database(empty.database_url, home=empty.home)
    async with database.read() as session:
        assert [project.path for project in await projects.every(session)] == ["/repositories/one"]
    await database.close()
    assert _version(empty.database_url) == HEAD


def test_phases_that_nothing_verifies_are_known_as_such_from_their_plans(empty: Settings) -> None:
    _at_revision(empty.database_url, "0004")
    at = {"at": "2026-01-01 00:00:00+00:00"}
    execute(empty, "INSERT INTO projects (id, path, name, created_at) VALUES (1, '/p', 'p', :at)", at)
    phases = (
        '[{"id": "own", "verify": ["x"]}, {"id": "none", "verify": []}, {"id": "as_said", "verify": null}]'
    )
    for run_id, verify in (("run_a", "[]"), ("run_b", '["true"]')):
        plan = f'{{"verify": {verify}, "tiers": [{{"phases": {phases}}}]}}'
        execute(
            empty,
            "INSERT INTO runs (id, project_id, plan_path, plan_name, plan, plan_revision, policy,"
            " confinement, accept_red_baseline, fence_secret, state, epoch, seq, intent, baseline_done,"
            " end_detail, worked_seconds, phase_worked_seconds, created_at)"
            " VALUES (:id, 1, '', '', :plan, 0, '{}', '', false, '', 'queued', 0, 0, 'none', false, '', 0, 0,"
            " :at)",
            {**at, "id": run_id, "plan": plan},
        )
        for index, phase in enumerate(("own", "none", "as_said"), start=1):
            execute(
                empty,
                "INSERT INTO phases (run_id, phase_index, phase_id, name, tier_index, tier_name, category,"
                " complexity, attempts_allowed, state, summary) VALUES (:run, :index, :id, '', 1, '', '', '',"
                " 3, 'pending', '')",
                {"run": run_id, "index": index, "id": phase},
            )
    prepare_database(empty.database_url, home=empty.home)
    engine = open_schema(empty.database_url, write=False)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT run_id, phase_id FROM phases WHERE verified ORDER BY 1, 2")
        assert [tuple(row) for row in rows] == [
            ("run_a", "own"),
            ("run_b", "as_said"),
            ("run_b", "own"),
        ]
    engine.dispose()


CALL = """
INSERT INTO llm_usage_events (provider, model, run_id, phase_id, role, prompt_tokens, completion_tokens,
  created_at, call_id, pool, attempt, cache_read_tokens, cache_write_tokens, reasoning_tokens, nano_usd,
  usage_status, simulated)
VALUES ('openai', 'gpt-5', :run_id, 'store', :role, :prompt_tokens, 10, :created_at, :call_id, :pool, 1,
  5, 3, 2, :nano_usd, :usage_status, :simulated)
"""


async def test_calls_of_an_older_database_are_in_the_hours_of_their_runs(empty: Settings) -> None:
    _at_revision(empty.database_url, "0004")
    instants = ("2026-03-05 12:00:00.000000", "2026-03-05 12:59:59.999999", "2026-03-05 13:00:00.000000")
    each = itertools.product(
        ("run_a", "run_b", None),
        ("builder", "agent:planner"),
        instants,
        ("openai", "max"),
        (None, 3_000_000_000),
        ("reported", "unknown"),
        (False, True),
    )
    names = ("run_id", "role", "created_at", "pool", "nano_usd", "usage_status", "simulated")
    zone = "" if empty.postgres_url is None else "+00"
    engine = open_schema(empty.database_url, write=True)
    with engine.begin() as connection:
        for number, values in enumerate([*each] * 2):
            row = dict(zip(names, values, strict=True))
            row |= {"call_id": f"call_{number}", "prompt_tokens": 2**31 + number}
            connection.execute(text(CALL), row | {"created_at": f"{row['created_at']}{zone}"})
    engine.dispose()
    prepare_database(empty.database_url, home=empty.home)
    database = Database(empty.database_url)
    async with database.read() as session:
        kept = [hour for hour in await hours(session) if isinstance(hour, RunHourOf)]
        differing = await differing_hours(session)
    await database.close()
    assert len(kept) == 3 * 2 * 2 * 2 * 2, "run, role, hour, pool, simulated"
    assert [hour for hour in differing if isinstance(hour, RunHourOf)] == []


def test_receipts_of_an_older_database_are_of_notes_and_no_postmortem_is_due(empty: Settings) -> None:
    _at_revision(empty.database_url, "0006")
    execute(
        empty,
        "INSERT INTO note_receipts (run_id, note_id, phase_index, attempt, role, phase_id, delivered_at)"
        " VALUES ('run_a', '3f9c2a1b', 1, 1, 'builder', 'store', '2026-01-01 00:00:00+00:00')",
    )
    prepare_database(empty.database_url, home=empty.home)
    engine = open_schema(empty.database_url, write=False)
    with engine.connect() as connection:
        (lesson,) = connection.exec_driver_sql("SELECT lesson FROM note_receipts").scalars()
        due: int = connection.exec_driver_sql("SELECT count(*) FROM postmortems").scalar_one()
    engine.dispose()
    assert (bool(lesson), due) == (False, 0), "what ended long ago calls no model"


def test_several_processes_at_once_bring_it_up_once(empty: Settings, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    homes = [tmp_path / "home" if empty.postgres_url is None else tmp_path / f"home{n}" for n in range(3)]
    together = spawn.Barrier(len(homes))
    processes = [spawn.Process(target=_prepare, args=(empty.database_url, home, together)) for home in homes]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert _version(empty.database_url) == HEAD


def _prepare(url: str, home: Path, together: Barrier) -> None:
    together.wait(60)
    prepare_database(url, home=home)


def test_a_migration_that_fails_changes_nothing(empty: Settings) -> None:
    execute(empty, "CREATE TABLE phases (in_the_way INTEGER)")
    with pytest.raises((DBAPIError, Unavailable), match="phases"):
        prepare_database(empty.database_url, home=empty.home)
    execute(empty, "DROP TABLE phases")
    prepare_database(empty.database_url, home=empty.home)
    assert _version(empty.database_url) == HEAD


def _projects(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT path FROM projects ORDER BY path")]


def test_a_sqlite_file_is_copied_before_its_schema_changes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    url = Settings(home=home).database_url
    _at_revision(url, "0001")
    add = "INSERT INTO projects (path, name, created_at) VALUES (?, 'p', '2026-01-01')"
    with closing(sqlite3.connect(home / "autopack.db")) as database:
        database.execute("PRAGMA wal_autocheckpoint=0")
        database.execute(add, ["/only/in/the/log"])
        database.commit()
        prepare_database(url, home=home)  # what was written is in the write-ahead log alone
    copy = home / "autopack.db.before-0002"
    assert _projects(copy) == ["/only/in/the/log"]
    assert _version(f"sqlite:///{copy}") == "0001"
    prepare_database(url, home=home)
    assert sorted(path.name for path in home.glob("*before*")) == [copy.name]


def test_a_new_home_has_nothing_to_copy(tmp_path: Path) -> None:
    prepare_database(Settings(home=tmp_path / "home").database_url, home=tmp_path / "home")
    assert not list((tmp_path / "home").glob("*before*"))
