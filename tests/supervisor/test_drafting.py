"""Drafting in this process: which model plans, where another takes its place, and what a kill leaves."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents.stages import Call, Play, install
from autopack.config import Settings
from autopack.errors import InvalidInput
from autopack.routing import queries as ledger
from autopack.routing.policy import CodingAgent
from autopack.supervisor import repair, workers
from autopack.supervisor.choosing import NoModel
from autopack.supervisor.drafting import Drafted, Wish, draft
from autopack.supervisor.planning import Spending
from autopack.supervisor.temporary import PREFIX
from autopack.workspace import source
from fixtures.planning import DRAFT, drafting_world, drafts
from fixtures.world import World

FALLBACK = "fallbacks: {default: [claude-haiku-5-5]}\n"
CHEAP = {"setup": [], "verify": ["true"]}


async def made(world: World, *, spending: Spending | None = None) -> tuple[Drafted, list[str]]:
    said: list[str] = []
    wish = Wish(goal="Say what one is", found=await source.inspect(world.repository))
    async with workers.known_worker(world.services.database) as owner:
        drafted = await draft(
            world.services, wish, owner=owner, spending=spending or Spending(), tell=said.append
        )
    return drafted, said


async def rests(world: World, model: str) -> datetime:
    until = datetime.now(UTC) + timedelta(hours=3)
    async with world.services.database.write() as session:
        await ledger.cool_down(session, ledger.Cooldown("openai", model, until, "said so"))
    return until


async def test_a_planner_that_is_left_to_rest_is_replaced_by_its_fallback(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(None, **CHEAP), policy=FALLBACK) as world:
        await rests(world, "gpt-5")
        drafted, _ = await made(world)
        assert drafted.model.name == "claude-haiku-5-5"
        assert {entry.model for entry in world.simulator.entries()} == {"claude-haiku-5-5"}


async def test_a_planner_that_asks_to_be_left_alone_is_replaced_in_the_same_draft(
    tmp_path: Path, settings: Settings
) -> None:
    limited = {"faults": [{"status": 429, "retry_after": 7200}]}
    planned = drafts(None, **CHEAP)
    planned["steps"][0] |= limited
    spending = Spending()
    async with drafting_world(tmp_path, settings, planned, policy=FALLBACK) as world:
        drafted, said = await made(world, spending=spending)
        asked = [entry.model for entry in world.simulator.entries()]
    assert asked == ["gpt-5", "claude-haiku-5-5"]
    assert (drafted.model.name, drafted.rounds, drafted.trial.passed) == ("claude-haiku-5-5", 1, True)
    assert any(one.startswith("gpt-5 can't be used: ") for one in said)
    assert [call.calls for call in spending.calls] == [1]


async def test_where_no_model_may_plan_now_it_is_said_until_when(tmp_path: Path, settings: Settings) -> None:
    async with drafting_world(tmp_path, settings, drafts(None)) as world:
        until = await rests(world, "gpt-5")
        with pytest.raises(NoModel) as refused:
            await made(world)
        assert refused.value.until == until
        assert "No model may be called as agent:planner now" in refused.value.message
        assert refused.value.hint.startswith(f"Draft it after {until:%Y-%m-%d %H:%M} UTC")
        assert world.simulator.entries() == []
        assert not world.settings.workspaces.exists()


async def test_a_quota_without_room_for_the_request_gives_it_to_the_fallback(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(None, **CHEAP), policy=FALLBACK) as world:
        policy = settings.policy_path.read_text()
        settings.policy_path.write_text(policy.replace("openai: {", "openai: {daily_cap_tokens: 1_000, "))
        drafted, said = await made(world)
    assert drafted.model.name == "claude-haiku-5-5"
    assert any("gpt-5 can't be used: " in one for one in said)


async def test_a_broken_models_yaml_is_said_and_its_last_good_version_not_used(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(None)) as world:
        assert world.services.policy.now().agents == {"planner": "gpt-5"}
        settings.policy_path.write_text("schema_version: 1\n")
        with pytest.raises(InvalidInput, match="complexity_models"):
            await made(world)
        assert world.simulator.entries() == []


async def test_the_clone_is_gone_after_a_draft_and_no_run_was_made(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(1, **CHEAP)) as world:
        drafted, _ = await made(world)
        assert drafted.trial.passed
        assert list(world.settings.workspaces.iterdir()) == []
        assert not world.settings.artifacts.exists()


async def test_what_a_killed_draft_left_is_removed_and_a_live_ones_is_not(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(1)) as world:
        database = world.services.database
        async with workers.known_worker(database) as owner:
            alive = settings.workspaces / f"{PREFIX}{owner}"
            dead = settings.workspaces / f"{PREFIX}gone-1-abcd"
            for folder in (alive, dead):
                (folder / "verify").mkdir(parents=True)
            (found,) = await repair.look(settings, database, mend=False)
            assert (found.what, found.mendable, dead.exists()) == ("workspaces", True, True)
            await repair.at_start(settings, database)
            assert (alive.exists(), dead.exists()) == (True, False)
            assert await repair.look(settings, database, mend=False) == []


async def test_a_coding_agent_plans_in_the_clone_and_can_write_nothing_there(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Play(
        calls=(Call(shell="echo x > made.txt"),),
        text="",
        answer=DRAFT | CHEAP | {"verify": ["test ! -e made.txt"]},
    )
    folder = install(CodingAgent.CLAUDE_CODE, [play], tmp_path / "agent")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{sys.base_prefix}/bin{os.pathsep}{os.environ['PATH']}")
    spending = Spending()
    async with drafting_world(
        tmp_path, settings, drafts(None), planner="claude-code/claude-opus-4-5"
    ) as world:
        drafted, _ = await made(world, spending=spending)
        assert world.simulator.entries() == []
    assert (drafted.model.name, drafted.trial.passed) == ("claude-code/claude-opus-4-5", True)
    assert [call.prompt_tokens for call in spending.calls] == [play.calls[0].tokens.input_tokens]
