"""One step of a run. Decides and does nothing itself: every act is a step of `steps.py`.

Read it aloud: route, build, verify, audit, commit.
"""

from __future__ import annotations

from typing import assert_never

from autopack.runs.states import Intent, PhaseState, RunState
from autopack.supervisor.lifecycle import Lifecycle
from autopack.supervisor.position import At
from autopack.supervisor.rules import retry
from autopack.supervisor.steps import Steps


async def advance(run: Lifecycle, steps: Steps) -> bool:
    """Take a run one step on. False when there is nothing more to do in this segment."""
    position = await run.look()
    if position.run_state.ended or position.run_state is RunState.PAUSED:
        return False
    if position.asked is Intent.CANCEL and not position.committing:
        return await run.cancel()
    if position.asked is Intent.PAUSE and not position.committing:
        return await run.pause()
    if position.run_state is not RunState.IN_PROGRESS:
        return await run.start()
    if not position.run.baseline_done:
        return await run.prepare()
    if position.phase is None:
        return await run.finish()
    return await _advance_phase(steps, position.at)


async def _advance_phase(steps: Steps, at: At) -> bool:
    outcome = None
    match at.state:
        case PhaseState.PENDING:
            await steps.open_attempt(at)
        case PhaseState.BUILDING if not at.routed:
            await steps.route(at)
        case PhaseState.BUILDING:
            outcome = await steps.build(at)
        case PhaseState.VERIFYING:
            outcome = await steps.verify(at)
        case PhaseState.AUDITING:
            outcome = await steps.audit(at)
        case PhaseState.COMMITTING:
            await steps.commit(at)
        case PhaseState.FAILED | PhaseState.CANCELLED:
            await steps.reopen(at)
        case PhaseState.COMPLETED | PhaseState.SKIPPED:
            raise LookupError(f"phase {at.phase.phase_id} is behind the run")
        case _:
            assert_never(at.state)
    if outcome is None:
        return True
    return await steps.conclude(at, outcome, retry(at, outcome.failure))
