"""What is learned at a run's end: written once, by whom it is due from, and never at the run's cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest

from autopack.config import Settings
from autopack.errors import Conflict
from autopack.routing.cells import Cell
from autopack.runs.schemas import Lesson
from autopack.supervisor import control, learning, postmortems
from autopack.supervisor.overriding import Wish, override
from autopack.supervisor.postmortems import ROLE
from autopack.supervisor.serving import serving
from autopack.supervisor.workers import known_worker
from autopack.usage.recorder import get_usage_summary
from fixtures.database import execute
from fixtures.world import World, approves, builds, rejects, small_world, write_file
from supervisor.learned import MODEL, QUICK, accounts, asked, have_it_written, in_file, learned, moves, write

GOOD = (builds(1, write_file("one.py", "ONE = 1\n")), approves())
LIMIT_SECONDS = 60


async def write_asked(world: World, run_id: str) -> None:
    async with known_worker(world.services.database) as owner:
        await postmortems.write_asked(world.services, run_id, owner=owner, stop=asyncio.Event())


async def is_asked(world: World, run_id: str) -> None:
    """Wait until the model is asked for the account of a run."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not any(one.booked.open_calls for one in (await learned(world, run_id)).beside):
            await asyncio.sleep(0.02)


async def test_a_run_that_ended_has_its_account_lessons_and_cost_by_phase(
    tmp_path: Path, settings: Settings
) -> None:
    conversations = [
        builds(1, write_file("one.py", "ONE = 2\n")),
        builds(2, write_file("one.py", "ONE = 1\n")),
        rejects(1),
        approves(),
        accounts("  Say ONE\n as one number. ", "Say ONE as one number.", failed="The first was wrong."),
    ]
    async with small_world(tmp_path, settings, *conversations, plan=QUICK) as world:
        have_it_written(world)
        before = await world.run()
        assert (await learned(world, before.id)).state == "writing", "it is due"
        view = await write(world, before.id)
        assert (view.state, view.reason, view.model, view.simulated) == ("made", "", MODEL, True)
        assert (view.built, view.failed) == ("The file one.py is there.", "The first was wrong.")
        assert [lesson.text for lesson in view.lessons] == ["Say ONE as one number."], "each once, on a line"
        assert [lesson.state for lesson in view.lessons] == ["proposed"]
        assert await moves(world, before.id) == [("writing", ""), ("made", "")]
        (phase,), (own,) = view.phases, view.beside
        async with world.services.database.read() as session:
            sums = await get_usage_summary(session, None, ("role", "phase_id"), run_id=before.id)
        assert (phase.id, phase.attempts, phase.state) == ("one", 2, "completed")
        assert phase.usage.tokens == sum(one.total_tokens for one in sums if one.phase_id == "one") > 0
        assert phase.usage.cost_usd is not None
        assert (own.role, own.model, own.booked.usage.calls) == ("agent:postmortem", MODEL, 1)
        (prompt,) = asked(world)
        for told in (
            "It ended as: succeeded",
            "Attempt 1 did not pass: rejected",
            "This is wrong.",
            "<<< phase one ",
        ):
            assert told in prompt
        after = await world.read(before.id)
        assert (after.state, after.seq, after.epoch) == (before.state, before.seq, before.epoch)


