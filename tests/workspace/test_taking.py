"""A run's branch in the user's repository: merged or deleted, and nothing of the user's goes with it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sample_repository import RUN, WHEN, git, head, open_workspace, write

from autopack.errors import Conflict, NotFound
from autopack.workspace import Workspace, taking
from autopack.workspace.schemas import MergeResult

BRANCH = f"autopack/{RUN}"
WIP = "half a day of work"


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


async def merge(published: Workspace) -> MergeResult:
    """As the command does it: the run's last commit, and its base, are known."""
    commit = head(published)
    own = (commit, git(published.git_dir, "rev-parse", f"{commit}^"))
    return await taking.merge(published.source, RUN, commit=commit, own=own)


async def discard(published: Workspace) -> str | None:
    commit = head(published)
    own = (commit, git(published.git_dir, "rev-parse", f"{commit}^"))
    return await taking.discard_branch(published.source, RUN, own=own)


def commit_on_the_branch(source: Path, subject: str) -> str:
    """A commit of the user's on the run's branch, as after working there."""
    new = git(source, "commit-tree", f"{BRANCH}^{{tree}}", "-p", BRANCH, "-m", subject)
    git(source, "update-ref", f"refs/heads/{BRANCH}", new)
    return new


async def test_merging_brings_the_branch_in_and_says_when_it_is_in(
    published: Workspace, source: Path
) -> None:
    write(source, "untracked.txt", "does not count\n")
    write(source, ".autopack/plan.yaml", "does not count\n")
    result = await merge(published)
    assert result.fast_forward
    assert result.commit == git(source, "rev-parse", "HEAD") == head(published)
    assert (source / "new.txt").exists()
    assert (await merge(published)).already_merged


async def test_merging_into_a_branch_that_went_on_makes_a_merge_commit_with_the_users_hooks(
    published: Workspace, source: Path
) -> None:
    git(source, "commit", "--quiet", "--allow-empty", "-m", "Meanwhile")
    hook = write(source, ".git/hooks/post-merge", "#!/bin/sh\ntouch .git/hook-ran\n")
    hook.chmod(0o755)
    result = await merge(published)
    assert not result.fast_forward
    assert git(source, "rev-parse", "HEAD^2") == head(published)
    assert git(source, "log", "-1", "--format=%an") == "Ann"
    assert (source / ".git" / "hook-ran").exists()


@pytest.mark.parametrize("staged", [True, False])
async def test_uncommitted_changes_refuse_a_merge(published: Workspace, source: Path, staged: bool) -> None:
    write(source, "calc.py", "changed\n")
    if staged:
        git(source, "add", "calc.py")
    with pytest.raises(Conflict, match=r"uncommitted changes: calc\.py"):
        await merge(published)
    assert git(source, "rev-parse", "HEAD") == git(source, "rev-parse", f"{BRANCH}^")


async def test_an_operation_in_progress_and_a_detached_head_refuse_a_merge(
    published: Workspace, source: Path
) -> None:
    git(source, "update-ref", "CHERRY_PICK_HEAD", "HEAD")
    with pytest.raises(Conflict, match="cherry-pick is in progress"):
        await merge(published)
    git(source, "cherry-pick", "--quit")
    git(source, "checkout", "--quiet", "--detach")
    with pytest.raises(Conflict, match="detached"):
        await merge(published)


async def test_a_conflict_is_undone_and_the_way_by_hand_is_said(published: Workspace, source: Path) -> None:
    write(source, "README", "By the user.\n")
    git(source, "commit", "--quiet", "-am", "Mine")
    head = git(source, "rev-parse", "HEAD")
    with pytest.raises(Conflict, match="conflicts with main in README; the merge was undone") as raised:
        await merge(published)
    assert f"git merge {BRANCH}" in raised.value.hint
    assert git(source, "rev-parse", "HEAD") == head
    assert git(source, "status", "--short") == ""
    assert not (source / ".git" / "MERGE_HEAD").exists()


@pytest.mark.parametrize("ignored", ["", "new.txt\n"])
@pytest.mark.parametrize("ahead", [False, True])
async def test_an_untracked_file_in_the_way_is_named_and_kept(
    published: Workspace, source: Path, ignored: str, ahead: bool
) -> None:
    if ahead:
        git(source, "commit", "--quiet", "--allow-empty", "-m", "Meanwhile")
    before = git(source, "rev-parse", "HEAD")
    write(source, ".git/info/exclude", ignored)
    write(source, "new.txt", WIP)
    with pytest.raises(Conflict, match=r"would overwrite 1 untracked file in .*: new\.txt\.") as raised:
        await merge(published)
    assert "Move them" in raised.value.hint
    assert (source / "new.txt").read_text() == WIP
    assert git(source, "rev-parse", "HEAD") == before


