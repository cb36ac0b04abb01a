"""The processes that drive runs: who they are, and whether one still lives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from autopack.db import AnySession, Database, WriteSession, added
from autopack.supervisor import queries
from autopack.supervisor.tables import WorkerRow

HEARTBEAT_SECONDS = 5.0
LOST_AFTER = timedelta(seconds=60)
"""How long a process of another host counts as alive unheard."""
SELF_FENCE_SECONDS = 0.8 * LOST_AFTER.total_seconds()
"""A process that could not reach the database for so long stops its work: others may take it over soon."""
_FUTURE = timedelta(days=1)
"""How far ahead the clock of another host may be."""

log = logging.getLogger(__name__)


def new_executor_id() -> str:
    """An executor id of this process; no two processes may share one."""
    return f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"


async def register(session: WriteSession, executor_id: str, *, address: str | None = None) -> None:
    """Make this process known as one that drives runs, with an address as a service. Again is fine."""
    values = {
        "executor_id": executor_id,
        "host": this_host(),
        "pid": os.getpid(),
        "pid_started": process_started(os.getpid()) or "",
        "seen_at": await queries.now(session),
        "serves": address is not None,
        "address": address or "",
    }
    await added(session, WorkerRow, values)


@asynccontextmanager
async def known_worker(database: Database) -> AsyncGenerator[str]:
    """This process known as one that calls models, under an executor id of its own, until the end."""
    executor_id = new_executor_id()
    async with database.write() as session:
        await register(session, executor_id)
    beating = asyncio.create_task(keep_saying_so(database, executor_id))
    try:
        yield executor_id
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        async with database.write() as session:
            await queries.forget(session, executor_id)


async def is_alive(session: AnySession, executor_id: str | None) -> bool:
    """Whether a process is still there; one of another host, whether it said so lately."""
    return executor_id is not None and executor_id in await living(session, [executor_id])


async def living(session: AnySession, executor_ids: Iterable[str]) -> set[str]:
    """Those of several processes that are still there, as `is_alive` has it."""
    now = await queries.now(session)
    return {one.executor_id for one in await queries.known(session, executor_ids) if lives(one, now=now)}


async def services(session: AnySession) -> list[WorkerRow]:
    """The services that are alive and can drive runs of this machine's repositories."""
    now, here = await queries.now(session), this_host()
    return [
        one
        for one in await queries.every(session)
        if one.serves and one.host.partition("/")[0] == here.partition("/")[0] and lives(one, now=now)
    ]


def lives(worker: WorkerRow, *, now: datetime) -> bool:
    """Whether a registered process is still there. `now` is the database's clock.

    One of this host is asked for by its pid, so that no clock matters, and a stopped one is alive.
    """
    if worker.host == this_host():
        return process_started(worker.pid) == worker.pid_started
    return -_FUTURE < now - worker.seen_at < LOST_AFTER


def this_host() -> str:
    """Where a pid means what it means here: the host's name and, on Linux, its pid namespace."""
    name = socket.gethostname()[:200]
    with contextlib.suppress(OSError):
        return f"{name}/{Path('/proc/self/ns/pid').stat().st_ino}" if sys.platform == "linux" else name
    return name


async def keep_saying_so(database: Database, executor_id: str, *, address: str | None = None) -> None:
    """Say that this process, which has just been registered, is alive, until cancelled.

    A database that is away for a while is tried again: what may not go on without it is fenced where it is
    done (`Lifecycle.keep_watch`). One that was given up for dead and is back makes itself known again;
    its runs have a new epoch by then.
    """
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        try:
            async with database.write() as session:
                if not await queries.seen(session, executor_id, at=await queries.now(session)):
                    await register(session, executor_id, address=address)
        except Exception as error:
            log.warning("heartbeat_failed: %s", error)


def passing_seconds() -> float:
    """A clock that nobody sets and that, where the system has one, goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def process_started(pid: int) -> str | None:
    """When a process began, in a form that differs for a later process of the same pid; None: there is none.

    Linux: field 22 of /proc/PID/stat (proc(5)); elsewhere what `ps -o lstart=` prints.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None
