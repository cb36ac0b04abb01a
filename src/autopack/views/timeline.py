"""What a run did: its tiers, phases and attempts, each with its decision, evidence, verdict and cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.roles.schemas import Verdict
from autopack.routing.decisions import Decision
from autopack.runs import queries
from autopack.runs.schemas import Evidence
from autopack.runs.states import DONE, PhaseState
from autopack.runs.tables import AttemptRow, PhaseRow
from autopack.usage.recorder import get_usage_summary
from autopack.usage.schemas import UsageSum
from autopack.views import queries as stored
from autopack.views.find import find_phase
from autopack.views.spend import Spend, spend_of
from autopack.views.status import DashboardRunStatus, run_status


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class CheckView(_Frozen):
    """One command that ran. Its output is an artifact."""

    step: str
    """`baseline` (its setup included), or of an attempt `setup` or `verify`."""
    evidence: Evidence

    @property
    def command(self) -> str:
        """The command as the plan has it."""
        return self.evidence.argv[-1] if self.evidence.argv else ""

    @property
    def passed(self) -> bool:
        """Whether it ended with 0, in time."""
        return not (self.evidence.exit_code or self.evidence.timed_out or self.evidence.exceeded)


class RoleSpend(_Frozen):
    """What one role used of one model in an attempt."""

    role: str
    model: str
    usage: Spend


class AttemptView(_Frozen):
    """One try at a phase."""

    number: int
    outcome: str
    complexity: str
    builder: Decision | None
    """Who builds, why, and who else was considered; None before routing."""
    auditor: Decision | None
    base_commit: str
    tree: str | None
    """The change as the Builder left it."""
    commit: str | None
    diff_sha: str | None
    checks: tuple[CheckView, ...]
    verdict: Verdict | None
    summary: str
    """The Builder's own."""
    failure: str
    """Why it was not accepted, on one line."""
    failure_output: str
    """What the next attempt's Builder is shown of it."""
    usage: Spend
    usage_by_role: tuple[RoleSpend, ...]
    started_at: datetime
    ended_at: datetime | None


class PhaseTimeline(_Frozen):
    """One phase and its attempts."""

    index: int
    id: str
    name: str
    category: str
    complexity: str
    state: str
    attempts_allowed: int
    verified: bool
    """Whether any command verifies it; not where the plan says `verify: none`."""
    commit: str | None
    summary: str
    usage: Spend
    attempts: tuple[AttemptView, ...]
    started_at: datetime | None
    ended_at: datetime | None


class TierTimeline(_Frozen):
    """One tier; its state is that of its phases."""

    index: int
    name: str
    completed: int
    phases: tuple[PhaseTimeline, ...]


class RunTimeline(_Frozen):
    """A run from its baseline to its end."""

    status: DashboardRunStatus
    baseline: tuple[CheckView, ...]
    """What ran on the untouched commit, before anything was spent."""
    tiers: tuple[TierTimeline, ...]
    as_of: int
    """Id of the newest event of the feed that this holds: follow the feed from there."""

    @property
    def phases(self) -> tuple[PhaseTimeline, ...]:
        """Every phase in order."""
        return tuple(phase for tier in self.tiers for phase in tier.phases)


async def run_timeline(session: ReadSession, run_id: str) -> RunTimeline:
    """The whole timeline of a run. Raises `NotFound`."""
    status = await run_status(session, run_id)
    records = await _records(session, run_id)
    phases = await queries.phases(session, run_id)
    tiers = dict.fromkeys((phase.tier_index, phase.tier_name) for phase in phases)
    seen = [_phase(phase, records) for phase in phases]
    return RunTimeline(
        status=status,
        baseline=tuple(records.checks[0, 0]),
        tiers=tuple(
            _tier(
                index, name, [view for row, view in zip(phases, seen, strict=True) if row.tier_index == index]
            )
            for index, name in tiers
        ),
        as_of=status.as_of,
    )


