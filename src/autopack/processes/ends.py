"""Knowing that a process has ended, and ending it for certain."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

GRACE_SECONDS = 2.0
"""Between the polite signal and the one that can't be refused."""

log = logging.getLogger(__name__)


class ExitWatch:
    """Tells when a child has ended, before it is reaped: its process group id can't be reused until then."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._pidfd = _pidfd(child.pid)
        self._thread: asyncio.Future[int] | None = None
        if self._pidfd is None:
            self._thread = self._loop.run_in_executor(None, child.wait)
            self._thread.add_done_callback(lambda _: self._ended.set())
        else:
            self._loop.add_reader(self._pidfd, self._ended.set)

    async def wait(self) -> None:
        """Return when the child has ended."""
        await self._ended.wait()

    def reap(self) -> int:
        """The exit code of a child that has ended or was killed."""
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        return self._child.wait()


async def wait_for_pid(pid: int, *, limit_seconds: float) -> None:
    """Wait until a process that is not our child is gone, at most so long. Linux only; elsewhere at once."""
    pidfd = _pidfd(pid)
    if pidfd is None:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(pidfd, ended.set)
    try:
        async with asyncio.timeout(limit_seconds):
            await ended.wait()
    except TimeoutError:
        return
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)


def signal_group(group: int, number: signal.Signals) -> None:
    """Signal a process group; one that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def signal_process(process: int, number: signal.Signals) -> None:
    """Signal a process; one that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def children_of(process: int) -> list[int]:
    """Ids of the children of a process, where the kernel tells them (Linux, proc_pid_task(5)); else none."""
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


async def wait_for_group(group: int, *, limit_seconds: float) -> None:
    """Wait until a killed group whose leader was reaped has no living member left, at most so long."""
    end = asyncio.get_running_loop().time() + limit_seconds
    while _has_members(group) and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def complete(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` to its end even where the caller is cancelled; then the cancellation goes on.

    It goes on also where it is what the caller cleans up after, and `work` fails: the failure is its cause.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    failure = None if task.cancelled() else task.exception()
    if isinstance(failure, Exception) and (cancelled is not None or _is_cancelled()):
        log.warning("failed while it was cancelled: %s", failure)
        raise cancelled or asyncio.CancelledError from failure
    task.result()
    if cancelled is not None:
        raise cancelled


def _is_cancelled() -> bool:
    """Whether the caller's task was asked to end, and has not ended yet."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _has_members(group: int) -> bool:
    """Whether something of the group still runs; dead members that nobody has reaped do not count."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if sys.platform != "linux":
        return True
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # "<pid> (<name>) <state> <parent> <group> …", and the name may hold anything
            state, _, its_group = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:3]
            if int(its_group) == group and state not in (b"Z", b"X"):
                return True
    return False


def _pidfd(pid: int) -> int | None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return os.pidfd_open(pid)
    return None