async def test_it_is_written_once_for_an_end_also_by_several_at_once(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, *GOOD, accounts("Once."), plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        await asyncio.gather(*(write(world, run_id) for _ in range(3)))
        await write(world, run_id)
        await write_asked(world, run_id)
        assert ((await learned(world, run_id)).state, len(asked(world))) == ("made", 1)


async def test_a_run_that_goes_on_and_ends_again_has_another_one(tmp_path: Path, settings: Settings) -> None:
    plan = deepcopy(QUICK)
    plan["tiers"][0]["phases"][0]["attempts"] = 1
    conversations = [
        builds(1, write_file("one.py", "ONE = 2\n")),
        builds(2, write_file("one.py", "ONE = 1\n")),
        rejects(1),
        approves(),
        {**accounts("After the first."), "when": ["Role: postmortem", "Of its 1 phases: 1 failed."]},
        accounts("After the second."),
    ]
    ended = "It ended as: failed (attempts exhausted). Of its 1 phases: 1 failed."
    conversations[4]["when"] = ["Role: postmortem", ended]
    async with small_world(tmp_path, settings, *conversations, plan=plan) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        first = await write(world, run_id)
        await control.retry(world.services.database, run_id, by="Ada")
        with pytest.raises(Conflict, match="has not ended"):
            await write_asked(world, run_id)
        await world.drive(run_id)
        second = await write(world, run_id)
        services, of_first = world.services, first.lessons[0].id
        await learning.decide(
            services.database,
            services.settings,
            services.redactor,
            run_id=run_id,
            lesson_id=of_first,
            decision="accepted",
            by="Ada",
        )
        assert [note.id for note in in_file(world)] == [of_first], (
            "of an earlier end, seen in a page left open"
        )
    assert [lesson.text for lesson in first.lessons] == ["After the first."]
    assert [lesson.text for lesson in second.lessons] == ["After the second."]


async def test_a_cancelled_run_has_none_but_for_who_asks_for_it(tmp_path: Path, settings: Settings) -> None:
    plan = deepcopy(QUICK)
    plan["tiers"][0]["phases"].append({**plan["tiers"][0]["phases"][0], "id": "two", "name": "The second"})
    async with small_world(tmp_path, settings, *GOOD, accounts(), plan=plan) as world:
        have_it_written(world)
        run_id = await world.create()
        await control.cancel(world.services.database, run_id, by="Ada")
        view = await write(world, run_id)
        assert (view.state, view.reason) == ("not_made", "the run was cancelled")
        await write_asked(world, run_id)
        reason = "no phase was begun, so there is nothing to tell"
        assert (await learned(world, run_id)).reason == reason
        assert asked(world) == []


def environ_of(world: World) -> dict[str, str]:
    return cast("dict[str, str]", world.services.environ)


def nothing_mapped(world: World) -> None:
    """As the world's models.yaml is."""


def unknown_model(world: World) -> None:
    have_it_written(world, "no-such-model")


def no_key(world: World) -> None:
    have_it_written(world)
    environ_of(world).pop("ANTHROPIC_API_KEY")


def full_quota(world: World) -> None:
    have_it_written(world)
    path = world.settings.policy_path
    path.write_text(
        path.read_text().replace("simulated: true}\nagents", "daily_cap_tokens: 10, simulated: true}\nagents")
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (nothing_mapped, "no model is mapped for agent:postmortem"),
        (no_key, f"{MODEL} needs a key, and ANTHROPIC_API_KEY is not set"),
        (full_quota, "anthropic"),
        (unknown_model, "models.yaml"),
    ],
)
async def test_why_it_was_not_made_is_said_and_it_can_be_made_later(
    tmp_path: Path, settings: Settings, spoil: Callable[[World], None], reason: str
) -> None:
    async with small_world(tmp_path, settings, *GOOD, accounts("Later."), plan=QUICK) as world:
        policy, environ = world.settings.policy_path.read_text(), dict(world.environ)
        run_id = (await world.run()).id
        spoil(world)
        view = await write(world, run_id)
        assert (view.state, asked(world)) == ("not_made", [])
        assert reason in view.reason
        assert view.phases[0].usage.tokens > 0, "what it cost is known all the same"
        assert (await world.read(run_id)).state == "succeeded"
        world.settings.policy_path.write_text(policy)
        environ_of(world).update(environ)
        have_it_written(world)
        await write_asked(world, run_id)
        assert [lesson.text for lesson in (await learned(world, run_id)).lessons] == ["Later."]


