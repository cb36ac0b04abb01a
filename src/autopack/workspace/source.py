"""The user's own repository, looked at without a trace: where it is, and what is checked out in it.

Looking reads files and runs plumbing. What changes it on the user's word is in `taking.py`.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from autopack.errors import InvalidInput, RepositoryUnreachable
from autopack.processes import Command, Finished, run
from autopack.redaction import without_keys
from autopack.workspace.git import last_words, require_git, text
from autopack.workspace.schemas import Source

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
_OUTPUT_LIMIT_BYTES = 512 * 1024 * 1024


async def inspect(path: Path) -> Source:
    """Find the repository that holds `path`, at its top. Raises `InvalidInput` with what to do."""
    folder = _folder_of(path)
    found = await users_git(
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
    head = await users_git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head.exit_code != 0:
        raise InvalidInput(
            f"The repository {top} has no commits yet.",
            hint="Commit something first: git add -A && git commit -m 'First commit'",
        )
    branch = await users_git(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    return Source(top=top, head=head.output.decode().strip(), branch=text(branch.output.strip()) or None)


def common_dir(top: Path) -> Path:
    """The git directory that all worktrees of a repository share, found without running git.

    Raises `RepositoryUnreachable` where there is none.
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
    raise RepositoryUnreachable(
        f"{top} is not a git repository any more.",
        hint=f"Put it back, or say where it is now: autopack project move {shlex.quote(str(top))} NEW. "
        "Then resume the run.",
    )


def checked_out_at(git_dir: Path, top: Path, branch: str) -> Path | None:
    """Which worktree of a repository has a branch (`refs/heads/…`) checked out, or rebases or bisects it.

    Read from the files that say so, without running git.
    """
    places = [(git_dir / "HEAD", git_dir.parent if git_dir.name == ".git" else top)]
    for admin in sorted((git_dir / "worktrees").glob("*")):
        pointer = admin / "gitdir"
        if pointer.is_file():
            places.append((admin / "HEAD", Path(_first_line(pointer)).parent))
    for head, place in places:
        in_use = {
            head: f"ref: {branch}",
            head.parent / "rebase-merge" / "head-name": branch,
            head.parent / "rebase-apply" / "head-name": branch,
            head.parent / "BISECT_START": branch.removeprefix("refs/heads/"),
        }
        if any(file.is_file() and _first_line(file) == said for file, said in in_use.items()):
            return place
    return None


def _folder_of(path: Path) -> Path:
    if not path.exists():
        raise InvalidInput(f"{path} does not exist.", hint="Name a folder of a git repository.")
    return path if path.is_dir() else path.parent


def _first_line(path: Path) -> str:
    return os.fsdecode(path.read_bytes()).rstrip("\n")


async def users_git(folder: Path, *args: str) -> Finished:
    """The user's own git: in their folder, with their configuration, hooks and identity.

    Only `GIT_DIR` and the like of the caller are kept out. Raises `Unavailable` where git is missing.
    """
    env = {name: value for name, value in without_keys(os.environ).items() if not _names_a_repository(name)}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_MERGE_AUTOEDIT": "no", "GIT_EDITOR": "true"}
    command = Command(
        argv=("git", *args), cwd=folder, env=env, separate_errors=True, output_limit_bytes=_OUTPUT_LIMIT_BYTES
    )
    return require_git(await run(command))


def _names_a_repository(variable: str) -> bool:
    return variable in _REPOSITORY_VARIABLES or variable.startswith(
        ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_TRACE")
    )
