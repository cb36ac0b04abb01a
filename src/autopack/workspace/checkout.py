"""Making a checkout hold exactly one tree, whatever was left in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from autopack.errors import DiskFull, DiskUnusable, Unavailable
from autopack.workspace.files import empty_below, remove
from autopack.workspace.git import last_words, parts, refusal, text
from autopack.workspace.layout import Layout, Which

GITLINK = b"160000"


async def check_out(layout: Layout, which: Which, tree: str) -> None:
    """Make the tracked files of a checkout those of a tree or commit. Untracked files stay.

    Raises `Unavailable` where there is no such tree.
    """
    git = layout.git_in(which)
    filled = await git.try_("read-tree", "--reset", "-u", tree, locks=True)
    if filled.exit_code != 0:
        found = await git.try_("cat-file", "-e", f"{tree}^{{tree}}")
        if found.exit_code != 0:
            raise Unavailable(f"{tree} can't be checked out: {last_words(filled)}")
        if isinstance(refused := refusal(f"{tree} can't be checked out", filled), DiskFull | DiskUnusable):
            raise refused
        await asyncio.to_thread(_start_over, layout, which)
        await git("read-tree", "--reset", "-u", tree, locks=True)


async def settle_gitlinks(layout: Layout, which: Which, gitlinks: Mapping[str, str]) -> None:
    """Empty the folders of the base's submodules, and take every other link to a commit out of the index.

    Such a link stands for a nested repository in the snapshot of an attempt. While it is in an index, git
    does not look at the files below it, not even when the repository is gone. `gitlinks` are path and commit.
    """
    git = layout.git_in(which)
    entries = parts(await git("ls-files", "-z", "--stage"))
    corrections: list[bytes] = []
    for entry in entries:
        if not entry.startswith(GITLINK):
            continue
        # "<mode> <id> <stage>\t<path>"
        about, path = entry.split(b"\t", 1)
        commit, own = about.split(b" ")[1].decode(), gitlinks.get(text(path))
        if own is not None:
            await asyncio.to_thread(empty_below, layout.checkout(which), text(path))
        if own is None:
            corrections.append(b"0 " + b"0" * len(commit) + b"\t" + path)
        elif own != commit:
            corrections.append(GITLINK + b" " + own.encode() + b"\t" + path)
    if corrections:
        stdin = b"".join(line + b"\0" for line in corrections)
        await git("update-index", "-z", "--index-info", stdin=stdin, locks=True)


def _start_over(layout: Layout, which: Which) -> None:
    """What is in the way was more than git could remove: begin with an empty folder, and a new setup."""
    layout.setup_memory(which).unlink(missing_ok=True)
    layout.index(which).unlink(missing_ok=True)
    remove(layout.checkout(which))
    layout.link(which)
