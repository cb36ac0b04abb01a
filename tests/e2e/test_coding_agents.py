"""Runs whose models are called through coding agents: routed, supervised and booked like any other."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.stages import Call, Play, install, sleeping
from agents.standin import STARTS
from autopack.config import Settings
from autopack.errors import AutopackError
from autopack.routing.policy import CodingAgent
from autopack.runs import queries as runs
from autopack.simulator import Scenario
from autopack.supervisor import control
from autopack.usage.recorder import get_usage_summary
from autopack.views.usage_periods import usage_of_period
from e2e.test_notes_run import HAND, SKIP, add, told
from fixtures.world import FILES, PLAN, World, environ_for, git, new_repository, open_world

POLICY = """\
schema_version: 1
complexity_models:
  low: {builder: codex/gpt-5.1, auditor: claude-code/claude-sonnet-4-5}
  medium: {builder: codex/gpt-5.1, auditor: claude-code/claude-sonnet-4-5}
  high: {builder: codex/gpt-5.1, auditor: claude-code/claude-sonnet-4-5}
"""
SIMPLE = {**PLAN, "verify": ["grep -q small README.md"]}
FINE: dict[str, Any] = {"decision": "approve", "summary": "Fine.", "issues": []}
WRITES = Call(shell="printf 'def one():\\n    return 1\\n' > one.py")
APPROVES = Play(calls=(), text="", answer=FINE)


@asynccontextmanager
async def agents_world(
    tmp_path: Path,
    settings: Settings,
    builder: Sequence[Play],
    auditor: Sequence[Play],
    *,
    builds: CodingAgent = CodingAgent.CODEX,
) -> AsyncGenerator[World]:
    """A world in which Codex builds, or another, and Claude Code audits."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(json.dumps(SIMPLE))
    folders = [
        install(kind, plays, tmp_path / kind)
        for kind, plays in ((builds, builder), (CodingAgent.CLAUDE_CODE, auditor))
    ]
    environ = environ_for(tmp_path)
    path = ":".join([*map(str, folders), environ["PATH"]])
    async with open_world(
        tmp_path,
        settings,
        repository=new_repository(tmp_path / "small", FILES),
        plan=plan,
        scenario=Scenario.model_validate(
            {"schema_version": 1, "name": "none", "conversations": [{"when": [], "steps": [{"text": "?"}]}]}
        ),
        environ={**environ, "PATH": path},
    ) as world:
        settings.policy_path.write_text(POLICY.replace("codex/gpt-5.1", f"{builds}/gpt-5.1"))
        yield world


async def test_codex_builds_and_claude_code_audits(tmp_path: Path, settings: Settings) -> None:
    builds = Play(calls=(WRITES, Call(shell="echo checked")), text="Wrote one.")
    async with agents_world(tmp_path, settings, [builds], [APPROVES]) as world:
        run = await world.run()
        assert run.state == "succeeded", run.end_detail
        assert "return 1" in git(world.repository, "show", f"autopack/{run.id}:one.py")
        async with world.services.database.read() as session:
            sums = await get_usage_summary(session, None, ("model", "provider", "role"), run_id=run.id)
        took = {(one.model, one.provider, one.role): (one.calls, one.total_tokens) for one in sums}
        two = WRITES.tokens + WRITES.tokens
        assert took == {("codex/gpt-5.1", "openai", "builder"): (2, two.total)}
        assert all(one.usd is not None for one in sums), "the list price of the same model"
    assert not world.simulator.entries(), "nobody called an API"


async def test_a_run_that_was_left_goes_on_with_the_agents_own_conversation(
    tmp_path: Path, settings: Settings
) -> None:
    stays, goes_on = Play(calls=(WRITES,), fault="silence"), Play(calls=(), text="Wrote one.")
    async with agents_world(tmp_path, settings, [stays, goes_on], [APPROVES]) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await until(lambda: bool(sleeping()) or driving.done())
        await control.cancel(world.services.database, run_id, by="a test")
        await driving
        assert sleeping() == []
        await world.drive(run_id)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        starts = starts_in(settings.workspaces / run_id / "home/build")
    assert ["resume" in start["argv"] for start in starts] == [False, True]


