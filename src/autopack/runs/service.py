"""Rules of runs: how they begin, are taken over, move and end. Each move is one event, in one transaction.

A function here takes an open write session and leaves the commit to its caller.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from autopack.db import WriteSession, added
from autopack.feed import queries as feed
from autopack.feed.schemas import (
    CancelAsked,
    PauseAsked,
    PhaseMoved,
    PostmortemMoved,
    ResumeAsked,
    RunClaimed,
    RunCreated,
    RunDiscarded,
    RunMerged,
    RunMoved,
)
from autopack.plan import Plan
from autopack.runs import queries
from autopack.runs.states import (
    AttemptOutcome,
    EndReason,
    Intent,
    PhaseState,
    PostmortemState,
    RunState,
    Waiting,
    check_phase_move,
    check_run_move,
)
from autopack.runs.tables import AttemptRow, PhaseRow, PostmortemRow, RunRow

_STOPPABLE = frozenset({PhaseState.BUILDING, PhaseState.VERIFYING, PhaseState.AUDITING})


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """What a run is created from."""

    project_id: int
    project_name: str
    plan_path: str
    plan: Plan
    policy: dict[str, Any]
    """The routing policy's JSON, kept as it is now."""
    confinement: str
    accept_red_baseline: bool


def shown_state(run: RunRow, *, driven: bool) -> str:
    """The run's state, or `pausing` or `cancelling` while that is asked of its owner and not yet done."""
    asked = Intent(run.intent)
    if RunState(run.state).ended or not driven or asked is Intent.NONE:
        return run.state
    return "cancelling" if asked is Intent.CANCEL else "pausing"


def new_run_id(now: datetime) -> str:
    """`run_YYYYMMDD_HHMMSS_xxxx`, in UTC, with four random hex digits."""
    return f"run_{now.astimezone(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(2)}"


async def create(session: WriteSession, new: NewRun) -> str:
    """Create a queued run with all its phases and return its id."""
    now = datetime.now(UTC)
    run_id = new_run_id(now)
    session.add(
        RunRow(
            id=run_id,
            project_id=new.project_id,
            plan_path=new.plan_path,
            plan_name=new.plan.name,
            plan=new.plan.model_dump(mode="json", by_alias=True),
            policy=new.policy,
            confinement=new.confinement,
            accept_red_baseline=new.accept_red_baseline,
            fence_secret=secrets.token_hex(32),
            created_at=now,
        )
    )
    await session.flush()
    session.add_all(phase_rows(run_id, new.plan))
    await session.flush()
    phases = sum(len(tier.phases) for tier in new.plan.tiers)
    body = RunCreated(plan=new.plan.name, project=new.project_name, tiers=len(new.plan.tiers), phases=phases)
    feed.append(session, run_id=run_id, body=body)
    return run_id


def phase_rows(run_id: str, plan: Plan, *, after: int = 0) -> list[PhaseRow]:
    """Fresh rows of a plan's phases, or of those behind an index."""
    return [
        PhaseRow(
            run_id=run_id,
            phase_index=phase_index,
            phase_id=phase.id,
            name=phase.name,
            tier_index=tier_index,
            tier_name=tier.name,
            category=phase.category,
            complexity=phase.complexity,
            attempts_allowed=phase.attempts,
            verified=bool(plan.commands(phase)),
        )
        for tier_index, phase_index, tier, phase in plan.phases()
        if phase_index > after
    ]


async def claim(session: WriteSession, run_id: str, *, epoch: int, owner: str) -> int:
    """Make `owner` the owner of a run and return its epoch. Raises `Fenced` where another was faster."""
    mine = await queries.claim(session, run_id, epoch=epoch, owner=owner)
    feed.append(session, run_id=run_id, body=RunClaimed(epoch=mine, owner=owner))
    return mine


async def ask(session: WriteSession, run_id: str, intent: Intent, *, by: str) -> bool:
    """Ask a run to pause, to stop, or neither any more. False where it had ended or was asked already."""
    asker = None if intent is Intent.NONE else by
    if not await queries.set_intent(session, run_id, intent=intent, by=asker):
        return False
    match intent:
        case Intent.PAUSE:
            body = PauseAsked(by=by)
        case Intent.CANCEL:
            body = CancelAsked(by=by)
        case Intent.NONE:
            body = ResumeAsked(by=by)
    feed.append(session, run_id=run_id, body=body)
    return True


async def move_run(
    session: WriteSession,
    run: RunRow,
    *,
    to: RunState,
    reason: EndReason | Waiting | None = None,
    detail: str = "",
    resumes_at: datetime | None = None,
) -> None:
    """Move a run that `queries.fence` gave; of each end a postmortem is due. Raises `IllegalMove`."""
    before, driver = RunState(run.state), run.owner
    check_run_move(before, to)
    now = datetime.now(UTC)
    run.state = to
    run.waits_for = reason if isinstance(reason, Waiting) else None
    run.end_reason = reason if isinstance(reason, EndReason) else None
    run.end_detail = detail
    run.ended_at = now if to.ended else None
    run.resumes_at = resumes_at
    if to is RunState.IN_PROGRESS and run.started_at is None:
        run.started_at = now
    if to.ended or to in {RunState.PAUSED, RunState.SCHEDULED}:
        run.intent, run.intent_by = Intent.NONE, None
        run.owner = None
    await session.flush()
    if to.ended:
        await owe_postmortem(session, run, driver=driver)
    body = RunMoved(before=before, after=to, reason=reason or "", detail=detail, resumes_at=resumes_at)
    feed.append(session, run_id=run.id, body=body)


