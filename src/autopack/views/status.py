"""Where a run is: the seed's dashboard status, and what a person asks next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.feed import queries as feed
from autopack.feed.queries import Turn
from autopack.plan import Budget
from autopack.processes import Confinement
from autopack.projects import queries as projects
from autopack.projects.tables import ProjectRow
from autopack.runs import queries, service
from autopack.runs.progress import TierCount, progress_of
from autopack.runs.schemas import branch_name
from autopack.runs.states import RunState
from autopack.runs.tables import ActivityRow, PhaseRow, RunRow
from autopack.supervisor import workers
from autopack.usage.queries import summary
from autopack.usage.schemas import UsageSum
from autopack.views import queries as stored
from autopack.views.spend import Spend, Usd, spend_of
from autopack.views.waits import Wait, seconds_of, waits_of


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
    """From the start to the end, to now, or to the last event of whoever drove a run that nobody drives."""
    working_seconds: float | None
    """Of those, what was not waited: paused, scheduled, queued again, or driven by nobody. Null before the
    start. `waits` of the outline says when it was waited, and how exactly that is known."""
    as_of: int
    """Id of the newest event of the feed that this holds: follow the feed from there."""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens unless someone asks for it."""
        return self.state in {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}


async def run_status(session: ReadSession, run_id: str) -> DashboardRunStatus:
    """Status of one run. Raises `NotFound`."""
    run = await queries.run_head(session, run_id)
    sums = await summary(session, group_by=("run_id",), run_id=run_id)
    (status,) = await _statuses(session, [run], sums)
    return status


async def run_list(
    session: ReadSession, *, limit: int, project_id: int | None = None, unfinished: bool = False
) -> list[DashboardRunStatus]:
    """The newest runs, of one project or of all, newest first; `unfinished`: and every other such one."""
    runs = await queries.recent(session, limit=limit, project_id=project_id, unfinished=unfinished)
    if not runs:
        return []
    sums = await summary(session, group_by=("run_id",), run_ids=[run.id for run in runs])
    return await _statuses(session, runs, sums)


async def _statuses(
    session: ReadSession, runs: Sequence[RunRow], sums: Sequence[UsageSum]
) -> list[DashboardRunStatus]:
    """As many queries for many runs as for one."""
    ids = [run.id for run in runs]
    tiers = await stored.tier_counts(session, ids)
    places = ((run_id, _first_open(tiers[run_id])) for run_id in ids)
    current = await stored.phases_at(session, ((run_id, at) for run_id, at in places if at is not None))
    budgets = await stored.budgets(session, ids)
    attempts = await queries.attempt_counts(session, ids)
    found = await projects.by_ids(session, (run.project_id for run in runs))
    owners = {run.owner for run in runs if run.owner is not None and not RunState(run.state).ended}
    living = await workers.living(session, owners)
    last = await feed.last_instants(session, [run.id for run in runs if run.ended_at is None])
    turns = await feed.turns(session, ids)
    issues = await stored.issue_counts(session, ids)
    activities = await queries.activities(session, [run.id for run in runs if run.owner in living])
    served = await _served_projects(session, runs, found.values())
    head = await feed.head(session)
    return [
        _status(
            run,
            tiers[run.id],
            current.get(run.id),
            found[run.project_id],
            budget=budgets.get(run.id),
            turns=turns[run.id],
            attempts=attempts.get(run.id, 0),
            usage=spend_of(one for one in sums if one.run_id == run.id),
            issues=IssueCounts.model_validate(issues.get(run.id, {})),
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


def _activity(row: ActivityRow | None) -> CurrentActivity | None:
    if row is None:
        return None
    return CurrentActivity(
        what=row.what, doing=row.doing, phase_id=row.phase_id or None, tokens=row.tokens, since=row.since
    )


def _status(
    run: RunRow,
    tiers: Sequence[TierCount],
    current: PhaseRow | None,
    project: ProjectRow,
    *,
    budget: Mapping[str, Any] | None,
    turns: Sequence[Turn],
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
    progress = progress_of(run.id, tiers, ended=state.ended)
    current = None if state.ended else current
    limits = None if budget is None else Budget.model_validate(budget)
    until = run.ended_at or (datetime.now(UTC) if driven else last) or run.started_at
    waits = waits_of(turns, created_at=run.created_at, driven=driven, last=last)
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
        unverified_phases=sum(tier.unverified for tier in tiers),
        skipped_phases=sum(tier.skipped for tier in tiers),
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
        token_budget=limits and limits.tokens,
        cost_usd=usage.cost_usd,
        cost_budget_usd=limits and limits.usd,
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
        elapsed_seconds=_seconds(run.started_at, until, ()),
        working_seconds=_seconds(run.started_at, until, waits),
        as_of=head,
    )


def _first_open(tiers: Sequence[TierCount]) -> int | None:
    return next((tier.first_open for tier in tiers if tier.first_open is not None), None)


def _seconds(start: datetime | None, end: datetime | None, waits: Sequence[Wait]) -> float | None:
    """From start to end without the waits."""
    if start is None or end is None:
        return None
    return max(0.0, (end - start).total_seconds() - seconds_of(waits, start, end))
