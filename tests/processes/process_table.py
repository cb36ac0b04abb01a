"""What is running on this machine, as far as a test's own marker tells."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path


def running_with(marker: str) -> list[int]:
    """Ids of processes whose arguments hold the marker, those of other namespaces included."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if marker.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


async def until_argv(argv: tuple[str, ...], *, limit_seconds: float = 10.0) -> None:
    """Wait until a process has exactly these arguments."""
    wanted = "\0".join((*argv, "")).encode()
    end = time.monotonic() + limit_seconds
    while True:
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdecimal() and (entry / "cmdline").read_bytes() == wanted:
                    return
        assert time.monotonic() < end, f"no process {argv} came"
        await asyncio.sleep(0.01)


async def until_running(marker: str, *, limit_seconds: float = 10.0) -> None:
    """Wait until a process with the marker is there."""
    end = time.monotonic() + limit_seconds
    while not running_with(marker):
        assert time.monotonic() < end, f"no process with {marker} came"
        await asyncio.sleep(0.01)


async def until_gone(marker: str, *, limit_seconds: float = 10.0) -> None:
    """Wait until no process has the marker."""
    end = time.monotonic() + limit_seconds
    while running_with(marker):
        assert time.monotonic() < end, f"a process with {marker} is still there"
        await asyncio.sleep(0.01)
