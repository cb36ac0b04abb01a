"""Are the branches of unfinished runs where the records say: at their last commit, or at the one in hand."""

from __future__ import annotations

from pathlib import Path

from autopack.errors import AutopackError
from autopack.projects import queries as projects
from autopack.runs import queries as runs
from autopack.runs.schemas import branch_name
from autopack.runs.tables import RunRow
from autopack.supervisor.flaws import Flaw, Home
from autopack.supervisor.workers import living
from autopack.workspace.layout import Layout
from autopack.workspace.locks import branch_lock, is_stale
from autopack.workspace.publish import commit_of
from autopack.workspace.source import common_dir


async def look_at_branches(home: Home) -> list[Flaw]:
    """Workspace, repository, locks and branches of each unfinished run that nobody drives."""
    async with home.database.read() as session:
        unfinished = [run for run in await runs.unfinished(session) if run.base_commit is not None]
        driven = await living(session, {run.owner for run in unfinished if run.owner is not None})
        idle = [run for run in unfinished if run.owner not in driven]
        places = await projects.by_ids(session, {run.project_id for run in idle})
        own = {run.id: await runs.own_commits(session, run.id) for run in idle}
    flaws: list[Flaw] = []
    for run in idle:
        layout = Layout(home.settings.workspaces / run.id, run.id)
        top = Path(places[run.project_id].path)
        flaws += await _of_workspace(home, run, layout, own[run.id])
        flaws += await _of_repository(home, run, layout, top, own[run.id])
    return flaws


async def _of_workspace(home: Home, run: RunRow, layout: Layout, own: tuple[str, ...]) -> list[Flaw]:
    remedy = f"Take what is finished (autopack merge {run.id}) and run the plan anew."
    if not layout.git_dir.is_dir():
        said = f"The workspace of {run.id} is gone from {layout.root}."
        return [Flaw(what="workspaces", said=said, remedy=f"Put it back. Otherwise: {remedy}")]
    flaws: list[Flaw] = []
    if locks := {*layout.locks("build"), *layout.locks("verify")}:
        if home.mend:
            for lock in locks:
                lock.unlink(missing_ok=True)
        count = "1 lock file" if len(locks) == 1 else f"{len(locks)} lock files"
        said = f"{count} of a killed git in {layout.git_dir}{': removed.' if home.mend else '.'}"
        flaws.append(home.flaw("locks", said))
    tip = await commit_of(layout.git_dir, layout.branch)
    if tip not in own:
        said = f"The branch of {run.id} in its workspace is at {(tip or 'nothing')[:12]}: not the run's."
        flaws.append(Flaw(what="branches", said=said, remedy=remedy))
    return flaws


async def _of_repository(
    home: Home, run: RunRow, layout: Layout, top: Path, own: tuple[str, ...]
) -> list[Flaw]:
    try:
        git_dir = common_dir(top)
        tip = await commit_of(git_dir, layout.branch)
    except AutopackError as error:
        return [Flaw(what="repositories", said=f"{run.id}: {error.message}", remedy=error.hint)]
    flaws: list[Flaw] = []
    lock = branch_lock(git_dir, layout.branch)
    if is_stale(lock, git_dir=git_dir, top=top):
        if home.mend:
            lock.unlink(missing_ok=True)
        ended = "removed" if home.mend else "it can be removed"
        flaws.append(home.flaw("locks", f"{lock} was left by a killed git of ours: {ended}."))
    elif lock.exists():
        remedy = "Wait for the git that works there, or delete the file if there is none; then look again."
        flaws.append(Flaw(what="locks", said=f"{lock} keeps the run's branch where it is.", remedy=remedy))
    if tip is not None and tip not in own:
        branch = branch_name(run.id)
        said = f"{branch} of {top} is at {tip[:12]}, which is not the run's."
        remedy = f"Rename it (git branch -m {branch} another-name), then resume the run."
        flaws.append(Flaw(what="branches", said=said, remedy=remedy))
    return flaws
