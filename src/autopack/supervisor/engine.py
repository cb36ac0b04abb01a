"""The durable engine under the segments. The only file that knows DBOS; everything it holds is disposable.

A segment is one workflow, `{run_id}.{epoch}`, whose single step is `while await advance(...)`. The
application's tables are the truth: a run goes on under a new epoch whatever the engine remembers
(docs/decisions/0001).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from autopack.errors import AutopackError, Fenced
from autopack.supervisor import queries, workers
from autopack.supervisor.advance import advance
from autopack.supervisor.endings import ending
from autopack.supervisor.hold import take_hold
from autopack.supervisor.lifecycle import Lifecycle
from autopack.supervisor.services import Services
from autopack.supervisor.steps import Steps

CONTROL_POLL_SECONDS = 0.25
"""How often the owner of a run looks for a cancel while a step runs."""

log = structlog.get_logger(__name__)


class Engine:
    """This process's engine: drives segments of runs. One per process; made by `engine()`."""

    def __init__(self, services: Services, segment: Any, dbos: Any) -> None:
        self._services = services
        self._segment = segment
        self._dbos = dbos

    async def drive(self, run_id: str, epoch: int) -> None:
        """Drive a run under an epoch of ours until its segment ends.

        An error of a step ends the run, not this call. Raises `InvalidInput` where models.yaml can't be used.
        """
        from dbos import SetWorkflowID

        await self._dbos.delete_workflows_async([f"{run_id}.{epoch - 1}"])
        with SetWorkflowID(f"{run_id}.{epoch}"):
            handle = await self._dbos.start_workflow_async(self._segment, run_id, epoch)
        await handle.get_result()
        await self._dbos.delete_workflows_async([f"{run_id}.{epoch}"])


@asynccontextmanager
async def engine(services: Services) -> AsyncGenerator[Engine]:
    """The engine of this process, launched under its own executor id and shut down at the end."""
    logging.getLogger("dbos").addHandler(logging.NullHandler())
    from dbos import DBOS

    dbos = DBOS(
        config={
            "name": "autopack",
            "system_database_url": services.settings.engine_url,
            "executor_id": services.owner,
            "application_version": "autopack-1",
            "notification_listener_polling_interval_sec": 0.25,
            "log_level": "WARNING",
        }
    )

    @DBOS.step(name="advance", preemptible=True)
    async def steps(run_id: str, epoch: int) -> None:
        await drive_segment(services, run_id, epoch)

    @DBOS.workflow(name="segment")
    async def segment(run_id: str, epoch: int) -> None:
        await steps(run_id, epoch)

    async with services.database.write() as session:
        await workers.register(session, services.owner)
    DBOS.launch()
    beating = asyncio.create_task(workers.keep_saying_so(services.database, services.owner))
    try:
        yield Engine(services, segment, dbos)
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        await _shut_down(dbos)
        async with services.database.write() as session:
            await queries.forget(session, services.owner)


async def _shut_down(dbos: Any) -> None:
    """Destroy the engine on a thread of its own: it takes the loop's default executor down with it."""
    from concurrent.futures import ThreadPoolExecutor

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as own:
        await loop.run_in_executor(own, lambda: dbos.destroy(destroy_registry=True))
    loop.set_default_executor(ThreadPoolExecutor())


async def drive_segment(services: Services, run_id: str, epoch: int) -> None:
    """Take a run on, step by step, until it ends, waits, is stopped or is taken over."""
    structlog.contextvars.bind_contextvars(run_id=run_id, epoch=epoch)
    hold = await take_hold(services, run_id, epoch)
    run, steps = Lifecycle(hold), Steps(hold)
    try:
        while await _unless_cancelled(advance(run, steps), run, steps):
            pass
    except Fenced:
        log.warning("fenced", run_id=run_id, epoch=epoch)
    except AutopackError as error:
        log.warning("run_stopped", run_id=run_id, code=error.code, error=error.message)
        await _end(run, error)
    except Exception as error:
        log.exception("step_failed", run_id=run_id)
        await _end(run, error)


async def _end(run: Lifecycle, error: Exception) -> None:
    with contextlib.suppress(Fenced):
        await run.end(ending(error))


async def _unless_cancelled(step: Coroutine[Any, Any, bool], run: Lifecycle, steps: Steps) -> bool:
    """Await a step, but interrupt it when someone asks for the run to stop. Never while it commits."""
    working = asyncio.create_task(step)
    try:
        while True:
            done, _ = await asyncio.wait({working}, timeout=CONTROL_POLL_SECONDS)
            if done:
                return working.result()
            if await run.asked_to_cancel() and not steps.committing:
                break
        return True
    finally:
        if steps.committing:  # taken over or not: each step of a commit can be done twice
            await asyncio.wait({working})
        if not working.done():
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
