"""The run's commits and its branch in our own repository: each step can be done twice."""

from __future__ import annotations

from datetime import datetime

from autopack.errors import BranchMoved
from autopack.runs.schemas import branch_name
from autopack.workspace.git import refusal
from autopack.workspace.layout import Layout
from autopack.workspace.publish import commit_of

AUTHOR = "Autopack"
EMAIL = "autopack@localhost"


async def write_commit(layout: Layout, *, tree: str, parent: str, message: str, when: datetime) -> str:
    """Write a commit object: the same arguments give the same id, on every machine and every time."""
    if when.tzinfo is None:
        raise ValueError("a commit's time needs a time zone")
    stamp = f"{int(when.timestamp())} +0000"
    lines = (
        f"tree {tree}",
        f"parent {parent}",
        f"author {AUTHOR} <{EMAIL}> {stamp}",
        f"committer {AUTHOR} <{EMAIL}> {stamp}",
        "",
        message.rstrip("\n") + "\n",
    )
    body = "\n".join(lines).encode("utf-8", "replace")
    return (await layout.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=body)).decode().strip()


async def move_branch(layout: Layout, *, parent: str, new: str) -> None:
    """Move the branch from parent to new. Already at new is fine; elsewhere raises `BranchMoved`."""
    layout.drop_stale_locks()
    moved = await layout.git.try_("update-ref", layout.branch, new, parent)
    if moved.exit_code == 0:
        return
    now = await commit_of(layout.git_dir, layout.branch)
    if now == new:
        return
    if now != parent:
        raise BranchMoved(
            f"The branch {branch_name(layout.run_id)} of the workspace is at {(now or 'nothing')[:12]}, "
            f"not at {parent[:12]} or {new[:12]}.",
            hint="Something else moved it; the run can't go on without losing one of the two.",
        )
    raise refusal("The workspace's branch can't be moved", moved)
