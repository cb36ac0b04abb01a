"""Commands that outlived the Autopack that started them, which a guard should have killed; Linux only.

Each command carries a mark that names its Autopack by pid namespace, pid and start time (`guard.py`), so
that it is known without a database whether that one still lives. A mark of another namespace says nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from pathlib import Path

from autopack.processes.guard import Guard, this_engine

_MARK = re.compile(rb"(?:^|\0)" + Guard.variable.encode() + rb"=(\d+)-(\d+)-(\d+)-[0-9a-f]+(?=\0|$)")
_ROUNDS = 50
_PAUSE_SECONDS = 0.02


def find_orphans() -> list[int]:
    """Ids of processes of commands whose Autopack is gone."""
    namespace = this_engine().partition("-")[0]
    if namespace == "0":
        return []
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            marked = _MARK.search((folder / "environ").read_bytes())
            if marked is None:
                continue
            its, pid, started = (part.decode() for part in marked.groups())
            if its == namespace and _started(pid) != started and _started(folder.name) is not None:
                found.append(int(folder.name))
    return found


async def end_orphans() -> int:
    """Kill every process of a command whose Autopack is gone; how many there were."""
    ended: set[int] = set()
    for _ in range(_ROUNDS):
        found = await asyncio.to_thread(find_orphans)
        if not found:
            break
        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        ended.update(found)
        await asyncio.sleep(_PAUSE_SECONDS)
    return len(ended)


def _started(pid: str) -> str | None:
    """When a process began, in clock ticks since the machine did; None: it is gone, or a zombie."""
    try:
        fields = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else fields[19]
