"""What people ask of runs: start, pause, go on, stop, try again, go past. From any process.

Asking is one transaction that begins by locking the run. Of a run that a live process drives it is a wish in
the run's row, which its owner heeds before its next step, or at once for a cancel. Of one that nobody drives
it is done here and now. The last wish counts, whatever crashes in between.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime

from autopack.db import AnySession, Database, WriteSession
from autopack.errors import Conflict, NotFound
from autopack.feed import queries as feed
from autopack.feed.schemas import ResumeAsked, RetryAsked, SkipAsked
from autopack.plan import Plan
from autopack.runs import queries, service
from autopack.runs.states import AttemptOutcome, EndReason, Intent, PhaseState, RunState, Waiting
from autopack.runs.tables import PhaseRow, RunRow
from autopack.supervisor import queries as processes
from autopack.supervisor import workers


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What became of a wish."""

    run_id: str
    state: str
    """As it is shown: `pausing` and `cancelling` where its owner has yet to heed it."""
    changed: bool
    """False: it was so already."""
    driven: bool
    """Whether a live process drives the run."""


async def pause(database: Database, run_id: str, *, by: str) -> Asked:
    """Have a run pause before its next step or request. A paused run stays so until someone has it go on.

    Raises `NotFound`, and `Conflict` where it has ended or is being cancelled.
    """
    async with database.write() as session:
        run = await service.locked(session, run_id)
        driven = await workers.is_alive(session, run.owner)
        if RunState(run.state) is RunState.PAUSED:
            return _asked(run, changed=False, driven=driven)
        _refuse_ended(run, "pause")
        if run.intent == Intent.CANCEL:
            raise Conflict(f"Run {run_id} is being cancelled.", hint="It can't be paused any more.")
        if driven:
            changed = await service.ask(session, run_id, Intent.PAUSE, by=by)
            return _asked(await queries.run(session, run_id), changed=changed, driven=True)
        await _seize(session, run)
        await service.move_run(
            session, run, to=RunState.PAUSED, reason=Waiting.ASKED, detail=f"asked by {by}"
        )
        return _asked(run, changed=True, driven=False)


async def cancel(database: Database, run_id: str, *, by: str) -> Asked:
    """Have a run stop: its owner interrupts what it does within a quarter of a second.

    Raises `NotFound`, and `Conflict` where it has succeeded or failed.
    """
    async with database.write() as session:
        run = await service.locked(session, run_id)
        driven = await workers.is_alive(session, run.owner)
        if RunState(run.state) is RunState.CANCELLED:
            return _asked(run, changed=False, driven=driven)
        _refuse_ended(run, "cancel")
        if driven:
            changed = await service.ask(session, run_id, Intent.CANCEL, by=by)
            return _asked(await queries.run(session, run_id), changed=changed, driven=True)
        await _seize(session, run)
        await stop(session, run, by=by)
        return _asked(run, changed=True, driven=False)


async def resume(database: Database, run_id: str, *, by: str) -> Asked:
    """Have a run go on: whoever drives it now or next does.

    One that is to pause will not. Raises `NotFound`, and `Conflict` where it has succeeded, was discarded, is
    being cancelled, or has no attempt left.
    """
    async with database.write() as session:
        run = await service.locked(session, run_id)
        if await workers.is_alive(session, run.owner):
            if run.intent == Intent.CANCEL:
                hint = "Wait until it has stopped, then have it go on."
                raise Conflict(f"Run {run_id} is being cancelled.", hint=hint)
            changed = run.intent == Intent.PAUSE and await service.ask(session, run_id, Intent.NONE, by=by)
            return _asked(await queries.run(session, run_id), changed=changed, driven=True)
        changed = await _go_on(session, run, by=by)
        return _asked(run, changed=changed, driven=False)


async def retry(database: Database, run_id: str, *, by: str) -> Asked:
    """Have a run that failed or was cancelled go on, with new attempts where its phase has none left.

    Raises `NotFound`, and `Conflict` where it has succeeded, was discarded, or waits for something else.
    """
    async with database.write() as session:
        run = await service.locked(session, run_id)
        driven = await workers.is_alive(session, run.owner)
        match RunState(run.state):
            case RunState.QUEUED | RunState.IN_PROGRESS if run.intent == Intent.NONE:
                return _asked(run, changed=False, driven=driven)  # it is at it already
            case RunState.FAILED | RunState.CANCELLED | RunState.SUCCEEDED:
                pass
            case _:
                raise Conflict(
                    f"Run {run_id} has not failed: it is {service.shown_state(run, driven=driven)}.",
                    hint=f"Have it go on with `autopack resume {run_id}`.",
                )
        refuse_discarded(run)
        refuse_succeeded(run)
        phase = await queries.current_phase(session, run_id)
        if phase is not None and PhaseState(phase.state) in {PhaseState.FAILED, PhaseState.CANCELLED}:
            await _more_attempts(session, run, phase, by=by)
        await _go_on(session, run, by=by, exhausted=True)
        return _asked(run, changed=True, driven=False)


