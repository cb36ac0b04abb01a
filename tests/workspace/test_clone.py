from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sample_repository import RUN, WHEN, git, head, open_workspace, settings, write

from autopack.errors import AutopackError, NotFound, Unavailable
from autopack.processes import Confinement
from autopack.workspace import Workspace


async def test_it_begins_at_the_users_head_with_its_files_and_tags(tmp_path: Path, source: Path) -> None:
    workspace = open_workspace(tmp_path, source)
    base = await workspace.create()
    assert base == git(source, "rev-parse", "HEAD")
    assert head(workspace) == base
    assert (workspace.build / "README").read_text() == "Read me.\n"
    assert git(workspace.build, "describe", "--tags") == git(source, "describe", "--tags")
    assert git(workspace.build, "status", "--short") == ""
    assert git(workspace.build, "branch", "--show-current") == f"autopack/{RUN}"


async def test_creating_again_gives_the_same_base_though_the_user_went_on(
    tmp_path: Path, source: Path
) -> None:
    base = await open_workspace(tmp_path, source).create()
    git(source, "commit", "--quiet", "--allow-empty", "-m", "Third")
    assert await open_workspace(tmp_path, source).create() == base


@pytest.mark.parametrize("left", ["build", "verify", "repo.git/index.lock", "repo.git"])
async def test_a_half_made_workspace_is_made_anew(tmp_path: Path, source: Path, left: str) -> None:
    write(tmp_path / "workspace" / left, "half", "made")
    workspace = open_workspace(tmp_path, source)
    assert await workspace.create() == git(source, "rev-parse", "HEAD")
    assert not (workspace.root / left / "half").exists()
    assert await workspace.snapshot() == git(source, "rev-parse", "HEAD^{tree}")


async def test_it_works_from_a_linked_worktree_and_a_detached_head(tmp_path: Path, source: Path) -> None:
    linked = tmp_path / "linked"
    git(source, "worktree", "add", "--quiet", "--detach", str(linked), "other")
    workspace = open_workspace(tmp_path, linked)
    base = await workspace.create()
    assert base == git(source, "rev-parse", "other")
    await workspace.publish()
    assert git(source, "rev-parse", f"autopack/{RUN}") == base


async def test_a_shallow_clone_can_be_worked_on_and_published_to(tmp_path: Path, source: Path) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{source}", str(shallow))
    workspace = open_workspace(tmp_path, shallow)
    base = await workspace.create()
    write(workspace.build, "new.txt", "new\n")
    commit = await workspace.write_commit(
        tree=await workspace.snapshot(), parent=base, message="More", when=WHEN
    )
    await workspace.move_branch(parent=base, new=commit)
    await workspace.publish()
    assert git(shallow, "rev-parse", f"autopack/{RUN}") == commit


async def test_a_partial_clone_is_refused_until_it_is_whole(tmp_path: Path, source: Path) -> None:
    write(source, "README", "Changed.\n")
    git(source, "commit", "--quiet", "-am", "Third")
    git(source, "config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{source}", str(partial))
    workspace = open_workspace(tmp_path, partial)
    with pytest.raises(Unavailable, match="partial clone: 1 objects") as raised:
        await workspace.create()
    assert "git fetch --refetch" in raised.value.hint
    git(partial, "config", "--unset-all", "remote.origin.partialclonefilter")
    git(partial, "fetch", "--quiet", "--refetch")
    assert await workspace.create() == git(source, "rev-parse", "HEAD")
    await workspace.publish()


