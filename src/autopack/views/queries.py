"""SQL of the views: runs of thousands of phases, counted and cut down where they are stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, select, true, tuple_

from autopack.db import ReadSession
from autopack.runs.progress import TierCount
from autopack.runs.states import DONE, AttemptOutcome, PhaseState
from autopack.runs.tables import AttemptRow, PhaseRow, RunRow


async def tier_counts(session: ReadSession, run_ids: Sequence[str]) -> dict[str, list[TierCount]]:
    """The tiers of several runs, by run and in their order."""
    done = PhaseRow.state.in_(DONE)
    unverified = (PhaseRow.state == PhaseState.COMPLETED) & PhaseRow.verified.is_(False)
    query = (
        select(
            PhaseRow.run_id,
            PhaseRow.tier_index,
            func.count(),
            func.sum(case((done, 1), else_=0)),
            func.sum(case((PhaseRow.state == PhaseState.SKIPPED, 1), else_=0)),
            func.sum(case((unverified, 1), else_=0)),
            func.min(case((done, None), else_=PhaseRow.phase_index)),
        )
        .where(PhaseRow.run_id.in_(run_ids))
        .group_by(PhaseRow.run_id, PhaseRow.tier_index)
        .order_by(PhaseRow.run_id, PhaseRow.tier_index)
    )
    found = defaultdict[str, list[TierCount]](list)
    for run_id, *counts in await session.execute(query):
        found[run_id].append(TierCount(*counts))
    return found


class PhaseLine(NamedTuple):
    """What a phase is called and where it stands."""

    phase_index: int
    phase_id: str
    name: str
    tier_index: int
    tier_name: str
    category: str
    complexity: str
    state: str
    verified: bool
    started_at: datetime | None
    ended_at: datetime | None


async def phase_lines(session: ReadSession, run_id: str) -> list[PhaseLine]:
    """Every phase of a run in its order, in less time than whole rows take."""
    columns = [getattr(PhaseRow, name) for name in PhaseLine._fields]
    query = select(*columns).where(PhaseRow.run_id == run_id).order_by(PhaseRow.phase_index)
    return [PhaseLine(*row) for row in await session.execute(query)]


class AttemptLine(NamedTuple):
    """What became of an attempt, and the names of its models."""

    phase_index: int
    number: int
    outcome: str
    started_at: datetime
    ended_at: datetime | None
    builder: str | None
    auditor: str | None


async def attempt_lines(session: ReadSession, run_id: str) -> list[AttemptLine]:
    """Every attempt of a run, oldest first, in less time than whole rows take."""
    query = (
        select(
            *(getattr(AttemptRow, name) for name in AttemptLine._fields[:-2]),
            AttemptRow.builder_decision["model", "name"].as_string(),
            AttemptRow.auditor_decision["model", "name"].as_string(),
        )
        .where(AttemptRow.run_id == run_id)
        .order_by(AttemptRow.phase_index, AttemptRow.number)
    )
    return [AttemptLine(*row) for row in await session.execute(query)]


async def phase_ids(session: ReadSession, run_id: str) -> list[str]:
    """The ids of a run's phases, in their order."""
    query = select(PhaseRow.phase_id).where(PhaseRow.run_id == run_id).order_by(PhaseRow.phase_index)
    return list(await session.scalars(query))


async def phases_at(session: ReadSession, places: Iterable[tuple[str, int]]) -> dict[str, PhaseRow]:
    """One phase of each of several runs, by run."""
    query = select(PhaseRow).where(tuple_(PhaseRow.run_id, PhaseRow.phase_index).in_(list(places)))
    return {row.run_id: row for row in await session.scalars(query)}


async def budgets(session: ReadSession, run_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the plans of several runs set as their budgets; a run without one is not among them."""
    query = select(RunRow.id, RunRow.plan["budget"]).where(RunRow.id.in_(run_ids))
    return {run_id: budget for run_id, budget in await session.execute(query) if budget is not None}


async def committed_diffs(session: ReadSession, run_id: str) -> list[str]:
    """Digests of the diffs that a run committed, in the order of its phases."""
    query = (
        select(AttemptRow.diff_sha)
        .where(AttemptRow.run_id == run_id, AttemptRow.outcome == AttemptOutcome.COMMITTED)
        .order_by(AttemptRow.phase_index, AttemptRow.number)
    )
    return [digest for digest in await session.scalars(query) if digest is not None]


async def issue_counts(session: ReadSession, run_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many issues of each severity are in the verdicts on several runs' attempts, by run."""
    if session.get_bind().dialect.name == "postgresql":
        issue = func.json_array_elements(AttemptRow.verdict["issues"]).table_valued("value", name="issue")
        severity = issue.c.value.op("->>")("severity")
    else:
        issue = func.json_each(AttemptRow.verdict, "$.issues").table_valued("value", name="issue")
        severity = func.json_extract(issue.c.value, "$.severity")
    query = (
        select(AttemptRow.run_id, severity, func.count())
        .join_from(AttemptRow, issue, true())
        .where(AttemptRow.run_id.in_(run_ids))
        .group_by(AttemptRow.run_id, severity)
    )
    found = defaultdict[str, dict[str, int]](dict)
    for run_id, said, count in await session.execute(query):
        found[run_id][said] = count
    return found


class FinishedPhase(NamedTuple):
    """A phase that was worked on to its end, accepted or given up."""

    run_id: str
    phase_id: str
    category: str
    complexity: str
    """As the plan said it."""
    started_at: datetime
    ended_at: datetime


async def finished_phases(
    session: ReadSession, *, project_id: int | None, limit: int, offset: int = 0
) -> list[FinishedPhase]:
    """Phases that are completed or failed, of one project or of all, newest first."""
    row = PhaseRow
    query = (
        select(row.run_id, row.phase_id, row.category, row.complexity, row.started_at, row.ended_at)
        .join(RunRow, RunRow.id == row.run_id)
        .where(row.state.in_((PhaseState.COMPLETED, PhaseState.FAILED)))
        .where(row.started_at.is_not(None), row.ended_at.is_not(None))
        .order_by(row.ended_at.desc(), row.run_id.desc(), row.phase_index.desc())
        .limit(limit)
        .offset(offset)
    )
    if project_id is not None:
        query = query.where(RunRow.project_id == project_id)
    return [FinishedPhase(*found) for found in await session.execute(query)]
