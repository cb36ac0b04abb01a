"""Another plan for a run under way: what has not begun may change, what is done or in hand may not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.errors import Conflict
from autopack.feed import queries as feed
from autopack.plan import Plan, parse_plan
from autopack.runs import queries
from autopack.supervisor import control
from autopack.supervisor.amend import amend, compare
from fixtures.world import PLAN, World, approves, builds, git, small_world, write_file

GOOD = write_file("one.py", "ONE = 1\n")


def phase(phase_id: str, /, **more: Any) -> dict[str, Any]:
    return {
        **PLAN["tiers"][0]["phases"][0],
        "id": phase_id,
        "name": f"Phase {phase_id}",
        "attempts": 1,
        **more,
    }


def plan_of(*tiers: tuple[str, list[dict[str, Any]]], **more: Any) -> dict[str, Any]:
    told = [{"name": name, "phases": phases} for name, phases in tiers]
    return {**PLAN, "verify": "none", "tiers": told, **more}


def parsed(plan: dict[str, Any]) -> Plan:
    return parse_plan(json.dumps(plan), source="new.yaml")


BEFORE = plan_of(("A", [phase("one"), phase("two")]), ("B", [phase("three")]))
STEPS = [
    builds(1, {**GOOD, "delay_seconds": 1.5}),
    approves(),
    *(builds(1, write_file(f"{name}.py", ""), phase=name) for name in ("two", "three", "four")),
    *(approves(name) for name in ("two", "three", "four")),
]


async def ids(world: World, run_id: str) -> list[tuple[str, str, str]]:
    async with world.services.database.read() as session:
        return [(one.phase_id, one.tier_name, one.state) for one in await queries.phases(session, run_id)]


async def test_a_run_that_works_goes_on_with_the_new_plan_after_the_step_in_hand(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, *STEPS, plan=BEFORE) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        async with asyncio.timeout(60):
            while not world.simulator.entries():
                await asyncio.sleep(0.02)
        new = parsed(
            plan_of(("A", [phase("one")]), ("B", [phase("three", name="Third"), phase("four")]), name="other")
        )
        amendment = await amend(world.services, run_id, new, by="Ada")
        assert (amendment.added, amendment.removed, amendment.changed) == (("four",), ("two",), ("three",))
        assert amendment.settings == ("name",)
        assert [line for line in amendment.diff.splitlines() if line[0] == "-" and "id: two" in line]
        await asyncio.wait_for(driving, 60)
        run = await world.read(run_id)
        assert (run.state, run.plan_name) == ("succeeded", "other"), run.end_detail
        assert await ids(world, run_id) == [
            ("one", "A", "completed"),
            ("three", "B", "completed"),
            ("four", "B", "completed"),
        ]
        subjects = git(world.repository, "log", "--reverse", "--format=%s", f"autopack/{run_id}").splitlines()
        assert subjects == ["First commit", "Phase one", "Third", "Phase four"]
        async with world.services.database.read() as session:
            kinds = [one.body.kind for one in await feed.after(session, event_id=0, run_id=run_id, limit=200)]
        assert kinds.count("plan_amended") == 1


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (plan_of(("A", [phase("one", description="Other."), phase("two")])), "one is being worked on"),
        (plan_of(("A", [phase("two"), phase("one")])), "one has its place"),
        (plan_of(("Z", [phase("one"), phase("two")])), "one has its place"),
        (plan_of(("A", [phase("two")])), "one has its place"),
        (plan_of(("A", [phase("one"), phase("two")]), verify=["true"]), "one is being worked on"),
    ],
)
async def test_what_is_in_hand_can_not_change(
    tmp_path: Path, settings: Settings, new: dict[str, Any], words: str
) -> None:
    async with small_world(tmp_path, settings, *STEPS, plan=BEFORE) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        async with asyncio.timeout(60):
            while not world.simulator.entries():
                await asyncio.sleep(0.02)
        with pytest.raises(Conflict, match=words) as refused:
            await amend(world.services, run_id, parsed(new), by="Ada")
        assert refused.value.hint
        await control.cancel(world.services.database, run_id, by="a test")
        await asyncio.wait_for(driving, 60)


async def test_a_phase_that_failed_may_be_another_when_it_is_tried_again(
    tmp_path: Path, settings: Settings
) -> None:
    steps = [
        builds(1),
        builds(2, GOOD),
        approves(),
        builds(1, write_file("x.py", ""), phase="two"),
        approves("two"),
    ]
    plan = plan_of(("A", [phase("one"), phase("two")]))
    async with small_world(tmp_path, settings, *steps, plan=plan) as world:
        run = await world.run()
        assert run.state == "failed"
        new = parsed(plan_of(("A", [phase("one", name="Easier", attempts=2, verify=["true"]), phase("two")])))
        assert (await amend(world.services, run.id, new, by="Ada")).changed == ("one",)
        async with world.services.database.read() as session:
            assert [one.verified for one in await queries.phases(session, run.id)] == [True, False]
        await control.retry(world.services.database, run.id, by="Ada")
        await world.drive(run.id)
        run = await world.read(run.id)
        assert run.state == "succeeded", run.end_detail
        assert "Easier" in git(world.repository, "log", "--format=%s", f"autopack/{run.id}")


async def test_the_same_plan_is_no_amendment_and_a_run_that_succeeded_takes_none(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        assert (await compare(world.services, run_id, parsed(PLAN))).empty
        assert (await amend(world.services, run_id, parsed(PLAN), by="Ada")).empty
        assert (await world.read(run_id)).plan_revision == 0
        await world.drive(run_id)
        with pytest.raises(Conflict, match="has succeeded"):
            await amend(world.services, run_id, parsed({**PLAN, "name": "x"}), by="Ada")
