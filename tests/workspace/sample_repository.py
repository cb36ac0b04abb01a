"""A user's repository for tests, with all that must survive, and a workspace on it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.processes import Confinement
from autopack.workspace import CommandSettings, Workspace

RUN = "run_20250102_030405_abcd"
WHEN = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
PYTHON = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin") or "python3"


def git(folder: Path, *args: str, check: bool = True) -> str:
    """The user's git, with a fixed identity and no settings of this machine."""
    env = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
        **{f"GIT_{role}_NAME": "Ann" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "ann@example.org" for role in ("AUTHOR", "COMMITTER")},
    }
    done = subprocess.run(("git", *args), cwd=folder, env=env, capture_output=True, check=False)
    assert not check or done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def make_repository(folder: Path) -> Path:
    """A small Python package with a test, two commits, a tag and a second branch."""
    (folder / "tests").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, "calc.py", "def add(a, b):\n    return a + b\n")
    write(folder, "tests/__init__.py", "")
    write(folder, "tests/test_calc.py", TEST)
    write(folder, ".gitignore", "*.log\n.env\n")
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", "First")
    git(folder, "tag", "v1.0")
    git(folder, "branch", "other")
    write(folder, "README", "Read me.\n")
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", "Second")
    return folder


TEST = """\
import unittest
from calc import add

class Adding(unittest.TestCase):
    def test_it_adds(self):
        self.assertEqual(add(1, 2), 3)
"""


def write(folder: Path, name: str, content: str) -> Path:
    """Write a file, with its folders."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def everything(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Every path below a folder with its content's hash (or target), mode and modification time in ns."""
    found: dict[str, tuple[str, int, int]] = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if path.is_symlink():
            content = f"-> {path.readlink()}"
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = "folder"
        found[str(path.relative_to(folder))] = (content, status.st_mode, status.st_mtime_ns)
    return found


def settings(
    confinement: Confinement = Confinement.NONE,
    *,
    setup: tuple[str, ...] = (),
    copy_files: tuple[str, ...] = (),
    env: tuple[str, ...] = (),
    environ: dict[str, str] | None = None,
    timeout_seconds: float = 60.0,
) -> CommandSettings:
    """Settings with the plain system's PATH."""
    return CommandSettings(
        confinement=confinement,
        setup=setup,
        copy_files=copy_files,
        env=env,
        network=False,
        environ={"PATH": "/usr/local/bin:/usr/bin:/bin", **(environ or {})},
        timeout_seconds=timeout_seconds,
    )


def head(workspace: Workspace) -> str:
    """Commit id of the run's branch in the workspace's own repository."""
    return git(workspace.git_dir, "rev-parse", workspace.branch)


def open_workspace(root: Path, source: Path) -> Workspace:
    """The workspace as a process finds it that has just started."""
    return Workspace(root / "workspace", source, RUN, ArtifactStore(root / "artifacts"))
