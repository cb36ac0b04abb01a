"""A lock that a killed git of ours left on the run's branch in the user's repository.

git makes `refs/heads/autopack/RUN.lock`, writes it and renames it, within milliseconds. Killed in between, it
leaves it there, and the branch can't be moved any more. The lock is removed where all of this holds: its name
is our branch's; whoever asks drives the run, or nobody does; no git works in that repository; and it has
not changed for a while. Every other lock there is the user's to look at.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

STALE_SECONDS = 5.0
"""How long a lock has to be there unchanged: a thousand times what git needs."""
STALE_UNSEEN_SECONDS = 600.0
"""The same where processes can't be looked at, outside Linux."""
_PAUSE_SECONDS = 0.25


def branch_lock(git_dir: Path, branch: str) -> Path:
    """The lock file of a branch (`refs/heads/…`)."""
    return git_dir / f"{branch}.lock"


def is_stale(lock: Path, *, git_dir: Path, top: Path) -> bool:
    """Whether a lock of our branch was left behind: old, and no git works in its repository.

    A file from the future (the clock was set back) is not known to be old.
    """
    try:
        age = time.time() - lock.stat().st_mtime
    except FileNotFoundError:
        return False
    if sys.platform != "linux":
        return age > STALE_UNSEEN_SECONDS
    return age > STALE_SECONDS and not git_at_work(git_dir, top)


async def free_branch(git_dir: Path, top: Path, branch: str) -> bool:
    """Wait for a lock on our branch to go, and remove it where it is stale; False where it stays.

    The caller drives the run.
    """
    lock = branch_lock(git_dir, branch)
    end = time.monotonic() + STALE_SECONDS + 1.0
    while lock.exists():
        if await asyncio.to_thread(is_stale, lock, git_dir=git_dir, top=top):
            lock.unlink(missing_ok=True)
        elif time.monotonic() > end:
            return False
        else:
            await asyncio.sleep(_PAUSE_SECONDS)
    return True


def git_at_work(git_dir: Path, top: Path) -> bool:
    """Whether a git process works in a repository: is in it, or was told its path. Linux only."""
    told = [os.fsencode(git_dir), os.fsencode(top)]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if not (process / "comm").read_bytes().startswith(b"git"):
                continue
            cwd = (process / "cwd").readlink()
            if cwd.is_relative_to(git_dir) or cwd.is_relative_to(top):
                return True
            words = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
            if any(path in words for path in told):
                return True
    return False
