"""Settings: where Autopack keeps its things. Built once at a door (the CLI, a test), then handed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autopack.errors import InvalidInput


@dataclass(frozen=True)
class Settings:
    """Frozen settings of one process. Every path below `home` is created on first use, never on import."""

    home: Path
    """`AUTOPACK_HOME`: databases, models.yaml, artifacts and workspaces live below it."""

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the application's own database (the truth)."""
        return f"sqlite+aiosqlite:///{self.home / 'autopack.db'}"

    @property
    def engine_url(self) -> str:
        """URL of the durable engine's database (disposable), a file of its own: see docs/decisions."""
        return f"sqlite:///{self.home / 'engine.db'}"

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
    def workspaces(self) -> Path:
        """Folder of run workspaces, one per run id."""
        return self.home / "workspaces"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read settings from an environment. `AUTOPACK_HOME` unset means the platform's user data folder.

    Raises `InvalidInput` where it begins with the `~user` of nobody.
    """
    if home := environ.get("AUTOPACK_HOME"):
        try:
            return Settings(home=Path(home).expanduser().absolute())
        except RuntimeError:
            raise InvalidInput(
                f"AUTOPACK_HOME is {home}: there is no such user.", hint="Write the folder out."
            ) from None
    from platformdirs import user_data_path

    return Settings(home=user_data_path("autopack", appauthor=False))