async def owe_postmortem(session: WriteSession, run: RunRow, *, driver: str | None) -> None:
    """Have a row for the end that a run is at; one that is there stays as it is.

    Who drove the run owes the postmortem. None is owed of a cancelled one: who says stop wants no more calls.
    """
    cancelled = RunState(run.state) is RunState.CANCELLED
    values = {
        "run_id": run.id,
        "epoch": run.epoch,
        "state": PostmortemState.NOT_MADE if cancelled else PostmortemState.DUE,
        "owner": None if cancelled else driver,
        "reason": "the run was cancelled" if cancelled else "",
        "due_at": datetime.now(UTC),
    }
    await added(session, PostmortemRow, values)


async def begin_postmortem(session: WriteSession, row: PostmortemRow, *, owner: str) -> None:
    """`owner` writes it from now on. The caller holds the run's lock."""
    row.state, row.owner, row.reason = PostmortemState.WRITING, owner, ""
    await session.flush()
    feed.append(session, run_id=row.run_id, body=PostmortemMoved(state=row.state))


async def end_postmortem(session: WriteSession, row: PostmortemRow, *, reason: str = "") -> None:
    """It is written into its row; or, with a `reason`, it is not made. The caller holds the run's lock."""
    row.state = PostmortemState.NOT_MADE if reason else PostmortemState.MADE
    row.owner, row.reason = None, reason
    row.written_at = None if reason else datetime.now(UTC)
    await session.flush()
    body = PostmortemMoved(state=row.state, reason=reason, lessons=len(row.lessons))
    feed.append(session, run_id=row.run_id, body=body)


async def record_merge(session: WriteSession, run_id: str, *, commit: str, into: str) -> None:
    """The run's work up to a commit is merged into a branch of the user's. Raises `NotFound`."""
    run = await locked(session, run_id)
    run.merged_at = datetime.now(UTC)
    await session.flush()
    feed.append(session, run_id=run_id, body=RunMerged(commit=commit, into=into))


async def record_discard(session: WriteSession, run_id: str, *, commit: str | None) -> None:
    """The run's branch, which was at a commit or not there, is deleted. Raises `NotFound`.

    Again is fine: it is one more event only where a branch was deleted again.
    """
    run = await locked(session, run_id)
    if run.discarded_at is not None and commit is None:
        return
    run.discarded_at = run.discarded_at or datetime.now(UTC)
    await session.flush()
    feed.append(session, run_id=run_id, body=RunDiscarded(commit=commit))


async def locked(session: WriteSession, run_id: str) -> RunRow:
    """Begin a change from outside: lock the run whoever drives it, and count the move. Raises `NotFound`."""
    run = await queries.run(session, run_id, lock=True)
    return await queries.fence(session, run_id, epoch=run.epoch)


async def move_phase(session: WriteSession, phase: PhaseRow, *, to: PhaseState, attempt: int) -> None:
    """Move a phase of a run that `queries.fence` gave; `attempt` is 0 where none is meant.

    Raises `IllegalMove`.
    """
    before = PhaseState(phase.state)
    check_phase_move(before, to)
    now = datetime.now(UTC)
    phase.state = to
    phase.ended_at = now if to.ended else None
    if to is PhaseState.BUILDING and phase.started_at is None:
        phase.started_at = now
    await session.flush()
    body = PhaseMoved(
        phase_id=phase.phase_id,
        phase_index=phase.phase_index,
        attempt=attempt,
        before=before,
        after=to,
    )
    feed.append(session, run_id=phase.run_id, body=body)


async def stop_phase(session: WriteSession, run_id: str, *, to: PhaseState) -> None:
    """Move the phase that a run is at, if it has begun it: the run stops here.

    A phase that is committing stays so: its commit may be made, and is finished when the run goes on.
    """
    phase = await queries.current_phase(session, run_id)
    if phase is not None and phase.state in _STOPPABLE:
        await move_phase(session, phase, to=to, attempt=0)


def give_up(attempt: AttemptRow) -> None:
    """An open attempt ends because its phase is skipped; its conversation is of no use any more."""
    attempt.outcome, attempt.failure = AttemptOutcome.SKIPPED, "the phase was skipped"
    attempt.ended_at = datetime.now(UTC)
    attempt.transcript_sha = attempt.audit_transcript_sha = None


def new_attempt(
    phase: PhaseRow, *, number: int, complexity: str, base_commit: str, start_tree: str
) -> AttemptRow:
    """A fresh attempt at a phase, to be added to the session of the move that opens it."""
    return AttemptRow(
        run_id=phase.run_id,
        phase_index=phase.phase_index,
        number=number,
        complexity=complexity,
        base_commit=base_commit,
        start_tree=start_tree,
        started_at=datetime.now(UTC),
    )
