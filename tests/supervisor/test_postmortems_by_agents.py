"""The account of a run's end by a coding agent: seated without a file, and gone when it is done."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.stages import Call, Play, install, sleeping
from autopack.config import Settings
from autopack.routing.policy import CodingAgent
from autopack.supervisor import postmortems
from autopack.supervisor.temporary import PREFIX
from cli.processes import call
from fixtures.world import World, approves, builds, small_world, write_file
from supervisor.learned import QUICK, have_it_written, learned, write

MODELS = {
    CodingAgent.CLAUDE_CODE: "claude-code/claude-sonnet-4-5",
    CodingAgent.CODEX: "codex/gpt-5.1",
    CodingAgent.CURSOR: "cursor/gpt-5",
}
CLAUDE = CodingAgent.CLAUDE_CODE
ACCOUNT = {"built": "The file one.py is there.", "failed": "Nothing failed.", "lessons": ["Say ONE."]}
WITH_KEYS = "agent_pools: {claude-code: anthropic, codex: openai}\n"
LIMIT_SECONDS = 60


def wrote(*shells: str, fault: str | None = None) -> Play:
    """A start in which the account is given, after these commands."""
    return Play(
        calls=tuple(Call(shell=one) for one in shells or ("true",)), text="", answer=ACCOUNT, fault=fault
    )


@asynccontextmanager
async def world_with(
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    *plays: Play,
    agent: CodingAgent = CLAUDE,
) -> AsyncGenerator[World]:
    """A world whose phases are an API's models', and whose accounts are this agent's."""
    folder = install(agent, plays, tmp_path / "agent")
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), f"{sys.base_prefix}/bin", os.environ["PATH"]]))
    conversations = (builds(1, write_file("one.py", "ONE = 1\n")), approves())
    async with small_world(tmp_path, settings, *conversations, plan=QUICK) as world:
        have_it_written(world, MODELS[agent], WITH_KEYS)
        yield world


def left(settings: Settings) -> list[Path]:
    """Temporary workspaces that are there."""
    return list(settings.workspaces.glob(f"{PREFIX}*"))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("agent", CodingAgent)
async def test_a_coding_agent_writes_it_and_its_calls_are_booked_under_its_name(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, agent: CodingAgent
) -> None:
    play = wrote()
    async with world_with(tmp_path, settings, monkeypatch, play, agent=agent) as world:
        ended = await call(world, "run", world.plan)
        assert ended.code == 0, ended
        for said in ("What was learned", "Built: The file one.py is there.", "1  Say ONE."):
            assert said in ended.out
        (run_folder,) = settings.workspaces.iterdir()
        view = await learned(world, run_folder.name)
    assert (view.state, view.reason, view.model) == ("made", "", MODELS[agent])
    (own,) = view.beside
    assert (own.role, own.model) == ("agent:postmortem", MODELS[agent])
    assert (own.booked.usage.calls, own.booked.usage.tokens) == (1, play.calls[0].tokens.total)
    assert own.booked.open_calls == 0


@pytest.mark.parametrize("unsandboxed", [False, True])
async def test_it_is_confined_as_its_run_was(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, *, unsandboxed: bool
) -> None:
    outside = tmp_path / "small" / "planted.txt"
    async with world_with(tmp_path, settings, monkeypatch, wrote(f"touch {outside}")) as world:
        run = await world.run(unsandboxed=unsandboxed)
        assert (await write(world, run.id)).state == "made"
    assert outside.exists() == unsandboxed


async def test_a_coding_agent_that_is_stopped_is_gone_and_wrote_nowhere_but_in_its_own_folder(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = 'touch made.txt .git/made "$CLAUDE_CONFIG_DIR/own.txt"'
    async with world_with(tmp_path, settings, monkeypatch, wrote(writes, fault="silence")) as world:
        run_id = (await world.run()).id
        stop = asyncio.Event()
        writing = asyncio.create_task(write(world, run_id, stop))
        await until(lambda: bool(sleeping()) or writing.done())
        (folder,) = left(settings)
        assert [path.name for path in (folder / "build").iterdir()] == [".git"]
        assert [path.relative_to(folder).parts[0] for path in folder.rglob("own.txt")] == ["agents"]
        stop.set()
        view = await writing
        assert (view.state, view.reason) == ("not_made", "it was stopped")
        assert view.beside[0].booked.open_calls == 0
        assert (sleeping(), left(settings)) == ([], [])


async def test_a_coding_agent_that_takes_too_long_and_knows_no_word_to_stop_is_gone(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmortems, "LIMIT_SECONDS", 3.0)
    stays, agent = wrote(fault="silence"), CodingAgent.CODEX
    async with world_with(tmp_path, settings, monkeypatch, stays, agent=agent) as world:
        run_id = (await world.run()).id
        writing = asyncio.create_task(write(world, run_id))
        await until(lambda: bool(sleeping()) or writing.done())
        view = await writing
    assert (view.state, view.reason) == ("not_made", "it took longer than 3 s")
    assert (sleeping(), left(settings)) == ([], [])


async def test_why_a_coding_agent_did_not_write_it_is_said_with_what_to_do(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world_with(tmp_path, settings, monkeypatch, Play(fault="limit")) as world:
        run_id = (await world.run()).id
        limited = await write(world, run_id)
        assert limited.state == "not_made"
        assert "claude-code/claude-sonnet-4-5 has reached a limit of its account, until 2" in limited.reason
        assert limited.reason.endswith("wait until then, then ask for it again")


async def test_a_coding_agent_that_is_not_installed_is_named_with_what_to_do(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world_with(tmp_path, settings, monkeypatch, wrote()) as world:
        (tmp_path / "agent" / "bin" / "claude").unlink()
        view = await write(world, (await world.run()).id)
    said = "claude-code is not installed: no claude on PATH. Install it, and log in or give it a key"
    assert view.state == "not_made"
    assert view.reason.startswith(said)
    assert view.beside == ()
    assert left(settings) == []
