"""The home folder is its user's alone: what runs leave in it is read by nobody else on the machine."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

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
