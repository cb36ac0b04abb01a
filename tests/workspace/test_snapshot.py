from __future__ import annotations

import asyncio
import os
from pathlib import Path

from sample_repository import RUN, WHEN, git, make_repository, open_workspace, settings, write

from autopack.workspace import Change, Workspace
from autopack.workspace.change import DIFF_LIMIT_BYTES


async def changed(workspace: Workspace) -> Change:
    return await workspace.change(await workspace.create(), await workspace.snapshot())


async def test_each_kind_of_change_is_named_with_its_lines(workspace: Workspace) -> None:
    write(workspace.build, "README", "Read me.\nTwice.\n")
    write(workspace.build, "new.txt", "one\ntwo\n")
    (workspace.build / "blob").write_bytes(b"\0\1\2")
    (workspace.build / ".gitignore").unlink()
    (workspace.build / "calc.py").unlink()
    (workspace.build / "calc.py").symlink_to("README")
    change = await changed(workspace)
    assert {
        (file.path, file.status, file.binary, file.added_lines, file.deleted_lines) for file in change.files
    } == {
        ("README", "modified", False, 1, 0),
        ("new.txt", "added", False, 2, 0),
        ("blob", "added", True, None, None),
        (".gitignore", "deleted", False, 0, 2),
        ("calc.py", "type_changed", False, 1, 2),
    }
    assert change.nested_repositories == ()


async def test_a_rename_is_seen_at_both_places(workspace: Workspace) -> None:
    (workspace.build / "calc.py").rename(workspace.build / "moved.py")
    change = await changed(workspace)
    assert {(file.path, file.status) for file in change.files} == {
        ("calc.py", "deleted"),
        ("moved.py", "added"),
    }
    diff = await workspace.diff(await workspace.create(), await workspace.snapshot())
    assert b"rename from calc.py\nrename to moved.py" in diff


async def test_nothing_changed_is_the_same_tree(workspace: Workspace) -> None:
    base = await workspace.create()
    assert await workspace.snapshot() == git(workspace.build, "rev-parse", f"{base}^{{tree}}")
    (workspace.build / "README").touch()
    assert await changed(workspace) == Change(files=(), nested_repositories=())


async def test_a_git_that_works_in_the_checkout_keeps_its_lock_while_a_snapshot_is_made(
    workspace: Workspace, tmp_path: Path
) -> None:
    write(workspace.build, "README", "Read me.\nTwice.\n")
    editing, go = tmp_path / "editing", tmp_path / "go"
    editor = f"touch {editing}; until test -e {go}; do sleep 0.02; done; echo Mine >"
    commit = f"GIT_EDITOR='{editor}' git -c user.name=a -c user.email=a@example.org commit -a"
    working = asyncio.create_task(workspace.shell(commit, settings(), timeout_seconds=60))
    async with asyncio.timeout(30):
        while not editing.exists():
            await asyncio.sleep(0.02)
    lock, ours = (
        workspace.git_dir / "worktrees/build" / name for name in ("index.lock", "nested-index.lock")
    )
    assert lock.exists()
    ours.touch()
    write(workspace.build, "new.txt", "new\n")
    await workspace.snapshot()
    assert lock.exists()
    assert not ours.exists()
    go.touch()
    committed = await working
    assert committed.exit_code == 0, committed.output


async def test_a_lock_that_a_killed_git_left_does_not_stop_the_next_command(workspace: Workspace) -> None:
    (workspace.git_dir / "worktrees/build/index.lock").touch()
    write(workspace.build, "new.txt", "new\n")
    added = await workspace.shell("git add new.txt", settings(), timeout_seconds=60)
    assert added.exit_code == 0, added.output


async def test_litter_and_ignored_files_are_left_out(workspace: Workspace) -> None:
    for name in (
        "__pycache__/x.pyc", ".pytest_cache/x", ".venv/x", "a/node_modules/x", ".coverage", "a/.DS_Store",
        ".pydantic-ai-harness/x", ".autopack/x", "some.log",
    ):  # fmt: skip
        write(workspace.build, name, "litter")
    assert (await changed(workspace)).files == ()


async def test_every_name_a_file_can_have_comes_through(workspace: Workspace) -> None:
    names = [
        "with space",
        "new\nline",
        'quo"te',
        "tab\t",
        "ünï",
        "-dash",
        ":(top)x",
        "star*",
        "back\\slash",
        "a/b c/d",
    ]
    raw = [*map(os.fsencode, names), b"not-\xff-utf8"]
    for name in raw:
        write(workspace.build, os.fsdecode(name), "x\n")
    change = await changed(workspace)
    assert {file.path for file in change.files} == {*names, "not-\\xff-utf8"}
    assert all(file.model_dump_json() for file in change.files)
    tree = await workspace.snapshot()
    assert (await workspace.check(tree, ("true",), settings())).passed
    assert {os.fsencode(path.name) for path in workspace.verify.iterdir()} >= {b"not-\xff-utf8", b"new\nline"}


