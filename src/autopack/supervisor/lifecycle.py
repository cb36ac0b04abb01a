"""The steps of a run as a whole: where it stands, its start, its baseline and its ends."""

from __future__ import annotations

import asyncio

from autopack.errors import AutopackError, Fenced, Unavailable
from autopack.feed import queries as feed
from autopack.feed.schemas import BaselineChecked, LimitNear, WorkspaceReady
from autopack.runs import queries, service
from autopack.runs.states import EndReason, Intent, PhaseState, RunState, Waiting
from autopack.runs.tables import RunRow
from autopack.supervisor import control
from autopack.supervisor.endings import BaselineRed, Ending, SetupFailed
from autopack.supervisor.hold import Hold, PlanChanged
from autopack.supervisor.position import Position
from autopack.supervisor.workers import SELF_FENCE_SECONDS, passing_seconds
from autopack.workspace import Check


class Lifecycle:
    """Begins, prepares and ends one run."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._heard = passing_seconds()
        self.heeding = False
        """True while a cancel is carried out: not to be interrupted for being asked."""

    async def look(self) -> Position:
        """Read where the run stands.

        Raises `Fenced` where it is no longer ours, `PlanChanged` where its plan is not what we hold.
        """
        async with self._hold.services.database.read() as session:
            run = await queries.run(session, self._hold.run_id)
            if run.epoch != self._hold.epoch:
                raise Fenced(f"Run {run.id} was taken over by another process.")
            if run.plan_revision != self._hold.plan_revision:
                raise PlanChanged
            phase = await queries.current_phase(session, run.id)
            index = 0 if phase is None else phase.phase_index
            attempts = await queries.attempts(session, run.id, phase_index=index)
        return Position(run=run, phase=phase, attempts=tuple(attempts))

    async def keep_watch(self) -> bool:
        """Whether someone asked for the run to stop; called again and again while a step runs.

        Raises `TimeLimitReached` and `Stalled` where a limit of the plan is over, and `Fenced` where the run
        is no longer ours: also where the database has been out of reach so long that others, on other hosts,
        may take this process for dead and its runs over.
        """
        try:
            async with self._hold.services.database.read() as session:
                owned = await queries.owned(session, self._hold.run_id)
        except Unavailable as error:
            if passing_seconds() - self._heard > SELF_FENCE_SECONDS:
                raise Fenced(
                    f"The database of run {self._hold.run_id} could not be reached for too long.",
                    hint=f"Resume the run when it can: {error.message}",
                ) from error
            return False
        self._heard = passing_seconds()
        if owned.epoch != self._hold.epoch:
            raise Fenced(f"Run {self._hold.run_id} was taken over by another process.")
        if owned.intent is Intent.CANCEL:
            return True
        await self._mind_the_time()
        return False

    async def _mind_the_time(self) -> None:
        hold = self._hold
        doing = hold.services.activities.doing(hold.run_id)
        hold.clock.check(doing)
        if (near := hold.clock.near()) is None:
            return
        async with hold.move() as (session, run):
            phase = await queries.current_phase(session, run.id)
            body = LimitNear(
                phase_id="" if phase is None else phase.phase_id,
                limit=near.limit,
                minutes=near.minutes,
                left_seconds=near.left_seconds,
                waiting_for=doing,
            )
            feed.append(session, run_id=run.id, body=body)

    async def start(self) -> bool:
        """Begin, or go on after a wait."""
        async with self._hold.move() as (session, run):
            await service.move_run(session, run, to=RunState.IN_PROGRESS)
        return True

    async def prepare(self) -> bool:
        """Clone, then run setup and verification on the untouched commit, before anything is spent.

        Raises `SetupFailed` or `BaselineRed`.
        """
        hold = self._hold
        models = [hold.policy.resolve(name) for name in hold.policy.named_models()]
        warming = asyncio.create_task(hold.services.agent.warm_up(models))
        try:
            return await self._prepare()
        finally:
            # What it loads is loaded again, and its error raised, where a model is called.
            await asyncio.gather(warming, return_exceptions=True)

    async def _prepare(self) -> bool:
        hold = self._hold
        hold.show("clone", "cloning the repository")
        base = await hold.workspace.create()
        async with hold.move() as (session, run):
            if run.base_commit is None:
                run.base_commit = run.head_commit = base
                feed.append(session, run_id=run.id, body=WorkspaceReady(base_commit=base))
        hold.show("baseline", "; ".join((*hold.plan.setup, *hold.plan.verify)))
        check = await hold.workspace.check(base, hold.plan.verify, hold.commands)
        evidence = (*check.setup, *check.evidence)
        async with hold.move() as (session, run):
            await queries.replace_evidence(
                session, run.id, phase_index=0, attempt=0, step="baseline", evidence=evidence
            )
            accepted = run.accept_red_baseline and not check.passed and not check.setup_failed
            run.baseline_done = check.passed or accepted
            body = BaselineChecked(passed=check.passed, commands=len(evidence), accepted=accepted)
            feed.append(session, run_id=run.id, body=body)
        hold.clock.begin_phase()
        if not check.passed and not accepted:
            raise _not_ready(hold.run_id, check)
        return True

    async def finish(self) -> bool:
        """Every phase is behind the run: it succeeded."""
        async with self._hold.move() as (session, run):
            if run.plan_revision != self._hold.plan_revision or Intent(run.intent) is not Intent.NONE:
                return True  # there may be more to do by now, or something is asked
            await service.move_run(session, run, to=RunState.SUCCEEDED, reason=EndReason.COMPLETED)
        return False

    async def cancel(self) -> bool:
        """Someone asked for it: the phase in hand stops where it is, and everything finished stays."""
        self.heeding = True
        try:
            async with self._hold.move() as (session, run):
                await control.stop(session, run, by=run.intent_by or "")
        finally:
            self.heeding = False
        return False

    async def pause(self) -> bool:
        """Someone asked for it: everything stays where it is, the attempt in hand included."""
        async with self._hold.move() as (session, run):
            if Intent(run.intent) is not Intent.PAUSE:
                return True  # withdrawn, or something else is asked by now
            end = _paused(run)
            await service.move_run(session, run, to=end.state, reason=end.reason, detail=end.detail)
        return False

    async def end(self, ending: Ending) -> None:
        """A step could not go on: end or park the run with its reason. A cancel that was asked is heeded."""
        async with self._hold.move() as (session, run):
            if ending.state is not RunState.FAILED and Intent(run.intent) is Intent.CANCEL:
                await control.stop(session, run, by=run.intent_by or "")
                return
            if ending.state is RunState.SCHEDULED and Intent(run.intent) is Intent.PAUSE:
                ending = _paused(run)
            if ending.state is RunState.FAILED:
                await service.stop_phase(session, run.id, to=PhaseState.FAILED)
            if RunState(run.state) is RunState.QUEUED:
                await service.move_run(session, run, to=RunState.IN_PROGRESS)
            await service.move_run(
                session,
                run,
                to=ending.state,
                reason=ending.reason,
                detail=ending.detail,
                resumes_at=ending.resumes_at,
            )


def _paused(run: RunRow) -> Ending:
    """As someone asked for it."""
    return Ending(state=RunState.PAUSED, reason=Waiting.ASKED, detail=f"asked by {run.intent_by}")


def _not_ready(run_id: str, check: Check) -> AutopackError:
    said = check.failure.splitlines()[0]
    if check.setup_failed:
        return SetupFailed(
            f"Setup fails on the untouched repository: {said}",
            hint=f"`autopack show {run_id}` has its output; mend the plan's `setup`.",
        )
    return BaselineRed(
        f"Verification fails on the untouched commit, before anything was changed or spent: {said}",
        hint=f"`autopack show {run_id}` has the output; mend the repository or the plan's `verify`, "
        "or accept it with --accept-red-baseline.",
    )
