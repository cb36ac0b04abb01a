from __future__ import annotations

import os
from pathlib import Path

import pytest
from sample_repository import RUN, WHEN, everything, git, write

from autopack.errors import Conflict, InvalidInput, NotFound
from autopack.workspace import Workspace
from autopack.workspace.source import discard_branch, inspect, merge

BRANCH = f"autopack/{RUN}"


@pytest.fixture(autouse=True)
def _identity(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")


@pytest.fixture
async def published(workspace: Workspace) -> Workspace:
    base = await workspace.create()
    write(workspace.build, "README", "By the run.\n")
    write(workspace.build, "new.txt", "new\n")
    new = await workspace.write_commit(tree=await workspace.snapshot(), parent=base, message="m", when=WHEN)
    await workspace.move_branch(parent=base, new=new)
    await workspace.publish()
    return workspace


async def test_a_subfolder_leads_to_the_top(source: Path) -> None:
    found = await inspect(source / "tests")
    assert (found.top, found.branch, found.head) == (source, "main", git(source, "rev-parse", "HEAD"))


async def test_a_linked_worktree_and_a_detached_head_are_found(source: Path, tmp_path: Path) -> None:
    git(source, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), "other")
    found = await inspect(tmp_path / "linked")
    assert (found.top, found.branch, found.head) == (
        tmp_path / "linked",
        None,
        git(source, "rev-parse", "other"),
    )


async def test_looking_leaves_no_trace(source: Path) -> None:
    before = everything(source)
    await inspect(source)
    assert everything(source) == before


async def test_git_variables_of_the_caller_do_not_mislead(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert (await inspect(source)).top == source


async def test_what_is_not_usable_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        await inspect(tmp_path / "nowhere")
    (tmp_path / "plain").mkdir()
    with pytest.raises(InvalidInput, match="not in a git repository") as raised:
        await inspect(tmp_path / "plain")
    assert "git init" in raised.value.hint
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(InvalidInput, match="no commits yet") as raised:
        await inspect(tmp_path / "empty")
    assert "git commit" in raised.value.hint
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    with pytest.raises(InvalidInput, match="bare"):
        await inspect(tmp_path / "bare.git")


async def test_merging_brings_the_branch_in_and_says_when_it_is_in(
    published: Workspace, source: Path
) -> None:
    write(source, "untracked.txt", "does not count\n")
    write(source, ".autopack/plan.yaml", "does not count\n")
    result = await merge(source, RUN)
    assert result.fast_forward
    assert result.commit == git(source, "rev-parse", "HEAD") == await published.head()
    assert (source / "new.txt").exists()
    assert (await merge(source, RUN)).already_merged


async def test_merging_into_a_branch_that_went_on_makes_a_merge_commit_with_the_users_hooks(
    published: Workspace, source: Path
) -> None:
    git(source, "commit", "--quiet", "--allow-empty", "-m", "Meanwhile")
    hook = write(source, ".git/hooks/post-merge", "#!/bin/sh\ntouch .git/hook-ran\n")
    hook.chmod(0o755)
    result = await merge(source, RUN)
    assert not result.fast_forward
    assert git(source, "rev-parse", "HEAD^2") == await published.head()
    assert git(source, "log", "-1", "--format=%an") == "Ann"
    assert (source / ".git" / "hook-ran").exists()


@pytest.mark.parametrize("staged", [True, False])
async def test_uncommitted_changes_refuse_a_merge(published: Workspace, source: Path, staged: bool) -> None:
    write(source, "calc.py", "changed\n")
    if staged:
        git(source, "add", "calc.py")
    with pytest.raises(Conflict, match=r"uncommitted changes: calc\.py"):
        await merge(source, RUN)
    assert git(source, "rev-parse", "HEAD") == git(source, "rev-parse", f"{BRANCH}^")


async def test_an_operation_in_progress_and_a_detached_head_refuse_a_merge(
    published: Workspace, source: Path
) -> None:
    git(source, "update-ref", "CHERRY_PICK_HEAD", "HEAD")
    with pytest.raises(Conflict, match="cherry-pick is in progress"):
        await merge(source, RUN)
    git(source, "cherry-pick", "--quit")
    git(source, "checkout", "--quiet", "--detach")
    with pytest.raises(Conflict, match="detached"):
        await merge(source, RUN)


async def test_a_conflict_is_undone_and_the_way_by_hand_is_said(published: Workspace, source: Path) -> None:
    write(source, "README", "By the user.\n")
    git(source, "commit", "--quiet", "-am", "Mine")
    head = git(source, "rev-parse", "HEAD")
    with pytest.raises(Conflict, match="conflicts with main in README; the merge was undone") as raised:
        await merge(source, RUN)
    assert f"git merge {BRANCH}" in raised.value.hint
    assert git(source, "rev-parse", "HEAD") == head
    assert git(source, "status", "--short") == ""
    assert not (source / ".git" / "MERGE_HEAD").exists()


async def test_an_untracked_file_in_the_way_is_named_and_kept(published: Workspace, source: Path) -> None:
    write(source, "new.txt", "mine\n")
    with pytest.raises(Conflict, match="would be overwritten"):
        await merge(source, RUN)
    assert (source / "new.txt").read_text() == "mine\n"
    assert git(source, "status", "--short") == "?? new.txt"


async def test_a_hook_that_refuses_is_said_and_undone(published: Workspace, source: Path) -> None:
    git(source, "commit", "--quiet", "--allow-empty", "-m", "Meanwhile")
    write(source, ".git/hooks/pre-merge-commit", "#!/bin/sh\necho error: not today >&2\nexit 1\n").chmod(
        0o755
    )
    with pytest.raises(Conflict, match="not today"):
        await merge(source, RUN)
    assert git(source, "status", "--short") == ""


async def test_a_run_without_a_branch_can_not_be_merged(source: Path) -> None:
    with pytest.raises(NotFound, match="no branch"):
        await merge(source, "run_none")


async def test_discarding_deletes_the_branch_and_is_fine_twice(published: Workspace, source: Path) -> None:
    assert await discard_branch(source, RUN) is True
    assert git(source, "branch", "--list", BRANCH) == ""
    assert await discard_branch(source, RUN) is False


async def test_a_branch_that_is_checked_out_is_not_discarded(
    published: Workspace, source: Path, tmp_path: Path
) -> None:
    git(source, "worktree", "add", "--quiet", str(tmp_path / "linked"), BRANCH)
    with pytest.raises(Conflict, match="checked out at") as raised:
        await discard_branch(source, RUN)
    assert os.fspath(tmp_path / "linked") in raised.value.message
    assert git(source, "rev-parse", BRANCH) == await published.head()
