"""A service: drives the runs that nobody drives, so many at once, until it is told to end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from autopack.errors import AutopackError, Conflict, Fenced, InvalidInput, NotFound, Unavailable
from autopack.projects import queries as projects
from autopack.routing.policy import Policy
from autopack.runs import queries, service
from autopack.runs.states import Intent, Waiting
from autopack.runs.tables import RunRow
from autopack.supervisor import control, launch, postmortems
from autopack.supervisor.services import Services

if TYPE_CHECKING:
    from autopack.supervisor.engine import Engine

LOOK_SECONDS = 0.5
"""How often a service looks for runs that wait; its own endpoints wake it at once."""
LEAVE_SECONDS = 3.0
"""How long a run may go on with the request in hand when the service ends."""

log = logging.getLogger(__name__)


class Serving:
    """The runs that this service drives."""

    def __init__(self, services: Services, engine: Engine) -> None:
        self._services = services
        self._engine = engine
        self._driving: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._taking: asyncio.Task[None] | None = None
        self._learning: asyncio.Task[None] | None = None
        self._policy: Policy | None = None

    @property
    def driving(self) -> int:
        """Number of runs in hand."""
        return len(self._driving)

    @property
    def healthy(self) -> bool:
        """Whether it still takes runs."""
        return self._taking is not None and not self._taking.done()

    def wake(self) -> None:
        """A run may wait: look now."""
        self._woken.set()

    def start(self) -> None:
        """Take runs from now on, and write what is learned at their ends."""
        self._taking = asyncio.create_task(self._keep_taking())
        self._learning = asyncio.create_task(postmortems.keep_writing(self._services))

    async def leave(self) -> None:
        """Take no more, and let go of those in hand: whoever comes next goes on where they are."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.gather(self._taking, return_exceptions=True)
        self._services.leaving.set()
        if self._driving:
            await asyncio.wait(self._driving.values(), timeout=LEAVE_SECONDS)
        await self._engine.interrupt()
        learning = () if self._learning is None else (self._learning,)
        await asyncio.gather(*self._driving.values(), *learning, return_exceptions=True)

    async def _keep_taking(self) -> None:
        while True:
            try:
                await self._take_waiting()
            except Exception as error:  # a database that is away, say: later again
                log.warning("taking_failed: %s", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()
            self._woken.clear()

    async def _heed_policy(self) -> None:
        """A cap that was raised, now or while no service lived, may have a scheduled run go on."""
        policy = self._services.policy.now()
        former, self._policy = self._policy, policy
        if former is not policy:
            await control.look_again(self._services.database)

    async def _take_waiting(self) -> None:
        await self._heed_policy()
        room = self._services.settings.runs_at_once - len(self._driving)
        if room <= 0:
            return
        async with self._services.database.read() as session:
            waiting = await queries.waiting_for_a_driver(session)
            places = await projects.by_ids(session, {run.project_id for run in waiting})
        for run in waiting:
            if (
                room <= 0
                or run.id in self._driving
                or not self._is_here(run, Path(places[run.project_id].path))
            ):
                continue
            if not await self._can_start(run):
                continue
            epoch = await control.take_waiting(self._services.database, run.id, owner=self._services.owner)
            if epoch is not None:
                self._driving[run.id] = asyncio.create_task(self._drive(run.id, epoch))
                room -= 1

    def _is_here(self, run: RunRow, repository: Path) -> bool:
        """Whether it is of this machine: several may share one PostgreSQL, and no other database.

        What is missing on the only machine there is, the run says itself when it is driven.
        """
        if self._services.settings.postgres_url is None:
            return True
        begun = run.base_commit is not None
        return repository.is_dir() and (not begun or (self._services.settings.workspaces / run.id).is_dir())

    async def _can_start(self, run: RunRow) -> bool:
        """Whether nothing is missing here to drive it; where something is, the run says so and waits."""
        if run.intent != Intent.NONE:
            return True  # to be heeded, whatever is missing
        try:
            await launch.check_resume(self._services, run.id)
        except (InvalidInput, Unavailable, Conflict, NotFound) as error:
            await self._park(run.id, error)
            return False
        return True

    async def _park(self, run_id: str, error: AutopackError) -> None:
        detail = " ".join(part for part in (error.message, error.hint) if part)
        await control.park(self._services.database, run_id, reason=Waiting.CANNOT_START, detail=detail)

    async def _drive(self, run_id: str, epoch: int) -> None:
        """Drive it to the end of its segment; where that fails it is parked, not taken at once again."""
        failed: AutopackError | None = None
        policy = self._services.policy.now()
        try:
            await self._engine.drive(run_id, epoch)
        except Fenced as error:
            log.warning("drive_fenced %s: %s", run_id, error.message)
        except AutopackError as error:
            failed = error
        except Exception as error:
            if not self._services.leaving.is_set():
                log.exception("drive_failed %s", run_id)
            failed = Unavailable(f"It could not be driven: {error}.", hint="autopack.log says more.")
        finally:
            with suppress(AutopackError):  # a database that is away: a sweep frees it
                await self._let_go(run_id)
                if failed is not None and not self._services.leaving.is_set():
                    await self._park(run_id, failed)
                if self._services.policy.now() is not policy:  # it may wait by the former one
                    await control.look_again(self._services.database)
            del self._driving[run_id]
            self.wake()

    async def _let_go(self, run_id: str) -> None:
        """Free a run that has not ended, and do what is asked of it."""
        async with self._services.database.write() as session:
            if await queries.release(session, run_id, owner=self._services.owner, fence=False):
                await control.heed(session, await service.locked(session, run_id))


@asynccontextmanager
async def serving(services: Services, *, address: str) -> AsyncGenerator[Serving]:
    """A service at an address (a URL), until the end of the block."""
    from autopack.supervisor.engine import engine

    async with engine(services, address=address) as running:
        serving = Serving(services, running)
        serving.start()
        try:
            yield serving
        finally:
            await serving.leave()