async def test_a_file_that_only_the_users_own_settings_ignore_is_kept(
    published: Workspace, source: Path, tmp_path: Path
) -> None:
    excludes = write(tmp_path, "excludes", "new.*\n")
    git(source, "config", "core.excludesFile", str(excludes))
    write(source, "new.txt", WIP)
    with pytest.raises(Conflict, match=r": new\.txt\."):
        await merge(published)
    assert (source / "new.txt").read_text() == WIP


async def _publish(workspace: Workspace, files: dict[str, str]) -> Workspace:
    base = await workspace.create()
    for name, content in files.items():
        write(workspace.build, name, content)
    new = await workspace.write_commit(tree=await workspace.snapshot(), parent=base, message="m", when=WHEN)
    await workspace.move_branch(parent=base, new=new)
    await workspace.publish()
    return workspace


@pytest.mark.parametrize(
    ("adds", "has", "named"),
    [
        ("notes/a.txt", "notes", "notes"),
        ("notes", "notes/deep/a.txt", "notes/deep/a.txt"),
        ("tests/data", "tests/data/x", "tests/data/x"),
    ],
)
async def test_ignored_files_above_and_below_what_is_written_are_kept(
    workspace: Workspace, source: Path, adds: str, has: str, named: str
) -> None:
    await _publish(workspace, {adds: "new\n"})
    write(source, ".git/info/exclude", "notes\ndata\n")
    write(source, has, WIP)
    with pytest.raises(Conflict, match=f": {named}\\."):
        await merge(workspace)
    assert (source / has).read_text() == WIP


async def test_a_file_that_the_user_stopped_tracking_is_kept_where_the_run_changed_it(
    workspace: Workspace, source: Path
) -> None:
    await _publish(workspace, {"README": "By the run.\n"})
    git(source, "rm", "--quiet", "--cached", "README", "calc.py")
    write(source, ".git/info/exclude", "README\ncalc.py\n")
    git(source, "commit", "--quiet", "-m", "These are mine alone")
    write(source, "README", WIP)
    with pytest.raises(Conflict, match=r"1 untracked file in .*: README\."):
        await merge(workspace)
    assert (source / "README").read_text() == WIP


async def test_the_first_ten_files_in_the_way_are_named(workspace: Workspace, source: Path) -> None:
    await _publish(workspace, {f"new{number:02}": "" for number in range(12)})
    for number in range(12):
        write(source, f"new{number:02}", WIP)
    with pytest.raises(Conflict, match=r"12 untracked files in .*: new00, .*, new09, …\."):
        await merge(workspace)


async def test_a_tracked_link_that_becomes_a_folder_is_not_in_the_way(tmp_path: Path, source: Path) -> None:
    (source / "link").symlink_to("tests")
    git(source, "add", "link")
    git(source, "commit", "--quiet", "-m", "Link")
    workspace = open_workspace(tmp_path, source)
    await workspace.create()
    (workspace.build / "link").unlink()
    await _publish(workspace, {"link/test_calc.py": "new\n"})
    await merge(workspace)
    assert (source / "link" / "test_calc.py").read_text() == "new\n"
    assert (source / "tests" / "test_calc.py").read_text() != "new\n"


async def test_a_hook_that_refuses_is_said_and_undone(published: Workspace, source: Path) -> None:
    git(source, "commit", "--quiet", "--allow-empty", "-m", "Meanwhile")
    write(source, ".git/hooks/pre-merge-commit", "#!/bin/sh\necho error: not today >&2\nexit 1\n").chmod(
        0o755
    )
    with pytest.raises(Conflict, match="not today"):
        await merge(published)
    assert git(source, "status", "--short") == ""


async def test_a_branch_that_is_gone_can_not_be_merged_and_the_way_back_is_said(
    published: Workspace, source: Path
) -> None:
    git(source, "branch", "-m", BRANCH, "mine")
    with pytest.raises(NotFound, match="no branch") as raised:
        await merge(published)
    assert f"git branch {BRANCH} {head(published)[:12]}" in raised.value.hint


async def test_the_run_s_own_branch_is_nothing_to_merge_into(published: Workspace, source: Path) -> None:
    git(source, "switch", "--quiet", BRANCH)
    with pytest.raises(Conflict, match=f"is on {BRANCH} itself"):
        await merge(published)


