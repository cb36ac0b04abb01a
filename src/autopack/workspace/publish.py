"""The run's branch into the user's repository: fast-forward only, and nothing else of theirs is touched."""

from __future__ import annotations

from pathlib import Path

from autopack.errors import BranchCheckedOut, BranchMoved, Unavailable
from autopack.runs.schemas import branch_name
from autopack.workspace.git import Git, last_words
from autopack.workspace.layout import Layout
from autopack.workspace.source import checked_out_at, common_dir

_QUIET = ("-c", "fetch.prune=false", "-c", "fetch.writeCommitGraph=false", "-c", "fetch.output=full")


async def publish(layout: Layout, source: Path) -> None:
    """Fetch the branch from our repository into the user's. Done already is fine.

    Hooks, gc and FETCH_HEAD are off. Raises `BranchCheckedOut` where it is checked out there, `BranchMoved`
    where it holds commits that are not ours, `Unavailable` where the repository is gone or refuses.
    """
    user_git_dir = common_dir(source)
    git = Git(user_git_dir)
    if (place := checked_out_at(user_git_dir, source, layout.branch)) is not None:
        raise _checked_out(layout, place)
    fetched = await git.try_(
        *_QUIET, "fetch", "--quiet", "--no-tags", "--no-prune", "--no-prune-tags", "--no-write-fetch-head",
        "--no-auto-gc", "--no-recurse-submodules", str(layout.git_dir), f"{layout.branch}:{layout.branch}",
    )  # fmt: skip
    if fetched.exit_code == 0:
        return
    said = fetched.errors.decode(errors="replace")
    if "refusing to fetch into" in said:
        raise _checked_out(layout, source)
    if await _holds_others(layout, git):
        branch = branch_name(layout.run_id)
        raise BranchMoved(
            f"The branch {branch} of {source} holds commits that are not the run's.",
            hint=f"Rename it (git branch -m {branch} another-name), then go on with the run.",
        )
    raise Unavailable(
        f"The branch {branch_name(layout.run_id)} can't be written to {source}: {last_words(fetched)}",
        hint="The commits are safe in the workspace; going on with the run publishes them again.",
    )


async def _holds_others(layout: Layout, users: Git) -> bool:
    """Whether the user's branch is at a commit that ours does not contain."""
    theirs = await users.try_("rev-parse", "--verify", "--quiet", layout.branch)
    if theirs.exit_code != 0:
        return False
    ours = Git(layout.git_dir)
    commit = theirs.output.decode().strip()
    return (await ours.try_("merge-base", "--is-ancestor", commit, layout.branch)).exit_code != 0


def _checked_out(layout: Layout, place: Path) -> BranchCheckedOut:
    return BranchCheckedOut(
        f"The branch {branch_name(layout.run_id)} is checked out at {place}, so it can't be moved.",
        hint="Check out another branch there, then go on with the run.",
    )