async def skip(database: Database, run_id: str, *, by: str, phase_id: str | None = None) -> Asked:
    """Have a run go past a phase: the one it failed or was stopped at, or a named one that is not done.

    A run that had ended goes on. Raises `NotFound`, and `Conflict` where the phase is done, is being worked
    on, or none is meant.
    """
    async with database.write() as session:
        run = await service.locked(session, run_id)
        refuse_discarded(run)
        if phase_id is None:
            refuse_succeeded(run)
        driven = await workers.is_alive(session, run.owner)
        phase = await _meant(session, run, phase_id)
        if PhaseState(phase.state) is PhaseState.SKIPPED:
            return _asked(run, changed=False, driven=driven)
        refuse_succeeded(run)
        if run.owner is not None and not driven:
            await _seize(session, run)  # it may only seem dead
        await _skip(session, phase, driven=driven, by=by)
        run.phase_worked_seconds = 0.0
        if RunState(run.state).ended:
            await _go_on(session, run, by=by, exhausted=True)
        return _asked(run, changed=True, driven=driven)


async def take(database: Database, run_id: str, *, owner: str) -> int:
    """Have a run that nobody drives go on in this process; returns the epoch it is ours under.

    Raises `NotFound`, and `Conflict` where a live process drives it, or where `resume` does.
    """
    async with database.write() as session:
        run = await service.locked(session, run_id)
        # Its own it may take again: a full disk can keep it from letting go.
        if run.owner != owner and await workers.is_alive(session, run.owner):
            raise Conflict(
                f"Run {run.id} is being driven by a live process ({run.owner}).",
                hint=f"Watch it with `autopack logs {run.id} -f`, or stop that process first.",
            )
        await _go_on(session, run, by=None)
        await workers.register(session, owner)
        return await service.claim(session, run_id, epoch=run.epoch, owner=owner)


async def take_waiting(database: Database, run_id: str, *, owner: str) -> int | None:
    """Drive a run that waits for a driver, with what was asked of it; None where another is at it by now."""
    async with database.write() as session:
        run = await service.locked(session, run_id)
        if run.owner is not None or not waits_for_a_driver(run):
            return None
        return await service.claim(session, run_id, epoch=run.epoch, owner=owner)


async def look_again(database: Database) -> None:
    """The limits in models.yaml are others now: have scheduled runs try, rather than wait for their time."""
    async with database.write() as session:
        await queries.make_due(session, now=datetime.now(UTC))


async def park(database: Database, run_id: str, *, reason: Waiting, detail: str) -> None:
    """Pause a run that waits for a driver and can't have one, until a person mends that."""
    async with database.write() as session:
        run = await service.locked(session, run_id)
        if run.owner is None and waits_for_a_driver(run):
            await _seize(session, run)
            await service.move_run(session, run, to=RunState.PAUSED, reason=reason, detail=detail)


def waits_for_a_driver(run: RunRow) -> bool:
    """Whether a run is to be driven now: a scheduled one is when its time has come."""
    if RunState(run.state) is RunState.SCHEDULED:
        return run.resumes_at is not None and run.resumes_at <= datetime.now(UTC)
    return RunState(run.state) in {RunState.QUEUED, RunState.IN_PROGRESS}


async def heed(session: WriteSession, run: RunRow) -> None:
    """Do what was asked of a run whose owner is gone. A commit in hand is finished by its next owner."""
    phase = await queries.current_phase(session, run.id)
    if phase is not None and phase.state == PhaseState.COMMITTING:
        return
    by = run.intent_by or "someone"
    match Intent(run.intent):
        case Intent.CANCEL:
            await stop(session, run, by=by)
        case Intent.PAUSE:
            detail = f"asked by {by}"
            await service.move_run(session, run, to=RunState.PAUSED, reason=Waiting.ASKED, detail=detail)
        case Intent.NONE:
            pass


async def stop(session: WriteSession, run: RunRow, *, by: str) -> None:
    """Cancel a run that is locked: the phase in hand stops where it is, and everything finished stays."""
    await service.stop_phase(session, run.id, to=PhaseState.CANCELLED)
    detail = f"asked by {by}" if by else ""
    await service.move_run(session, run, to=RunState.CANCELLED, reason=EndReason.CANCELLED, detail=detail)


def refuse_discarded(run: RunRow) -> None:
    """Raises `Conflict` where the run's branch and workspace were deleted: there is nothing to go on with."""
    if run.discarded_at is not None:
        raise Conflict(
            f"Run {run.id} was discarded: its branch and workspace are deleted.",
            hint=f"Run its plan anew: autopack run {shlex.quote(run.plan_path)}",
        )


