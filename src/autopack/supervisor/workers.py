"""The processes that drive runs: who they are, and whether one still lives."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autopack.db import AnySession, Database, WriteSession
from autopack.supervisor import queries
from autopack.supervisor.tables import WorkerRow

HEARTBEAT_SECONDS = 5.0
LOST_AFTER = timedelta(seconds=60)
"""How long a process of another host (or of this one, under its former name) counts as alive unheard."""


def new_executor_id() -> str:
    """An executor id of this process; no two processes may share one."""
    return f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"


async def register(session: WriteSession, executor_id: str) -> None:
    """Make this process known as one that drives runs. Again is fine."""
    if await queries.worker(session, executor_id) is not None:
        return
    session.add(
        WorkerRow(
            executor_id=executor_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            pid_started=process_started(os.getpid()) or "",
            seen_at=datetime.now(UTC),
        )
    )


async def is_alive(session: AnySession, executor_id: str | None) -> bool:
    """Whether a process is still there; one of another host, whether it said so lately."""
    return executor_id is not None and executor_id in await living(session, [executor_id])


async def living(session: AnySession, executor_ids: Iterable[str]) -> set[str]:
    """Those of several processes that are still there, as `is_alive` has it."""
    return {one.executor_id for one in await queries.known(session, executor_ids) if _lives(one)}


def _lives(worker: WorkerRow) -> bool:
    if worker.host != socket.gethostname():
        return datetime.now(UTC) - worker.seen_at < LOST_AFTER
    return process_started(worker.pid) == worker.pid_started


async def keep_saying_so(database: Database, executor_id: str) -> None:
    """Say that this process is alive, until cancelled."""
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        async with database.write() as session:
            await queries.seen(session, executor_id, at=datetime.now(UTC))


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
