"""`autopack merge` and `autopack discard`: what becomes of a run's branch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import Records, RunArgument, in_loop, records
from autopack.cli.out import note, say
from autopack.cli.words import clean, count
from autopack.errors import Conflict, InvalidInput

if TYPE_CHECKING:
    from autopack.views.status import RunStatus


def merge(run: RunArgument) -> None:
    """Merge a run's work into your current branch.

    The one that is checked out in the run's repository. Refused while tracked files have uncommitted changes.
    """
    in_loop(_merge(run))


async def _merge(said: str) -> None:
    from autopack.workspace import source

    async with records() as here:
        status = await _status(here, said)
    if status.driven:
        raise Conflict(
            f"Run {status.run_id} is still being worked on.",
            hint=f"Wait for its end (`autopack logs {status.run_id} -f`), or stop it.",
        )
    done = await source.merge(Path(status.repository), status.run_id)
    if status.completed_phases < status.total_phases:
        note(f"{status.completed_phases} of {count(status.total_phases, 'phase')} are done in this run.")
    say(clean(done.message))


def discard(
    run: RunArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> int:
    """Delete a run's branch and workspace. Its records (attempts, evidence, usage) stay."""
    return in_loop(_discard(run, yes=yes))


async def _discard(said: str, *, yes: bool) -> int:
    from autopack.supervisor import control
    from autopack.supervisor.workers import new_executor_id
    from autopack.workspace import Workspace, source

    async with records() as here:
        status = await _status(here, said)
        if status.driven:
            raise Conflict(
                f"Run {status.run_id} is being worked on by a live process.",
                hint="Stop it first (Ctrl-C where it runs), then discard it.",
            )
        if not yes and not _agreed(status):
            say("Nothing was deleted.")
            return 1
        if not status.ended:
            await control.abandon(here.database, status.run_id, owner=new_executor_id(), by="discard")
            say(f"Cancelled {status.run_id}.")
        repository = Path(status.repository)
        if not _is_there(repository):
            say(f"{clean(status.repository)} is gone, and the branch with it.")
        elif await source.discard_branch(repository, status.run_id):
            say(f"Deleted branch {status.branch} ({count(status.completed_phases, 'commit')}).")
        else:
            say(f"There was no branch {status.branch}.")
        root = here.settings.workspaces / status.run_id
        if _is_there(root):
            await Workspace(root, repository, status.run_id, here.artifacts).remove()
            say(f"Deleted the workspace {clean(str(root))}.")
    say(f"Its records stay: `autopack show {status.run_id}`.")
    return 0


def _is_there(folder: Path) -> bool:
    return folder.is_dir()


def _agreed(status: RunStatus) -> bool:
    if not sys.stdin.isatty():
        raise InvalidInput(
            f"Discarding {status.run_id} deletes its branch with {count(status.completed_phases, 'commit')}.",
            hint="Say so with --yes.",
        )
    what = f"branch {status.branch} ({count(status.completed_phases, 'commit')}) and its workspace"
    return typer.confirm(f"Delete {what}?")


async def _status(here: Records, said: str) -> RunStatus:
    from autopack.views.find import find_run
    from autopack.views.status import run_status

    async with here.read() as session:
        return await run_status(session, await find_run(session, said))
