"""What `plan check` and `run` say of what a plan would take."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.db import Database
from cli.calling import Autopack
from cli.processes import call
from fixtures.world import PLAN, approves, builds, small_world, write_file
from views.finished import Done, finish, used


def finish_now(settings: Settings, repository: Path, *phases: Done) -> None:
    async def finished() -> None:
        database = Database(settings.database_url)
        await finish(database, repository, *phases)
        await database.close()

    asyncio.run(finished())


def test_a_checked_plan_is_followed_by_what_it_would_take(
    autopack: Autopack, settings: Settings, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(json.dumps({**PLAN, "budget": {"tokens": 2_000}}))
    told = autopack("plan", "check", plan)
    assert told.out.splitlines()[-1] == "Estimate: none, no finished phase of a run yet."
    sizes = (1_000, 1_500, 2_500)
    finish_now(settings, tmp_path, *[used(size, complexity="low") for size in sizes])
    told = autopack("plan", "check", plan)
    assert (told.code, told.out.splitlines()[-3:]) == (
        0,
        [
            "Estimate: 1.5k tokens, $0.0010, 10:00 min; high: 2.5k tokens, $0.0010, 10:00 min.",
            "  From finished phases: 1 phase by category and complexity.",
            "  The plan's budget of 2,000 tokens is below the high estimate of 2,500 tokens.",
        ],
    )


def test_a_cost_that_is_not_known_is_said_to_be_so(
    autopack: Autopack, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "plan.yaml").write_text(json.dumps(PLAN))
    finish_now(settings, tmp_path, *[used(1_000, cost_usd=None)] * 3)
    told = autopack("plan", "check", "plan.yaml").out
    assert "Estimate: 1.0k tokens, unknown cost, 10:00 min; high: 1.0k tokens, unknown cost" in told
    assert "From finished phases: 1 phase by any others." in told


def test_a_plan_can_be_checked_where_models_yaml_is_broken(
    autopack: Autopack, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "plan.yaml").write_text(json.dumps(PLAN))
    settings.policy_path.write_text("no policy")
    told = autopack("plan", "check", "plan.yaml")
    assert (told.code, "The plan is valid." in told.out, "note: No estimate: " in told.err) == (0, True, True)


def test_checking_a_plan_makes_no_home(
    autopack: Autopack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOPACK_HOME", str(tmp_path / "nowhere"))
    monkeypatch.delenv("AUTOPACK_DATABASE_URL", raising=False)
    (tmp_path / "plan.yaml").write_text(json.dumps(PLAN))
    told = autopack("plan", "check", "plan.yaml")
    assert (told.code, told.err, "Estimate" in told.out) == (0, "", False)
    assert not (tmp_path / "nowhere").exists()


async def test_a_run_says_on_one_line_what_it_will_take(tmp_path: Path, settings: Settings) -> None:
    conversations = [builds(1, write_file("one.py", "ONE = 1\n")), approves()]
    plan = {**PLAN, "budget": {"tokens": 10_000_000}}
    async with small_world(tmp_path, settings, *conversations, plan=plan) as world:
        phases = [used(20_000_000, complexity="low", simulated=True)] * 3
        await finish(world.services.database, world.repository, *phases)
        ended = await call(world, "run", world.plan)
    assert ended.code == 0, ended
    said = [line for line in ended.err.splitlines() if "Estimate" in line]
    assert said == [
        "note: Estimate: 20.00M tokens, ~$0.0010, 10:00 min; high: 20.00M tokens, ~$0.0010, 10:00 min. "
        "The plan's budget of 10,000,000 tokens is below the expected need of 20,000,000 tokens."
    ]


async def test_a_first_run_has_no_estimate_to_say(tmp_path: Path, settings: Settings) -> None:
    conversations = [builds(1, write_file("one.py", "ONE = 1\n")), approves()]
    async with small_world(tmp_path, settings, *conversations) as world:
        ended = await call(world, "run", world.plan)
    assert (ended.code, "Estimate" in ended.err + ended.out) == (0, False)
