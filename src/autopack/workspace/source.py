"""The user's own repository: looked at without a trace, and merged into or tidied on the user's word.

Looking reads files and runs plumbing. `merge` and `discard_branch` are the user's own git with their
configuration, hooks and identity; only `GIT_DIR` and the like of the caller are kept out.
"""

from __future__ import annotations

import os
from pathlib import Path

from autopack.errors import Conflict, InvalidInput, NotFound
from autopack.processes import Command, Finished, run
from autopack.workspace.git import last_words, parts, require_git, shown, text
from autopack.workspace.schemas import MergeResult, Source

_REPOSITORY_VARIABLES = frozenset(
    (
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS",
        "GIT_CONFIG_COUNT", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE",
        "GIT_QUARANTINE_PATH",
        "GIT_CEILING_DIRECTORIES", "GIT_INTERNAL_SUPER_PREFIX", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_DEFAULT_HASH", "GIT_EXTERNAL_DIFF",
    )
)  # fmt: skip
_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "BISECT_LOG": "bisect",
}


async def inspect(path: Path) -> Source:
    """Find the repository that holds `path`, at its top. Raises `InvalidInput` with what to do."""
    folder = _folder_of(path)
    found = await _git(
        folder, "rev-parse", "--is-bare-repository", "--is-inside-work-tree", "--show-toplevel"
    )
    answers = found.output.decode("utf-8", "surrogateescape").splitlines()
    if answers[:1] == ["true"]:
        raise InvalidInput(
            f"{path} is a bare git repository.", hint="Clone it, and name the clone: a plan needs files."
        )
    if found.exit_code != 0 or len(answers) < 3 or answers[1] != "true":
        said = last_words(found)
        if "dubious ownership" in said:
            raise InvalidInput(
                f"git does not trust {path}: it belongs to another user.",
                hint=f"If it is yours: git config --global --add safe.directory {folder.absolute()}",
            )
        raise InvalidInput(
            f"{path} is not in a git repository." if "not a git repository" in said else f"{path}: {said}",
            hint="Make one there (git init, git add -A, git commit), or name another folder.",
        )
    top = Path("\n".join(answers[2:]))
    head = await _git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head.exit_code != 0:
        raise InvalidInput(
            f"The repository {top} has no commits yet.",
            hint="Commit something first: git add -A && git commit -m 'First commit'",
        )
    branch = await _git(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    return Source(top=top, head=head.output.decode().strip(), branch=text(branch.output.strip()) or None)


async def merge(source: Path, run_id: str) -> MergeResult:
    """Merge `autopack/<run_id>` into the branch that is checked out in `source`, as the user's `git merge`.

    Refused (`Conflict`) with tracked changes, an operation in progress or a detached HEAD; untracked files
    count only where they are in the way. A merge that conflicts or that a hook refuses is undone and said.
    """
    found = await inspect(source)
    branch = f"autopack/{run_id}"
    wanted = await _git(found.top, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
    if wanted.exit_code != 0:
        raise NotFound(
            f"There is no branch {branch} in {found.top}.",
            hint="The run has committed nothing yet, or it was discarded.",
        )
    if found.branch is None:
        raise Conflict(
            f"{found.top} is on no branch (detached HEAD).", hint="Switch to the branch to merge into first."
        )
    await _refuse_unsettled(found)
    ancestor = await _git(found.top, "merge-base", "--is-ancestor", f"refs/heads/{branch}", "HEAD")
    if ancestor.exit_code == 0:
        message = f"{branch} is already merged into {found.branch}."
        return MergeResult(commit=found.head, already_merged=True, fast_forward=False, message=message)
    merged = await _git(found.top, "merge", "--no-edit", branch)
    if merged.exit_code != 0:
        raise await _undo(found, branch, merged)
    head = (await _git(found.top, "rev-parse", "HEAD")).output.decode().strip()
    return MergeResult(
        commit=head,
        already_merged=False,
        fast_forward=head == wanted.output.decode().strip(),
        message=f"Merged {branch} into {found.branch}, now at {head[:12]}.",
    )


async def discard_branch(source: Path, run_id: str) -> bool:
    """Delete `autopack/<run_id>` from the user's repository; False where there is none.

    Raises `Conflict` where it is checked out in one of the repository's worktrees.
    """
    branch = f"autopack/{run_id}"
    exists = await _git(source, "show-ref", "--verify", "--quiet", f"refs/heads/{branch}")
    if exists.exit_code != 0:
        return False
    deleted = await _git(source, "branch", "-D", "--quiet", branch)
    if deleted.exit_code != 0:
        if (place := checked_out_at(common_dir(source), source, f"refs/heads/{branch}")) is not None:
            raise Conflict(
                f"The branch {branch} is checked out at {place}.",
                hint="Switch to another branch there first.",
            )
        raise Conflict(f"The branch {branch} can't be deleted: {last_words(deleted)}")
    return True


def common_dir(top: Path) -> Path:
    """The git directory that all worktrees of a repository share, found without running git.

    Raises `InvalidInput` where there is none.
    """
    entry = top / ".git"
    try:
        git_dir = entry
        if entry.is_file():
            git_dir = top / _first_line(entry).removeprefix("gitdir: ")
        shared = git_dir / "commondir"
        if shared.is_file():
            git_dir = git_dir / _first_line(shared)
        if (git_dir / "HEAD").exists():
            return git_dir.resolve()
    except OSError:
        pass
    raise InvalidInput(
        f"{top} is not a git repository any more.", hint="Put it back, or start a new run where it is now."
    )


def checked_out_at(git_dir: Path, top: Path, branch: str) -> Path | None:
    """Which worktree of a repository has a branch (`refs/heads/…`) checked out; read from the HEAD files."""
    places = [(git_dir / "HEAD", git_dir.parent if git_dir.name == ".git" else top)]
    for admin in sorted((git_dir / "worktrees").glob("*")):
        pointer = admin / "gitdir"
        if pointer.is_file():
            places.append((admin / "HEAD", Path(_first_line(pointer)).parent))
    for head, place in places:
        if head.is_file() and _first_line(head) == f"ref: {branch}":
            return place
    return None


def _folder_of(path: Path) -> Path:
    if not path.exists():
        raise InvalidInput(f"{path} does not exist.", hint="Name a folder of a git repository.")
    return path if path.is_dir() else path.parent


def _first_line(path: Path) -> str:
    return os.fsdecode(path.read_bytes()).rstrip("\n")


async def _refuse_unsettled(found: Source) -> None:
    answer = await _git(found.top, "rev-parse", "--absolute-git-dir")
    git_dir = Path(text(answer.output.rstrip(b"\n")))
    for name, operation in _OPERATIONS.items():
        if (git_dir / name).exists():
            raise Conflict(
                f"A {operation} is in progress in {found.top}.",
                hint="Finish it or abort it, then merge again.",
            )
    status = await _git(found.top, "status", "--porcelain=v1", "-z", "--untracked-files=no")
    changed = [shown(entry[3:]) for entry in parts(status.output)]
    if changed:
        named = ", ".join(changed[:3]) + (", …" if len(changed) > 3 else "")
        raise Conflict(
            f"{found.top} has uncommitted changes: {named}.", hint="Commit or stash them, then merge again."
        )


async def _undo(found: Source, branch: str, merged: Finished) -> Conflict:
    by_hand = f"git merge {branch}"
    unmerged = await _git(found.top, "diff", "--name-only", "--diff-filter=U", "-z")
    files = [shown(path) for path in parts(unmerged.output)]
    said = last_words(merged)
    in_progress = await _git(found.top, "rev-parse", "--verify", "--quiet", "MERGE_HEAD")
    if in_progress.exit_code == 0:
        aborted = await _git(found.top, "merge", "--abort")
        if aborted.exit_code != 0:
            return Conflict(
                f"Merging {branch} into {found.branch} stopped and can't be undone: {last_words(aborted)}",
                hint=f"Look at `git status` in {found.top}; undo with: git merge --abort",
            )
    if files:
        named = ", ".join(files[:3]) + (", …" if len(files) > 3 else "")
        return Conflict(
            f"{branch} conflicts with {found.branch} in {named}; the merge was undone.",
            hint=f"Merge it by hand in {found.top}: {by_hand}",
        )
    return Conflict(
        f"git did not merge {branch} into {found.branch}: {said}",
        hint=f"Put that right, or merge by hand in {found.top}: {by_hand}",
    )


async def _git(folder: Path, *args: str) -> Finished:
    """The user's own git, in their folder and their environment."""
    env = {name: value for name, value in os.environ.items() if not _names_a_repository(name)}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_MERGE_AUTOEDIT": "no", "GIT_EDITOR": "true"}
    command = Command(argv=("git", *args), cwd=folder, env=env, separate_errors=True)
    return require_git(await run(command))


def _names_a_repository(variable: str) -> bool:
    return variable in _REPOSITORY_VARIABLES or variable.startswith(
        ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_TRACE")
    )