async def test_symlinks_stay_symlinks_and_executables_executable(
    workspace: Workspace, tmp_path: Path
) -> None:
    write(tmp_path, "outside", "secret")
    (workspace.build / "out").symlink_to(tmp_path / "outside")
    (workspace.build / "dangling").symlink_to("nowhere")
    write(workspace.build, "run.sh", "#!/bin/sh\n").chmod(0o755)
    tree = await workspace.snapshot()
    listing = git(workspace.build, "ls-tree", tree)
    modes = {line.split("\t")[1]: line.split()[0] for line in listing.splitlines()}
    assert (modes["out"], modes["dangling"], modes["run.sh"]) == ("120000", "120000", "100755")


async def test_files_and_folders_that_took_each_others_place(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.build / "calc.py").unlink()
    write(workspace.build, "calc.py/inside", "x\n")
    (workspace.build / "tests" / "__init__.py").unlink()
    (workspace.build / "tests" / "test_calc.py").rename(tmp_path / "test_calc.py")
    (workspace.build / "tests").rmdir()
    (workspace.build / "tests").symlink_to(tmp_path)
    (workspace.build / "README").unlink()
    os.mkfifo(workspace.build / "README")
    change = await changed(workspace)
    assert {(file.path, file.status) for file in change.files} == {
        ("calc.py", "deleted"), ("calc.py/inside", "added"), ("tests", "added"), ("README", "deleted"),
        ("tests/__init__.py", "deleted"), ("tests/test_calc.py", "deleted"),
    }  # fmt: skip


async def test_an_unreadable_file_is_read_all_the_same(workspace: Workspace) -> None:
    write(workspace.build, "locked.txt", "x\n").chmod(0)
    assert [file.path for file in (await changed(workspace)).files] == ["locked.txt"]


async def test_nested_repositories_are_named_and_forgotten_when_they_are_gone(workspace: Workspace) -> None:
    base = await workspace.create()
    git(workspace.build, "init", "--quiet", "empty")
    write(workspace.build / "empty", "file", "x\n")
    git(workspace.build, "init", "--quiet", "deep/full")
    write(workspace.build / "deep/full", "file", "x\n")
    git(workspace.build / "deep/full", "add", "-A")
    git(workspace.build / "deep/full", "commit", "--quiet", "-m", "x")
    (workspace.build / "README").unlink()
    git(workspace.build, "init", "--quiet", "README")
    assert set((await changed(workspace)).nested_repositories) == {"empty", "deep/full", "README"}
    assert set((await changed(workspace)).nested_repositories) == {"empty", "deep/full", "README"}
    for place in ("empty", "deep/full", "README"):
        (workspace.build / place / ".git").rename(workspace.root / place.replace("/", "-"))
    (workspace.build / "README").rmdir()
    change = await changed(workspace)
    assert change.nested_repositories == ()
    assert {file.path for file in change.files} == {"empty/file", "deep/full/file", "README"}
    await workspace.reset_build(base)
    assert (await changed(workspace)).files == ()


async def test_a_nested_repository_is_mended_by_removing_its_git_folder_in_the_next_attempt(
    workspace: Workspace,
) -> None:
    base = await workspace.create()
    git(workspace.build, "init", "--quiet", "sub")
    write(workspace.build, "sub/file", "content\n")
    tree = await workspace.snapshot()
    assert (await workspace.change(base, tree)).nested_repositories == ("sub",)
    for _ in range(2):
        await workspace.reset_build(tree)
        assert await workspace.snapshot() == tree
    (workspace.build / "sub" / ".git").rename(workspace.root / "moved")
    change = await workspace.change(base, await workspace.snapshot())
    assert change.nested_repositories == ()
    assert [file.path for file in change.files] == ["sub/file"]
    await workspace.reset_build(await workspace.snapshot())
    assert (workspace.build / "sub" / "file").read_text() == "content\n"