async def test_a_budget_of_the_run_counts_for_it_too(tmp_path: Path, settings: Settings) -> None:
    async with small_world(
        tmp_path, settings, *GOOD, accounts(), plan={**QUICK, "budget": {"tokens": 60_000}}
    ) as world:
        have_it_written(world)
        run = await world.run()
        assert run.state == "succeeded"
        execute(
            settings, "UPDATE llm_usage_events SET prompt_tokens = 59000 WHERE run_id = :id", {"id": run.id}
        )
        view = await write(world, run.id)
    assert (view.state, len(asked(world))) == ("not_made", 0)
    assert "The run's budget has used" in view.reason


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ([{"status": 401}], "401"),
        ([{"stall": 0.0}], "it took longer than 1 s"),
    ],
)
async def test_a_provider_that_fails_costs_the_run_nothing(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, faults: list[Any], reason: str
) -> None:
    monkeypatch.setattr(postmortems, "LIMIT_SECONDS", 1.0 if "1 s" in reason else 60.0)
    async with small_world(tmp_path, settings, *GOOD, accounts(faults=faults), plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        view = await write(world, run_id)
        assert (view.state, (await world.read(run_id)).state) == ("not_made", "succeeded")
    assert reason in view.reason


async def test_lessons_that_are_too_many_or_too_long_are_asked_for_again(
    tmp_path: Path, settings: Settings
) -> None:
    told = accounts("x" * 301)
    told["steps"] += accounts(*"abcdef")["steps"] + accounts(*"abcde")["steps"]
    async with small_world(tmp_path, settings, *GOOD, told, plan=QUICK) as world:
        have_it_written(world)
        view = await write(world, (await world.run()).id)
    assert [lesson.text for lesson in view.lessons] == [*"abcde"]


async def test_a_service_writes_what_a_process_left_undone_once_that_had_its_time(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmortems, "GRACE_SECONDS", 2.0)
    async with small_world(tmp_path, settings, *GOOD, accounts("Left."), plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        execute(settings, "UPDATE postmortems SET owner = 'gone'")
        async with serving(world.services, address="http://127.0.0.1:1"), asyncio.timeout(LIMIT_SECONDS):
            while (view := await learned(world, run_id)).state != "made":
                await asyncio.sleep(0.05)
        assert len(asked(world)) == 1
        ended = (await world.read(run_id)).ended_at
    assert ended is not None
    assert view.written_at is not None
    assert (view.written_at - ended).total_seconds() >= 2.0


async def test_a_service_writes_that_of_the_run_that_it_drove(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD, accounts("Served."), plan=QUICK) as world:
        have_it_written(world)
        run_id = await world.create()
        async with serving(world.services, address="http://127.0.0.1:1"), asyncio.timeout(LIMIT_SECONDS):
            while (await learned(world, run_id)).state != "made":
                await asyncio.sleep(0.05)
        view = await learned(world, run_id)
    assert view.lessons == (Lesson(id=view.lessons[0].id, text="Served."),)


async def test_one_that_a_crash_cut_off_is_done_again_for_who_asks_alone(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, *GOOD, accounts("Again."), plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        execute(settings, "UPDATE postmortems SET owner = 'gone', state = 'writing'")
        view = await write(world, run_id)
        said = "the process that wrote it ended before it was done"
        assert (view.state, view.reason, asked(world)) == ("not_made", said, [])
        await write_asked(world, run_id)
        assert (await learned(world, run_id)).state == "made"


async def test_one_that_a_live_process_writes_is_not_begun_by_another(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(
        tmp_path, settings, *GOOD, accounts("Slow.", delay_seconds=3.0), plan=QUICK
    ) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        writing = asyncio.create_task(write(world, run_id))
        async with asyncio.timeout(LIMIT_SECONDS):
            while not await moves(world, run_id):
                await asyncio.sleep(0.02)
        with pytest.raises(Conflict, match="is being written"):
            await write_asked(world, run_id)
        assert ((await writing).state, len(asked(world))) == ("made", 1)


async def test_a_run_that_ended_before_there_were_any_has_none_until_it_is_asked_for(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, *GOOD, accounts("Old."), plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        execute(settings, "DELETE FROM postmortems")
        assert (await write(world, run_id)).state == "none"
        await write_asked(world, run_id)
        assert (await learned(world, run_id)).state == "made"


async def test_what_is_stopped_is_left_unwritten_at_once(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD, accounts(delay_seconds=30.0), plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        stop = asyncio.Event()
        writing = asyncio.create_task(write(world, run_id, stop))
        await is_asked(world, run_id)
        stop.set()
        async with asyncio.timeout(10):
            view = await writing
    assert (view.state, view.reason) == ("not_made", "it was stopped")
    assert view.beside[0].booked.usage.unknown_calls == 1, "what it may have cost is not nothing"


async def test_one_that_another_live_process_owes_is_left_to_it(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD, accounts(), plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        async with known_worker(world.services.database) as other:
            execute(settings, "UPDATE postmortems SET owner = :other", {"other": other})
            assert (await write(world, run_id)).state == "writing"
        assert asked(world) == []


async def test_one_that_was_begun_anew_by_another_process_is_not_written_over(
    tmp_path: Path, settings: Settings
) -> None:
    slow = accounts("Too late.", delay_seconds=1.0)
    async with small_world(tmp_path, settings, *GOOD, slow, plan=QUICK) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        writing = asyncio.create_task(write(world, run_id))
        await is_asked(world, run_id)
        async with known_worker(world.services.database) as other:
            execute(settings, "UPDATE postmortems SET owner = :other", {"other": other})
            view = await writing
        assert (view.state, await moves(world, run_id)) == ("writing", [("writing", "")])


async def test_it_buys_no_further_call_once_the_run_goes_on(tmp_path: Path, settings: Settings) -> None:
    plan = deepcopy(QUICK)
    plan["tiers"][0]["phases"][0]["attempts"] = 1
    told = accounts("x" * 301, delay_seconds=1.0)  # too long: it is asked for again
    told["steps"] += accounts("Short.")["steps"]
    conversations = (builds(1, write_file("one.py", "ONE = 2\n")), rejects(1), told)
    async with small_world(tmp_path, settings, *conversations, plan=plan) as world:
        have_it_written(world)
        run_id = (await world.run()).id
        writing = asyncio.create_task(write(world, run_id))
        await is_asked(world, run_id)
        await control.retry(world.services.database, run_id, by="Ada")
        await writing
        assert len(asked(world)) == 1
        assert (await moves(world, run_id))[-1] == ("not_made", "the run goes on")


async def test_a_model_that_was_chosen_for_the_run_alone_writes_its_account(
    tmp_path: Path, settings: Settings
) -> None:
    other = "gpt-5-mini"
    async with small_world(tmp_path, settings, *GOOD, accounts(), plan=QUICK) as world:
        have_it_written(world)
        run_id = await world.create()
        services = world.services
        wish = Wish(cell=Cell(ROLE, "*", "*"), model=other, scope="run", run_id=run_id)
        await override(services.database, services.policy, services.environ, wish, by="Ada")
        await world.drive(run_id)
        assert (await write(world, run_id)).model == other
