"""`plan draft` where a signal ends it, or its file can't be written: what was paid for is told, and kept."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.plan import parse_plan
from autopack.routing.queries import open_reservations
from cli.drafting import GOAL, draft, leaves_nothing, recorded, written
from cli.processes import start
from fixtures.planning import drafting_world, drafts, looks_at
from fixtures.world import World

SLOW: dict[str, Any] = {**looks_at("README.md"), "delay_seconds": 60.0}


@pytest.mark.parametrize("words", [(), ("--force",)])
async def test_a_draft_that_can_not_be_written_is_printed(
    tmp_path: Path, settings: Settings, words: tuple[str, ...]
) -> None:
    folder = tmp_path / "plans/mine"
    folder.mkdir(parents=True)
    removing = f"rm -r {folder.parent}"
    planned = drafts(1, setup=[], verify=[removing])
    async with drafting_world(tmp_path, settings, planned) as world:
        told = await draft(world, GOAL, "--out", folder / "one.yaml", "--unsandboxed", *words)
        assert told.code == 1, told
        assert parse_plan(told.out, source="plan.yaml").verify == (removing,)
        assert told.out.startswith("# Drafted by gpt-5 on ")
        assert "note: The plan is on standard output, as it was paid for and can't be written." in told.err
        assert "The draft took " in told.err
        assert f"error: {folder / 'one.yaml'} can't be written: No such file or directory." in told.err
        leaves_nothing(world)


async def test_a_draft_whose_commands_can_not_be_tried_is_written_and_says_so(
    tmp_path: Path, settings: Settings
) -> None:
    """The clone breaks under the trial, as it does where the disk is full."""
    planned = drafts(None, setup=[], verify=["rm -r ../repo.git"])
    async with drafting_world(tmp_path, settings, planned) as world:
        told = await draft(world, GOAL, "--unsandboxed")
        assert told.code == 1, told
        text = written(world)
        assert text.splitlines()[1].startswith("# NOT TRIED: ")
        assert parse_plan(text, source="plan.yaml").verify == ("rm -r ../repo.git",)
        assert "Its commands could not be tried: " in told.out
        assert "in 1 round;" in told.out
        assert "Next: read it, see that its commands pass, then" in told.out
        assert "autopack plan check" in told.out
        leaves_nothing(world, but="?? .autopack/\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_leaves_nothing_behind_but_what_was_spent(
    tmp_path: Path, settings: Settings, number: signal.Signals
) -> None:
    async with drafting_world(tmp_path, settings, drafts(1, SLOW)) as world:
        running = await start(world, "plan", "draft", GOAL)
        async with asyncio.timeout(30):
            while not await _asked(world):
                await asyncio.sleep(0.02)
        running.send(number)
        ended = await running.end()
        assert (ended.code, ended.out) == (130, ""), ended
        assert "Stopped: nothing was written." in ended.err
        assert "Traceback" not in ended.err
        leaves_nothing(world)
        (summed,) = await recorded(world)
        assert (summed.role, summed.calls, summed.unknown_calls) == ("agent:planner", 1, 1)


async def _asked(world: World) -> bool:
    async with world.services.database.read() as session:
        return len(await open_reservations(session, run_id=None)) == 1


async def test_a_signal_while_commands_are_tried_ends_them(tmp_path: Path, settings: Settings) -> None:
    asleep = f"sleep 6173.{os.getpid()}"
    async with drafting_world(tmp_path, settings, drafts(1, setup=[], verify=[asleep])) as world:
        running = await start(world, "plan", "draft", GOAL)
        async with asyncio.timeout(30):
            while not _runs(asleep):
                await asyncio.sleep(0.02)
        running.send(signal.SIGINT)
        ended = await running.end()
        assert (ended.code, _runs(asleep)) == (130, False), ended
        leaves_nothing(world)
        (summed,) = await recorded(world)
        assert (summed.calls, summed.unknown_calls) == (1, 0)
        assert f"The draft took {summed.total_tokens:,} tokens" in ended.err


def _runs(command: str) -> bool:
    """Whether a process of these very words is there."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return command in listed.splitlines()