async def phase_timeline(session: ReadSession, run_id: str, said: str) -> PhaseTimeline:
    """One phase, named by its id, its beginning or its number; no other is read. Raises `NotFound`."""
    await queries.run_head(session, run_id)
    index = find_phase(await stored.phase_ids(session, run_id), said)
    phase = await queries.phase(session, run_id, index)
    return _phase(phase, await _records(session, run_id, phase))


@dataclass(frozen=True)
class _Records:
    """What was stored of the phases of a run: of each, by its index, index and attempt, or id."""

    attempts: Mapping[int, list[AttemptRow]]
    checks: Mapping[tuple[int, int], list[CheckView]]
    sums: Mapping[str | None, list[UsageSum]]


async def _records(session: ReadSession, run_id: str, phase: PhaseRow | None = None) -> _Records:
    """Of every phase, or of one."""
    index, phase_id = (None, None) if phase is None else (phase.phase_index, phase.phase_id)
    attempts = defaultdict[int, list[AttemptRow]](list)
    for attempt in await queries.attempts(session, run_id, phase_index=index):
        attempts[attempt.phase_index].append(attempt)
    checks = defaultdict[tuple[int, int], list[CheckView]](list)
    for row in await queries.evidence_of_run(session, run_id, phase_index=index):
        check = CheckView(step=row.step, evidence=Evidence.model_validate(row.evidence))
        checks[row.phase_index, row.attempt].append(check)
    for own in checks.values():
        own.sort(key=lambda one: one.step != "setup")
    sums = defaultdict[str | None, list[UsageSum]](list)
    by = ("phase_id", "attempt", "role", "model")
    for one in await get_usage_summary(session, None, by, run_id=run_id, phase_id=phase_id):
        sums[one.phase_id].append(one)
    return _Records(attempts, checks, sums)


def _tier(index: int, name: str, phases: list[PhaseTimeline]) -> TierTimeline:
    completed = sum(PhaseState(phase.state) in DONE for phase in phases)
    return TierTimeline(index=index, name=name, completed=completed, phases=tuple(phases))


def _phase(phase: PhaseRow, records: _Records) -> PhaseTimeline:
    sums = records.sums[phase.phase_id]
    return PhaseTimeline(
        index=phase.phase_index,
        id=phase.phase_id,
        name=phase.name,
        category=phase.category,
        complexity=phase.complexity,
        state=phase.state,
        attempts_allowed=phase.attempts_allowed,
        verified=phase.verified,
        commit=phase.commit_id,
        summary=phase.summary,
        usage=spend_of(sums),
        attempts=tuple(
            _attempt(attempt, records.checks[phase.phase_index, attempt.number], sums)
            for attempt in records.attempts[phase.phase_index]
        ),
        started_at=phase.started_at,
        ended_at=phase.ended_at,
    )


def _attempt(attempt: AttemptRow, checks: Sequence[CheckView], sums: Sequence[UsageSum]) -> AttemptView:
    own = [one for one in sums if one.attempt == attempt.number]
    own.sort(key=lambda one: (one.role != "builder", str(one.role), str(one.model)))
    return AttemptView(
        number=attempt.number,
        outcome=attempt.outcome,
        complexity=attempt.complexity,
        builder=_decision(attempt.builder_decision),
        auditor=_decision(attempt.auditor_decision),
        base_commit=attempt.base_commit,
        tree=attempt.tree,
        commit=attempt.commit_id,
        diff_sha=attempt.diff_sha,
        checks=tuple(checks),
        verdict=None if attempt.verdict is None else Verdict.model_validate(attempt.verdict),
        summary=attempt.summary,
        failure=attempt.failure,
        failure_output=attempt.failure_output,
        usage=spend_of(own),
        usage_by_role=tuple(
            RoleSpend(role=str(one.role), model=str(one.model), usage=spend_of([one])) for one in own
        ),
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
    )


def _decision(stored: object) -> Decision | None:
    return None if stored is None else Decision.model_validate(stored)