async def test_a_repository_with_sha256_ids_works(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    git(source, "init", "--quiet", "--object-format=sha256")
    write(source, "a", "a\n")
    git(source, "add", "-A")
    git(source, "commit", "--quiet", "-m", "First")
    workspace = open_workspace(tmp_path, source)
    base = await workspace.create()
    git(workspace.build, "init", "--quiet", "nested")
    write(workspace.build / "nested", "x", "x")
    tree = await workspace.snapshot()
    assert (await workspace.change(base, tree)).nested_repositories == ("nested",)
    assert len(base) == len(tree) == 64
    await workspace.publish()


async def test_resetting_brings_back_the_tree_and_keeps_what_is_ignored(workspace: Workspace) -> None:
    base = await workspace.create()
    write(workspace.build, "README", "changed")
    (workspace.build / "calc.py").unlink()
    write(workspace.build, "calc.py/now/a", "folder")
    write(workspace.build, "new/deep/file", "untracked")
    write(workspace.build, ".venv/bin/python", "kept")
    git(workspace.build, "init", "--quiet", "nested")
    await workspace.reset_build(base)
    assert await workspace.snapshot() == git(workspace.build, "rev-parse", f"{base}^{{tree}}")
    assert (workspace.build / "calc.py").is_file()
    assert not (workspace.build / "new").exists()
    assert not (workspace.build / "nested").exists()
    assert (workspace.build / ".venv" / "bin" / "python").read_text() == "kept"


async def test_stale_locks_of_killed_git_processes_do_not_stop_anything(
    workspace: Workspace, tmp_path: Path, source: Path
) -> None:
    base = await workspace.create()
    admin = workspace.git_dir / "worktrees" / "build"
    locks = [admin / "index.lock", admin / "snapshot-index.lock", workspace.git_dir / "packed-refs.lock"]
    locks += [workspace.git_dir / "worktrees" / "verify" / "index.lock"]
    locks += [workspace.git_dir / f"refs/heads/autopack/{RUN}.lock"]
    for lock in locks:
        lock.touch()
    again = open_workspace(tmp_path, source)
    write(again.build, "new.txt", "new\n")
    tree = await again.snapshot()
    await again.reset_build(tree)
    assert (await again.check(tree, ("test -e new.txt",), settings())).passed
    commit = await again.write_commit(tree=tree, parent=base, message="m", when=WHEN)
    await again.move_branch(parent=base, new=commit)
    await again.publish()


async def test_a_workspace_that_was_removed_is_said(
    workspace: Workspace, tmp_path: Path, source: Path
) -> None:
    await workspace.remove()
    assert not workspace.root.exists()
    await workspace.remove()
    with pytest.raises(NotFound, match="is gone"):
        await open_workspace(tmp_path, source).reset_build("HEAD")


async def test_a_source_that_is_gone_is_said(tmp_path: Path, source: Path) -> None:
    shutil.rmtree(source)
    with pytest.raises(AutopackError, match="not a git repository"):
        await open_workspace(tmp_path, source).create()


async def test_write_protected_folders_can_be_removed(workspace: Workspace) -> None:
    module = write(workspace.root / "home" / "build", "go/pkg/mod/x/file", "x")
    module.parent.chmod(0o555)
    await workspace.remove()
    assert not workspace.root.exists()


async def test_git_works_in_the_sandbox_and_can_not_write(
    workspace: Workspace, bubblewrap: Confinement
) -> None:
    write(workspace.build, "README", "Changed.\n")
    write(workspace.build, "new.txt", "New.\n")
    await workspace.snapshot()

    async def sh(command: str) -> tuple[int, str]:
        done = await workspace.shell(command, settings(bubblewrap), timeout_seconds=30)
        return done.exit_code, done.output.decode()

    assert await sh("git status --short") == (0, " M README\n?? new.txt\n")
    assert "+Changed." in (await sh("git diff"))[1]
    assert "Second" in (await sh("git log --oneline"))[1]
    for attempt in (
        "git add -A",
        "git commit -am x",
        "git config a.b c",
        "git branch x",
        "rm .git",
        "echo > .git",
    ):
        assert (await sh(attempt))[0] != 0, attempt
    assert (await sh(f"touch {workspace.git_dir}/x"))[0] != 0
    assert (await sh(f"ls {workspace.source}"))[0] != 0


async def test_the_shell_passes_only_the_named_variables(workspace: Workspace) -> None:
    given = settings(env=("TZ", "ABSENT"), environ={"TZ": "UTC", "OPENAI_API_KEY": "secret"})
    done = await workspace.shell("env", given, timeout_seconds=30)
    assert b"TZ=UTC" in done.output
    assert b"secret" not in done.output
    assert b"ABSENT" not in done.output
