"""`run` on a real terminal: the live display, and the state in which the terminal is left."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.runs import queries
from cli.processes import LIMIT_SECONDS, environ_of
from fixtures.world import World, approves, builds, small_world, write_file

IN_FRONT = """\
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from autopack.cli import main
sys.exit(main())
"""
"""The program, after it made its standard input the terminal that controls it."""


class _Terminal:
    """A terminal of a size, with a command in it."""

    def __init__(self, world: World, *arguments: object, columns: int, rows: int, **more: str) -> None:
        self.seen = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environ = {**environ_of(world), "TERM": "xterm-256color", **more}
        environ.pop("COLUMNS")
        self._process = subprocess.Popen(
            [sys.executable, "-c", IN_FRONT, *map(str, arguments)],
            cwd=world.repository,
            env=environ,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        os.set_blocking(self._master, False)

    def _read(self) -> bool:
        """Take what is there; False at the end."""
        try:
            while data := os.read(self._master, 65536):
                self.seen += data
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    async def until(self, word: str) -> None:
        """Wait for a word on the screen."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while word.encode() not in self.seen:
                assert self._read(), self.seen.decode(errors="replace")
                await asyncio.sleep(0.02)

    def type(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)

    async def hang_up(self) -> int:
        """Close the terminal; its exit code."""
        os.close(self._master)
        async with asyncio.timeout(LIMIT_SECONDS):
            while (code := self._process.poll()) is None:
                await asyncio.sleep(0.02)
        return code

    async def end(self) -> int:
        """Its exit code."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while self._read():
                await asyncio.sleep(0.02)
            while (code := self._process.poll()) is None:
                await asyncio.sleep(0.02)
        os.close(self._master)
        return code


SLOW: dict[str, Any] = {**write_file("one.py", "ONE = 1\n"), "delay_seconds": 30.0}


@pytest.mark.parametrize("columns", [60, 160])
async def test_the_display_is_live_and_leaves_the_terminal_clean(
    tmp_path: Path, settings: Settings, columns: int
) -> None:
    conversations = [builds(1, write_file("one.py", "ONE = 1\n")), approves()]
    async with small_world(tmp_path, settings, *conversations) as world:
        terminal = _Terminal(world, "run", world.plan, columns=columns, rows=40)
        code = await terminal.end()
    seen = terminal.seen.decode()
    assert code == 0, seen
    assert re.search(r"baseline 0:\d\d  python -m pytest -q", seen), seen
    assert "Succeeded: 1 of 1 phase" in seen
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")
    assert "\x1b[?1049h" not in seen


async def test_ctrl_c_on_a_terminal_says_that_it_is_cancelling_and_ends_with_what_was_kept(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, SLOW), approves()) as world:
        terminal = _Terminal(world, "run", world.plan, columns=100, rows=40, NO_COLOR="1")
        await terminal.until("gpt-5-mini")
        terminal.type(b"\x03")
        code = await terminal.end()
    seen = terminal.seen.decode()
    assert code == 130, seen
    assert "Cancelling…" in seen
    assert "Cancelled: 0 of 1 phase kept" in seen
    assert "autopack resume" in seen
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")
    assert "\x1b[3" not in seen.replace("\x1b[3A", "")


async def test_a_second_ctrl_c_leaves_the_terminal_clean_too(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, SLOW), approves()) as world:
        terminal = _Terminal(world, "run", world.plan, columns=100, rows=40)
        await terminal.until("gpt-5-mini")
        async with world.services.database.write():
            terminal.type(b"\x03")
            await terminal.until("Cancelling…")
            terminal.type(b"\x03")
            code = await terminal.end()
    seen = terminal.seen.decode()
    assert code == 130
    assert "autopack resume run_" in seen.rpartition("Stopped at once.")[2]
    assert seen.rpartition("\x1b[2K")[2].count("Cancelling") == 0
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
async def test_a_terminal_that_is_closed_cancels_the_run_cleanly(
    tmp_path: Path, settings: Settings, term: str
) -> None:
    async with small_world(tmp_path, settings, builds(1, SLOW), approves()) as world:
        terminal = _Terminal(world, "run", world.plan, columns=100, rows=40, TERM=term)
        await terminal.until("gpt-5-mini")
        assert await terminal.hang_up() == 130
        async with world.services.database.read() as session:
            (run,) = await queries.recent(session, limit=2)
        assert (run.state, run.end_detail) == ("cancelled", "asked by SIGHUP")


async def test_discarding_on_a_terminal_asks_first(tmp_path: Path, settings: Settings) -> None:
    conversations = [builds(1, write_file("one.py", "ONE = 1\n")), approves()]
    async with small_world(tmp_path, settings, *conversations) as world:
        await world.run()
        for answer, said in ((b"n\n", "Nothing was deleted"), (b"y\n", "Deleted branch")):
            terminal = _Terminal(world, "discard", "run_", columns=100, rows=40)
            await terminal.until("?")
            terminal.type(answer)
            assert await terminal.end() == (0 if answer == b"y\n" else 1)
            assert said in terminal.seen.decode()
