"""Control against owners, sweep and services, one database transaction at a time, in any order.

Owners run the real `advance` on a database that waits for a turn before each transaction. What is outside of
Autopack (models, commands, git) answers at once.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import update

from autopack.config import Settings
from autopack.errors import Conflict, Fenced
from autopack.feed import queries as feed
from autopack.feed.schemas import RunMoved
from autopack.plan import Plan
from autopack.projects import queries as projects
from autopack.routing.policyfile import load_policy
from autopack.runs import queries, service
from autopack.runs.states import DONE, RUN_MOVES, Intent, PhaseState, RunState
from autopack.runs.tables import RunRow
from autopack.supervisor import control, workers
from autopack.supervisor.advance import advance
from autopack.supervisor.hold import PlanChanged, take_hold
from autopack.supervisor.lifecycle import Lifecycle
from autopack.supervisor.services import Services, open_services
from autopack.supervisor.sweep import sweep
from autopack.supervisor.tables import WorkerRow
from autopack.workspace import Workspace
from fixtures.world import PLAN
from supervisor.turns import BASE, AtOnce, Branch, Turns

PHASE: dict[str, Any] = {**PLAN["tiers"][0]["phases"][0], "attempts": 2}
TWO: dict[str, Any] = {
    **PLAN,
    "verify": "none",
    "tiers": [{"name": "Only", "phases": [PHASE, {**PHASE, "id": "two", "name": "The second phase"}]}],
}
VERBS: dict[str, Callable[..., Awaitable[control.Asked]]] = {
    "pause": control.pause,
    "cancel": control.cancel,
    "resume": control.resume,
    "retry": control.retry,
}


@dataclass
class Owner:
    """A process that drives the run."""

    name: str
    database: Turns
    task: asyncio.Task[None]


class Races(RuleBasedStateMachine):
    """One run, whoever drives it, and whoever asks something of it."""

    migrated: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        memory = Path("/dev/shm")  # no disk to wait for at each commit
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.owners: list[Owner] = []
        self.started = 0
        self.wish = "resume"
        self.was_done = False
        """Whether no phase was left when it was wished: its owner may have been about to end the run."""
        self.branch = Branch()

    def _do(self, work: Awaitable[Any]) -> Any:
        async def done() -> Any:
            async with asyncio.timeout(60):
                return await work

        return self.loop.run_until_complete(done())

    @initialize(fails=st.sampled_from([frozenset[tuple[str, int]](), frozenset({("two", 1), ("two", 2)})]))
    def begin(self, fails: frozenset[tuple[str, int]]) -> None:
        self.fails = fails
        self._do(self._begin())

    async def _begin(self) -> None:
        shutil.copytree(self.migrated, self.folder / "home")
        here = Settings(home=self.folder / "home")
        self.services: Services = await self.stack.enter_async_context(open_services(here, environ={}))
        policy = load_policy(here.policy_path)
        async with self.services.database.write() as session:
            project, _ = await projects.register(session, self.folder)
            new = service.NewRun(
                project_id=project.id,
                project_name="p",
                plan_path="plan.yaml",
                plan=Plan.model_validate(TWO),
                policy=policy.model_dump(mode="json"),
                confinement="none",
                accept_red_baseline=False,
            )
            self.run_id = await service.create(session, new)
            run = await queries.run(session, self.run_id)
            run.base_commit = run.head_commit = BASE
            run.baseline_done = True

    async def _run(self) -> RunRow:
        async with self.services.database.read() as session:
            return await queries.run(session, self.run_id)

    # What may happen

    @rule()
    def a_service_takes_what_waits(self) -> None:
        self._do(self._take())

    async def _take(self) -> bool:
        async with self.services.database.read() as session:
            waiting = await queries.waiting_for_a_driver(session)
        if not waiting:
            return False
        self.started += 1
        name = f"owner-{self.started}"
        async with self.services.database.write() as session:
            await workers.register(session, name)
        epoch = await control.take_waiting(self.services.database, self.run_id, owner=name)
        assert epoch is not None
        database = Turns(self.services.settings.database_url)
        services = replace(self.services, database=database, owner=name)
        owner = Owner(name, database, asyncio.create_task(self._drive(services, epoch)))
        self.owners.append(owner)
        await self._settle(owner)
        return True

    async def _drive(self, services: Services, epoch: int) -> None:
        """As the engine does it."""
        try:
            while True:
                hold = await take_hold(services, self.run_id, epoch)
                hold = replace(hold, workspace=cast("Workspace", self.branch))
                run, steps = Lifecycle(hold), AtOnce(hold)
                steps.fails = self.fails
                try:
                    while await advance(run, steps):
                        pass
                except PlanChanged:
                    continue
                return
        except Fenced:
            return

    async def _settle(self, owner: Owner) -> None:
        """Until the owner waits for its next turn, or is done."""
        while not owner.task.done() and not (owner.database.waits and not owner.database.turn.is_set()):
            await asyncio.sleep(0.0005)
        if owner.task.done():
            self.owners.remove(owner)
            await owner.database.close()
            if not owner.task.cancelled():
                owner.task.result()

    def _owner(self, which: int) -> Owner | None:
        """Somebody who drives the run; whoever takes it now, where nobody does."""
        if not self.owners:
            self._do(self._take())
        return self.owners[which % len(self.owners)] if self.owners else None

    @rule(which=st.integers(0, 3), turns=st.integers(1, 4))
    def an_owner_has_turns(self, which: int, turns: int) -> None:
        owner = self._owner(which)
        for _ in range(turns):
            if owner in self.owners:
                self._do(self._turn(owner))

    async def _turn(self, owner: Owner) -> None:
        owner.database.turn.set()
        await self._settle(owner)

    @precondition(lambda self: self.owners)
    @rule(which=st.integers(0, 3), zombie=st.booleans())
    def an_owner_is_gone(self, which: int, zombie: bool) -> None:
        """It died, or only seems to have: then it goes on later, and must find itself fenced off."""
        self._do(self._gone(self.owners[which % len(self.owners)], zombie=zombie))

    async def _gone(self, owner: Owner, *, zombie: bool) -> None:
        async with self.services.database.write() as session:
            gone = update(WorkerRow).where(WorkerRow.executor_id == owner.name)
            host = {"host": "elsewhere", "seen_at": datetime(2020, 1, 1, tzinfo=UTC)} if zombie else {}
            await session.execute(gone.values(pid_started="long ago", **host))
        if not zombie:
            owner.task.cancel()
            await asyncio.gather(owner.task, return_exceptions=True)
            await self._settle(owner)

    @rule(turns=st.integers(0, 4))
    def another_takes_over(self, turns: int) -> None:
        """An owner that only seems dead is overtaken in the midst of what it does, and moves nothing more."""
        former = self._owner(0)
        if former is None:
            return
        self._do(self._gone(former, zombie=True))
        self._do(sweep(self.services.database))
        if self._do(self._take()):
            self.an_owner_has_turns(len(self.owners) - 1, turns)
        moves = self._do(self._run()).seq
        while former in self.owners:
            self._do(self._turn(former))
        assert self._do(self._run()).seq == moves

    @rule()
    def a_sweep_comes_by(self) -> None:
        self._do(sweep(self.services.database))

    @rule(verb=st.sampled_from([*VERBS]))
    def someone_asks(self, verb: str) -> None:
        self._ask(verb)

    def _ask(self, verb: str) -> bool:
        try:
            self._do(VERBS[verb](self.services.database, self.run_id, by="Ada"))
        except Conflict:
            return False
        self.wish = verb
        self.was_done = self._do(self._is_done())
        return True

    @rule(verb=st.sampled_from(["pause", "cancel"]))
    def an_owner_dies_before_it_heeds(self, verb: str) -> None:
        owner = self._owner(0)
        if owner is None or not self._ask(verb):
            return
        for one in [*self.owners]:
            self._do(self._gone(one, zombie=False))
        self._do(sweep(self.services.database))
        if not self._do(self._commits()):
            wanted = {"pause": RunState.PAUSED, "cancel": RunState.CANCELLED}[verb]
            assert self._do(self._run()).state == wanted, f"what was asked of {owner.name}, before it died"

    async def _commits(self) -> bool:
        async with self.services.database.read() as session:
            phase = await queries.current_phase(session, self.run_id)
        return phase is not None and phase.state == PhaseState.COMMITTING

    async def _is_done(self) -> bool:
        async with self.services.database.read() as session:
            return all(phase.state in DONE for phase in await queries.phases(session, self.run_id))

    @rule(phase=st.sampled_from([None, "one", "two"]))
    def someone_skips(self, phase: str | None) -> None:
        before = RunState(self._do(self._run()).state)
        try:
            asked = self._do(control.skip(self.services.database, self.run_id, by="Ada", phase_id=phase))
        except Conflict:
            return
        if before.ended and asked.changed:
            self.wish, self.was_done = "resume", False

    @rule(turns=st.integers(1, 3))
    def someone_skips_behind_an_owners_back(self, turns: int) -> None:
        """Go past the phase that a driven run is about to begin, just after it has looked."""
        owner, left = self._owner(0), 12
        while owner in self.owners and (phase := self._do(self._about_to_begin())) is None and left:
            self._do(self._turn(owner))
            left -= 1
        if owner in self.owners and self._do(self._about_to_begin()) is not None:
            self._do(self._turn(owner))
        if owner in self.owners and (phase := self._do(self._about_to_begin())) is not None:
            self.someone_skips(phase)
        for _ in range(turns):
            if owner in self.owners:
                self._do(self._turn(owner))

    async def _about_to_begin(self) -> str | None:
        """The phase that a run in progress begins next."""
        async with self.services.database.read() as session:
            run = await queries.run(session, self.run_id)
            phase = await queries.current_phase(session, self.run_id)
        begins = run.state == RunState.IN_PROGRESS and phase is not None and phase.state == PhaseState.PENDING
        return phase.phase_id if begins and phase is not None else None

    # What always holds

    @invariant()
    def the_records_agree(self) -> None:
        if hasattr(self, "run_id"):
            self._do(self._check())

    async def _check(self) -> None:
        async with self.services.database.read() as session:
            run = await queries.run(session, self.run_id)
            phases = await queries.phases(session, self.run_id)
            events = await feed.after(session, event_id=0, run_id=None, limit=10_000)
        state = RunState(run.state)
        assert [event.id for event in events] == list(range(1, len(events) + 1))
        moves = [event.body for event in events if isinstance(event.body, RunMoved)]
        at = RunState.QUEUED
        for move in moves:
            assert (move.before, RunState(move.after) in RUN_MOVES[at]) == (at, True)
            at = RunState(move.after)
        assert at is state
        if state.ended or state is RunState.PAUSED:
            assert (run.owner, run.intent) == (None, Intent.NONE)
        assert (run.end_reason is not None) == state.ended
        if state is RunState.SUCCEEDED:
            assert all(phase.state in DONE for phase in phases)
        done = [phase.commit_id for phase in phases if phase.state == PhaseState.COMPLETED]
        assert done == self.branch.moves[: len(done)], "one commit for each phase, in their order"
        assert len(self.branch.moves) <= len(done) + 1, "and at most the one in hand"

    def teardown(self) -> None:
        try:
            if hasattr(self, "run_id"):
                self._do(self._come_to_rest())
        finally:
            self._do(self._close())
            self.loop.close()
            shutil.rmtree(self.folder)

    async def _come_to_rest(self) -> None:
        for _ in range(200):
            for owner in [*self.owners]:
                while owner in self.owners:
                    await self._turn(owner)
            await sweep(self.services.database)
            if not await self._take() and not self.owners:
                break
        await self._check()
        state = RunState((await self._run()).state)
        stays = {"pause": RunState.PAUSED, "cancel": RunState.CANCELLED}
        wanted = {stays.get(self.wish, RunState.SUCCEEDED)}
        if self.was_done:
            wanted.add(RunState.SUCCEEDED)
        if self.fails:
            wanted.add(RunState.FAILED)
        assert state in wanted, f"{state} after {self.wish}"

    async def _close(self) -> None:
        for owner in [*self.owners]:
            await self._gone(owner, zombie=False)
        await self.stack.aclose()


@pytest.mark.sqlite
@pytest.mark.timeout(3600)
def test_no_order_of_transactions_breaks_a_run_or_forgets_a_wish(migrated_home: Path, full: bool) -> None:
    Races.migrated = migrated_home
    kept = settings(
        max_examples=1_000 if full else 40,
        stateful_step_count=60 if full else 15,
        deadline=None,
        derandomize=not full,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(Races, settings=kept)
