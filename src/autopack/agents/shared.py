"""Files in folders that a coding agent writes as well: whatever it left there, links and pipes among them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MOST_BYTES = 64 * 1024 * 1024
"""What is read of a record at a time."""


def write_anew(folder: Path, name: str, text: str) -> Path:
    """Write a file that was not there, in place of what was: no link is followed. Gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    return path


def read_on(path: Path, offset: int) -> bytes:
    """What a regular file holds from an offset on, in bounds; nothing where it is none, or is gone."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b""
        file.seek(offset)
        return file.read(MOST_BYTES)


def size_of(path: Path) -> int:
    """Bytes of a file, of a link itself; 0 where it is gone."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0