async def test_a_submodule_of_the_base_stays_and_one_that_was_filled_is_named(tmp_path: Path) -> None:
    source = make_repository(tmp_path / "source")
    inner = make_repository(tmp_path / "inner")
    git(source, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    git(source, "commit", "--quiet", "-m", "Submodule")
    workspace = open_workspace(tmp_path, source)
    base = await workspace.create()
    assert await changed(workspace) == Change(files=(), nested_repositories=())
    git(workspace.build, "init", "--quiet", "sub")
    write(workspace.build / "sub", "file", "x")
    git(workspace.build / "sub", "add", "-A")
    git(workspace.build / "sub", "commit", "--quiet", "-m", "x")
    assert (await changed(workspace)).nested_repositories == ("sub",)
    await workspace.reset_build(await workspace.snapshot())
    assert await changed(workspace) == Change(files=(), nested_repositories=())
    await workspace.reset_build(base)
    assert list((workspace.build / "sub").iterdir()) == []
    assert await changed(workspace) == Change(files=(), nested_repositories=())
    write(workspace.verify / "sub", "planted", "x")
    assert (await workspace.check(base, ('test -z "$(ls -A sub)"',), settings())).passed


async def test_git_folders_that_the_builder_made_are_neither_trusted_nor_kept(
    workspace: Workspace, tmp_path: Path
) -> None:
    (workspace.build / ".git").unlink()
    git(workspace.build, "init", "--quiet")
    git(workspace.build, "config", "core.hooksPath", str(tmp_path))
    write(workspace.build, ".GIT/config", "[core]\n\tfsmonitor = touch sprung\n")
    write(workspace.build, "new.txt", "x\n")
    assert [file.path for file in (await changed(workspace)).files] == ["new.txt"]
    assert (workspace.build / ".git").read_text() == f"gitdir: {workspace.git_dir}/worktrees/build\n"


async def test_filters_and_monitors_that_the_builder_planted_never_run(
    workspace: Workspace, tmp_path: Path
) -> None:
    mark = tmp_path / "sprung"
    base = await workspace.create()

    def plant(folder: Path) -> None:
        for name in ("filter.trap.clean", "filter.trap.smudge", "filter.trap.process", "diff.trap.textconv"):
            git(folder, "config", name, f"touch {mark}; cat")
        git(folder, "config", "core.fsmonitor", f"touch {mark}")
        write(folder, ".gitattributes", "* filter=trap diff=trap merge=trap\n")

    (workspace.build / ".git").unlink()
    git(workspace.build, "init", "--quiet")
    plant(workspace.build)
    git(workspace.build, "init", "--quiet", "nested")
    write(workspace.build / "nested", "file", "aa")
    git(workspace.build / "nested", "add", "-A")
    git(workspace.build / "nested", "commit", "--quiet", "-m", "x")
    for content in ("bb", "cc"):
        plant(workspace.build / "nested")
        mark.unlink(missing_ok=True)
        write(workspace.build / "nested", "file", content)
        write(workspace.build, "README", content)
        tree = await workspace.snapshot()
        await workspace.diff(base, tree)
        await workspace.change(base, tree)
        await workspace.check(tree, ("true",), settings())
        await workspace.reset_build(tree)
        assert not mark.exists()
        git(workspace.build, "init", "--quiet", "nested")
        write(workspace.build / "nested", "file", "aa")
    await workspace.reset_build(base)
    assert not mark.exists()


async def test_attributes_in_the_files_can_not_hide_them_from_the_diff(workspace: Workspace) -> None:
    base = await workspace.create()
    write(workspace.build, ".gitattributes", "* -diff binary export-ignore\n")
    write(workspace.build, "calc.py", "import os\n")
    tree = await workspace.snapshot()
    assert b"+import os" in await workspace.diff(base, tree)
    files = {file.path: file.added_lines for file in (await workspace.change(base, tree)).files}
    assert files["calc.py"] == 1


async def test_the_diff_has_full_ids_and_no_colour(workspace: Workspace) -> None:
    base = await workspace.create()
    write(workspace.build, "README", "Changed.\n")
    diff = (await workspace.diff(base, await workspace.snapshot())).decode()
    index_line = next(line for line in diff.splitlines() if line.startswith("index "))
    assert len(index_line.split()[1]) == 82
    assert "\x1b" not in diff
    assert diff.startswith("diff --git a/README b/README\n")


async def test_the_builders_own_git_diff_stays_true_after_a_snapshot(workspace: Workspace) -> None:
    write(workspace.build, "README", "Changed.\n")
    await workspace.snapshot()
    assert git(workspace.build, "diff", "--name-only") == "README"
    base = await workspace.create()
    commit = await workspace.write_commit(
        tree=await workspace.snapshot(), parent=base, message="m", when=WHEN
    )
    await workspace.move_branch(parent=base, new=commit)
    await workspace.reset_build(commit)
    assert git(workspace.build, "status", "--short") == ""
    assert git(workspace.build, "log", "-1", "--format=%D") == f"HEAD -> autopack/{RUN}"


async def test_a_huge_diff_ends_with_a_line_that_says_so(workspace: Workspace) -> None:
    base = await workspace.create()
    line = b"0123456789abcdef" * 4 + b"\n"
    for lines in (DIFF_LIMIT_BYTES // 64, 4 * DIFF_LIMIT_BYTES // 64):
        (workspace.build / "big.txt").write_bytes(line * lines)
        diff = await workspace.diff(base, await workspace.snapshot())
        assert diff.startswith(b"diff --git a/big.txt b/big.txt\n")
        assert DIFF_LIMIT_BYTES < len(diff) < DIFF_LIMIT_BYTES + 200
        assert diff.splitlines()[-1].startswith(b"[The diff is longer than 8388608 bytes")
