"""The run's branch in the user's repository, on the user's word: merged into theirs, or deleted.

It is the user's own git that does it, with their configuration, hooks and identity. Nothing of theirs goes
with it: no commit that is not the run's is merged or deleted, no file that git does not track is overwritten.
`own` names commits of the run, its base included: whatever they reach is the run's or was there before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from autopack.errors import Conflict, InvalidInput, NotFound, Unavailable
from autopack.processes import Finished
from autopack.runs.schemas import branch_name
from autopack.workspace.git import last_words, parts, shown, text
from autopack.workspace.schemas import MergeResult, Source
from autopack.workspace.source import checked_out_at, common_dir, inspect, users_git

_NAMED_FILES = 10
_NAMED_COMMITS = 3
_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "BISECT_LOG": "bisect",
}


async def merge(source: Path, run_id: str, *, commit: str, own: Iterable[str]) -> MergeResult:
    """Merge the run's last commit into the branch that is checked out in `source`, as the user's `git merge`.

    What else `autopack/<run_id>` holds is left out, and said. Refused (`Conflict`) with tracked changes,
    untracked files in the way, an operation in progress or a detached HEAD. A merge that conflicts or that a
    hook refuses is undone and said. Raises `NotFound` where there is no such branch.
    """
    found = await inspect(source)
    branch = branch_name(run_id)
    tip = await _tip(found.top, branch)
    if tip is None:
        raise await _no_branch(found.top, branch, commit)
    if found.branch is None or found.branch == branch:
        where = "no branch (detached HEAD)" if found.branch is None else f"{branch} itself"
        raise Conflict(f"{found.top} is on {where}.", hint="Switch to the branch to merge into first.")
    if not await _is_there(found.top, commit):
        raise Conflict(
            f"The run's commit {commit[:12]} is not in {found.top} any more, whatever {branch} holds.",
            hint=f"Look at `git log {branch}`, and merge what you want of it by hand.",
        )
    await _refuse_unsettled(found)
    notice = await _notice(found.top, branch, tip, commit, own)
    ancestor = await users_git(found.top, "merge-base", "--is-ancestor", commit, "HEAD")
    if ancestor.exit_code == 0:
        return MergeResult(
            commit=found.head,
            into=found.branch,
            already_merged=True,
            fast_forward=False,
            message=f"{branch} is already merged into {found.branch}.",
            notice=notice,
        )
    await _refuse_in_the_way(found, branch, commit)
    subject = f"Merge branch '{branch}'" if tip == commit else f"Merge commit {commit[:12]} of '{branch}'"
    merged = await users_git(found.top, "merge", "--no-edit", "--no-overwrite-ignore", "-m", subject, commit)
    if merged.exit_code != 0:
        raise await _undo(found, branch, merged, by_hand=branch if tip == commit else commit[:12])
    head = (await users_git(found.top, "rev-parse", "HEAD")).output.decode().strip()
    return MergeResult(
        commit=head,
        into=found.branch,
        already_merged=False,
        fast_forward=head == commit,
        message=f"Merged {branch} into {found.branch}, now at {head[:12]}.",
        notice=notice,
    )


async def check_discard(source: Path, run_id: str, *, own: Iterable[str]) -> str | None:
    """The commit `autopack/<run_id>` is at, where nothing of the user's goes with it; None: no such branch.

    Raises `Conflict` where it holds commits that are not the run's, or is checked out somewhere.
    """
    branch = branch_name(run_id)
    tip = await _tip(source, branch)
    if tip is None:
        return None
    if (place := await _in_use_at(source, branch)) is not None:
        raise Conflict(
            f"The branch {branch} is checked out at {place}.", hint="Switch to another branch there first."
        )
    count, named = await _foreign(source, tip, own)
    if count:
        raise Conflict(
            f"{branch} holds {_commits(count)} that {_are(count)} not the run's: {named}.",
            hint=f"Keep them under another name, then discard again: git branch -m {branch} another-name",
        )
    return tip


async def discard_branch(source: Path, run_id: str, *, own: Iterable[str]) -> str | None:
    """Delete `autopack/<run_id>` from the user's repository; the commit it was at, or None: no such branch.

    Raises `Conflict` as `check_discard`, and where it moves at this moment.
    """
    tip = await check_discard(source, run_id, own=own)
    if tip is None:
        return None
    branch = branch_name(run_id)
    deleted = await users_git(source, "update-ref", "--no-deref", "-d", f"refs/heads/{branch}", tip)
    if deleted.exit_code != 0:
        raise Conflict(f"The branch {branch} can't be deleted: {last_words(deleted)}")
    return tip


async def _tip(top: Path, branch: str) -> str | None:
    found = await users_git(top, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
    if found.exit_code == 0:
        return found.output.decode().strip()
    try:
        common_dir(top)
    except InvalidInput:
        return None
    listed = await users_git(top, "for-each-ref", "--count=1")
    if listed.exit_code != 0:
        raise Unavailable(f"git can't read {top}: {last_words(listed)}")
    return None


async def _is_there(top: Path, commit: str) -> bool:
    return (await users_git(top, "cat-file", "-e", f"{commit}^{{commit}}")).exit_code == 0


async def _no_branch(top: Path, branch: str, commit: str) -> NotFound:
    hint = "It was renamed or deleted, and its commits are gone from there."
    if await _is_there(top, commit):
        hint = f"It was renamed or deleted; bring it back there: git branch {branch} {commit[:12]}"
    return NotFound(f"There is no branch {branch} in {top}.", hint=hint)


async def _foreign(top: Path, tip: str, own: Iterable[str]) -> tuple[int, str]:
    """How many commits a branch holds that are not the run's, and the newest of them by name."""
    asked = ("--ignore-missing", tip, "--not", *own)
    counted = await users_git(top, "rev-list", "--count", *asked)
    if counted.exit_code != 0:
        raise Unavailable(f"git can't read {top}: {last_words(counted)}")
    count = int(counted.output)
    if not count:
        return 0, ""
    newest = f"--max-count={_NAMED_COMMITS}"
    listed = await users_git(top, "rev-list", newest, "--no-commit-header", "--format=%h %s", *asked)
    named = ", ".join(shown(line) for line in listed.output.splitlines())
    return count, named + (", …" if count > _NAMED_COMMITS else "")


