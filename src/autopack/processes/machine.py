"""How much of this machine a command may have where the plan does not say."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path, PurePosixPath

from autopack.processes.command import Limits

MEMORY_SHARE = 0.75
PROCESSES = 1024
"""Above a parallel build or a browser's tests on a large machine, and far below what harms a small one."""


def machine_limits(*, memory_bytes: int | None = None, processes: int | None = None) -> Limits:
    """The given limits, and three quarters of the memory and 1,024 processes for what is not given."""
    return Limits(
        memory_bytes=memory_bytes or int(machine_memory() * MEMORY_SHARE), processes=processes or PROCESSES
    )


def machine_memory() -> int:
    """Bytes of memory that there are for us: the machine's, or the container's where that has less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *_of_containers()])


def _of_containers() -> list[int]:
    """Limits of our control group and of those around it, in either version of the kernel's interface."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in ("", "memory"):
                top = Path("/sys/fs/cgroup", controllers)
                name = "memory.limit_in_bytes" if controllers else "memory.max"
                inside = PurePosixPath(path.lstrip("/"))
                for folder in (inside, *inside.parents):
                    with contextlib.suppress(OSError, ValueError):
                        found.append(int((top / folder / name).read_text()))
    return [limit for limit in found if limit > 0]
