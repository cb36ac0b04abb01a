"""Where the parts of one workspace are, and putting right what a kill or a model left of them.

<root>/repo.git              our repository: objects copied from the user's, never linked
<root>/repo.git/worktrees/   git's own administration of the two checkouts, index and HEAD
<root>/build, <root>/verify  the checkouts
<root>/home/build, /verify   a private HOME for the commands of each
<root>/agents/               what coding agents' programs keep, each in a folder of its own
<root>/state/                created.json (written last by `create`), setup fingerprints
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autopack.runs.schemas import branch_name
from autopack.workspace.files import holds, own_folder, remove, write_durably
from autopack.workspace.git import Git

Which = Literal["build", "verify"]

EXCLUDED = """\
# Litter that is never meant to be committed, whether or not the repository ignores it.
__pycache__/
*.pyc
*.pyo
.pytest_cache/
.mypy_cache/
.ruff_cache/
.hypothesis/
.tox/
.nox/
.venv/
.coverage
.coverage.*
*.egg-info/
node_modules/
.DS_Store
Thumbs.db
.pydantic-ai-harness/
.autopack/
"""


@dataclass(frozen=True)
class Layout:
    """The paths of one workspace."""

    root: Path
    run_id: str

    @property
    def git_dir(self) -> Path:
        """Our repository, bare; its HEAD is unborn, so that no attributes are read from a tree."""
        return self.root / "repo.git"

    @property
    def state(self) -> Path:
        """What is remembered beside the checkouts."""
        return self.root / "state"

    @property
    def branch(self) -> str:
        """The run's branch, the same name here and in the user's repository."""
        return f"refs/heads/{branch_name(self.run_id)}"

    @property
    def git(self) -> Git:
        """Git on the repository alone."""
        return Git(self.git_dir)

    def checkout(self, which: Which) -> Path:
        """Builder's or verification's files."""
        return self.root / which

    def home(self, which: Which) -> Path:
        """The HOME of that checkout's commands."""
        return self.root / "home" / which

    def agent(self, name: str, which: Which) -> Path:
        """What a coding agent's program keeps between two starts: its configuration and conversations."""
        return self.root / "agents" / f"{name}-{which}"

    def admin(self, which: Which) -> Path:
        """Git's folder for that checkout."""
        return self.git_dir / "worktrees" / which

    def index(self, which: Which) -> Path:
        """The index that git in the sandbox reads."""
        return self.admin(which) / "index"

    @property
    def snapshot_index(self) -> Path:
        """An index of our own for snapshots, so that the Builder's `git diff` stays true."""
        return self.admin("build") / "snapshot-index"

    def setup_memory(self, which: Which) -> Path:
        """What setup last succeeded with in that checkout, and what it made."""
        return self.state / f"setup-{which}.json"

    def git_in(self, which: Which, *, index: Path | None = None) -> Git:
        """Git on one checkout."""
        return Git(self.admin(which), self.checkout(which), index or self.index(which))

    def link(self, which: Which) -> None:
        """Make one checkout a worktree of our repository: what `git worktree add` writes, and only that.

        Done again before each use: the `.git` file lies where a model can write.
        """
        checkout, admin = self.checkout(which), self.admin(which)
        for folder in (checkout, admin, self.home(which).parent, self.home(which)):
            own_folder(folder)
        for path, content in (
            (checkout / ".git", f"gitdir: {admin}\n"),
            (admin / "HEAD", f"ref: {self.branch}\n"),
            (admin / "commondir", "../..\n"),
            (admin / "gitdir", f"{checkout / '.git'}\n"),
        ):
            data = content.encode("utf-8", "surrogateescape")
            if not holds(path, data):
                remove(path)
                write_durably(path, data)

    def drop_stale_locks(self, which: Which | None = None) -> None:
        """Remove lock files of git processes that were killed: nobody but us writes in this repository.

        Not while a command or a program is at work in a checkout: unconfined, its own git locks them, too.
        """
        for lock in self.locks(which):
            lock.unlink(missing_ok=True)

    def drop_snapshot_locks(self) -> None:
        """Remove those of our own indexes, which no other git uses, whatever is at work."""
        for lock in self.admin("build").glob("*-index.lock"):
            lock.unlink(missing_ok=True)

    def locks(self, which: Which | None = None) -> list[Path]:
        """Lock files of git in the repository, and in that checkout's folder of it."""
        folders = [self.git_dir, (self.git_dir / self.branch).parent, self.git_dir / "refs/autopack"]
        if which is not None:
            folders.append(self.admin(which))
        return [lock for folder in folders for lock in folder.glob("*.lock")]