@pytest.mark.parametrize("ahead", [False, True])
async def test_commits_that_are_not_the_runs_are_left_out_of_a_merge_and_said(
    published: Workspace, source: Path, ahead: bool
) -> None:
    if ahead:
        git(source, "commit", "--quiet", "--allow-empty", "-m", "Meanwhile")
    foreign = commit_on_the_branch(source, "Not verified")
    result = await merge(published)
    assert result.notice == f"{BRANCH} holds 1 commit that is not the run's; it was left out."
    assert git(source, "branch", "--contains", head(published), "--format=%(refname:short)").split() == [
        BRANCH,
        "main",
    ]
    assert git(source, "branch", "--contains", foreign, "--format=%(refname:short)") == BRANCH
    if ahead:
        assert git(source, "log", "-1", "--format=%s") == f"Merge commit {head(published)[:12]} of '{BRANCH}'"


async def test_a_branch_as_the_run_left_it_is_merged_without_a_notice(published: Workspace) -> None:
    assert (await merge(published)).notice == ""


async def test_a_branch_that_was_moved_back_is_said(published: Workspace, source: Path) -> None:
    git(source, "update-ref", f"refs/heads/{BRANCH}", "main")
    result = await merge(published)
    assert "was moved back" in result.notice
    assert result.commit == head(published)


async def test_discarding_deletes_the_branch_says_where_it_was_and_is_fine_twice(
    published: Workspace, source: Path
) -> None:
    assert await discard(published) == head(published)
    assert git(source, "branch", "--list", BRANCH) == ""
    git(source, "branch", BRANCH, head(published))
    assert await discard(published) == head(published)
    assert await discard(published) is None


async def test_a_branch_with_commits_that_are_not_the_runs_is_not_discarded(
    published: Workspace, source: Path
) -> None:
    for subject in ("Mine, first", "Mine, second", "Mine, third", "Mine, fourth"):
        tip = commit_on_the_branch(source, subject)
    with pytest.raises(
        Conflict, match=r"holds 4 commits that are not the run's: .* Mine, fourth, "
    ) as raised:
        await discard(published)
    assert "Mine, first" not in raised.value.message
    assert f"git branch -m {BRANCH}" in raised.value.hint
    assert git(source, "rev-parse", BRANCH) == tip
    git(source, "branch", "-m", BRANCH, "mine")
    assert await discard(published) is None
    assert git(source, "rev-parse", "mine") == tip


async def test_a_branch_of_that_name_without_anything_of_the_runs_is_not_discarded(
    published: Workspace, source: Path
) -> None:
    tree = git(source, "rev-parse", "main^{tree}")
    git(source, "update-ref", f"refs/heads/{BRANCH}", git(source, "commit-tree", tree, "-m", "Alone"))
    missing = "d" * 40
    with pytest.raises(Conflict, match=r"holds 1 commit that is not the run's: .* Alone"):
        await taking.discard_branch(source, RUN, own=(missing,))


async def test_a_branch_that_is_a_link_to_another_is_deleted_and_not_the_other(
    published: Workspace, source: Path
) -> None:
    main = git(source, "rev-parse", "main")
    git(source, "symbolic-ref", f"refs/heads/{BRANCH}", "refs/heads/other")
    assert await discard(published) == git(source, "rev-parse", "other")
    assert git(source, "rev-parse", "main") == main
    assert git(source, "symbolic-ref", f"refs/heads/{BRANCH}", check=False) == ""


async def test_a_branch_that_moves_while_it_is_deleted_stays(
    published: Workspace, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = git(source, "commit-tree", f"{BRANCH}^{{tree}}", "-p", BRANCH, "-m", "Mine")
    real = shutil.which("git")
    script = f"""#!/bin/sh
[ "$1" = update-ref ] && {real} update-ref refs/heads/{BRANCH} {mine}
exec {real} "$@"
"""
    write(tmp_path, "bin/git", script).chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(Conflict, match="can't be deleted"):
            await discard(published)
    assert git(source, "rev-parse", BRANCH) == mine


async def test_a_branch_that_is_checked_out_is_not_discarded(
    published: Workspace, source: Path, tmp_path: Path
) -> None:
    git(source, "worktree", "add", "--quiet", str(tmp_path / "linked"), BRANCH)
    with pytest.raises(Conflict, match="checked out at") as raised:
        await discard(published)
    assert os.fspath(tmp_path / "linked") in raised.value.message
    assert git(source, "rev-parse", BRANCH) == head(published)


@pytest.mark.parametrize("command", [("bisect", "start"), ("rebase", "--quiet", "--exec", "false", "main")])
async def test_a_branch_that_is_being_rebased_or_bisected_is_not_discarded(
    published: Workspace, source: Path, command: tuple[str, ...]
) -> None:
    git(source, "switch", "--quiet", BRANCH)
    git(source, *command, check=False)
    git(source, "checkout", "--quiet", "--detach")
    with pytest.raises(Conflict, match="checked out at"):
        await discard(published)
    assert git(source, "rev-parse", BRANCH) == head(published)
