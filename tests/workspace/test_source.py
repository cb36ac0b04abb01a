from __future__ import annotations

from pathlib import Path

import pytest
from sample_repository import everything, git

from autopack.errors import InvalidInput
from autopack.workspace.source import inspect


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
