"""The door of every command: settings from the environment, an open database, one event loop."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from autopack.cli.diagnostics import open_log
from autopack.config import Settings, load_settings
from autopack.errors import InvalidInput
from autopack.redaction import Redactor, named_in, redactor_of

if TYPE_CHECKING:
    from autopack.artifacts import ArtifactStore
    from autopack.db import Database, ReadSession

T = TypeVar("T")

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, its beginning or its end.")]
MaybeRun = Annotated[str | None, typer.Argument(metavar="RUN", help="Id of a run, its beginning or its end.")]
MaybePhase = Annotated[
    str | None, typer.Argument(metavar="PHASE", help="Id of a phase, its beginning or its number.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


@dataclass(frozen=True)
class Records:
    """What commands that look at runs need."""

    settings: Settings
    database: Database
    artifacts: ArtifactStore
    redactor: Redactor

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[ReadSession]:
        """One consistent look."""
        async with self.database.read() as session:
            yield session


def named(path: Path) -> Path:
    """A path as a user typed it, with `~` and `..` resolved. Raises `InvalidInput` for an unknown `~user`."""
    try:
        path = path.expanduser()
    except RuntimeError:
        raise InvalidInput(f"{path}: there is no such user.", hint="Write the folder out.") from None
    return Path(os.path.realpath(path)) if ".." in path.parts else path


def settings() -> Settings:
    """The settings of this process."""
    return load_settings(os.environ)


@asynccontextmanager
async def writing() -> AsyncGenerator[Records]:
    """The home's records, for a command that changes them or what belongs to them.

    Raises `Conflict` where another machine works on the home at this moment.
    """
    from autopack.supervisor.machines import refuse_second_machine

    async with records() as here:
        await refuse_second_machine(here.settings, here.database)
        yield here


@asynccontextmanager
async def records() -> AsyncGenerator[Records]:
    """The home's records, at this version's schema. Raises `Unavailable` where they can't be had."""
    from autopack.artifacts import ArtifactStore
    from autopack.db import Database, prepare_database

    here = settings()
    redactor = redactor_of(os.environ, also=named_in(here.policy_path))
    prepare_database(here.database_url, home=here.home)
    open_log(here, redactor)
    database = Database(here.database_url, redactor)
    try:
        yield Records(here, database, ArtifactStore(here.artifacts, redactor), redactor)
    finally:
        await database.close()


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work in an event loop of its own."""
    import asyncio

    return asyncio.run(work)