async def _go_on(session: WriteSession, run: RunRow, *, by: str | None, exhausted: bool = False) -> bool:
    """Have a run that nobody drives wait for a driver, with its clocks at zero; False where it does already.

    `exhausted`: also one whose phase had no attempt left. `by` None: the caller claims it at once.
    """
    refuse_discarded(run)
    if RunState(run.state).ended:
        await _check_can_go_on(session, run, exhausted=exhausted)
    former, driven_next = run.owner, RunState(run.state) in {RunState.QUEUED, RunState.IN_PROGRESS}
    run.merged_at = None
    if driven_next and former is None and run.intent == Intent.NONE:
        return False
    if former is not None:
        await processes.forget(session, former)
        if by is not None:
            await _seize(session, run)
    run.intent, run.intent_by = Intent.NONE, None
    run.worked_seconds = run.phase_worked_seconds = 0.0
    if by is not None:
        feed.append(session, run_id=run.id, body=ResumeAsked(by=by))
    if not driven_next:
        await service.move_run(session, run, to=RunState.QUEUED)
    return True


async def _seize(session: WriteSession, run: RunRow) -> None:
    """Take a run from an owner that is gone, or never was: whatever of it still moves is fenced off."""
    run.epoch = await queries.claim(session, run.id, epoch=run.epoch, owner=None)
    run.owner = None


async def _more_attempts(session: WriteSession, run: RunRow, phase: PhaseRow, *, by: str) -> None:
    """As many again as the plan gives the phase, where all of them have failed."""
    attempts = await queries.attempts(session, run.id, phase_index=phase.phase_index)
    used = sum(one.outcome != AttemptOutcome.OPEN for one in attempts)
    if used >= phase.attempts_allowed:
        plan = Plan.model_validate(run.plan)
        planned = next(one for _, _, _, one in plan.phases() if one.id == phase.phase_id)
        phase.attempts_allowed = used + planned.attempts
    body = RetryAsked(by=by, phase_id=phase.phase_id, attempts_allowed=phase.attempts_allowed)
    feed.append(session, run_id=run.id, body=body)


async def _meant(session: AnySession, run: RunRow, phase_id: str | None) -> PhaseRow:
    if phase_id is not None:
        phase = await queries.phase_by_id(session, run.id, phase_id)
        if phase is None:
            raise NotFound(
                f"There is no phase {phase_id} in run {run.id}.", hint=f"`autopack show {run.id}` lists them."
            )
        return phase
    phase = await queries.current_phase(session, run.id)
    if phase is None or phase.state == PhaseState.PENDING:
        raise Conflict(
            f"Run {run.id} has not failed at a phase.", hint="Name the phase that it is to go past."
        )
    return phase


async def _skip(session: WriteSession, phase: PhaseRow, *, driven: bool, by: str) -> None:
    state, number = PhaseState(phase.state), 0
    if state in {PhaseState.COMPLETED, PhaseState.COMMITTING}:
        raise Conflict(
            f"Phase {phase.phase_id} is {state}: it can't be skipped.",
            hint="Its work is on the run's branch.",
        )
    feed.append(session, run_id=phase.run_id, body=SkipAsked(by=by, phase_id=phase.phase_id))
    if state in {PhaseState.BUILDING, PhaseState.VERIFYING, PhaseState.AUDITING}:
        if driven:
            raise Conflict(
                f"Phase {phase.phase_id} is being worked on.",
                hint=f"Pause the run first: autopack pause {phase.run_id}",
            )
        await service.move_phase(session, phase, to=PhaseState.CANCELLED, attempt=0)
    for attempt in await queries.attempts(session, phase.run_id, phase_index=phase.phase_index):
        if attempt.outcome == AttemptOutcome.OPEN:
            service.give_up(attempt)
            number = attempt.number
    await service.move_phase(session, phase, to=PhaseState.SKIPPED, attempt=number)


def _asked(run: RunRow, *, changed: bool, driven: bool) -> Asked:
    state = service.shown_state(run, driven=driven)
    return Asked(run_id=run.id, state=state, changed=changed, driven=driven)


def _refuse_ended(run: RunRow, what: str) -> None:
    """Raises `Conflict` where the run has ended: nothing more happens in it unless someone asks for it."""
    if RunState(run.state).ended:
        raise Conflict(
            f"Run {run.id} has {_PAST[RunState(run.state)]}: there is nothing to {what}.",
            hint=f"`autopack status {run.id}` says where it stands.",
        )


_PAST = {
    RunState.SUCCEEDED: "succeeded",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "been cancelled",
}


def refuse_succeeded(run: RunRow) -> None:
    """Raises `Conflict` where a run has succeeded: there is nothing more to do in it."""
    if run.state == RunState.SUCCEEDED:
        raise Conflict(
            f"Run {run.id} has succeeded: there is nothing to go on with.",
            hint="Its work is merged already."
            if run.merged_at is not None
            else f"Take its work with `autopack merge {run.id}`.",
        )


async def _check_can_go_on(session: AnySession, run: RunRow, *, exhausted: bool) -> None:
    refuse_succeeded(run)
    if run.end_reason == EndReason.ATTEMPTS_EXHAUSTED and not exhausted:
        phase = await queries.current_phase(session, run.id)
        name = "" if phase is None else f" {phase.phase_id}"
        raise Conflict(
            f"Run {run.id} failed because its phase{name} has no attempt left.",
            hint=f"`autopack show {run.id}{name}` says why. Give it new attempts with "
            f"`autopack retry {run.id}`, or go past it with `autopack skip {run.id}`.",
        )
