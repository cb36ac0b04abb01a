"""A service as a process of its own, which says where it listens and ends on a signal."""

from __future__ import annotations

import asyncio
import re
import signal
import sys

from cli import processes
from fixtures.world import World

COMMAND = processes.PROGRAM
MODULE = (sys.executable, "-m", "autopack.main")


async def start(world: World, *words: str) -> tuple[asyncio.subprocess.Process, str]:
    """A process that serves, and its URL."""
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=world.folder,
        env=processes.environ_of(world),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(processes.LIMIT_SECONDS):
        line = (await process.stdout.readline()).decode()
    found = re.match(r"Autopack listens on (http://127\.0\.0\.1:\d+) ", line)
    assert found is not None, (line, await process.communicate())
    return process, found[1]


async def end(process: asyncio.subprocess.Process, number: signal.Signals) -> tuple[int | None, str, str]:
    """End it by a signal: its exit code, and what it said on both streams since it listened."""
    process.send_signal(number)
    async with asyncio.timeout(processes.LIMIT_SECONDS):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()
