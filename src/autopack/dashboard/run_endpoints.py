"""What is asked of runs: start, pause, go on, stop, try again, skip. Each is answered at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import APIRouter, Request

from autopack.dashboard.access import Here, MaybeKey, RunId, serving_of
from autopack.dashboard.problems import OF_POST, answers
from autopack.dashboard.schemas import ControlAnswer, PlanRequest, SkipRequest, StartedRun, StartRequest
from autopack.errors import Conflict, NotFound
from autopack.idempotency.queries import IdempotencyKey
from autopack.runs.states import RunState
from autopack.supervisor import control, launch, planfiles
from autopack.supervisor.control import Asked
from autopack.supervisor.services import Services

BY = "dashboard"
"""Who asks, as events and records have it."""

router = APIRouter(prefix="/runs", tags=["Steering"])
_OF_A_RUN = answers(*OF_POST, NotFound, Conflict)


@router.post("/start", status_code=201, responses=_OF_A_RUN)
async def start_run(request: Request, here: Here, asked: StartRequest, key: MaybeKey = None) -> StartedRun:
    """Create a run of a plan and have it started.

    Everything that can be known to be wrong is said now: plan, project, policy, keys, sandbox. Whether what
    models write is confined is decided where the service is started, never by a request.
    """
    once = None if key is None else IdempotencyKey(key, await request.body())
    created = None if once is None else await launch.created_under(here, once)
    if created is None:
        plan_path, repository = await _plan_of(here, asked)
        created = await launch.create_run(
            here,
            plan_path=plan_path,
            repository=repository,
            unsandboxed=request.app.state.unsandboxed,
            accept_red_baseline=asked.accept_red_baseline,
            digest=asked.digest,
            key=once,
        )
    serving_of(request).wake()
    return StartedRun(run_id=created.run_id, state=RunState.QUEUED, notices=created.notices)


async def _plan_of(here: Services, asked: PlanRequest) -> tuple[Path, Path]:
    """Path of the plan's file, and the top of the repository that it is for."""
    async with here.database.read() as session:
        project = await planfiles.find_project(session, asked.project, plan_path=asked.plan_path)
    top = Path(project.path)
    if asked.plan_path is not None:
        path = planfiles.plan_in_project(top, asked.plan_path)
        await asyncio.to_thread(planfiles.read_plan, path)
        return path, top
    document = asked.plan or {}
    await asyncio.to_thread(planfiles.check_document, document, here.redactor)
    return await asyncio.to_thread(planfiles.store_document, document, here.settings), top


@router.post("/{run_id}/pause", responses=_OF_A_RUN)
async def pause_run(here: Here, run_id: RunId) -> ControlAnswer:
    """Have a run pause before its next step: it is `pausing` until then."""
    return _answer(await control.pause(here.database, run_id, by=BY))


@router.post("/{run_id}/resume", responses=_OF_A_RUN)
async def resume_run(request: Request, here: Here, run_id: RunId) -> ControlAnswer:
    """Have a run go on that is paused, was interrupted, or failed for a reason that is mended."""
    await launch.check_resume(here, run_id)
    asked = await control.resume(here.database, run_id, by=BY)
    serving_of(request).wake()
    return _answer(asked)


@router.post("/{run_id}/cancel", responses=_OF_A_RUN)
async def cancel_run(here: Here, run_id: RunId) -> ControlAnswer:
    """Stop a run at once, in the middle of whatever it is at. What is committed stays."""
    return _answer(await control.cancel(here.database, run_id, by=BY))


@router.post("/{run_id}/retry", responses=_OF_A_RUN)
async def retry_run(request: Request, here: Here, run_id: RunId) -> ControlAnswer:
    """Give the phase that a run failed or was cancelled at new attempts, and have it go on from there."""
    await launch.check_resume(here, run_id)
    asked = await control.retry(here.database, run_id, by=BY)
    serving_of(request).wake()
    return _answer(asked)


@router.post("/{run_id}/skip", responses=_OF_A_RUN)
async def skip_phase(
    request: Request, here: Here, run_id: RunId, asked: SkipRequest | None = None
) -> ControlAnswer:
    """Have a run go past a phase."""
    phase = None if asked is None else asked.phase
    done = await control.skip(here.database, run_id, by=BY, phase_id=phase)
    serving_of(request).wake()
    return _answer(done)


def _answer(asked: Asked) -> ControlAnswer:
    return ControlAnswer(run_id=asked.run_id, state=asked.state, changed=asked.changed)
