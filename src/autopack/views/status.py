"""Where a run is: the seed's dashboard status, and what a person asks next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.feed import queries as feed
from autopack.processes import Confinement
from autopack.projects import queries as projects
from autopack.projects.tables import ProjectRow
from autopack.runs import queries
from autopack.runs.progress import progress_of
from autopack.runs.schemas import branch_name
from autopack.runs.states import Intent, PhaseState, RunState
from autopack.runs.tables import PhaseRow, RunRow
from autopack.supervisor import workers
from autopack.usage.recorder import get_usage_summary
from autopack.usage.schemas import UsageSum
from autopack.views.phases import unverified_ids
from autopack.views.spend import Spend, spend_of


class RunStatus(BaseModel):
    """A run at one moment. Indexes are 1-based, None before the start and after the end."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    state: str
    """The run's state, or `pausing` or `cancelling` while that is asked and not yet done."""
    current_tier_name: str | None
    current_phase_name: str | None
    current_tier_index: int | None
    current_phase_index: int | None
    total_tiers: int
    total_phases: int
    completed_tiers: int
    completed_phases: int
    unverified_phases: int
    """Completed phases of which the plan says that no command verifies them."""
    percent_complete: float
    """0 to 1."""

    plan: str
    plan_path: str
    project: str
    repository: str
    """Top of the user's repository."""
    branch: str
    base_commit: str | None
    head_commit: str | None
    """Tip of the branch; the base where nothing is committed yet."""
    current_phase_id: str | None
    attempts: int
    """Attempts at all phases together."""
    usage: Spend
    sandboxed: bool
    driven: bool
    """A live process works on it."""
    interrupted: bool
    """It has not ended, and no live process works on it."""
    needs_you: bool
    """It goes no further until a person does something."""
    end_reason: str | None
    end_detail: str
    waits_for: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    merged_at: datetime | None
    """When its work was last merged with `merge`."""
    discarded_at: datetime | None
    """When its branch and workspace were deleted."""
    elapsed_seconds: float | None
    """From the start to the end, to now, or to the last event of an interrupted run."""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens unless someone asks for it."""
        return self.state in {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}


async def run_status(session: ReadSession, run_id: str) -> RunStatus:
    """Status of one run. Raises `NotFound`."""
    run = await queries.run(session, run_id)
    sums = await get_usage_summary(session, None, ("run_id",), run_id=run_id)
    (status,) = await _statuses(session, [run], sums)
    return status


async def run_list(session: ReadSession, *, limit: int) -> list[RunStatus]:
    """The newest runs, newest first."""
    runs = await queries.recent(session, limit=limit)
    if not runs:
        return []
    window = datetime.now(UTC) - min(run.created_at for run in runs) + timedelta(hours=1)
    return await _statuses(session, runs, await get_usage_summary(session, window, ("run_id",)))


async def _statuses(
    session: ReadSession, runs: Sequence[RunRow], sums: Sequence[UsageSum]
) -> list[RunStatus]:
    """As many queries for many runs as for one."""
    ids = [run.id for run in runs]
    phases = await queries.phases_of(session, ids)
    attempts = await queries.attempt_counts(session, ids)
    found = await projects.by_ids(session, (run.project_id for run in runs))
    owners = {run.owner for run in runs if run.owner is not None and not RunState(run.state).ended}
    living = await workers.living(session, owners)
    last = await feed.last_instants(session, [run.id for run in runs if run.ended_at is None])
    return [
        _status(
            run,
            phases[run.id],
            found[run.project_id],
            attempts=attempts.get(run.id, 0),
            usage=spend_of(one for one in sums if one.run_id == run.id),
            driven=run.owner in living,
            last=last.get(run.id),
        )
        for run in runs
    ]


def _status(
    run: RunRow,
    phases: Sequence[PhaseRow],
    project: ProjectRow,
    *,
    attempts: int,
    usage: Spend,
    driven: bool,
    last: datetime | None,
) -> RunStatus:
    state = RunState(run.state)
    interrupted = not state.ended and not driven and run.waits_for is None
    progress = progress_of(run.id, phases, ended=state.ended)
    current = _current(phases, progress.current_phase_index)
    unverified = unverified_ids(run)
    return RunStatus(
        run_id=run.id,
        state=_shown_state(state, Intent(run.intent), driven=driven),
        current_tier_name=current.tier_name if current else None,
        current_phase_name=current.name if current else None,
        current_phase_id=current.phase_id if current else None,
        current_tier_index=progress.current_tier_index,
        current_phase_index=progress.current_phase_index,
        total_tiers=progress.total_tiers,
        total_phases=progress.total_phases,
        completed_tiers=progress.completed_tiers,
        completed_phases=progress.completed_phases,
        unverified_phases=sum(
            phase.phase_id in unverified and phase.state == PhaseState.COMPLETED for phase in phases
        ),
        percent_complete=progress.percent_complete,
        plan=run.plan_name,
        plan_path=run.plan_path,
        project=project.name,
        repository=project.path,
        branch=branch_name(run.id),
        base_commit=run.base_commit,
        head_commit=run.head_commit,
        attempts=attempts,
        usage=usage,
        sandboxed=run.confinement != Confinement.NONE,
        driven=driven,
        interrupted=interrupted,
        needs_you=run.discarded_at is None
        and (state is RunState.FAILED or interrupted or run.waits_for is not None),
        end_reason=run.end_reason,
        end_detail=run.end_detail,
        waits_for=run.waits_for,
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        merged_at=run.merged_at,
        discarded_at=run.discarded_at,
        elapsed_seconds=_elapsed(run, until=datetime.now(UTC) if driven else last),
    )


def _current(phases: Sequence[PhaseRow], index: int | None) -> PhaseRow | None:
    return None if index is None else phases[index - 1]


def _shown_state(state: RunState, asked: Intent, *, driven: bool) -> str:
    if state.ended or not driven or asked is Intent.NONE:
        return state
    return "cancelling" if asked is Intent.CANCEL else "pausing"


def _elapsed(run: RunRow, *, until: datetime | None) -> float | None:
    if run.started_at is None:
        return None
    return max(0.0, ((run.ended_at or until or run.started_at) - run.started_at).total_seconds())
