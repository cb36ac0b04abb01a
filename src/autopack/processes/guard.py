"""Commands die with us, also when we are killed, and so do those of them that left their group."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
from pathlib import Path

_GUARD = """
read -r group; read -r _
if [ -n "$group" ]; then kill -s KILL -- "-$group"; fi
for round in 1 2 3; do
    for file in $(grep -ls -- "$1" /proc/[0-9]*/environ); do
        process=${file#/proc/}; kill -s KILL "${process%/environ}"
    done
    sleep 0.2
done
"""
_ROUNDS = 50
_PAUSE_SECONDS = 0.02


class Guard:
    """A tiny process that waits for the end of our pipe: when we are killed, it kills the command's group.

    It is there before the command is, and knows the group as soon as we do. (bubblewrap's own
    `--die-with-parent` comes into force only after its first milliseconds.) `mark` is set as the variable
    `variable` in the command's environment, so that on Linux it also finds a command whose group we had no
    time to tell, and descendants which made a session of their own.
    """

    variable = "AUTOPACK_COMMAND"

    def __init__(self) -> None:
        self.mark = f"{this_engine()}-{secrets.token_hex(16)}"
        read_end, self._pipe = os.pipe()
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                ("/bin/sh", "-c", _GUARD, "guard", f"{self.variable}={self.mark}"),
                stdin=read_end,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={"PATH": os.environ.get("PATH", os.defpath)},
            )
        finally:
            os.close(read_end)

    def watch(self, group: int) -> None:
        """Start guarding a process group."""
        os.write(self._pipe, f"{group}\n".encode())

    def dismiss(self) -> None:
        """The command has ended: end the guard without its kill."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


def this_engine() -> str:
    """This process in a mark: its pid namespace, pid and start time (proc(5)); `0-PID-0` without /proc."""
    try:
        started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
        return f"{Path('/proc/self/ns/pid').stat().st_ino}-{os.getpid()}-{started}"
    except OSError:
        return f"0-{os.getpid()}-0"


async def end_marked(guard: Guard) -> None:
    """Kill every process that carries the mark, until there is none. Does nothing where there is no /proc."""
    for _ in range(_ROUNDS):
        marked = find_marked(guard)
        if not marked:
            return
        for process in marked:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        await asyncio.sleep(_PAUSE_SECONDS)


def find_marked(guard: Guard) -> list[int]:
    """Ids of running processes whose environment carries the mark."""
    needle = f"{guard.variable}={guard.mark}".encode()
    found: list[int] = []
    try:
        names = os.listdir("/proc")  # noqa: PTH208
    except FileNotFoundError:
        return found
    for name in names:
        if name.isdecimal():
            with contextlib.suppress(OSError):
                if needle in Path("/proc", name, "environ").read_bytes():
                    found.append(int(name))
    return found
