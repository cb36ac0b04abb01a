"""Where a run is: the seed's dashboard status, and what a person asks next."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.feed import queries as feed
from autopack.plan import Plan
from autopack.processes import Confinement
from autopack.projects import queries as projects
from autopack.projects.tables import ProjectRow
from autopack.roles.schemas import Severity
from autopack.runs import queries, service
from autopack.runs.progress import progress_of
from autopack.runs.schemas import branch_name
from autopack.runs.states import PhaseState, RunState
from autopack.runs.tables import ActivityRow, PhaseRow, RunRow
from autopack.supervisor import workers
from autopack.usage.recorder import get_usage_summary
from autopack.usage.schemas import UsageSum
from autopack.views.phases import unverified_ids
from autopack.views.spend import Spend, Usd, spend_of


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class IssueCounts(_Shown):
    """Issues in all verdicts on a run's attempts, those that a later attempt mended included."""

    major: int = 0
    minor: int = 0


class CurrentActivity(_Shown):
    """What a run is at in this moment, as the process that drives it said a moment ago."""

    what: str
    """`builder` or `auditor` at work, or `clone`, `setup`, `baseline`, `verify`."""
    doing: str
    phase_id: str | None
    """Null before the first phase."""
    tokens: int | None
    """Reported tokens of the conversation so far; null where no model is at work."""
    since: datetime


class DashboardRunStatus(_Shown):
    """A run at one moment. Indexes are 1-based, null before the start and after the end."""

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
    skipped_phases: int
    """Of the completed ones: those that someone had the run go past."""
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
    tokens_used: int
    """What is known to be used: `usage.tokens`. Calls of unknown usage are counted in `usage` alone."""
    token_budget: int | None
    """Of the plan; null: none."""
    cost_usd: Usd | None
    """What is known to be spent: `usage.cost_usd`; null where no price is known."""
    cost_budget_usd: Usd | None
    """Of the plan; null: none."""
    issue_counts: IssueCounts
    activity: CurrentActivity | None
    """Null where no live process works on it."""
    sandboxed: bool
    driven: bool
    """A live process works on it."""
    interrupted: bool
    """It has not ended, no live process works on it, and no service that is alive will take it."""
    needs_you: bool
    """It goes no further until a person does something."""
    end_reason: str | None
    end_detail: str
    waits_for: str | None
    resumes_at: datetime | None
    """When it goes on by itself; null: not by itself."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    merged_at: datetime | None
    """When its work was last merged with `merge`."""
    discarded_at: datetime | None
    """When its branch and workspace were deleted."""
    elapsed_seconds: float | None
    """From the start to the end, to now, or to the last event of an interrupted run."""
    as_of: int
    """Id of the newest event of the feed that this holds: follow the feed from there."""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens unless someone asks for it."""
        return self.state in {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}


async def run_status(session: ReadSession, run_id: str) -> DashboardRunStatus:
    """Status of one run. Raises `NotFound`."""
    run = await queries.run(session, run_id)
    sums = await get_usage_summary(session, None, ("run_id",), run_id=run_id)
    (status,) = await _statuses(session, [run], sums)
    return status


async def run_list(
    session: ReadSession, *, limit: int, project_id: int | None = None
) -> list[DashboardRunStatus]:
    """The newest runs, of one project or of all, newest first."""
    runs = await queries.recent(session, limit=limit, project_id=project_id)
    if not runs:
        return []
    window = datetime.now(UTC) - min(run.created_at for run in runs) + timedelta(hours=1)
    return await _statuses(session, runs, await get_usage_summary(session, window, ("run_id",)))