async def test_a_pause_waits_for_the_task_of_an_agent_that_tells_of_no_calls(
    tmp_path: Path, settings: Settings
) -> None:
    """Interrupted, what it took would be unknown, and what it has in hand might be bought again."""
    slow = Call(shell=f"{WRITES.shell}; touch ~/at; until test -e ~/go; do sleep 0.05; done")
    async with agents_world(
        tmp_path, settings, [Play(calls=(slow,))], [APPROVES], builds=CodingAgent.CURSOR
    ) as world:
        run_id = await world.create()
        home = settings.workspaces / run_id / "home/build"
        driving = asyncio.create_task(world.drive(run_id))
        await until(lambda: (home / "at").exists() or driving.done())
        await control.pause(world.services.database, run_id, by="a test")
        (home / "go").touch()
        await driving
        assert (await world.read(run_id)).state == "paused"
        assert await taken(world, run_id) == (1, 0, slow.tokens.total)
        await control.resume(world.services.database, run_id, by="a test")
        await world.drive(run_id)
        assert (await world.read(run_id)).state == "succeeded"
        assert len(starts_in(home)) == 1


async def test_a_cancel_interrupts_it_at_once_and_it_goes_on_with_its_conversation(
    tmp_path: Path, settings: Settings
) -> None:
    stays, goes_on = Play(calls=(WRITES,), fault="silence"), Play(calls=(WRITES,), text="Wrote one.")
    async with agents_world(
        tmp_path, settings, [stays, goes_on], [APPROVES], builds=CodingAgent.CURSOR
    ) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await until(lambda: bool(sleeping()) or driving.done())
        await control.cancel(world.services.database, run_id, by="a test")
        await driving
        calls, unknown, reserved = await taken(world, run_id)
        assert (calls, unknown) == (1, 1)
        assert reserved > WRITES.tokens.total
        await control.resume(world.services.database, run_id, by="a test")
        await world.drive(run_id)
        assert (await world.read(run_id)).state == "succeeded"
        starts = starts_in(settings.workspaces / run_id / "home/build")
    assert ["--resume" in start["argv"] for start in starts] == [False, True]


async def taken(world: World, run_id: str) -> tuple[int, int, int]:
    """Calls of the Builder, those of which it is not known what they took, and the tokens that count."""
    async with world.services.database.read() as session:
        (one,) = await get_usage_summary(session, None, ("role",), run_id=run_id)
    return one.calls, one.unknown_calls, one.total_tokens + one.unknown_tokens


def starts_in(home: Path) -> list[dict[str, Any]]:
    """How the agent's program was started in a checkout."""
    return [json.loads(line) for line in (home / STARTS).read_text().splitlines()]


@pytest.mark.parametrize("lost", [False, True])
async def test_notes_reach_a_conversation_as_it_begins_also_where_the_agent_has_lost_it(
    tmp_path: Path, settings: Settings, lost: bool
) -> None:
    stays, goes_on = Play(calls=(WRITES,), fault="silence"), Play(calls=(), text="Wrote one.")
    anew = [Play(fault="lost"), Play(calls=(WRITES,), text="Wrote one.")]
    audits = replace(APPROVES, calls=(Call(shell="true"),))
    async with agents_world(tmp_path, settings, [stays, *(anew if lost else [goes_on])], [audits]) as world:
        run_id = await world.create()
        early = await add(world, SKIP)
        driving = asyncio.create_task(world.drive(run_id))
        await until(lambda: bool(sleeping()) or driving.done())
        await control.cancel(world.services.database, run_id, by="a test")
        await driving
        late = await add(world, HAND, run_id=run_id)
        await world.drive(run_id)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        builder, auditor = [f"phase 1 (one), attempt 1, {role}" for role in ("builder", "auditor")]
        assert await told(world, run_id, early) == ["added", builder, auditor]
        assert await told(world, run_id, late) == ["added", *([builder] if lost else []), auditor]
        prompts = [start["prompt"] for start in starts_in(settings.workspaces / run_id / "home/build")]
    carried = [(SKIP in prompt, HAND in prompt) for prompt in prompts]
    assert carried == [(True, False), (False, False), *([(True, True)] if lost else [])]


