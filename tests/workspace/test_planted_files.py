"""Files and folders that a Builder may leave so that our own, unconfined hands do harm, or let go."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from sample_repository import git, make_repository, open_workspace, settings, write

from autopack.workspace import Workspace
from autopack.workspace.files import copy_below, empty_below, remove, remove_below
from autopack.workspace.layout import Layout

NEST = (
    "python3 -c \"import os\nfor i in range(2100):\n os.mkdir('d'); os.chdir('d')\nopen('end', 'w').close()\""
)


async def with_submodules(tmp_path: Path) -> Workspace:
    """A workspace on a repository with the submodules `vendor/docs` and `sub`."""
    source, inner = make_repository(tmp_path / "source"), make_repository(tmp_path / "inner")
    for place in ("vendor/docs", "sub"):
        git(source, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), place)
    git(source, "commit", "--quiet", "-m", "Submodules")
    workspace = open_workspace(tmp_path, source)
    await workspace.create()
    return workspace


async def test_what_is_behind_a_linked_parent_of_a_submodule_is_never_emptied(tmp_path: Path) -> None:
    workspace = await with_submodules(tmp_path)
    thesis = write(tmp_path, "victim/docs/thesis.txt", "ten years of work\n")
    for place in (workspace.build, workspace.verify):
        remove(place / "vendor")
        remove(place / "sub")
        (place / "vendor").symlink_to(tmp_path / "victim")
        (place / "sub").symlink_to(tmp_path / "victim" / "docs")
    tree = await workspace.snapshot()
    await workspace.check(tree, ("true",), settings())
    await workspace.reset_build(tree)
    assert thesis.read_text() == "ten years of work\n"
    for place in (workspace.build, workspace.verify):
        remove(place / "vendor")
        (place / "vendor").symlink_to(tmp_path / "victim")
    base = await workspace.create()
    assert (
        await workspace.check(base, ("test -z \"$(ls -A sub vendor/docs | grep -v ':$')\"",), settings())
    ).passed
    await workspace.reset_build(base)
    assert thesis.read_text() == "ten years of work\n"


async def test_a_submodules_folder_that_became_ordinary_files_is_left_alone(tmp_path: Path) -> None:
    workspace = await with_submodules(tmp_path)
    remove(workspace.build / "sub")
    await workspace.snapshot()
    write(workspace.build, "sub/file", "content\n")
    tree = await workspace.snapshot()
    change = await workspace.change(await workspace.create(), tree)
    assert {(file.path, file.status) for file in change.files} == {("sub", "deleted"), ("sub/file", "added")}
    check = await workspace.check(tree, ("cat sub/file",), settings())
    assert check.passed, check.failure
    await workspace.reset_build(tree)
    assert (workspace.build / "sub" / "file").read_text() == "content\n"


async def test_a_linked_home_is_replaced_and_what_it_leads_to_stays(
    workspace: Workspace, tmp_path: Path
) -> None:
    thesis = write(tmp_path, "victim/thesis.txt", "ten years of work\n")
    home = Layout(workspace.root, workspace.run_id).home("verify")
    remove(home)
    home.symlink_to(tmp_path / "victim")
    assert (await workspace.check(await workspace.create(), ("true",), settings())).passed
    assert thesis.exists()
    assert not home.is_symlink()


def test_removing_and_copying_below_a_folder_never_leave_it(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside/inner/file", "mine")
    origin = write(tmp_path, "origin", "new")
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(tmp_path / "outside")
    remove_below(top, "link/inner/file")
    remove_below(top, "link/inner")
    empty_below(top, "link/inner")
    with pytest.raises(NotADirectoryError):
        copy_below(origin, top, "link/inner/file")
    assert outside.read_text() == "mine"
    write(top, "real/file", "old")
    (top / "real" / "inner").symlink_to(tmp_path / "outside" / "inner")
    empty_below(top, "real/inner")
    assert (top / "real" / "inner").is_dir()
    assert not (top / "real" / "inner").is_symlink()
    (top / "real" / "file").unlink()
    (top / "real" / "file").symlink_to(outside)
    copy_below(origin, top, "real/file")
    assert (top / "real" / "file").read_text() == "new"
    (top / "real" / "again").symlink_to(tmp_path / "outside")
    remove(top / "real")
    assert outside.read_text() == "mine"
    assert not (top / "real").exists()


def test_a_removed_folder_may_be_full_of_locked_folders(tmp_path: Path) -> None:
    for name in ("a/b/c/file", "a/d/file"):
        write(tmp_path, name, "x")
    for name in ("a/b/c", "a/b", "a/d", "a"):
        (tmp_path / name).chmod(0)
    remove(tmp_path / "a")
    assert not os.path.lexists(tmp_path / "a")


async def test_folders_too_deep_for_any_path_are_no_obstacle(workspace: Workspace) -> None:
    base = await workspace.create()
    script = f"rm calc.py; mkdir calc.py; cd calc.py; {NEST}"
    assert (await workspace.shell(script, settings(), timeout_seconds=60)).exit_code == 0
    await workspace.change(base, await workspace.snapshot())
    chosen = settings(setup=(f"mkdir .venv && touch .venv/made && cd .venv && {NEST}",))
    look = "test -e .venv/made && test ! -e d && test ! -e ~/x"
    for command in (f"{NEST}; mkdir ~/x && cd ~/x && {NEST}", look):
        check = await workspace.check(base, (command,), chosen)
        assert check.passed, check.failure
    await workspace.shell(NEST, settings(), timeout_seconds=60)
    await workspace.reset_build(base)
    assert (workspace.build / "calc.py").is_file()
    assert not (workspace.build / "d").exists()
    await workspace.remove()
    assert not workspace.root.exists()


@pytest.mark.parametrize("name", [".gitignore", "deep/below/.gitignore", ".gitattributes"])
async def test_a_named_pipe_where_git_reads_makes_nothing_wait(tmp_path: Path, name: str) -> None:
    workspace = open_workspace(tmp_path, make_repository(tmp_path / "source"))
    base = await workspace.create()
    write(workspace.build, "deep/below/file.txt", "content\n")
    remove(workspace.build / name)
    os.mkfifo(workspace.build / name)
    async with asyncio.timeout(30):
        tree = await workspace.snapshot()
        await workspace.reset_build(base)
    assert "deep/below/file.txt" in [file.path for file in (await workspace.change(base, tree)).files]
