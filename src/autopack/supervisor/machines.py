"""One machine at a time on a home with a SQLite database, whose locks do not hold over a network."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import Conflict
from autopack.supervisor import queries
from autopack.supervisor.workers import lives, this_host

_NETWORKED = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "lustre", "beegfs", "gfs2",
     "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "davfs", "fuse.davfs2", "ocfs2")
)  # fmt: skip


async def refuse_second_machine(settings: Settings, database: Database) -> None:
    """Raise `Conflict` where a process of another machine works on this home. On PostgreSQL it may.

    Asked by every command that writes. One that was not heard of for a minute does not count.
    """
    if settings.postgres_url is not None:
        return
    here = _name(this_host())
    async with database.read() as session:
        now = await queries.now(session)
        others = {
            _name(worker.host)
            for worker in await queries.every(session)
            if _name(worker.host) != here and lives(worker, now=now)
        }
    if others:
        raise Conflict(
            f"{', '.join(sorted(others))} works on this home, {settings.home}, at this moment, and this "
            f"machine is {here}: two machines would damage its database.",
            hint="Wait for it, set AUTOPACK_HOME to a folder of this machine's own, or have both use one "
            "PostgreSQL (AUTOPACK_DATABASE_URL).",
        )


def network_file_system(folder: Path) -> str | None:
    """Kind of the network file system that a folder is on; None: none, or not known (outside Linux)."""
    if sys.platform != "linux":
        return None
    with contextlib.suppress(OSError):
        found = kind_of_mount(folder.resolve(), Path("/proc/self/mountinfo").read_text())
        return found if found in _NETWORKED else None
    return None


def kind_of_mount(place: Path, mounts: str) -> str:
    """The file system's type at a place, of `/proc/self/mountinfo`'s lines (proc(5))."""
    kind, depth = "", -1
    for line in mounts.splitlines():
        # "<id> <parent> <device> <root> <mount point> <options> … - <type> …"
        mounted, _, rest = line.partition(" - ")
        point = Path(mounted.split()[4].replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) >= depth:
            kind, depth = rest.split()[0], len(point.parts)
    return kind


def _name(host: str) -> str:
    """A machine's name, without the namespace of its processes."""
    return host.partition("/")[0]
