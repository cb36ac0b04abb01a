"""What people ask of runs: start, go on, stop. Asking is a row in the database, from any process."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from autopack.db import AnySession, Database
from autopack.errors import Conflict, NotFound
from autopack.runs import queries, service
from autopack.runs.states import EndReason, Intent, PhaseState, RunState
from autopack.runs.tables import RunRow
from autopack.supervisor import queries as processes
from autopack.supervisor import workers


@dataclass(frozen=True)
class Asked:
    """What came of asking something of a run."""

    run_id: str
    state: str
    """As it is shown: `pausing` and `cancelling` while that is asked and not yet done."""
    changed: bool
    """False where it was so already."""
    driven: bool
    """Whether a live process works on it."""

    def __bool__(self) -> bool:
        return self.changed


async def pause(database: Database, run_id: str, *, by: str) -> Asked:
    """Ask a run to pause before its next step. Raises `NotFound`, and `Conflict` where it has ended."""
    async with database.write() as session:
        run = await queries.run(session, run_id, lock=True)
        _refuse_ended(run)
        changed = await queries.set_intent(session, run_id, intent=Intent.PAUSE, by=by)
        return await _asked(session, run_id, changed=changed)


async def resume(database: Database, run_id: str, *, by: str) -> Asked:
    """Ask a run to go on. Raises `NotFound`, and `Conflict` where it has ended."""
    async with database.write() as session:
        run = await queries.run(session, run_id, lock=True)
        _refuse_ended(run)
        changed = await queries.set_intent(session, run_id, intent=Intent.NONE, by=by)
        return await _asked(session, run_id, changed=changed)


async def retry(database: Database, run_id: str, *, by: str) -> Asked:
    """Ask for new attempts at the phase that failed. Raises `NotFound` and `Conflict`."""
    return await resume(database, run_id, by=by)


async def skip(database: Database, run_id: str, *, by: str, phase_id: str | None = None) -> Asked:
    """Ask a run to go past a phase. Raises `NotFound` and `Conflict`."""
    async with database.read() as session:
        known = {phase.phase_id for phase in await queries.phases(session, run_id)}
    if phase_id is not None and phase_id not in known:
        raise NotFound(f"There is no phase {phase_id} in this run.")
    return await resume(database, run_id, by=by)


async def cancel(database: Database, run_id: str, *, by: str) -> Asked:
    """Ask a run to stop; its owner heeds it within a quarter of a second. Nothing where it had ended."""
    async with database.write() as session:
        await queries.run(session, run_id)
        changed = await service.ask_cancel(session, run_id, by=by)
        return await _asked(session, run_id, changed=changed)


async def _asked(session: AnySession, run_id: str, *, changed: bool) -> Asked:
    run = await queries.run(session, run_id)
    driven = await workers.is_alive(session, run.owner)
    shown = {Intent.CANCEL: "cancelling", Intent.PAUSE: "pausing", Intent.NONE: run.state}
    return Asked(run_id, shown[Intent(run.intent)] if driven else run.state, changed, driven)


def _refuse_ended(run: RunRow) -> None:
    if RunState(run.state).ended:
        raise Conflict(f"Run {run.id} has ended: it is {run.state}.")


async def take(database: Database, run_id: str, *, owner: str) -> int:
    """Take a run that nobody drives, to start it or to go on with it; returns the epoch it is ours under.

    Raises `NotFound`, and `Conflict` where the run is driven by a live process, was discarded, has
    succeeded, or has no attempt left to go on with.
    """
    async with database.write() as session:
        run = await queries.run(session, run_id, lock=True)
        await _check_free(session, run)
        former = run.owner
        refuse_discarded(run)
        if RunState(run.state).ended:
            await _check_can_go_on(session, run)
        await workers.register(session, owner)
        epoch = await service.claim(session, run_id, epoch=run.epoch, owner=owner)
        run = await queries.run(session, run_id)
        if former is not None or run.state == RunState.PAUSED:
            # What was asked of the process that is gone does not bind whoever goes on with the run.
            run.intent, run.intent_by = Intent.NONE, None
        if former is not None:
            await processes.forget(session, former)
        if RunState(run.state) not in {RunState.QUEUED, RunState.IN_PROGRESS}:
            await service.move_run(session, run, to=RunState.QUEUED)
        run.merged_at = None
    return epoch


async def abandon(database: Database, run_id: str, *, owner: str, by: str) -> None:
    """Cancel a run that nobody drives. Does nothing where it had ended.

    Raises `NotFound`, and `Conflict` where a live process drives it.
    """
    async with database.write() as session:
        run = await queries.run(session, run_id, lock=True)
        await _check_free(session, run)
        if RunState(run.state).ended:
            return
        await service.claim(session, run_id, epoch=run.epoch, owner=owner)
        await service.stop_phase(session, run_id, to=PhaseState.CANCELLED)
        run = await queries.run(session, run_id)
        detail = f"asked by {by}"
        await service.move_run(session, run, to=RunState.CANCELLED, reason=EndReason.CANCELLED, detail=detail)


def refuse_discarded(run: RunRow) -> None:
    """Raises `Conflict` where the run's branch and workspace were deleted: there is nothing to go on with."""
    if run.discarded_at is not None:
        raise Conflict(
            f"Run {run.id} was discarded: its branch and workspace are deleted.",
            hint=f"Run its plan anew: autopack run {shlex.quote(run.plan_path)}",
        )


async def _check_free(session: AnySession, run: RunRow) -> None:
    if await workers.is_alive(session, run.owner):
        raise Conflict(
            f"Run {run.id} is being driven by a live process ({run.owner}).",
            hint=f"Watch it with `autopack logs {run.id} -f`, or stop that process first.",
        )


async def _check_can_go_on(session: AnySession, run: RunRow) -> None:
    if run.state == RunState.SUCCEEDED:
        raise Conflict(
            f"Run {run.id} has succeeded: there is nothing to go on with.",
            hint="Its work is merged already."
            if run.merged_at is not None
            else f"Take its work with `autopack merge {run.id}`.",
        )
    if run.end_reason == EndReason.ATTEMPTS_EXHAUSTED:
        phase = await queries.current_phase(session, run.id)
        name = "" if phase is None else f" {phase.phase_id}"
        raise Conflict(
            f"Run {run.id} failed because its phase{name} has no attempt left.",
            hint=f"`autopack show {run.id}{name}` says why; change the plan or the models and run it anew.",
        )
