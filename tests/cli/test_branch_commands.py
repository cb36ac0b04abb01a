"""`merge` and `discard`: what they refuse, what they leave, and what is said of the run afterwards."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from autopack.cli.summary import next_steps
from autopack.config import Settings
from autopack.db import Database
from autopack.runs.states import EndReason, RunState
from autopack.views.integration import integration
from autopack.views.status import run_status
from cli.calling import Autopack
from cli.processes import call
from fixtures.world import World, approves, builds, git, small_world, write_file
from views.recorded import end_run, record_run

GOOD = write_file("one.py", "ONE = 1\n")


def commit_on_the_branch(world: World, branch: str) -> str:
    """A commit of the user's on a run's branch."""
    new = git(world.repository, "commit-tree", f"{branch}^{{tree}}", "-p", branch, "-m", "Mine").strip()
    git(world.repository, "update-ref", f"refs/heads/{branch}", new)
    return new


async def test_a_discarded_run_is_said_to_be_one_everywhere_and_can_be_brought_back(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run = await world.run()
        branch = f"autopack/{run.id}"
        gone = await call(world, "discard", run.id, "--yes")
        assert f"Deleted branch {branch} (1 commit), was {(run.head_commit or '')[:12]}." in gone.out
        assert "succeeded, discarded" in (await call(world, "runs")).out
        told = (await call(world, "status")).out
        assert f"{branch} (deleted)" in told
        assert "discarded   2" in told
        shown = " ".join((await call(world, "show", run.id)).out.split())
        assert f"branch {branch} in {world.repository}, discarded 2" in shown
        assert json.loads((await call(world, "status", "--json")).out)["discarded_at"]
        assert "discarded, its branch was at" in (await call(world, "logs", run.id)).out.splitlines()[-1]

        refused = await call(world, "resume", run.id)
        assert (refused.code, "was discarded" in refused.err, "autopack run " in refused.err) == (
            2,
            True,
            True,
        )
        refused = await call(world, "merge", run.id)
        (back,) = [
            line.partition(": ")[2] for line in gone.out.splitlines() if line.startswith("To bring it")
        ]
        assert (refused.code, back in refused.err) == (2, True)
        git(world.repository, *back.split()[1:])
        assert (await call(world, "merge", run.id)).code == 0
        assert "succeeded, merged" in (await call(world, "runs")).out


async def test_a_merged_run_is_said_to_be_one(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run = await world.run()
        for said in ("Merged", "already merged"):
            assert said in (await call(world, "merge", run.id)).out
        assert "succeeded, merged" in (await call(world, "runs")).out
        assert "merged      2" in (await call(world, "status")).out
        assert ", merged 2" in " ".join((await call(world, "show", run.id)).out.split())
        logged = [line.partition("] ")[2] for line in (await call(world, "logs", run.id)).out.splitlines()]
        assert logged[-2:] == ["succeeded", f"merged into main, up to {(run.head_commit or '')[:12]}"]
        refused = await call(world, "resume", run.id)
        assert "merged already" in refused.err


async def test_commits_of_the_users_are_neither_merged_nor_deleted(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run = await world.run()
        branch = f"autopack/{run.id}"
        mine = commit_on_the_branch(world, branch)
        refused = await call(world, "discard", run.id, "--yes")
        assert (refused.code, "holds 1 commit that is not the run's" in refused.err) == (2, True)
        assert f"git branch -m {branch}" in refused.err
        assert git(world.repository, "rev-parse", branch).strip() == mine
        assert (settings.workspaces / run.id).is_dir()
        merged = await call(world, "merge", run.id)
        assert "holds 1 commit that is not the run's; it was left out" in merged.err
        assert git(world.repository, "rev-parse", "main").strip() == run.head_commit
        assert "discarded" not in (await call(world, "runs")).out


async def test_an_ignored_file_in_the_way_of_a_merge_is_named_and_kept(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = (await world.run()).id
        (world.repository / ".git" / "info" / "exclude").write_text("one.py\n")
        (world.repository / "one.py").write_text("MINE = 1\n")
        refused = await call(world, "merge", run_id)
        assert (refused.code, "1 untracked file" in refused.err, "one.py" in refused.err) == (2, True, True)
        assert (world.repository / "one.py").read_text() == "MINE = 1\n"
        assert "merged" not in (await call(world, "runs")).out


async def test_a_run_that_is_refused_a_discard_is_not_cancelled(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        git(world.repository, "branch", f"autopack/{run_id}")
        commit_on_the_branch(world, f"autopack/{run_id}")
        refused = await call(world, "discard", run_id, "--yes")
        assert (refused.code, "not the run's" in refused.err) == (2, True)
        assert (await world.read(run_id)).state == "queued"


def test_a_failed_run_that_was_discarded_needs_nobody(
    autopack: Autopack, settings: Settings, tmp_path: Path
) -> None:
    run_id = asyncio.run(record_run(settings, repository=tmp_path))
    ending = end_run(
        settings, run_id, state=RunState.FAILED, reason=EndReason.BRANCH_MOVED, detail="It moved."
    )
    asyncio.run(ending)
    assert autopack("status", "--json").said["needs_you"] is True
    assert "no branch to delete" in autopack("discard", run_id, "--yes").out
    assert autopack("status", "--json").said["needs_you"] is False
    autopack("resume", run_id).failed(2, "was discarded")


def test_a_run_that_committed_nothing_is_nothing_to_merge(
    autopack: Autopack, settings: Settings, tmp_path: Path
) -> None:
    async def queued() -> str:
        async with small_world(tmp_path, settings, approves()) as world:
            return await world.create()

    autopack("merge", asyncio.run(queued())).failed(2, "committed nothing", "autopack show")


async def test_what_is_suggested_next_fits_what_became_of_the_work(
    tmp_path: Path, settings: Settings, database: Database
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        status, work = await run_status(session, run_id), await integration(session, run_id)
    done = status.model_copy(update={"state": RunState.SUCCEEDED})
    merged = done.model_copy(update={"merged_at": done.created_at})
    discarded = merged.model_copy(update={"discarded_at": done.created_at})
    suggested = [[step[0].split()[1] for step in next_steps(one, work)] for one in (done, merged, discarded)]
    assert suggested == [["show", "diff", "merge", "discard"], ["show", "diff", "discard"], ["show"]]
