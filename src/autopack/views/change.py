"""What a run, or one phase of it, changed: as a diff that git applies."""

from __future__ import annotations

from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.config import Settings
from autopack.errors import NotFound
from autopack.views.find import find_phase
from autopack.views.timeline import PhaseTimeline, RunTimeline
from autopack.workspace import Workspace


async def change_of(
    timeline: RunTimeline, phase: str | None, *, settings: Settings, artifacts: ArtifactStore
) -> bytes:
    """What a run committed, or the last attempt at a phase changed, committed or not.

    Runs git: no session may be open. Raises `NotFound` where there is no change, or no such phase.
    """
    if phase is None:
        return await _whole(timeline, settings, artifacts)
    index = find_phase([one.id for one in timeline.phases], phase)
    return _of_phase(timeline, timeline.phases[index - 1], artifacts)


async def _whole(timeline: RunTimeline, settings: Settings, artifacts: ArtifactStore) -> bytes:
    """From the base to the branch's tip; from the phases' own diffs where the workspace is gone."""
    status = timeline.status
    if status.base_commit is None or status.head_commit in (None, status.base_commit):
        raise NotFound(
            f"Run {status.run_id} has committed nothing yet.",
            hint=f"`autopack diff {status.run_id} PHASE` shows the change of a phase that is not committed.",
        )
    root = settings.workspaces / status.run_id
    workspace = Workspace(root, Path(status.repository), status.run_id, artifacts)
    if workspace.git_dir.is_dir():
        return artifacts.redacted(await workspace.diff(status.base_commit, str(status.head_commit)))
    return b"".join(_of_phase(timeline, phase, artifacts) for phase in timeline.phases if phase.commit)


def _of_phase(timeline: RunTimeline, phase: PhaseTimeline, artifacts: ArtifactStore) -> bytes:
    known = [attempt for attempt in phase.attempts if attempt.diff_sha is not None]
    if not known:
        raise NotFound(
            f"Phase {phase.id} has no change yet.",
            hint=f"`autopack show {timeline.status.run_id} {phase.id}`",
        )
    return artifacts.get(str(known[-1].diff_sha))
