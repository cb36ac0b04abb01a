"""Pausing, going on, trying again and going past: of a run that works, and of one that nobody drives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.errors import AutopackError, Conflict
from autopack.runs import queries, service
from autopack.runs.states import RunState, Waiting
from autopack.supervisor import control
from autopack.supervisor.services import open_services
from autopack.supervisor.sweep import sweep
from fixtures.database import execute
from fixtures.world import PLAN, approves, builds, git, rejects, small_world, write_file
from supervisor.waiting import LIMIT_SECONDS, asked, dies, kinds, reaches, until
from views.recorded import record_run

GOOD = write_file("one.py", "ONE = 1\n")
SLOW = {**write_file("two.py", "TWO = 2\n"), "delay_seconds": 1.0}


async def test_a_pause_takes_effect_before_the_next_request_and_nothing_is_bought_twice(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD, SLOW), approves()) as world:
        database = world.services.database
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await asked(world, 1)
        paused = await control.pause(database, run_id, by="Ada")
        assert (paused.state, paused.changed, paused.driven) == ("pausing", True, True)
        assert not (await control.pause(database, run_id, by="Ada")).changed
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        run = await world.read(run_id)
        assert (run.state, run.waits_for, run.end_detail) == ("paused", Waiting.ASKED, "asked by Ada")
        before = len(world.simulator.entries())
        assert before < 4, "it paused before the conversation's end"

        resumed = await control.resume(database, run_id, by="Ada")
        assert (resumed.state, resumed.changed) == ("queued", True)
        await world.drive(run_id)
        assert (await world.read(run_id)).state == "succeeded"
        assert len(world.simulator.entries()) == 4, "three of the Builder, one of the Auditor"
        assert {"pause_asked", "resume_asked"} <= set(await kinds(world, run_id))


async def test_a_pause_ends_the_wait_between_two_tries(tmp_path: Path, settings: Settings) -> None:
    busy = {**GOOD, "faults": [{"status": 503, "retry_after": 500, "times": 1}]}
    async with small_world(tmp_path, settings, builds(1, busy), approves()) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))

        async def waits() -> bool:
            return "call_retried" in await kinds(world, run_id)

        await until(waits)
        await control.pause(world.services.database, run_id, by="Ada")
        await asyncio.wait_for(driving, 10)
        assert (await world.read(run_id)).state == "paused"


async def test_a_pause_that_is_withdrawn_does_not_pause(tmp_path: Path, settings: Settings) -> None:
    async with small_world(
        tmp_path, settings, builds(1, {**GOOD, "delay_seconds": 1.0}), approves()
    ) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await reaches(world, run_id, "in_progress")
        await control.pause(world.services.database, run_id, by="Ada")
        resumed = await control.resume(world.services.database, run_id, by="Ada")
        assert (resumed.state, resumed.changed, resumed.driven) == ("in_progress", True, True)
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        assert (await world.read(run_id)).state == "succeeded"


@pytest.mark.parametrize(("ask", "state"), [(control.pause, "paused"), (control.cancel, "cancelled")])
async def test_what_was_asked_of_a_process_that_died_is_done(
    tmp_path: Path, settings: Settings, ask: Callable[..., Awaitable[control.Asked]], state: str
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        await control.take(world.services.database, run_id, owner=world.services.owner)
        await ask(world.services.database, run_id, by="Ada")
        await dies(world)
        await sweep(world.services.database)
        run = await world.read(run_id)
        assert (run.state, run.end_detail, run.owner) == (state, "asked by Ada", None)


async def test_a_retry_gives_a_failed_phase_new_attempts_where_the_last_left_off(
    tmp_path: Path, settings: Settings
) -> None:
    conversations = [
        builds(1, write_file("one.py", "ONE = 1\n")),
        builds(2, write_file("more.py", "MORE = 1\n")),
        builds(3, write_file("last.py", "LAST = 1\n")),
        rejects(1),
        rejects(2),
        approves(),
    ]
    async with small_world(tmp_path, settings, *conversations) as world:
        run = await world.run()
        assert (run.state, run.end_reason) == ("failed", "attempts_exhausted")
        with pytest.raises(Conflict, match="no attempt left") as refused:
            await control.resume(world.services.database, run.id, by="Ada")
        assert "autopack retry" in refused.value.hint
        assert (await control.retry(world.services.database, run.id, by="Ada")).changed
        assert not (await control.retry(world.services.database, run.id, by="Ada")).changed
        await world.drive(run.id)
        run = await world.read(run.id)
        assert run.state == "succeeded", run.end_detail
        async with world.services.database.read() as session:
            (phase,) = await queries.phases(session, run.id)
            attempts = await queries.attempts(session, run.id)
        assert phase.attempts_allowed == 4
        assert [one.outcome for one in attempts] == ["rejected", "rejected", "committed"]
        names = git(world.repository, "ls-tree", "--name-only", f"autopack/{run.id}").split()
        assert {"one.py", "more.py", "last.py"} <= set(names)


TWO: dict[str, Any] = {
    **PLAN,
    "verify": "none",
    "tiers": [
        {"name": "First", "phases": [{**PLAN["tiers"][0]["phases"][0], "attempts": 1}]},
        {
            "name": "Then",
            "phases": [{**PLAN["tiers"][0]["phases"][0], "id": "two", "name": "The second phase"}],
        },
    ],
}


async def test_a_skip_goes_past_the_phase_that_failed(tmp_path: Path, settings: Settings) -> None:
    conversations = [builds(1), builds(1, GOOD, phase="two"), approves("two")]
    async with small_world(tmp_path, settings, *conversations, plan=TWO) as world:
        run = await world.run()
        assert run.state == "failed"
        skipped = await control.skip(world.services.database, run.id, by="Ada")
        assert (skipped.state, skipped.changed) == ("queued", True)
        await world.drive(run.id)
        assert (await world.read(run.id)).state == "succeeded"
        async with world.services.database.read() as session:
            states = [phase.state for phase in await queries.phases(session, run.id)]
        assert states == ["skipped", "completed"]
        assert git(world.repository, "log", "--format=%s", f"autopack/{run.id}").splitlines() == [
            "The second phase",
            "First commit",
        ]


async def test_a_phase_ahead_is_skipped_while_the_run_works_and_one_in_hand_is_not(
    tmp_path: Path, settings: Settings
) -> None:
    slow = {**GOOD, "delay_seconds": 1.0}
    async with small_world(tmp_path, settings, builds(1, slow), approves(), plan=TWO) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await asked(world, 1)
        with pytest.raises(Conflict, match="being worked on"):
            await control.skip(world.services.database, run_id, by="Ada")
        assert (await control.skip(world.services.database, run_id, by="Ada", phase_id="two")).changed
        assert not (await control.skip(world.services.database, run_id, by="Ada", phase_id="two")).changed
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        assert (await world.read(run_id)).state == "succeeded"
        with pytest.raises(Conflict, match="has succeeded"):
            await control.skip(world.services.database, run_id, by="Ada", phase_id="one")


async def test_a_phase_that_was_paused_midway_can_be_skipped(tmp_path: Path, settings: Settings) -> None:
    conversations = [builds(1, GOOD, SLOW), builds(1, GOOD, phase="two"), approves("two")]
    async with small_world(tmp_path, settings, *conversations, plan=TWO) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await asked(world, 1)
        await control.pause(world.services.database, run_id, by="Ada")
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        skipped = await control.skip(world.services.database, run_id, by="Ada")
        assert (skipped.state, skipped.changed) == ("paused", True)
        await world.drive(run_id)
        assert (await world.read(run_id)).state == "succeeded"
        async with world.services.database.read() as session:
            attempts = await queries.attempts(session, run_id)
        assert [one.outcome for one in attempts] == ["skipped", "committed"]


VERBS: dict[str, Callable[..., Awaitable[control.Asked]]] = {
    "pause": control.pause,
    "resume": control.resume,
    "cancel": control.cancel,
    "retry": control.retry,
    "skip": control.skip,
}
CAN = {
    RunState.QUEUED: {"pause", "resume", "cancel", "retry"},
    RunState.IN_PROGRESS: {"pause", "resume", "cancel", "retry", "skip"},
    RunState.PAUSED: {"pause", "resume", "cancel", "skip"},
    RunState.SCHEDULED: {"pause", "resume", "cancel", "skip"},
    RunState.SUCCEEDED: set[str](),
    RunState.FAILED: {"resume", "retry", "skip"},
    RunState.CANCELLED: {"resume", "cancel", "retry", "skip"},
}


@pytest.mark.parametrize("state", RunState)
@pytest.mark.parametrize("verb", VERBS)
async def test_every_verb_in_every_state_is_done_or_refused_with_what_to_do(
    tmp_path: Path, settings: Settings, state: RunState, verb: str
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    execute(settings, f"UPDATE runs SET state = '{state}', owner = NULL WHERE id = '{run_id}'")
    if state is RunState.QUEUED:
        execute(settings, f"UPDATE phases SET state = 'pending' WHERE run_id = '{run_id}'")
    async with open_services(settings, environ={}) as services:
        if verb in CAN[state]:
            first = await VERBS[verb](services.database, run_id, by="Ada")
            again = await VERBS[verb](services.database, run_id, by="Ada") if verb != "skip" else first
            assert again.state == first.state
            assert verb == "skip" or not again.changed
        else:
            with pytest.raises(Conflict) as refused:
                await VERBS[verb](services.database, run_id, by="Ada")
            assert refused.value.hint
            async with services.database.read() as session:
                assert (await queries.run(session, run_id)).state == state


async def test_a_cancel_that_was_asked_beats_a_pause_for_another_reason(
    tmp_path: Path, settings: Settings
) -> None:
    """The branch is checked out, so the commit can't be published; meanwhile someone asks for a cancel."""
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        git(world.repository, "switch", "--quiet", "--create", f"autopack/{run_id}")
        driving = asyncio.create_task(world.drive(run_id))

        async def commits() -> bool:
            async with world.services.database.read() as session:
                (phase,) = await queries.phases(session, run_id)
            return phase.state in ("auditing", "committing")

        await until(commits)
        state = "paused"
        try:
            if (await control.cancel(world.services.database, run_id, by="Ada")).changed:
                state = "cancelled"
        except AutopackError:
            pass
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        assert (await world.read(run_id)).state == state


async def test_an_earlier_owner_is_fenced_off_where_the_run_was_paused_over_it(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        epoch = await control.take(world.services.database, run_id, owner="gone")
        await dies(world)
        assert (await control.pause(world.services.database, run_id, by="Ada")).state == "paused"
        async with world.services.database.write() as session:
            with pytest.raises(AutopackError, match="taken over"):
                await queries.fence(session, run_id, epoch=epoch)
            await service.locked(session, run_id)


async def test_an_owner_that_seems_dead_is_fenced_off_where_its_phase_is_skipped(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        epoch = await control.take(world.services.database, run_id, owner="gone")
        await dies(world)
        assert (await control.skip(world.services.database, run_id, by="Ada", phase_id="one")).changed
        async with world.services.database.write() as session:
            with pytest.raises(AutopackError, match="taken over"):
                await queries.fence(session, run_id, epoch=epoch)
