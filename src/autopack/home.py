"""The home folder is its user's alone: what runs leave in it is read by nobody else on the machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from autopack.errors import Unavailable

LOCK_SECONDS = 10.0
"""How long another process's turn is waited for."""
_PAUSE_SECONDS = 0.01

_OURS = ("artifacts", "transcripts", "workspaces", "plans", "autopack.db*", "engine.db*", "autopack.log*")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_home(home: Path) -> None:
    """Make the home where there is none, and take from others what an earlier version let them read.

    A folder that others use too (the user's own home, one with the sticky bit such as /tmp) is left to
    them; what is Autopack's in it is not. Raises `OSError` where it can't be made.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if home != Path.home() and not home.stat().st_mode & stat.S_ISVTX:
        _tighten(home)
    for pattern in _OURS:
        for place in home.glob(pattern):
            _tighten(place)


def _tighten(place: Path) -> None:
    """On a disk that can't be written, or for a file of somebody else's, it stays as it is."""
    with contextlib.suppress(OSError):
        mode = place.lstat().st_mode
        if mode & _OTHERS and not stat.S_ISLNK(mode):
            place.chmod(stat.S_IMODE(mode) & ~_OTHERS)


@contextmanager
def turn(home: Path, what: str) -> Generator[None]:
    """Be the only one of this home that writes a kind of file (`notes`, `models`); call it in a thread.

    The lock goes with the process, however it ends. Raises `Unavailable` where the home can't be written, or
    where another's turn does not end.
    """
    try:
        make_home(home)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(home / f"{what}.lock", flags, 0o600)
    except OSError as error:
        raise Unavailable(
            f"AUTOPACK_HOME ({home}) can't be written: {error.strerror}.",
            hint="Mend its permissions or its mount.",
        ) from None
    try:
        until = time.monotonic() + LOCK_SECONDS
        while not _locked(handle):
            if time.monotonic() > until:
                raise Unavailable(
                    f"Another process has been writing {what} for {LOCK_SECONDS:g} seconds.",
                    hint="Try again in a moment.",
                )
            time.sleep(_PAUSE_SECONDS)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
