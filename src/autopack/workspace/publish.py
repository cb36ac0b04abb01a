"""The run's branch into the user's repository: fast-forward only, and nothing else of theirs is touched."""

from __future__ import annotations

import os
from pathlib import Path

from autopack.errors import BranchCheckedOut, BranchMoved, Conflict, DiskFull, RepositoryUnreachable
from autopack.runs.schemas import branch_name
from autopack.workspace.git import Git, refusal
from autopack.workspace.layout import Layout
from autopack.workspace.locks import branch_lock, free_branch
from autopack.workspace.source import checked_out_at, common_dir

_SETTINGS = {
    "fetch.prune": "false",
    "fetch.writeCommitGraph": "false",
    "fetch.output": "full",
    "fetch.showForcedUpdates": "true",  # false would take every move for a fast-forward
    "protocol.allow": "always",
    "protocol.file.allow": "always",
}
"""What of the user's settings would harm the fetch, or keep it from our path on the same machine."""


async def publish(layout: Layout, source: Path) -> None:
    """Fetch the branch from our repository into the user's. Done already is fine.

    Hooks, gc and FETCH_HEAD are off. Raises `BranchCheckedOut` where it is checked out there, `BranchMoved`
    where it holds commits that are not ours, `Conflict` where there can be no such branch, `DiskFull` where
    there is no room for it, `RepositoryUnreachable` where the repository is gone or refuses. A lock that a
    killed publishing left on the branch is removed, see `locks.py`.
    """
    user_git_dir = common_dir(source)
    git = Git(user_git_dir)
    if (place := checked_out_at(user_git_dir, source, layout.branch)) is not None:
        raise _checked_out(layout, place)
    freed = await free_branch(user_git_dir, source, layout.branch)
    ours = str(layout.git_dir)
    # Of the rewritings in the user's configuration (url.*.insteadOf) git takes the one for the longest
    # beginning of a path: this one, for the whole path, to itself.
    settings = _SETTINGS | {f"url.{ours}.insteadOf": ours}
    fetched = await git.try_(
        "fetch", "--quiet", "--no-tags", "--no-prune", "--no-prune-tags", "--no-write-fetch-head",
        "--no-auto-gc", "--no-recurse-submodules", ours, f"{layout.branch}:{layout.branch}",
        settings=settings,
    )  # fmt: skip
    if fetched.exit_code == 0:
        return
    said = fetched.errors.decode(errors="replace")
    if "refusing to fetch into" in said:
        raise _checked_out(layout, source)
    await refuse_unpublishable(source)
    if await _holds_others(layout, git):
        branch = branch_name(layout.run_id)
        raise BranchMoved(
            f"The branch {branch} of {source} holds commits that are not the run's.",
            hint=f"Rename it (git branch -m {branch} another-name), then go on with the run.",
        )
    refused = refusal(f"The branch {branch_name(layout.run_id)} can't be written to {source}", fetched)
    if isinstance(refused, DiskFull):
        raise refused
    hint = "The commits are safe in the workspace; resuming the run publishes them again."
    if not freed:
        lock = branch_lock(user_git_dir, layout.branch)
        hint = f"If no git works there, delete {lock}. {hint}"
    raise RepositoryUnreachable(refused.message, hint=hint)


async def refuse_unpublishable(source: Path) -> None:
    """Find out, without writing, what would keep the branch of any run out of the user's repository.

    Raises `Conflict` where a branch has the name that our branches have their folder in,
    `RepositoryUnreachable` where the repository can't be written.
    """
    git_dir = common_dir(source)
    folder = branch_name("").rstrip("/")
    found = await Git(git_dir).try_("show-ref", "--verify", "--quiet", f"refs/heads/{folder}")
    if found.exit_code == 0:
        raise Conflict(
            f"{source} has a branch named {folder}, beside which git can have none named {folder}/....",
            hint=f"Rename it (git branch -m {folder} another-name), then start or resume the run.",
        )
    for place in (git_dir / "objects", git_dir / "refs" / "heads"):
        if place.exists() and not os.access(place, os.W_OK):
            raise RepositoryUnreachable(
                f"{place} can't be written, so the run's branch can't get into {source}.",
                hint="Make it writable (its rights, or the disk's mount), or work on a clone of your own.",
            )


async def commit_of(git_dir: Path, branch: str) -> str | None:
    """Commit id of a branch (`refs/heads/…`) of a repository; None: there is none."""
    found = await Git(git_dir).try_("rev-parse", "--verify", "--quiet", branch)
    return found.output.decode().strip() or None if found.exit_code == 0 else None


async def _holds_others(layout: Layout, users: Git) -> bool:
    """Whether the user's branch is at a commit that ours does not contain."""
    if (commit := await commit_of(users.git_dir, layout.branch)) is None:
        return False
    ours = Git(layout.git_dir)
    return (await ours.try_("merge-base", "--is-ancestor", commit, layout.branch)).exit_code != 0


def _checked_out(layout: Layout, place: Path) -> BranchCheckedOut:
    return BranchCheckedOut(
        f"The branch {branch_name(layout.run_id)} is checked out at {place}, so it can't be moved.",
        hint="Check out another branch there, then go on with the run.",
    )
