"""What a run, one phase of it or one attempt changed: as a diff that git applies."""

from __future__ import annotations

from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.config import Settings
from autopack.db import Database
from autopack.errors import InvalidInput, NotFound
from autopack.views import queries
from autopack.views.status import DashboardRunStatus, run_status
from autopack.views.timeline import PhaseTimeline, phase_timeline
from autopack.workspace import Workspace


async def change_of(
    database: Database,
    run_id: str,
    phase: str | None,
    attempt: int | None = None,
    *,
    settings: Settings,
    artifacts: ArtifactStore,
) -> bytes:
    """What a run committed, or what an attempt at a phase changed, committed or not; None: the last one.

    Raises `NotFound` where there is no change, or no such phase or attempt, and `InvalidInput` for an attempt
    of no phase.
    """
    if phase is not None:
        async with database.read() as session:
            found = await phase_timeline(session, run_id, phase)
        return artifacts.get(_digest(run_id, found, attempt))
    if attempt is not None:
        raise InvalidInput("An attempt is one at a phase.", hint="Name the phase too: phase=ID&attempt=1.")
    async with database.read() as session:
        status = await run_status(session, run_id)
    return await _whole(database, status, settings, artifacts)


async def _whole(
    database: Database, status: DashboardRunStatus, settings: Settings, artifacts: ArtifactStore
) -> bytes:
    """From the base to the branch's tip; from the phases' own diffs where the workspace is gone."""
    if status.base_commit is None or status.head_commit in (None, status.base_commit):
        raise NotFound(
            f"Run {status.run_id} has committed nothing yet.",
            hint=f"`autopack diff {status.run_id} PHASE` shows the change of a phase that is not committed.",
        )
    root = settings.workspaces / status.run_id
    workspace = Workspace(root, Path(status.repository), status.run_id, artifacts)
    if workspace.git_dir.is_dir():
        return artifacts.redacted(await workspace.diff(status.base_commit, str(status.head_commit)))
    async with database.read() as session:
        digests = await queries.committed_diffs(session, status.run_id)
    return b"".join(artifacts.get(digest) for digest in digests)


def _digest(run_id: str, phase: PhaseTimeline, number: int | None) -> str:
    known = [one for one in phase.attempts if one.diff_sha is not None and number in (None, one.number)]
    if known:
        return str(known[-1].diff_sha)
    told = f"Phase {phase.id} has" if number is None else f"Attempt {number} at phase {phase.id} has"
    if number is not None and number not in {one.number for one in phase.attempts}:
        raise NotFound(
            f"There is no attempt {number} at phase {phase.id}.", hint=f"`autopack show {run_id} {phase.id}`"
        )
    raise NotFound(f"{told} no change yet.", hint=f"`autopack show {run_id} {phase.id}`")
