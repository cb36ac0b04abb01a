"""`AUTOPACK_DATABASE_URL`: what is understood, and that no part of a password is ever repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from autopack.config import Settings, load_settings
from autopack.database_url import parse_database_url, place_of
from autopack.errors import InvalidInput
from fixtures.world import PLAN, builds, small_world


@pytest.mark.parametrize(
    ("said", "user", "host", "port", "name"),
    [
        ("postgresql://ada:pw@db.example/autopack", "ada", "db.example", None, "autopack"),
        ("postgres://ada:pw@db.example:6432/autopack", "ada", "db.example", 6432, "autopack"),
        ("postgresql+psycopg://ada:pw@[::1]:5432/my%20db", "ada", "::1", 5432, "my db"),
        ("postgresql://db.example/autopack", None, "db.example", None, "autopack"),
        ("postgresql:///autopack", None, None, None, "autopack"),
        ("postgresql://ada@db.example?dbname=autopack", "ada", "db.example", None, "autopack"),
    ],
)
def test_the_forms_of_libpq_are_understood(
    said: str, user: str | None, host: str | None, port: int | None, name: str
) -> None:
    url = make_url(parse_database_url(f"  {said}\n") or "")
    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.host, url.port, url.database) == (user, host, port, name)


@pytest.mark.parametrize(
    "said",
    [
        "postgresql:///autopack?host=/run/pg",
        "postgresql://%2Frun%2Fpg/autopack",
        "postgresql://ada:pw@%2Frun%2Fpg/autopack",
        "postgresql://ada:pw@/autopack?host=/run/pg",
    ],
)
def test_a_unix_socket_is_a_folder_in_the_host(said: str) -> None:
    url = make_url(parse_database_url(said) or "")
    assert (url.query["host"], url.database) == ("/run/pg", "autopack")


def test_several_hosts_are_handed_on() -> None:
    url = parse_database_url("postgresql://ada:pw@one:5432,two:5433/autopack?target_session_attrs=read-write")
    assert make_url(url or "").query["host"] == ("one:5432", "two:5433")
    assert place_of(url or "") == "PostgreSQL one:5432,two:5433, database autopack"


@pytest.mark.parametrize(
    "said",
    [
        "host=db.example password=hunter2 dbname=autopack",
        "mysql://ada:hunter2@db.example/autopack",
        "sqlite:///hunter2.db",
        "postgresql://ada:hun@ter2@db.example/autopack",
        "postgresql://ada:hun/ter2@db.example/autopack",
        "postgresql://ada:hun?ter2@db.example/autopack",
        "postgresql://ada:hun#ter2@db.example/autopack",
        "postgresql://ada:hunter2%@db.example/autopack",
        "postgresql://ada:hunter2@db.example:hunter2/autopack",
        "postgresql://ada:hunter2@db.example",
        "postgresql://ada:hunter2@db.example/",
        "postgresql://ada:hunter2@db.example/a/b",
        "hunter2",
    ],
)
def test_what_can_not_be_used_is_refused_without_repeating_it(said: str) -> None:
    with pytest.raises(InvalidInput, match="AUTOPACK_DATABASE_URL") as refused:
        load_settings({"AUTOPACK_HOME": "/nowhere", "AUTOPACK_DATABASE_URL": said})
    told = refused.value.message + refused.value.hint
    assert refused.value.hint
    assert "hun" not in told
    assert "ter2" not in told


@given(password=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_password_arrives_and_is_not_shown(password: str) -> None:
    url = make_url("postgresql://db.example/autopack").set(username="ada", password=password)
    parsed = parse_database_url(url.render_as_string(hide_password=False))
    assert parsed is not None
    assert make_url(parsed).password == password
    settings = Settings(home=Path("/nowhere"), postgres_url=parsed)
    assert "db.example" not in repr(settings)
    assert settings.database_place == "PostgreSQL db.example, database autopack"


def test_a_password_among_the_parameters_is_a_password() -> None:
    parsed = parse_database_url("postgresql://db.example/autopack?user=ada&password=hunter2")
    assert make_url(parsed or "").password == "hunter2"
    assert "hunter2" not in place_of(parsed or "")


def test_nothing_said_is_sqlite(tmp_path: Path) -> None:
    settings = load_settings({"AUTOPACK_HOME": str(tmp_path), "AUTOPACK_DATABASE_URL": " "})
    assert settings.database_url.startswith("sqlite")
    assert settings.engine_url.startswith("sqlite")
    assert settings.database_place == str(tmp_path)


def test_the_records_and_the_engine_are_in_the_one_database() -> None:
    settings = load_settings({"AUTOPACK_HOME": "/h", "AUTOPACK_DATABASE_URL": "postgres://a:b@db/autopack"})
    assert settings.database_url == settings.engine_url == "postgresql+psycopg://a:b@db/autopack"
    assert settings.home == Path("/h")


async def test_a_plan_does_not_pass_it_to_its_commands(tmp_path: Path, settings: Settings) -> None:
    plan = {**PLAN, "env": ["TZ", "AUTOPACK_DATABASE_URL"]}
    async with small_world(tmp_path, settings, builds(1), plan=plan) as world:
        with pytest.raises(InvalidInput, match="AUTOPACK_DATABASE_URL"):
            await world.create()
