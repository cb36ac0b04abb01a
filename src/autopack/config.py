"""Settings: where Autopack keeps its things. Built once at a door (the CLI, a test), then handed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autopack.database_url import parse_database_url, place_of
from autopack.errors import InvalidInput


@dataclass(frozen=True)
class Settings:
    """Frozen settings of one process. Every path below `home` is created on first use, never on import."""

    home: Path
    """`AUTOPACK_HOME`: databases, models.yaml, artifacts and workspaces live below it."""

    busy_seconds: float = 30.0
    """`AUTOPACK_BUSY_SECONDS`: how long to wait for another process's write to a SQLite file."""

    retries: int = 6
    """`AUTOPACK_RETRIES`: how often a request to a model is sent again after a fault that may pass."""

    runs_at_once: int = 4
    """`AUTOPACK_RUNS_AT_ONCE`: how many runs a service drives at a time; the others are queued."""

    postgres_url: str | None = field(default=None, repr=False)
    """`AUTOPACK_DATABASE_URL` as SQLAlchemy writes it: one PostgreSQL database instead of the home's files.

    It holds a password: never show it, show `database_place`.
    """

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the application's own database (the truth)."""
        if self.postgres_url is not None:
            return self.postgres_url
        return f"sqlite+aiosqlite:///{self.home / 'autopack.db'}?timeout={self.busy_seconds:g}"

    @property
    def engine_url(self) -> str:
        """URL of the durable engine's tables (disposable).

        On SQLite a file of its own (docs/decisions/0002); on PostgreSQL the schema `dbos` of the database.
        """
        if self.postgres_url is not None:
            return self.postgres_url
        return f"sqlite:///{self.home / 'engine.db'}"

    @property
    def database_place(self) -> str:
        """Where the records are, to show: the home, or server and database without user and password."""
        return str(self.home) if self.postgres_url is None else place_of(self.postgres_url)

    @property
    def policy_path(self) -> Path:
        """The user's `models.yaml`."""
        return self.home / "models.yaml"

    @property
    def artifacts(self) -> Path:
        """Folder of large texts by content hash."""
        return self.home / "artifacts"

    @property
    def transcripts(self) -> Path:
        """Folder of the conversations of open attempts, as they were: what recovery goes on with."""
        return self.home / "transcripts"

    @property
    def plans(self) -> Path:
        """Folder of the plans that arrived as documents, by their hash."""
        return self.home / "plans"

    @property
    def workspaces(self) -> Path:
        """Folder of run workspaces, one per run id."""
        return self.home / "workspaces"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read settings from an environment. `AUTOPACK_HOME` unset means the platform's user data folder.

    Raises `InvalidInput` where it begins with the `~user` of nobody, a number is none, or the database's
    URL can't be used.
    """
    busy = _seconds(environ, "AUTOPACK_BUSY_SECONDS", usual=30.0)
    postgres = parse_database_url(environ.get("AUTOPACK_DATABASE_URL", ""))
    return Settings(
        home=_home(environ),
        busy_seconds=busy,
        retries=_number(environ, "AUTOPACK_RETRIES", usual=Settings.retries, least=0, most=20),
        runs_at_once=_number(environ, "AUTOPACK_RUNS_AT_ONCE", usual=Settings.runs_at_once, least=1, most=64),
        postgres_url=postgres,
    )


def _home(environ: Mapping[str, str]) -> Path:
    if home := environ.get("AUTOPACK_HOME"):
        try:
            return Path(home).expanduser().absolute()
        except RuntimeError:
            raise InvalidInput(
                f"AUTOPACK_HOME is {home}: there is no such user.", hint="Write the folder out."
            ) from None
    from platformdirs import user_data_path

    return user_data_path("autopack", appauthor=False)


def _number(environ: Mapping[str, str], name: str, *, usual: int, least: int, most: int) -> int:
    said = environ.get(name, "").strip() or str(usual)
    if not (said.isdecimal() and said.isascii() and len(said) < 9 and least <= int(said) <= most):
        raise InvalidInput(f"{name} is {said}.", hint=f"Write a number from {least} to {most}.")
    return int(said)


def _seconds(environ: Mapping[str, str], name: str, *, usual: float) -> float:
    """A number of seconds from 0 to an hour."""
    said = environ.get(name, "").strip()
    if not said:
        return usual
    try:
        seconds = float(said)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise InvalidInput(f"{name} is {said}.", hint="Write a number of seconds from 0 to 3600.")
    return seconds
