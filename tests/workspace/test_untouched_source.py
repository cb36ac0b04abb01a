from __future__ import annotations

import re
from pathlib import Path

import pytest
from sample_repository import (
    PYTHON,
    RUN,
    WHEN,
    everything,
    git,
    make_repository,
    open_workspace,
    settings,
    write,
)

from autopack.processes import Confinement
from autopack.workspace import Workspace

HOOKS = (
    "post-checkout", "post-commit", "post-merge", "pre-commit", "reference-transaction", "post-index-change",
    "fsmonitor-watchman", "pre-auto-gc", "update", "post-update", "pre-receive", "post-receive", "pre-push",
)  # fmt: skip


def lived_in(folder: Path) -> Path:
    """A repository in the middle of somebody's work, with traps that leave a mark when they are sprung."""
    make_repository(folder)
    write(folder, "stashed.txt", "stashed\n")
    git(folder, "add", "-A")
    git(folder, "stash", "--quiet")
    write(folder, "README", "Changed, not staged.\n")
    write(folder, "staged.txt", "Staged.\n")
    git(folder, "add", "staged.txt")
    write(folder, "untracked.txt", "Untracked.\n")
    write(folder, "ignored.log", "Ignored.\n")
    git(folder, "worktree", "add", "--quiet", str(folder.parent / "second"), "other")
    git(folder, "config", "alias.mine", "status")
    mark = folder.parent / "sprung"
    for setting in ("core.fsmonitor", "core.sshCommand", "filter.trap.clean", "filter.trap.smudge"):
        git(folder, "config", setting, f"touch {mark}-{setting}; cat")
    git(folder, "config", "gc.auto", "1")
    git(folder, "config", "fetch.prune", "true")
    git(folder, "config", "fetch.writeCommitGraph", "true")
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("* filter=trap\n")
    for name in HOOKS:
        hook = write(folder, f".git/hooks/{name}", f"#!/bin/sh\ntouch {mark}-{name}\n")
        hook.chmod(0o755)
    return folder


async def one_phase(workspace: Workspace, confinement: Confinement) -> str:
    base = await workspace.create()
    write(workspace.build, "calc.py", "def add(a, b):\n    return b + a\n")
    tree = await workspace.snapshot()
    check = await workspace.check(tree, (f"{PYTHON} -m unittest -q",), settings(confinement))
    assert check.passed, check.failure
    commit = await workspace.write_commit(tree=tree, parent=base, message="Turn it round", when=WHEN)
    await workspace.move_branch(parent=base, new=commit)
    await workspace.publish()
    return commit


def is_ours(path: str) -> bool:
    """What publishing may add: the branch, its reflog, their folders, and loose objects."""
    if path.startswith((".git/refs/heads/autopack", ".git/logs/refs/heads/autopack")):
        return True
    return re.fullmatch(r"\.git/objects/[0-9a-f]{2}(/[0-9a-f]+)?", path) is not None


async def test_a_whole_phase_leaves_the_users_repository_as_it_was(
    tmp_path: Path, bubblewrap: Confinement
) -> None:
    source = lived_in(tmp_path / "source")
    second = tmp_path / "second"
    before, beside = everything(source), everything(second)
    commit = await one_phase(open_workspace(tmp_path, source), bubblewrap)
    after = everything(source)
    grown = {".git/objects", ".git/refs/heads", ".git/logs/refs/heads"}
    assert {path: mark for path, mark in after.items() if not is_ours(path) and path not in grown} == {
        path: mark for path, mark in before.items() if not is_ours(path) and path not in grown
    }
    assert before.items() <= {path: after.get(path, ("", 0, 0)) for path in before}.items() | {
        (path, before[path]) for path in grown | {path for path in before if before[path][0] == "folder"}
    }
    assert everything(second) == beside
    assert list(tmp_path.glob("sprung*")) == []
    assert git(source, "rev-parse", f"autopack/{RUN}") == commit
    assert not (source / ".git" / "FETCH_HEAD").exists()
    git(source, "-c", "core.fsmonitor=false", "fsck", "--strict")


async def test_nothing_is_shared_with_the_users_repository(workspace: Workspace, source: Path) -> None:
    assert not (workspace.git_dir / "objects" / "info" / "alternates").exists()
    theirs = {path.lstat().st_ino for path in (source / ".git").rglob("*") if path.is_file()}
    ours = {path.lstat().st_ino for path in workspace.git_dir.rglob("*") if path.is_file()}
    assert not theirs & ours
    assert "remote" not in (workspace.git_dir / "config").read_text()


async def test_git_variables_of_the_caller_do_not_leak_in(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = make_repository(tmp_path / "decoy")
    before = everything(decoy)
    for name, value in {
        "GIT_DIR": str(decoy / ".git"),
        "GIT_WORK_TREE": str(decoy),
        "GIT_INDEX_FILE": str(decoy / ".git" / "index"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": str(tmp_path),
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    commit = await one_phase(open_workspace(tmp_path, source), Confinement.NONE)
    assert everything(decoy) == before
    assert git(source, "rev-parse", f"autopack/{RUN}") == commit
