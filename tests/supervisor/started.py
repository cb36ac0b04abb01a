"""A run that a process of its own drives, to be killed and gone on with."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from fixtures.world import World

AUTOPACK = str(Path(sys.executable).parent / "autopack")
LIMIT_SECONDS = 60


async def start(world: World, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        AUTOPACK,
        *words,
        "--json",
        cwd=world.repository,
        env=world.process_environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def until(process: asyncio.subprocess.Process, **wanted: Any) -> dict[str, Any]:
    """Read events until one has these fields."""
    if process.stdout is None:
        raise RuntimeError("no output")
    async with asyncio.timeout(LIMIT_SECONDS):
        while line := await process.stdout.readline():
            event: dict[str, Any] = json.loads(line) if line.startswith(b"{") else {}
            if wanted.items() <= event.items():
                return event
    raise AssertionError(f"the run ended without {wanted}")


async def kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.communicate()


async def resume(world: World, run_id: str) -> None:
    process = await start(world, "resume", run_id)
    async with asyncio.timeout(LIMIT_SECONDS):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
