"""`autopack project`: which repositories Autopack knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autopack.cli.door import Json, in_loop, named, records
from autopack.cli.out import emit, say, show
from autopack.cli.words import clean

app = typer.Typer(
    help="The repositories that Autopack works on.", no_args_is_help=True, rich_markup_mode=None
)

Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A folder in the repository.", show_default=False)
]


@app.command("add")
def add(folder: Folder = Path()) -> None:
    """Register a repository; `run` does it by itself."""
    in_loop(_add(named(folder).absolute()))


async def _add(folder: Path) -> None:
    from autopack.projects import queries
    from autopack.workspace import source

    found = await source.inspect(folder)
    async with records() as here, here.database.write() as session:
        project, new = await queries.register(session, found.top)
        said = "Added" if new else "Already there:"
        say(f"{said} {clean(project.name)} ({clean(project.path)})")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the registered repositories."""
    in_loop(_list(as_json=as_json))


async def _list(*, as_json: bool) -> None:
    from autopack.projects import queries

    async with records() as here, here.read() as session:
        projects = await queries.every(session)
    if as_json:
        emit([{"name": one.name, "path": one.path, "created_at": one.created_at} for one in projects])
        return
    if not projects:
        say("No project yet. `autopack project add DIR` registers one; `autopack run` does it by itself.")
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for one in projects:
        table.add_row(clean(one.name), clean(one.path), _state(one.path))
    show(table)


def _state(path: str) -> str:
    return "" if Path(path).is_dir() else "(gone)"
