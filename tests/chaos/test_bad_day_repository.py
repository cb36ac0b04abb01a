"""What a user does to the repository meanwhile, and what a killed git leaves in it."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.workspace import locks
from chaos.badday import PLAN, WAIT, bad_world, check_done, go_on, until, waiting_run
from chaos.killing import shell
from cli.processes import call
from fixtures.world import World, approves, builds, git, small_world, write_file

TWO = {
    **PLAN,
    "tiers": [
        {
            "name": "Only",
            "phases": [
                {**PLAN["tiers"][0]["phases"][0], "id": name, "name": f"Phase {name}"}
                for name in ("one", "two")
            ],
        }
    ],
}


def delete(world: World, branch: str) -> None:
    git(world.repository, "branch", "-D", branch)


def rename(world: World, branch: str) -> None:
    git(world.repository, "branch", "-m", branch, "mine")


def check_out(world: World, branch: str) -> None:
    git(world.repository, "checkout", "--quiet", branch)


def amend(world: World, branch: str) -> None:
    check_out(world, branch)
    git(world.repository, "commit", "--quiet", "--amend", "--message=Mine now")
    git(world.repository, "checkout", "--quiet", "main")


def rebase(world: World, branch: str) -> None:
    (world.repository / "main.txt").write_text("Mine.\n")
    git(world.repository, "add", "--all")
    git(world.repository, "commit", "--quiet", "--message=On main")
    git(world.repository, "rebase", "--quiet", "main", branch)
    git(world.repository, "checkout", "--quiet", "main")


def leave(world: World, branch: str) -> None:
    git(world.repository, "checkout", "--quiet", "main")


def out_of_the_way(world: World, branch: str) -> None:
    git(world.repository, "branch", "-m", branch, "mine")


Act = Callable[[World, str], None]


@pytest.mark.parametrize(
    ("act", "state", "why", "mend"),
    [
        pytest.param(delete, "succeeded", "completed", None, id="deletes the branch"),
        pytest.param(rename, "succeeded", "completed", None, id="renames the branch"),
        pytest.param(check_out, "paused", "branch_checked_out", leave, id="checks the branch out"),
        pytest.param(amend, "failed", "branch_moved", out_of_the_way, id="amends a commit"),
        pytest.param(rebase, "failed", "branch_moved", out_of_the_way, id="rebases the branch"),
    ],
)
async def test_the_user_meanwhile(
    tmp_path: Path, settings: Settings, act: Act, state: str, why: str, mend: Act | None
) -> None:
    course = (
        builds(1, write_file("one.txt", "one\n")),
        approves(),
        builds(1, shell(WAIT), write_file("two.txt", "2\n"), phase="two"),
        approves("two"),
    )
    async with small_world(tmp_path, settings, *course, plan=TWO, files={"README.md": "# small\n"}) as world:
        run_id = await world.create()
        branch = f"autopack/{run_id}"
        driving = asyncio.create_task(world.drive(run_id))
        await until(lambda: bool(git(world.repository, "branch", "--list", branch)))
        act(world, branch)
        go_on(world, run_id)
        await driving
        run = await world.read(run_id)
        assert (run.state, run.waits_for or run.end_reason) == (state, why), run.end_detail
        if mend is not None:
            mend(world, branch)
            await world.drive(run_id)
        assert (await world.read(run_id)).state == "succeeded"
        log = git(world.repository, "log", "--reverse", "--format=%s", branch).splitlines()
        assert log == ["First commit", "Phase one", "Phase two"]


async def test_lock_files_of_a_killed_git_are_in_nobodys_way(tmp_path: Path, settings: Settings) -> None:
    async with bad_world(tmp_path, settings) as world:
        driving = asyncio.create_task(world.drive(await world.create()))
        run_id = await waiting_run(world)
        ours = settings.workspaces / run_id / "repo.git"
        left = [ours / name for name in ("packed-refs.lock", "config.lock", "HEAD.lock")]
        left += [ours / "worktrees/build" / name for name in ("index.lock", "nested-index.lock")]
        left += [ours / "worktrees/verify/index.lock", ours / f"refs/heads/autopack/{run_id}.lock"]
        branch_lock = world.repository / f".git/refs/heads/autopack/{run_id}.lock"
        theirs = [
            world.repository / ".git" / name for name in ("index.lock", "HEAD.lock", "packed-refs.lock")
        ]
        for lock in (*left, *theirs, branch_lock):
            lock.parent.mkdir(exist_ok=True)
            lock.touch()
        os.utime(branch_lock, (time.time() - 60, time.time() - 60))
        go_on(world, run_id)
        await driving
        await check_done(world, run_id)
        assert not branch_lock.exists()
        assert [lock for lock in theirs if not lock.exists()] == [], "locks of the user's git stay"


async def test_a_lock_on_the_branch_that_may_be_in_use_stays_and_is_named(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "STALE_SECONDS", 0.2)
    async with bad_world(tmp_path, settings) as world:
        driving = asyncio.create_task(world.drive(await world.create()))
        run_id = await waiting_run(world)
        lock = world.repository / f".git/refs/heads/autopack/{run_id}.lock"
        lock.parent.mkdir(exist_ok=True)
        lock.touch()
        git_there = await asyncio.create_subprocess_exec(
            "git", "hash-object", "--stdin", cwd=world.repository, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        go_on(world, run_id)
        await driving
        run = await world.read(run_id)
        assert (run.state, run.waits_for) == ("paused", "repository_unreachable"), run.end_detail
        assert f"delete {lock}" in run.end_detail
        assert lock.exists()
        await git_there.communicate(b"")
        await world.drive(run_id)
        await check_done(world, run_id)


@pytest.mark.parametrize("how", ["moved", "deleted"])
async def test_a_repository_that_is_gone_pauses_the_run_until_autopack_is_told(
    tmp_path: Path, settings: Settings, how: str
) -> None:
    async with bad_world(tmp_path, settings) as world:
        driving = asyncio.create_task(world.drive(await world.create()))
        run_id = await waiting_run(world)
        here, elsewhere = world.repository, tmp_path / "else where"
        if how == "deleted":
            git(tmp_path, "clone", "--quiet", "--no-local", str(here), str(elsewhere))
            shutil.rmtree(here)
        else:
            here.rename(elsewhere)
        go_on(world, run_id)
        await driving
        run = await world.read(run_id)
        assert (run.state, run.waits_for) == ("paused", "repository_unreachable"), run.end_detail
        assert f"autopack project move {here} NEW" in run.end_detail
        moved = await call(world_at(world, elsewhere), "project", "move", here, elsewhere)
        assert moved.code == 0, moved.err
        assert "runs of it: 1" in moved.out
        await world.drive(run_id)
        assert (await world.read(run_id)).state == "succeeded"
        assert git(elsewhere, "log", "-1", "--format=%s", f"autopack/{run_id}").strip() == "The phase"


async def test_moving_a_project_that_can_not_be_meant_is_refused(tmp_path: Path, settings: Settings) -> None:
    async with bad_world(tmp_path, settings, waits=False) as world:
        run = await world.run()
        assert run.state == "succeeded", run.end_detail
        other = tmp_path / "other"
        shutil.copytree(world.repository, other)
        still = await call(world, "project", "move", world.repository, other)
        unknown = await call(world, "project", "move", tmp_path / "nothing", other)
        shutil.rmtree(other / ".git")
        git(other, "init", "--quiet")
        git(other, "commit", "--quiet", "--allow-empty", "--message=Another")
        gone = tmp_path / "gone"
        world.repository.rename(gone)
        foreign = await call(world_at(world, other), "project", "move", world.repository, other)
    assert (still.code, unknown.code, foreign.code) == (2, 2, 2)
    assert "is still a git repository" in still.err
    assert "No project is registered" in unknown.err
    assert "does not hold" in foreign.err


async def test_a_workspace_that_is_deleted_ends_the_run_with_what_to_do(
    tmp_path: Path, settings: Settings
) -> None:
    async with bad_world(tmp_path, settings) as world:
        driving = asyncio.create_task(world.drive(await world.create()))
        run_id = await waiting_run(world)
        await asyncio.to_thread((settings.workspaces / run_id).rename, tmp_path / "taken")
        (tmp_path / "taken/home/build/go").touch()
        await driving
        run = await world.read(run_id)
        assert (run.state, run.end_reason) == ("failed", "unavailable"), run.end_detail
        assert "gone" in run.end_detail
        shutil.rmtree(settings.workspaces / run_id, ignore_errors=True)
        (tmp_path / "taken").rename(settings.workspaces / run_id)
        await world.drive(run_id)
        await check_done(world, run_id)


def world_at(world: World, folder: Path) -> World:
    """The same world, for commands that are called in another folder."""
    return replace(world, repository=folder)
