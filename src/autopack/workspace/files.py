"""File operations among files that a model may have planted: never through a symlink, never half."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, also one whose folders are write-protected. Gone is fine."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        shutil.rmtree(path, onerror=_make_writable)
    else:
        path.unlink(missing_ok=True)


def _make_writable(function: Callable[[str], object], path: str, _info: object) -> None:
    """Go's module cache and the like are read-only folders: open them and try again."""
    for folder in (os.path.dirname(path), path):  # noqa: PTH120
        with contextlib.suppress(OSError):
            if not os.path.islink(folder):  # noqa: PTH114
                os.chmod(folder, 0o700)  # noqa: PTH101
    with contextlib.suppress(FileNotFoundError):
        if function in (os.open, os.scandir, os.listdir):
            shutil.rmtree(path)
        else:
            function(path)


def empty(folder: Path) -> None:
    """Make a folder exist with nothing in it."""
    if folder.is_symlink() or not folder.is_dir():
        remove(folder)
        folder.mkdir(parents=True)
        return
    for entry in folder.iterdir():
        remove(entry)


def write_durably(path: Path, data: bytes) -> None:
    """Write aside, sync, rename: the file is there whole or not at all."""
    handle, aside = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)  # noqa: PTH105
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def holds(path: Path, data: bytes) -> bool:
    """Whether a path is a regular file (no link) with exactly these bytes."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and path.read_bytes() == data
    except OSError:
        return False


def behind_a_link(top: Path, relative: str) -> bool:
    """Whether some folder between `top` and the path is a symlink."""
    folder = top
    for part in Path(relative).parts[:-1]:
        folder /= part
        if folder.is_symlink():
            return True
    return False
