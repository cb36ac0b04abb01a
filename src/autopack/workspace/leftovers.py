"""Files that git does not track: what `setup` made may stay in the checkout that verifies, nothing else may.

Otherwise a command of an earlier check, or of an earlier attempt, could leave a file that makes a later one
succeed. What setup left is remembered by change time and inode, which a process inside the sandbox can't
forge; a file of setup's that was altered or removed means that setup has to run again.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from pathlib import Path, PurePosixPath

from autopack.workspace.files import remove_below
from autopack.workspace.git import parts, text
from autopack.workspace.layout import Layout, Which

Remembered = dict[str, tuple[int, int]]
"""Path relative to the workspace's root → change time (ns) and inode; zeros for a folder."""

_FOLDER = (0, 0)

_BOOKKEEPING = (
    ".cargo/.global-cache",
    ".cargo/.package-cache",
    ".cargo/.package-cache-mutate",
    ".cache/go-build",
    ".npm/_logs",
    ".npm/_update-notifier-last-checked",
)
"""Files of a private HOME that tools rewrite on each use; altered ones do not ask for a new setup."""


async def untracked(layout: Layout, which: Which, *options: str) -> list[str]:
    """Top entries of a checkout that are not in its index, ignored or not, as paths below the workspace."""
    listing = await layout.git_in(which)("ls-files", "-z", "--others", "--directory", *options)
    return [f"{which}/{text(path.rstrip(b'/'))}" for path in parts(listing)]


async def remove_unignored(layout: Layout, which: Which) -> None:
    """Remove what git neither tracks nor ignores, nested repositories too.

    That is `git clean -ffd`, which takes a minute for 1,500 folders in each other and fails for more.
    """
    entries = await untracked(layout, which, "--exclude-standard")
    ignored = await untracked(layout, which, "--exclude-standard", "--ignored") if entries else []
    await asyncio.to_thread(_remove_all_but, layout.root, entries, ignored)


def remember(layout: Layout, which: Which, entries: list[str]) -> Remembered:
    """What is there now, in the untracked entries and in the private HOME, unless too deep for a path."""
    marks: Remembered = {}
    pending = [*entries, *_children(layout.root, _home(layout, which))]
    while pending:
        name = pending.pop()
        try:
            marks[name] = mark = _mark(layout.root, name)
            if mark == _FOLDER:
                pending += _children(layout.root, name)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
    return marks


def clean(layout: Layout, which: Which, entries: list[str], remembered: Remembered) -> bool:
    """Remove what is not remembered; whether all that is remembered is still there as it was."""
    home = _home(layout, which)
    missing = dict(remembered)
    intact = True
    pending = [*entries, *_children(layout.root, home)]
    while pending:
        name = pending.pop()
        expected = missing.pop(name, None)
        if expected is None:
            remove_below(layout.root, name)
            continue
        mark = _mark(layout.root, name)
        if mark == _FOLDER:
            pending += _children(layout.root, name)
        if mark != expected and not _is_bookkeeping(name, home):
            intact = False
    return intact and all(_is_bookkeeping(name, home) for name in missing)


def _remove_all_but(root: Path, entries: list[str], kept: list[str]) -> None:
    keep = set(kept)
    holding = {str(folder) for name in kept for folder in PurePosixPath(name).parents}
    pending = list(entries)
    while pending:
        name = pending.pop()
        if name in holding:
            pending += _children(root, name)
        elif name not in keep:
            remove_below(root, name)


def _home(layout: Layout, which: Which) -> str:
    return str(layout.home(which).relative_to(layout.root))


def _children(root: Path, folder: str) -> list[str]:
    with os.scandir(root / folder) as entries:
        return [f"{folder}/{entry.name}" for entry in entries]


def _mark(root: Path, name: str) -> tuple[int, int]:
    status = (root / name).lstat()
    return _FOLDER if stat.S_ISDIR(status.st_mode) else (status.st_ctime_ns, status.st_ino)


def _is_bookkeeping(name: str, home: str) -> bool:
    return any(PurePosixPath(name).is_relative_to(f"{home}/{kept}") for kept in _BOOKKEEPING)
