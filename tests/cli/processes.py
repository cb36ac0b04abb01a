"""The command line as a process of its own, as users and CI start it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from fixtures.world import World

PROGRAM = (sys.executable, "-c", "import sys; from autopack.cli import main; sys.exit(main())")
LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    """How it ended."""

    code: int
    out: str
    err: str


class Started:
    """A command that is running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._seen = b""

    async def until(self, word: str) -> None:
        """Wait until it has said a word on standard output."""
        assert self._process.stdout is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            while word.encode() not in self._seen:
                line = await self._process.stdout.readline()
                assert line, f"ended before it said {word!r}: {self._seen.decode()}"
                self._seen += line

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def end(self) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(LIMIT_SECONDS):
            out, err = await self._process.communicate()
        code = self._process.returncode
        assert code is not None
        return Ended(code, (self._seen + out).decode(), err.decode())


def environ_of(world: World, **more: str) -> Mapping[str, str]:
    """The user's environment, with the world's home."""
    known = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE", "COV_"))}
    return {**known, **world.process_environ, "COLUMNS": "120", **more}


async def start(world: World, *arguments: object, environ: Mapping[str, str] | None = None) -> Started:
    """Start a command in the world's repository."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *map(str, arguments),
        cwd=world.repository,
        env=environ or environ_of(world),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**22,
    )
    return Started(process)


async def call(world: World, *arguments: object, environ: Mapping[str, str] | None = None) -> Ended:
    """Run a command to its end."""
    return await (await start(world, *arguments, environ=environ)).end()
