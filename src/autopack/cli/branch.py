"""`autopack merge` and `autopack discard`: what becomes of a run's branch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import Records, RunArgument, in_loop, writing
from autopack.cli.out import note, say
from autopack.cli.words import clean, count
from autopack.errors import Conflict, InvalidInput, NotFound

if TYPE_CHECKING:
    from autopack.views.status import DashboardRunStatus


def merge(run: RunArgument) -> None:
    """Merge a run's work into your current branch.

    The one that is checked out in the run's repository. Refused while tracked files have uncommitted changes,
    or where untracked ones, ignored or not, would be overwritten.
    """
    in_loop(_merge(run))


async def _merge(said: str) -> None:
    from autopack.runs import service
    from autopack.workspace import taking

    async with writing() as here:
        status, own = await _look(here, said)
        if status.driven:
            raise Conflict(
                f"Run {status.run_id} is still being worked on.",
                hint=f"Wait for its end (`autopack logs {status.run_id} -f`), or stop it.",
            )
        commit = status.head_commit
        if commit is None or commit == status.base_commit:
            raise NotFound(
                f"Run {status.run_id} has committed nothing: there is nothing to merge.",
                hint=f"`autopack show {status.run_id}` says how far it came.",
            )
        done = await taking.merge(Path(status.repository), status.run_id, commit=commit, own=own)
        if status.merged_at is None or not done.already_merged:
            async with here.database.write() as session:
                await service.record_merge(session, status.run_id, commit=commit, into=done.into)
    if status.skipped_phases:
        note(f"Skipped in this run, and not in its work: {count(status.skipped_phases, 'phase')}.")
    if status.completed_phases < status.total_phases:
        note(f"{status.completed_phases} of {count(status.total_phases, 'phase')} are done in this run.")
    if done.notice:
        note(done.notice)
    say(clean(done.message))


def discard(
    run: RunArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> int:
    """Delete a run's branch and workspace. Its records (attempts, evidence, usage) stay.

    Refused where the branch holds commits that are not the run's.
    """
    return in_loop(_discard(run, yes=yes))


async def _discard(said: str, *, yes: bool) -> int:
    from autopack.runs import service
    from autopack.supervisor import control
    from autopack.workspace import Workspace, taking

    async with writing() as here:
        status, own = await _look(here, said)
        if status.driven:
            raise Conflict(
                f"Run {status.run_id} is being worked on by a live process.",
                hint=f"Stop it first, then discard it: autopack cancel {status.run_id}",
            )
        repository = Path(status.repository)
        if _has_git(repository):
            await taking.check_discard(repository, status.run_id, own=own)
        if not yes and not _agreed(status):
            say("Nothing was deleted.")
            return 1
        if not status.ended:
            asked = await control.cancel(here.database, status.run_id, by="discard")
            if asked.driven:
                raise Conflict(
                    f"Run {status.run_id} was taken up at this moment, and is asked to stop.",
                    hint="Discard it when it has stopped.",
                )
            say(f"Cancelled {status.run_id}.")
        tip = await _delete_branch(status, repository, own)
        root = here.settings.workspaces / status.run_id
        if root.is_dir():
            await Workspace(root, repository, status.run_id, here.artifacts).remove()
            say(f"Deleted the workspace {clean(str(root))}.")
        async with here.database.write() as session:
            await service.record_discard(session, status.run_id, commit=tip)
    say(f"Its records stay: `autopack show {status.run_id}`.")
    return 0


def _commits(status: DashboardRunStatus) -> str:
    return count(status.completed_phases - status.skipped_phases, "commit")


async def _delete_branch(status: DashboardRunStatus, repository: Path, own: Sequence[str]) -> str | None:
    """The commit that the branch was at, None where there was none."""
    from autopack.workspace import taking

    if not _has_git(repository):
        say(f"There is no git repository in {clean(status.repository)} any more, so no branch to delete.")
        return None
    tip = await taking.discard_branch(repository, status.run_id, own=own)
    if tip is None:
        say(f"There was no branch {status.branch}.")
        return None
    say(f"Deleted branch {status.branch} ({_commits(status)}), was {tip[:12]}.")
    say(f"To bring it back, in {clean(status.repository)}: git branch {status.branch} {tip[:12]}")
    return tip


def _has_git(repository: Path) -> bool:
    return (repository / ".git").exists()


def _agreed(status: DashboardRunStatus) -> bool:
    if not sys.stdin.isatty():
        raise InvalidInput(
            f"Discarding {status.run_id} deletes its branch with {_commits(status)}.",
            hint="Say so with --yes.",
        )
    what = f"branch {status.branch} ({_commits(status)}) and its workspace"
    return typer.confirm(f"Delete {what}?")


async def _look(here: Records, said: str) -> tuple[DashboardRunStatus, Sequence[str]]:
    """Where a run is, and every commit that its branch can be at."""
    from autopack.runs import queries
    from autopack.views.find import find_run
    from autopack.views.status import run_status

    async with here.read() as session:
        status = await run_status(session, await find_run(session, said))
        return status, await queries.own_commits(session, status.run_id)