async def _notice(top: Path, branch: str, tip: str, commit: str, own: Iterable[str]) -> str:
    count, _ = await _foreign(top, tip, own)
    if count:
        left = "it was" if count == 1 else "they were"
        return f"{branch} holds {_commits(count)} that {_are(count)} not the run's; {left} left out."
    reached = await users_git(top, "merge-base", "--is-ancestor", commit, tip)
    if reached.exit_code == 0:
        return ""
    return f"{branch} was moved back; what counts is the run's last commit, {commit[:12]}."


def _commits(count: int) -> str:
    return f"{count:,} commit" + ("" if count == 1 else "s")


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


async def _in_use_at(source: Path, branch: str) -> Path | None:
    """Which worktree has the branch checked out, or is rebasing or bisecting it."""
    ref = f"refs/heads/{branch}"
    asked = await users_git(source, "for-each-ref", "--format=%(refname)%00%(worktreepath)", ref)
    for line in asked.output.splitlines():
        name, _, place = line.partition(b"\0")
        if text(name) == ref and place:
            return Path(text(place))
    return checked_out_at(common_dir(source), source, ref)


async def _refuse_unsettled(found: Source) -> None:
    answer = await users_git(found.top, "rev-parse", "--absolute-git-dir")
    git_dir = Path(text(answer.output.rstrip(b"\n")))
    for name, operation in _OPERATIONS.items():
        if (git_dir / name).exists():
            raise Conflict(
                f"A {operation} is in progress in {found.top}.",
                hint="Finish it or abort it, then merge again.",
            )
    status = await users_git(found.top, "status", "--porcelain=v1", "-z", "--untracked-files=no")
    changed = [shown(entry[3:]) for entry in parts(status.output)]
    if changed:
        named = ", ".join(changed[:3]) + (", …" if len(changed) > 3 else "")
        raise Conflict(
            f"{found.top} has uncommitted changes: {named}.", hint="Commit or stash them, then merge again."
        )


async def _refuse_in_the_way(found: Source, branch: str, commit: str) -> None:
    """Untracked files where the merge writes. git names no ignored ones: it overwrites them."""
    base = await users_git(found.top, "merge-base", "HEAD", commit)
    if base.exit_code != 0:
        return
    written = await _paths(
        found.top, "diff-tree", "-r", "--no-renames", "--diff-filter=d", base.output.decode().strip(), commit
    )
    tracked = set(await _paths(found.top, "ls-tree", "-r", "--full-tree", "HEAD"))
    blocking = (_blocking(found.top, path, tracked) for path in written)
    files = sorted({shown(os.fsencode(path)) for path in blocking if path is not None})
    if files:
        named = ", ".join(files[:_NAMED_FILES]) + (", …" if len(files) > _NAMED_FILES else "")
        count = f"{len(files):,} untracked file" + ("" if len(files) == 1 else "s")
        raise Conflict(
            f"{branch} would overwrite {count} in {found.top}: {named}.",
            hint="Move them elsewhere, then merge again.",
        )


async def _paths(top: Path, *command: str) -> list[str]:
    listed = await users_git(top, command[0], "-z", "--name-only", *command[1:])
    if listed.exit_code != 0:
        raise Unavailable(f"git can't read {top}: {last_words(listed)}")
    return [text(path) for path in parts(listed.output)]


def _blocking(top: Path, path: str, tracked: set[str]) -> str | None:
    """What git does not track and would lose by writing `path`: that file, one above it, or one below it."""
    for folder in reversed(PurePosixPath(path).parents[:-1]):
        at = top / folder
        if at.is_symlink() or not at.is_dir():
            return str(folder) if os.path.lexists(at) and str(folder) not in tracked else None
    at = top / path
    if path in tracked or not os.path.lexists(at):
        return None
    if at.is_symlink() or not at.is_dir():
        return path
    below = sorted(one for one in at.rglob("*") if one.is_symlink() or not one.is_dir())
    names = (one.relative_to(top).as_posix() for one in below)
    return next((name for name in names if name not in tracked), None)


async def _undo(found: Source, branch: str, merged: Finished, *, by_hand: str) -> Conflict:
    unmerged = await users_git(found.top, "diff", "--name-only", "--diff-filter=U", "-z")
    files = [shown(path) for path in parts(unmerged.output)]
    said = last_words(merged)
    in_progress = await users_git(found.top, "rev-parse", "--verify", "--quiet", "MERGE_HEAD")
    if in_progress.exit_code == 0:
        aborted = await users_git(found.top, "merge", "--abort")
        if aborted.exit_code != 0:
            return Conflict(
                f"Merging {branch} into {found.branch} stopped and can't be undone: {last_words(aborted)}",
                hint=f"Look at `git status` in {found.top}; undo with: git merge --abort",
            )
    if files:
        named = ", ".join(files[:3]) + (", …" if len(files) > 3 else "")
        return Conflict(
            f"{branch} conflicts with {found.branch} in {named}; the merge was undone.",
            hint=f"Merge it by hand in {found.top}: git merge {by_hand}",
        )
    return Conflict(
        f"git did not merge {branch} into {found.branch}: {said}",
        hint=f"Put that right, or merge by hand in {found.top}: git merge {by_hand}",
    )