async def _statuses(
    session: ReadSession, runs: Sequence[RunRow], sums: Sequence[UsageSum]
) -> list[DashboardRunStatus]:
    """As many queries for many runs as for one."""
    ids = [run.id for run in runs]
    phases = await queries.phases_of(session, ids)
    attempts = await queries.attempt_counts(session, ids)
    found = await projects.by_ids(session, (run.project_id for run in runs))
    owners = {run.owner for run in runs if run.owner is not None and not RunState(run.state).ended}
    living = await workers.living(session, owners)
    last = await feed.last_instants(session, [run.id for run in runs if run.ended_at is None])
    issues = _issue_counts(await queries.verdicts(session, ids))
    activities = await queries.activities(session, [run.id for run in runs if run.owner in living])
    served = await _served_projects(session, runs, found.values())
    head = await feed.head(session)
    return [
        _status(
            run,
            phases[run.id],
            found[run.project_id],
            attempts=attempts.get(run.id, 0),
            usage=spend_of(one for one in sums if one.run_id == run.id),
            issues=issues.get(run.id, IssueCounts()),
            activity=_activity(activities.get(run.id)),
            driven=run.owner in living,
            served=run.project_id in served,
            last=last.get(run.id),
            head=head,
        )
        for run in runs
    ]


async def _served_projects(
    session: ReadSession, runs: Sequence[RunRow], of: Iterable[ProjectRow]
) -> set[int]:
    """Projects whose runs a service that is alive takes, once it has a hand free."""
    if all(run.ended_at is not None for run in runs) or not await workers.services(session):
        return set()
    return {project.id for project in of if await asyncio.to_thread(Path(project.path).is_dir)}


def _issue_counts(verdicts: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, IssueCounts]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for run_id, verdict in verdicts:
        found[run_id].update(issue["severity"] for issue in verdict["issues"])
    return {
        run_id: IssueCounts(major=counts[Severity.MAJOR], minor=counts[Severity.MINOR])
        for run_id, counts in found.items()
    }


def _activity(row: ActivityRow | None) -> CurrentActivity | None:
    if row is None:
        return None
    return CurrentActivity(
        what=row.what, doing=row.doing, phase_id=row.phase_id or None, tokens=row.tokens, since=row.since
    )


def _status(
    run: RunRow,
    phases: Sequence[PhaseRow],
    project: ProjectRow,
    *,
    attempts: int,
    usage: Spend,
    issues: IssueCounts,
    activity: CurrentActivity | None,
    driven: bool,
    served: bool,
    last: datetime | None,
    head: int,
) -> DashboardRunStatus:
    state = RunState(run.state)
    interrupted = not (state.ended or driven or served) and run.waits_for is None
    progress = progress_of(run.id, phases, ended=state.ended)
    current = _current(phases, progress.current_phase_index)
    unverified = unverified_ids(run)
    budget = Plan.model_validate(run.plan).budget
    return DashboardRunStatus(
        run_id=run.id,
        state=service.shown_state(run, driven=driven),
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
        skipped_phases=sum(phase.state == PhaseState.SKIPPED for phase in phases),
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
        tokens_used=usage.tokens,
        token_budget=budget and budget.tokens,
        cost_usd=usage.cost_usd,
        cost_budget_usd=budget and budget.usd,
        issue_counts=issues,
        activity=activity,
        sandboxed=run.confinement != Confinement.NONE,
        driven=driven,
        interrupted=interrupted,
        needs_you=run.discarded_at is None
        and (
            state is RunState.FAILED
            or interrupted
            or (run.waits_for is not None and state is not RunState.SCHEDULED)
        ),
        end_reason=run.end_reason,
        end_detail=run.end_detail,
        waits_for=run.waits_for,
        resumes_at=run.resumes_at,
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        merged_at=run.merged_at,
        discarded_at=run.discarded_at,
        elapsed_seconds=_elapsed(run, until=datetime.now(UTC) if driven else last),
        as_of=head,
    )


def _current(phases: Sequence[PhaseRow], index: int | None) -> PhaseRow | None:
    return None if index is None else phases[index - 1]


def _elapsed(run: RunRow, *, until: datetime | None) -> float | None:
    if run.started_at is None:
        return None
    return max(0.0, ((run.ended_at or until or run.started_at) - run.started_at).total_seconds())
