"""What came of a run in the user's repository: its branch and the commits on it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.projects import queries as projects
from autopack.runs import queries
from autopack.runs.schemas import branch_name


class IntegratedPhase(BaseModel):
    """A phase that is a commit."""

    model_config = ConfigDict(frozen=True)

    phase_id: str
    name: str
    commit: str


class Integration(BaseModel):
    """The integration branch of a run, from its base on."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    repository: str
    branch: str
    base_commit: str | None
    head_commit: str | None
    commits: tuple[IntegratedPhase, ...]
    """Oldest first, one per completed phase."""


async def integration(session: ReadSession, run_id: str) -> Integration:
    """What a run has committed so far. Raises `NotFound`."""
    run = await queries.run(session, run_id)
    project = await projects.by_id(session, run.project_id)
    phases = await queries.phases(session, run_id)
    return Integration(
        run_id=run_id,
        repository=project.path,
        branch=branch_name(run_id),
        base_commit=run.base_commit,
        head_commit=run.head_commit,
        commits=tuple(
            IntegratedPhase(phase_id=phase.phase_id, name=phase.name, commit=phase.commit_id)
            for phase in phases
            if phase.commit_id is not None
        ),
    )
