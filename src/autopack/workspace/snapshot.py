"""The Builder's files as a tree object, without running anything that they bring along.

`git add -A` would be one call, but it runs `git status` inside nested repositories, with whatever filters
their configuration names: a model could get its code run outside the sandbox. So the files are listed
(`git ls-files` looks at a nested repository's HEAD and no further), sorted here, and named to
`git update-index`.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field

from autopack.workspace.files import behind_a_link, make_readable_below
from autopack.workspace.git import parts, refusal, text
from autopack.workspace.layout import Layout
from autopack.workspace.untouched import find_modified


@dataclass
class _Differing:
    """Paths of the checkout that the index does not hold as they are."""

    update: list[bytes] = field(default_factory=list[bytes])
    drop: list[bytes] = field(default_factory=list[bytes])
    """In the index, but no longer a file: behind a symlink, a socket, a folder with its own repository."""
    nested: list[bytes] = field(default_factory=list[bytes])

    def __bool__(self) -> bool:
        return bool(self.update or self.drop or self.nested)


@dataclass(frozen=True)
class Refreshed:
    """What bringing the snapshot index up to date found."""

    changed: bool
    nested: tuple[bytes, ...]


async def refresh_snapshot_index(layout: Layout) -> Refreshed:
    """Bring our index of the Builder's checkout up to date, and name the nested repositories in it.

    Nested repositories are left out of this index: git would not look inside them again when they end.
    """
    git = layout.git_in("build", index=layout.snapshot_index)
    listing = await git("ls-files", "-z", "--others", "--modified", "--deleted", "--exclude-standard")
    differing = _sort(layout, parts(listing))
    if differing.update:
        untouched = (await find_modified(layout, "build", git)).untouched
        differing.update = [path for path in differing.update if path not in untouched]
    if differing.drop:
        await git(
            "update-index", "-z", "--force-remove", "--stdin", stdin=_joined(differing.drop), locks=True
        )
    if differing.update:
        arguments = ("update-index", "-z", "--add", "--remove", "--replace", "--stdin")
        updated = await git.try_(*arguments, stdin=_joined(differing.update), locks=True)
        if updated.exit_code != 0 and _make_readable(layout, differing.update):
            updated = await git.try_(*arguments, stdin=_joined(differing.update), locks=True)
        if updated.exit_code != 0:
            raise refusal("The Builder's files can't be kept", updated)
    return Refreshed(changed=bool(differing), nested=tuple(differing.nested))


async def write_tree(layout: Layout, nested: tuple[bytes, ...]) -> str:
    """The tree of the snapshot index; each nested repository in it as a link to a commit that can't be."""
    index = layout.snapshot_index
    if nested:
        index = layout.admin("build") / "nested-index"
        shutil.copyfile(layout.snapshot_index, index)
        git = layout.git_in("build", index=index)
        width = len((await git("write-tree", locks=True)).strip())
        unreal = b"1".rjust(width, b"0")
        lines = (b"160000 " + unreal + b"\t" + path for path in nested)
        await git(
            "update-index", "-z", "--add", "--replace", "--index-info", stdin=_joined(lines), locks=True
        )
    return (await layout.git_in("build", index=index)("write-tree", locks=True)).decode().strip()


def _sort(layout: Layout, listed: list[bytes]) -> _Differing:
    differing = _Differing()
    top = layout.checkout("build")
    seen = dict.fromkeys(listed)
    for path in seen:
        if path.endswith(b"/"):
            differing.nested.append(path[:-1])
            continue
        name = text(path)
        if behind_a_link(top, name):
            differing.drop.append(path)
            continue
        try:
            mode = (top / name).lstat().st_mode
        except OSError:
            differing.update.append(path)
            continue
        if stat.S_ISDIR(mode):
            if os.path.lexists(top / name / ".git"):
                differing.nested.append(path)
            elif path + b"/" not in seen:
                differing.drop.append(path)
        elif stat.S_ISREG(mode) or stat.S_ISLNK(mode):
            differing.update.append(path)
        else:
            differing.drop.append(path)
    differing.nested = list(dict.fromkeys(differing.nested))
    return differing


def _joined(paths: Iterable[bytes]) -> bytes:
    return b"".join(path + b"\0" for path in paths)


def _make_readable(layout: Layout, paths: list[bytes]) -> bool:
    """Give ourselves the right to read files whose rights the Builder took away; whether there were any."""
    any_changed = False
    for path in paths:
        any_changed |= make_readable_below(layout.checkout("build"), text(path))
    return any_changed
