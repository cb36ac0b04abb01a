"""`autopack project`: which repositories Autopack knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autopack.cli.door import Json, in_loop, named, records, writing
from autopack.cli.out import emit, say, show
from autopack.cli.words import clean
from autopack.errors import AutopackError, Conflict, InvalidInput, NotFound

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
    async with writing() as here, here.database.write() as session:
        project, new = await queries.register(session, found.top)
        said = "Added" if new else "Already there:"
        say(f"{said} {clean(project.name)} ({clean(project.path)})")


@app.command("move")
def move(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Where the repository was.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Where it is now.")],
) -> None:
    """Say that a repository was moved: its runs go on at its new place."""
    in_loop(_move(named(old).absolute(), named(new).absolute()))


async def _move(old: Path, new: Path) -> None:
    from autopack.projects import queries
    from autopack.runs import queries as runs
    from autopack.workspace import source

    found = await source.inspect(new)
    async with writing() as here:
        async with here.read() as session:
            former = await queries.at(session, old)
            if former is None:
                raise NotFound(
                    f"No project is registered at {old}.", hint="`autopack project list` has them."
                )
            own = await runs.of_project(session, former.id)
        if found.top == old or _is_repository(old):
            raise Conflict(f"{old} is still a git repository.", hint="Move it first; its runs belong to it.")
        for run in own:
            if run.base_commit and run.discarded_at is None and not await _has(found.top, run.base_commit):
                raise InvalidInput(
                    f"{found.top} does not hold {run.base_commit[:12]}, the commit that {run.id} began from.",
                    hint="Name the folder that the repository itself was moved to.",
                )
        async with here.database.write() as session:
            project, _ = await queries.register(session, found.top)
            if (former := await queries.at(session, old)) is not None:
                await runs.give_to_project(session, of=former.id, to=project.id)
                await queries.forget(session, former)
    say(f"{clean(str(old))} is now {clean(str(found.top))}; runs of it: {len(own)}.")


def _is_repository(folder: Path) -> bool:
    from autopack.workspace.source import common_dir

    try:
        return common_dir(folder).exists()
    except AutopackError:
        return False


async def _has(top: Path, commit: str) -> bool:
    from autopack.workspace.git import Git
    from autopack.workspace.source import common_dir

    return (await Git(common_dir(top)).try_("cat-file", "-e", f"{commit}^{{commit}}")).exit_code == 0


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
