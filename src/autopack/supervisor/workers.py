"""The processes that drive runs: who they are, and whether one still lives."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from autopack.db import AnySession, WriteSession
from autopack.supervisor import queries
from autopack.supervisor.tables import WorkerRow


def new_executor_id() -> str:
    """An executor id of this process; no two processes may share one."""
    return f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"


async def register(session: WriteSession, executor_id: str) -> None:
    """Make this process known as one that drives runs."""
    session.add(
        WorkerRow(
            executor_id=executor_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            pid_started=process_started(os.getpid()) or "",
            since=datetime.now(UTC),
        )
    )


async def is_alive(session: AnySession, executor_id: str | None) -> bool:
    """Whether a process is still there. One of another host counts as alive: it can't be seen from here."""
    worker = None if executor_id is None else await queries.worker(session, executor_id)
    if worker is None:
        return False
    if worker.host != socket.gethostname():
        return True
    return process_started(worker.pid) == worker.pid_started


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
