from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sample_repository import RUN, WHEN, git, head, open_workspace, write

from autopack.errors import AutopackError, Conflict, Unavailable
from autopack.workspace import Workspace

BRANCH = f"autopack/{RUN}"


async def commit(workspace: Workspace, parent: str, name: str) -> str:
    write(workspace.build, name, f"{name}\n")
    new = await workspace.write_commit(
        tree=await workspace.snapshot(), parent=parent, message=name, when=WHEN
    )
    await workspace.move_branch(parent=parent, new=new)
    return new


async def test_each_commit_arrives_and_publishing_twice_is_fine(workspace: Workspace, source: Path) -> None:
    head = await workspace.create()
    for name in ("one", "two"):
        head = await commit(workspace, head, name)
        await workspace.publish()
        await workspace.publish()
        assert git(source, "rev-parse", BRANCH) == head


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("protocol.allow", "never"),
        ("protocol.file.allow", "never"),
        ("url.https://example.invalid/.insteadOf", "/"),
        ("transfer.fsckObjects", "true"),
        ("fetch.showForcedUpdates", "false"),
        ("core.worktree", "/nonexistent"),
    ],
)
async def test_no_setting_of_the_users_keeps_the_branch_out(
    workspace: Workspace, source: Path, name: str, value: str
) -> None:
    new = await commit(workspace, await workspace.create(), "one")
    git(source, "config", name, value)
    await workspace.publish()
    git(source, "config", "--unset", name)
    assert git(source, "rev-parse", BRANCH) == new


@pytest.mark.parametrize("made", ["=", "a=b c"])
async def test_a_longer_rewriting_and_an_odd_path_are_no_obstacle(
    tmp_path: Path, source: Path, made: str
) -> None:
    (tmp_path / made).mkdir()
    workspace = open_workspace(tmp_path / made, source)
    new = await commit(workspace, await workspace.create(), "one")
    git(source, "config", "url.https://example.invalid/.insteadOf", str(workspace.root))
    await workspace.publish()
    assert git(source, "rev-parse", BRANCH) == new


@pytest.mark.parametrize("packed", [False, True])
async def test_a_branch_in_the_way_of_all_of_ours_is_said_before_anything_is_spent(
    tmp_path: Path, source: Path, packed: bool
) -> None:
    git(source, "branch", "autopack")
    if packed:
        git(source, "pack-refs", "--all")
    workspace = open_workspace(tmp_path, source)
    with pytest.raises(Conflict, match="branch named autopack") as raised:
        await workspace.create()
    assert "git branch -m autopack" in raised.value.hint
    git(source, "branch", "-m", "autopack", "another")
    base = await workspace.create()
    await commit(workspace, base, "one")
    git(source, "branch", "autopack")
    with pytest.raises(Conflict, match="branch named autopack"):
        await workspace.publish()


@pytest.mark.parametrize("where", ["source", "linked"])
async def test_a_branch_that_is_checked_out_is_not_moved(
    workspace: Workspace, source: Path, tmp_path: Path, where: str
) -> None:
    base = await workspace.create()
    await workspace.publish()
    place = source if where == "source" else tmp_path / "linked"
    if where == "source":
        git(source, "checkout", "--quiet", BRANCH)
    else:
        git(source, "worktree", "add", "--quiet", str(place), BRANCH)
    new = await commit(workspace, base, "one")
    with pytest.raises(Conflict, match="checked out at") as raised:
        await workspace.publish()
    assert str(place) in raised.value.message
    assert "Check out another branch" in raised.value.hint
    assert git(source, "rev-parse", BRANCH) == base
    git(place, "checkout", "--quiet", "--detach")
    await workspace.publish()
    assert git(source, "rev-parse", BRANCH) == new


@pytest.mark.parametrize("forced", ["true", "false"])
async def test_commits_of_others_on_the_branch_are_never_lost(
    workspace: Workspace, source: Path, forced: str
) -> None:
    git(source, "config", "fetch.showForcedUpdates", forced)
    base = await workspace.create()
    theirs = git(source, "commit-tree", f"{base}^{{tree}}", "-p", base, "-m", "theirs")
    git(source, "branch", BRANCH, theirs)
    await commit(workspace, base, "one")
    with pytest.raises(Conflict, match="not the run's"):
        await workspace.publish()
    assert git(source, "rev-parse", BRANCH) == theirs


async def test_a_repository_that_is_gone_is_said_and_the_commits_stay(
    workspace: Workspace, source: Path
) -> None:
    new = await commit(workspace, await workspace.create(), "one")
    shutil.rmtree(source)
    with pytest.raises(AutopackError, match="not a git repository"):
        await workspace.publish()
    assert head(workspace) == new


async def test_a_refusal_of_the_file_system_is_said(workspace: Workspace, source: Path) -> None:
    await commit(workspace, await workspace.create(), "one")
    write(source, ".git/refs/heads/autopack", "a file in the way\n")
    with pytest.raises(Unavailable, match="can't be written"):
        await workspace.publish()
