"""The durable engine under the segments. The only file that knows DBOS; everything it holds is disposable.

A segment is one workflow, `{run_id}.{epoch}`, whose single step is `while await advance(...)`. The
application's tables are the truth: a run goes on under a new epoch whatever the engine remembers
(docs/decisions/0001).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from autopack.db import Database, explained
from autopack.errors import AutopackError, Fenced
from autopack.runs import queries as runs
from autopack.supervisor import queries, workers
from autopack.supervisor.advance import advance
from autopack.supervisor.endings import ending
from autopack.supervisor.hold import CONTROL_POLL_SECONDS, Hold, PlanChanged, StandAside, take_hold
from autopack.supervisor.lifecycle import Lifecycle
from autopack.supervisor.services import Services
from autopack.supervisor.steps import Steps
from autopack.supervisor.sweep import sweep

SWEEP_SECONDS = 20.0
"""How often each process looks for others that are gone."""

SERVICE_SWEEP_SECONDS = 2.0
"""The same for a service, which goes on with their runs."""

_NOTING_SECONDS = 5.0
"""How long the engine may take to note the end of a segment before we go without."""

log = structlog.get_logger(__name__)


class Engine:
    """This process's engine: drives segments of runs. One per process; made by `engine()`."""

    def __init__(
        self,
        services: Services,
        segment: Any,
        dbos: Any,
        ends: dict[str, asyncio.Event],
        at_work: set[asyncio.Task[Any]],
    ) -> None:
        self._services = services
        self._segment = segment
        self._dbos = dbos
        self._ends = ends
        """Segments by the name of their workflow, set when their step is over."""
        self._at_work = at_work
        """The tasks of the steps that run now."""

    async def interrupt(self) -> None:
        """Break off every segment of this process, wherever it is; each goes on where it was, elsewhere."""
        for task in self._at_work:
            task.cancel()
        if self._at_work:
            await asyncio.wait(self._at_work)

    async def drive(self, run_id: str, epoch: int) -> None:
        """Drive a run under an epoch of ours until its segment ends.

        An error of a step ends the run, not this call. Raises `InvalidInput` where models.yaml can't be used,
        `Fenced` where another process took the run over meanwhile, and `Unavailable` where the engine's own
        tables can't be reached: the run is gone on with by a later process.
        """
        from dbos import SetWorkflowID

        workflow = f"{run_id}.{epoch}"
        ended = self._ends.setdefault(workflow, asyncio.Event())
        with explained():
            await self._dbos.delete_workflows_async([f"{run_id}.{former}" for former in range(1, epoch)])
            with SetWorkflowID(workflow):
                handle = await self._dbos.start_workflow_async(self._segment, run_id, epoch)
            await self._end_of(handle.get_result(), ended, workflow)
        async with self._services.database.read() as session:
            run = await runs.run(session, run_id)
        if run.epoch != epoch:
            raise Fenced(
                f"Run {run_id} was taken over by another process ({run.owner or 'which has ended'}).",
                hint=f"This one was silent for too long. Watch the run with `autopack logs {run_id} -f`.",
            )

    async def _end_of(self, result: Coroutine[Any, Any, Any], ended: asyncio.Event, workflow: str) -> None:
        """Wait for a segment, and a little for what the engine notes of it: nobody needs that any more."""
        from dbos import error

        noted = asyncio.ensure_future(result)
        over = asyncio.ensure_future(ended.wait())
        try:
            await asyncio.wait({noted, over}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({noted}, timeout=_NOTING_SECONDS)
            if not noted.done():
                log.warning("engine_is_slow", workflow=workflow)
                return
            with contextlib.suppress(error.DBOSNonExistentWorkflowError):  # dropped: the run was taken over
                noted.result()
            await self._dbos.delete_workflows_async([workflow])
        finally:
            del self._ends[workflow]
            noted.cancel()
            over.cancel()
            await asyncio.gather(noted, over, return_exceptions=True)


@asynccontextmanager
async def engine(services: Services, *, address: str | None = None) -> AsyncGenerator[Engine]:
    """The engine of this process, launched under its own executor id and shut down at the end.

    With an `address` it is a service's: it takes runs that nobody drives.
    """
    logging.getLogger("dbos").addHandler(logging.NullHandler())
    from dbos import DBOS

    dbos = DBOS(
        config={
            "name": "autopack",
            "system_database_url": services.settings.engine_url,
            "executor_id": services.owner,
            "application_version": "autopack-1",
            "notification_listener_polling_interval_sec": 0.25,
            "sys_db_pool_size": 4,
            "log_level": "WARNING",
        }
    )

    ends: dict[str, asyncio.Event] = {}
    at_work: set[asyncio.Task[Any]] = set()

    @DBOS.step(name="advance", preemptible=True)
    async def steps(run_id: str, epoch: int) -> None:
        if (task := asyncio.current_task()) is not None:
            at_work.add(task)
            task.add_done_callback(at_work.discard)
        try:
            await drive_segment(services, run_id, epoch)
        finally:
            if (ended := ends.get(f"{run_id}.{epoch}")) is not None:
                ended.set()

    @DBOS.workflow(name="segment")
    async def segment(run_id: str, epoch: int) -> None:
        await steps(run_id, epoch)

    async with services.database.write() as session:
        await workers.register(session, services.owner, address=address)
    with explained():
        await _on_a_thread_of_its_own(DBOS.launch)
    kept = [
        asyncio.create_task(workers.keep_saying_so(services.database, services.owner, address=address)),
        asyncio.create_task(_keep_sweeping(services.database, often=address is not None)),
        asyncio.create_task(services.activities.keep_writing(services.database)),
    ]
    try:
        yield Engine(services, segment, dbos, ends, at_work)
    finally:
        for task in kept:
            task.cancel()
        await asyncio.gather(*kept, return_exceptions=True)
        await _shut_down(dbos)
        async with services.database.write() as session:
            await queries.forget(session, services.owner)


async def _keep_sweeping(database: Database, *, often: bool) -> None:
    """Free the runs and close the calls of processes that are gone, until cancelled."""
    while True:
        await asyncio.sleep(SERVICE_SWEEP_SECONDS if often else SWEEP_SECONDS)
        try:
            await sweep(database)
        except Exception as error:
            log.warning("sweep_failed", error=str(error))


async def _shut_down(dbos: Any) -> None:
    """Destroy the engine, which takes the loop's default executor down with it."""
    from concurrent.futures import ThreadPoolExecutor

    await _on_a_thread_of_its_own(lambda: dbos.destroy(destroy_registry=True))
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())


