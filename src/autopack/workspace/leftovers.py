"""Files that git does not track: what `setup` made may stay in the checkout that verifies, nothing else may.

Otherwise a command of an earlier check, or of an earlier attempt, could leave a file that makes a later one
succeed. What setup left is remembered by change time and inode, which a process inside the sandbox can't
forge; a file of setup's that was altered or removed means that setup has to run again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from autopack.workspace.files import remove
from autopack.workspace.git import parts, text
from autopack.workspace.layout import Layout, Which

Remembered = dict[str, tuple[int, int]]
"""Path relative to the workspace's root → change time (ns) and inode; zeros for a folder."""

_BOOKKEEPING = (
    ".cargo/.global-cache",
    ".cargo/.package-cache",
    ".cargo/.package-cache-mutate",
    ".cache/go-build",
    ".npm/_logs",
    ".npm/_update-notifier-last-checked",
)
"""Files of a private HOME that tools rewrite on each use; altered ones do not ask for a new setup."""


async def untracked(layout: Layout, which: Which) -> list[Path]:
    """Top entries of a checkout that are not in its index, ignored or not."""
    listing = await layout.git_in(which)("ls-files", "-z", "--others", "--directory")
    top = layout.checkout(which)
    return [top / text(path.rstrip(b"/")) for path in parts(listing)]


def remember(layout: Layout, which: Which, entries: list[Path]) -> Remembered:
    """What is there now, in the untracked entries and in the private HOME."""
    return {
        str(path.relative_to(layout.root)): _mark(path)
        for path in _walk((*entries, *_children(layout.home(which))))
    }


def clean(layout: Layout, which: Which, entries: list[Path], remembered: Remembered) -> bool:
    """Remove what is not remembered; whether all that is remembered is still there as it was."""
    home = layout.home(which)
    missing = dict(remembered)
    intact = True
    pending = [*entries, *_children(home)]
    while pending:
        path = pending.pop()
        mark = missing.pop(str(path.relative_to(layout.root)), None)
        if mark is None:
            remove(path)
            continue
        if _mark(path) != mark and not _is_bookkeeping(path, home):
            intact = False
        if path.is_dir() and not path.is_symlink():
            pending += _children(path)
    return intact and not any(not _is_bookkeeping(layout.root / name, home) for name in missing)


def _walk(entries: tuple[Path, ...]) -> Iterator[Path]:
    pending = list(entries)
    while pending:
        path = pending.pop()
        yield path
        if path.is_dir() and not path.is_symlink():
            pending += _children(path)


def _children(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries]


def _mark(path: Path) -> tuple[int, int]:
    status = path.lstat()
    if path.is_dir() and not path.is_symlink():
        return (0, 0)
    return (status.st_ctime_ns, status.st_ino)


def _is_bookkeeping(path: Path, home: Path) -> bool:
    return any(path.is_relative_to(home / name) for name in _BOOKKEEPING)
