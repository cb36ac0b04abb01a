"""A run as one process holds it: under one epoch, with its plan, policy and workspace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from autopack.db import WriteSession
from autopack.errors import Fenced
from autopack.plan import Phase, Plan
from autopack.processes import Confinement, machine_limits
from autopack.projects import queries as projects
from autopack.routing.policy import Policy
from autopack.routing.policyfile import RunPolicy
from autopack.runs import queries
from autopack.runs.states import Intent
from autopack.runs.tables import RunRow
from autopack.supervisor.activities import Activity
from autopack.supervisor.clock import Clock
from autopack.supervisor.services import Services
from autopack.workspace import CommandSettings, Workspace

CONTROL_POLL_SECONDS = 0.25
"""How often the owner of a run looks for what is asked of it while a step runs."""


class StandAside(Exception):
    """The run is to pause, to stop, or to be left to another process: the step in hand ends where it is.

    Raised where nothing is lost by it: between requests of a conversation, and in the waits between tries.
    """


class PlanChanged(Exception):
    """The plan was amended: the segment goes on with the new one."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """What the steps of one segment share.

    The plan and the policy's mappings are as they were when the run was created; addresses, limits and prices
    as they are now.
    """

    services: Services
    run_id: str
    epoch: int
    plan: Plan
    policies: RunPolicy
    workspace: Workspace
    commands: CommandSettings
    fence_secret: bytes
    plan_revision: int
    clock: Clock

    @property
    def policy(self) -> Policy:
        """The run's policy as it is now."""
        return self.policies.now()

    @asynccontextmanager
    async def move(self) -> AsyncGenerator[tuple[WriteSession, RunRow]]:
        """One write transaction that begins at the fence. Raises `Fenced` where the run is no longer ours."""
        async with self.services.database.write() as session:
            yield session, await self.fence(session)

    async def fence(self, session: WriteSession) -> RunRow:
        """The run, locked in a transaction. Raises `Fenced` where it is no longer ours."""
        return await queries.fence(session, self.run_id, epoch=self.epoch, worked=self.clock.worked)

    def show(self, what: str, doing: str, *, phase_id: str = "", tokens: int | None = None) -> None:
        """Let whoever watches know what the run is at: a sign of life."""
        self.clock.sign()
        self.services.activity(
            Activity(run_id=self.run_id, phase_id=phase_id, what=what, doing=doing, tokens=tokens)
        )

    async def go_on(self) -> None:
        """Raise `StandAside` where the run is not to go on, `Fenced` where it is no longer ours."""
        if self.services.leaving.is_set():
            raise StandAside
        async with self.services.database.read() as session:
            owned = await queries.owned(session, self.run_id)
        if owned.epoch != self.epoch:
            raise Fenced(f"Run {self.run_id} was taken over by another process.")
        if owned.intent is not Intent.NONE:
            raise StandAside

    async def rest(self, seconds: float) -> None:
        """Wait, which is no stall. Raises as `go_on` does, within a quarter of a second."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, CONTROL_POLL_SECONDS))
            self.clock.sign()
            await self.go_on()

    def planned(self, phase_id: str) -> Phase:
        """A phase as the plan has it."""
        return next(phase for _, _, _, phase in self.plan.phases() if phase.id == phase_id)


async def take_hold(services: Services, run_id: str, epoch: int) -> Hold:
    """Read what a segment needs of its run. Raises `InvalidInput` where models.yaml can't be used."""
    async with services.database.read() as session:
        run = await queries.run(session, run_id)
        project = await projects.by_id(session, run.project_id)
    plan = Plan.model_validate(run.plan)
    return Hold(
        services=services,
        run_id=run_id,
        epoch=epoch,
        plan=plan,
        policies=current_policy(services, run),
        workspace=Workspace(
            services.settings.workspaces / run_id, Path(project.path), run_id, services.artifacts
        ),
        commands=command_settings(plan, Confinement(run.confinement), services.environ),
        fence_secret=bytes.fromhex(run.fence_secret),
        plan_revision=run.plan_revision,
        clock=Clock(plan.limits, queries.Worked(run.worked_seconds, run.phase_worked_seconds)),
    )


def command_settings(plan: Plan, confinement: Confinement, environ: Mapping[str, str]) -> CommandSettings:
    """How a plan's commands are run, wherever they are."""
    return CommandSettings(
        confinement=confinement,
        setup=plan.setup,
        copy_files=plan.copy_files,
        env=plan.env,
        network=plan.network,
        environ=environ,
        timeout_seconds=plan.limits.command_minutes * 60.0,
        limits=machine_limits(memory_bytes=plan.limits.memory_bytes, processes=plan.limits.processes),
    )


def bare_settings(confinement: Confinement, environ: Mapping[str, str]) -> CommandSettings:
    """How a coding agent's program is run where no plan's commands are."""
    return CommandSettings(
        confinement=confinement,
        setup=(),
        copy_files=(),
        env=(),
        network=False,
        environ=environ,
        timeout_seconds=0.0,
    )


def current_policy(services: Services, run: RunRow) -> RunPolicy:
    """The run's policy: its mappings as they were when it was created, its addresses and limits as they are.

    Raises `InvalidInput` where models.yaml can't be used, or no longer has a provider that the run needs.
    """
    return RunPolicy(Policy.model_validate(run.policy), services.policy)