async def _on_a_thread_of_its_own(work: Callable[[], None]) -> None:
    """The engine waits for its database, where it may wait for what this loop has open there: an index that
    PostgreSQL builds waits for every transaction that was there before.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as own:
        await asyncio.get_running_loop().run_in_executor(own, work)


async def drive_segment(services: Services, run_id: str, epoch: int) -> None:
    """Take a run on, step by step, until it ends, waits, is stopped, is taken over or this process leaves."""
    structlog.contextvars.bind_contextvars(run_id=run_id, epoch=epoch)
    goes_on = True
    try:
        while goes_on:
            hold = await take_hold(services, run_id, epoch)
            goes_on = await _drive(hold)
    except Fenced:
        log.warning("fenced", run_id=run_id, epoch=epoch)
    finally:
        await services.activities.forget(services.database, run_id)


async def _drive(hold: Hold) -> bool:
    """Take a run on with the plan as it is now. True where the plan is another one by now."""
    run, steps = Lifecycle(hold), Steps(hold)
    try:
        while not hold.services.leaving.is_set():
            if not await _watched(advance(run, steps), run, steps):
                break
    except PlanChanged:
        return True
    except Fenced:
        raise
    except AutopackError as error:
        log.warning("run_stopped", run_id=hold.run_id, code=error.code, error=error.message)
        await _end(run, error)
    except Exception as error:
        log.exception("step_failed", run_id=hold.run_id)
        await _end(run, error)
    return False


async def _end(run: Lifecycle, error: Exception) -> None:
    with contextlib.suppress(Fenced):
        await run.end(ending(error))


async def _watched(step: Coroutine[Any, Any, bool], run: Lifecycle, steps: Steps) -> bool:
    """Await a step, and keep watch: it is interrupted where the run is asked to stop, or its time is up.

    Never while it commits.
    """
    working = asyncio.create_task(step)
    try:
        while True:
            done, _ = await asyncio.wait({working}, timeout=CONTROL_POLL_SECONDS)
            if done:
                with contextlib.suppress(StandAside):
                    return working.result()
                return True
            if not (steps.committing or run.heeding) and await run.keep_watch():
                return True
    finally:
        if steps.committing:  # taken over or not: each step of a commit can be done twice
            await asyncio.wait({working})
        if not working.done():
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