async def test_what_a_call_stands_on_is_kept_as_it_is_answered(tmp_path: Path, settings: Settings) -> None:
    """Not as it was when it was reserved: the program has run the tools of the call before since."""
    stays = Play(calls=(WRITES,), fault="silence")
    async with agents_world(tmp_path, settings, [stays], [APPROVES]) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        repository, files = settings.workspaces / run_id / "repo.git", list[str]()
        async with asyncio.timeout(60):
            while "one.py" not in files:
                assert not driving.done()
                await asyncio.sleep(0.02)
                async with world.services.database.read() as session:
                    trees = [one.checkpoint_tree for one in await runs.attempts(session, run_id)]
                files = [
                    name
                    for tree in trees
                    if tree
                    for name in git(repository, "ls-tree", "--name-only", tree).split()
                ]
        await control.cancel(world.services.database, run_id, by="a test")
        await driving


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_limit_schedules_the_run_for_its_reset(tmp_path: Path, settings: Settings) -> None:
    async with agents_world(tmp_path, settings, [Play(fault="limit")], [APPROVES]) as world:
        run = await world.run()
        assert run.state == "scheduled", (run.state, run.end_detail)
        assert run.resumes_at is not None


async def test_an_account_that_charges_for_more_schedules_the_run_for_its_reset(
    tmp_path: Path, settings: Settings
) -> None:
    resets_at = int(time.time()) + 7_500
    charged = Play(calls=(replace(WRITES, account=(1.0, resets_at, True)),), fault="silence")
    async with agents_world(tmp_path, settings, [charged], [APPROVES]) as world:
        run = await world.run()
        assert run.state == "scheduled", (run.state, run.end_detail)
        assert run.resumes_at is not None
        assert round(run.resumes_at.timestamp()) == resets_at
        assert "charges for more" in run.end_detail, run.end_detail
        async with world.services.database.read() as session:
            found = await usage_of_period(session, world.services.policy, "day")
            sums = await get_usage_summary(session, None, ("model",), run_id=run.id)
        (pool,) = [one for one in found.pools if one.pool == "codex"]
        assert [(one.window, one.percent) for one in pool.account] == [("5 hours", 100.0), ("7 days", 10.0)]
        assert [one.total_tokens for one in sums] == [WRITES.tokens.total]
    assert sleeping() == []


async def test_a_write_outside_the_phases_files_is_a_failed_attempt(
    tmp_path: Path, settings: Settings
) -> None:
    wanders, keeps = (
        Play(calls=(WRITES, Call(shell="echo x > other.txt"))),
        Play(calls=(Call(shell="rm other.txt"),)),
    )
    plan = json.loads(json.dumps(SIMPLE))
    plan["tiers"][0]["phases"][0]["files"] = ["one.py"]
    async with agents_world(tmp_path, settings, [wanders, keeps], [APPROVES]) as world:
        world.plan.write_text(json.dumps(plan))
        run = await world.run()
        assert run.state == "succeeded", run.end_detail
        assert "other.txt" not in git(world.repository, "ls-tree", "--name-only", f"autopack/{run.id}")


async def test_a_program_that_is_not_there_is_said_before_the_run(tmp_path: Path, settings: Settings) -> None:
    async with agents_world(tmp_path, settings, [Play()], [APPROVES]) as world:
        settings.policy_path.write_text(POLICY.replace("codex/gpt-5.1", "cursor/gpt-5.1"))
        with pytest.raises(AutopackError, match="cursor is not installed"):
            await world.create()
