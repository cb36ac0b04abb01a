"""Driving a run in this process, and showing it: what `run` and `demo` have in common."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

from autopack.cli.displays import Display
from autopack.cli.follow import Follower, board_of
from autopack.cli.out import forget_terminal, say
from autopack.cli.stopping import CANCELLED, stopping
from autopack.errors import Conflict, Unavailable
from autopack.runs.states import RunState

if TYPE_CHECKING:
    from autopack.routing.policy import Policy
    from autopack.supervisor.services import Services
    from autopack.views.status import DashboardRunStatus
    from autopack.views.usage import UsageReport


_AGAIN_SECONDS = 0.5


async def drive(
    services: Services, run_id: str, display: Display, *, epoch: int | None, lasting: bool = True
) -> DashboardRunStatus:
    """Drive a run until it ends, waits or is stopped, and say where it stands then.

    `epoch` is the one that the run is ours under; one without is taken here, and only what is new of it is
    shown. Where its models are not `lasting`, going on with it is not suggested.

    Raises `Conflict` where a live process drives it already or there is nothing to go on with.
    """
    from autopack.supervisor import control
    from autopack.supervisor.engine import engine
    from autopack.views.status import run_status

    async def ask(by: str) -> None:
        if by == signal.SIGHUP.name:
            forget_terminal()
        display.cancelling()
        while True:
            with contextlib.suppress(Unavailable):  # a locked database is no reason to go on
                with contextlib.suppress(Conflict):  # it has just ended
                    await control.cancel(services.database, run_id, by=by)
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    def leave() -> None:
        display.end(last=False)
        on = f" Go on with `autopack resume {run_id}`." if lasting else ""
        say(f"Stopped at once.{on}", stderr=True)

    board = await board_of(services.database, run_id)
    follower = Follower(services.database, board, display)
    if epoch is None:
        await follower.catch_up(shown=False)
        epoch = await control.take(services.database, run_id, owner=services.owner)
    with stopping(ask, leave):
        display.begin(board)
        try:
            async with engine(services) as running:
                while epoch is not None:
                    policy = services.policy.now()
                    driving = asyncio.create_task(running.drive(run_id, epoch))
                    await follower.until(driving.done)
                    await driving
                    waiting = asyncio.create_task(_next_epoch(services, run_id, policy))
                    await follower.until(waiting.done)
                    epoch = await waiting
        finally:
            display.end()
    async with services.database.read() as session:
        return await run_status(session, run_id)


async def _next_epoch(services: Services, run_id: str, policy: Policy) -> int | None:
    """Wait with a scheduled run until it goes on; the epoch it is ours under then.

    It tries at once where models.yaml is another one than `policy`, by which it was scheduled. None where
    it is not scheduled, or goes on elsewhere, or not at all.
    """
    from autopack.runs import queries
    from autopack.supervisor import control

    scheduled = False
    while True:
        async with services.database.read() as session:
            run = await queries.run(session, run_id)
        scheduled = scheduled or run.state == RunState.SCHEDULED
        if not scheduled or run.state not in (RunState.SCHEDULED, RunState.QUEUED) or run.owner is not None:
            return None
        if services.policy.now() is not policy:
            policy = services.policy.now()
            await control.look_again(services.database)
        elif control.waits_for_a_driver(run):
            return await control.take_waiting(services.database, run_id, owner=services.owner)
        await asyncio.sleep(_AGAIN_SECONDS)


def exit_code(status: DashboardRunStatus) -> int:
    """0 succeeded, 130 cancelled, 1 everything else."""
    if status.state == RunState.SUCCEEDED:
        return 0
    return CANCELLED if status.state == RunState.CANCELLED else 1


async def usage_of(services: Services, run_id: str) -> UsageReport:
    """What a run used."""
    from autopack.views.usage import usage_report

    async with services.database.read() as session:
        return await usage_report(session, run_id=run_id)
