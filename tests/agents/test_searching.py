"""A model's search runs in a process of its own: it can be slow, wrong or malicious, and stops nobody."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from agents.conversing import PATIENCE, Books, Notes, calls, script, simulated, task_for
from autopack.agents import searcher, searching
from autopack.agents.api import ApiAgent
from autopack.agents.base import Access
from autopack.routing.policy import ProviderKind
from autopack.simulator import serve

AGENT = ApiAgent(patience=PATIENCE)
FOR_EVER = "a?" * 24 + "a" * 24 + "b"
SLOW = (FOR_EVER, "(a|a)+$", "(a+)+$", ".*.*.*.*.*.*.*.*=z")


async def searched(checkout: Path, **args: str) -> str:
    """What the model is told."""
    async with serve(script(calls(("search_files", args)), {"text": "Done."})) as simulator:
        task = task_for(simulated(simulator, ProviderKind.OPENAI), checkout, str, access=Access.READ)
        await AGENT.run(task, meter=Books(), watch=Notes())
        request: Any = simulator.entries()[-1].request
    (told,) = [one["content"] for one in request["messages"] if one["role"] == "tool"]
    return str(told)


async def longest_pause(until: asyncio.Event) -> float:
    longest, before = 0.0, time.monotonic()
    while not until.is_set():
        await asyncio.sleep(0.01)
        longest, before = max(longest, time.monotonic() - before), time.monotonic()
    return longest


@pytest.mark.parametrize("pattern", SLOW)
async def test_a_pattern_that_takes_for_ever_is_stopped_and_the_loop_lives(
    tmp_path: Path, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SEARCH_SECONDS", 0.5)
    (tmp_path / "long").write_text("a" * 400 + "!\n")
    over = asyncio.Event()
    pause = asyncio.ensure_future(longest_pause(over))
    async with asyncio.timeout(30):
        told = await searched(tmp_path, pattern=pattern)
    over.set()
    assert "took longer than 0.5 seconds" in told
    assert await pause < 5


async def test_a_search_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "long").write_text("a" * 40 + "\n")
    running = asyncio.ensure_future(searched(tmp_path, pattern=FOR_EVER))
    async with asyncio.timeout(20):
        while not searchers_of(tmp_path):
            await asyncio.sleep(0.02)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert not searchers_of(tmp_path)


def searchers_of(checkout: Path) -> list[str]:
    """Processes of the searcher that work in the checkout."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (
                b"searcher.py" in (process / "cmdline").read_bytes()
                and (process / "cwd").readlink() == checkout
            ):
                found.append(process.name)
        except OSError:
            continue
    return found


async def test_what_is_found_is_shown_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("one\r\ntwo one\n")
    (tmp_path / "b.txt").write_text("one\n\n")
    (tmp_path / "bin").write_bytes(b"one\0")
    (tmp_path / ".hidden").write_text("one\n")
    told = await searched(tmp_path, pattern="^.*one$|^$")
    assert told.splitlines()[:4] == ["b.txt:1:one", "b.txt:2:", "src/a.py:1:one", "src/a.py:2:two one"]
    assert "1 hidden entries omitted" in told
    assert (await searched(tmp_path, pattern="one", include_glob="*.py")).startswith("src/a.py:1:one\n")
    assert (await searched(tmp_path, pattern="three")).startswith("No matches found.")
    assert "Invalid regex pattern" in await searched(tmp_path, pattern="(")


async def test_nothing_outside_the_checkout_is_searched(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("FOUND\n")
    checkout = tmp_path / "checkout"
    (checkout / ".git").mkdir(parents=True)
    (checkout / ".git" / "config").write_text("FOUND\n")
    (checkout / "link").symlink_to(tmp_path / "secret")
    (checkout / "folder").symlink_to(tmp_path)
    told = await searched(checkout, pattern="FOU[N]D")
    assert "FOUND" not in told
    assert "FOUND" not in await searched(checkout, pattern="FOU[N]D", path="..")
    assert "FOUND" not in await searched(checkout, pattern="FOU[N]D", path="link")
    assert "FOUND" not in await searched(checkout, pattern="FOU[N]D", path=".git")


def test_the_searcher_follows_no_link_and_reads_only_files_below_its_root(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "secret").write_text("FOUND\n")
    (root / "link").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe")
    (root / "file").write_text("FOUND\n")
    paths = [root / "link", root / "folder" / "secret", outside / "secret", root / "pipe", root / "file"]
    files = [(path.name, str(path)) for path in paths]
    question = searcher.Question(pattern="FOUND", root=str(root), files=files, most=9, seconds=9)
    found = searcher.search(question)
    assert found["lines"] == ["file:1:FOUND"]
    assert found["unread"] == ["link", "secret", "secret", "pipe"]


async def test_matches_and_their_lines_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "many").write_text("word\n" * 300)
    told = await searched(tmp_path, pattern="word")
    assert told.count("word") == searching.MOST_MATCHES
    assert told.endswith("[... truncated at 200 matches]")
    (tmp_path / "many").write_text("w" * 100_000)
    assert len(json.dumps(await searched(tmp_path, pattern="w"))) < 1000
