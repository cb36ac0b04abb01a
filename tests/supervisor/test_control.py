"""Going on after a stop: cancelled, parked, unreachable, or left by a process that is gone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from autopack.config import Settings
from autopack.errors import Conflict, Fenced, InvalidInput, NotFound
from autopack.feed import queries as feed
from autopack.runs import queries, service
from autopack.runs.states import EndReason, Intent, Waiting
from autopack.runs.tables import RunRow
from autopack.supervisor import control
from autopack.supervisor.hold import take_hold
from autopack.supervisor.launch import create_run
from autopack.supervisor.lifecycle import Lifecycle
from autopack.supervisor.tables import WorkerRow
from autopack.usage.tables import UsageEventRow
from fixtures.world import World, approves, builds, git, small_world, write_file

GOOD = write_file("one.py", "ONE = 1\n")
WAITS_ONCE = {
    "calls": [{"tool": "shell", "args": {"command": "test -e ~/waited || { touch ~/waited; sleep 612; }"}}]
}
LIMIT_SECONDS = 30


async def waits(world: World) -> None:
    """Wait until the Builder's shell does; that it was announced is not enough."""
    workspaces = world.settings.workspaces
    async with asyncio.timeout(LIMIT_SECONDS):
        while not any((run / "home" / "build" / "waited").exists() for run in workspaces.glob("*")):
            await asyncio.sleep(0.02)


def processes_with(words: str) -> list[str]:
    """Command lines of live processes that hold these words."""
    lines: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if words in line:
            lines.append(line)
    return lines


async def test_a_cancel_interrupts_what_runs_and_the_run_can_go_on(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD, WAITS_ONCE), approves()) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await waits(world)
        assert await control.cancel(world.services.database, run_id, by="a test")
        await asyncio.wait_for(driving, LIMIT_SECONDS)

        run = await world.read(run_id)
        assert (run.state, run.end_reason) == ("cancelled", EndReason.CANCELLED)
        assert "a test" in run.end_detail
        assert processes_with("sleep 612") == []
        assert not (await control.cancel(world.services.database, run_id, by="again")).changed

        asked_before = len(world.simulator.entries())
        await world.drive(run_id)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        asked_after = len(world.simulator.entries()) - asked_before
        assert (asked_before, asked_after) == (2, 2)
        async with world.services.database.read() as session:
            (attempt,) = await queries.attempts(session, run_id)
            statuses = list(await session.scalars(select(UsageEventRow.usage_status)))
        assert (attempt.number, attempt.outcome) == (1, "committed")
        assert statuses == ["reported"] * 4


async def test_a_branch_that_is_checked_out_parks_the_run_until_it_is_free(
    tmp_path: Path, settings: Settings
) -> None:
    two = write_file("two.py", "")
    async with small_world(
        tmp_path,
        settings,
        builds(1, GOOD),
        approves(),
        builds(1, two, phase="two"),
        approves("two"),
        plan=_two_phases(),
    ) as world:
        run_id = await world.create()
        branch = f"autopack/{run_id}"
        git(world.repository, "switch", "--quiet", "--create", branch)
        await world.drive(run_id)
        run = await world.read(run_id)
        assert (run.state, run.waits_for) == ("paused", Waiting.BRANCH_CHECKED_OUT)
        assert branch in run.end_detail
        git(world.repository, "switch", "--quiet", "main")
        await world.drive(run_id)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        assert git(world.repository, "log", "--format=%s", branch).splitlines() == [
            "Two",
            "The first phase",
            "First commit",
        ]


def _two_phases() -> dict[str, object]:
    phase = {"description": "Write it.", "category": "core_backend", "complexity": "low", "attempts": 1}
    return {
        "schema_version": 1,
        "name": "two",
        "verify": "none",
        "tiers": [
            {
                "name": "Only",
                "phases": [
                    {"id": "one", "name": "The first phase", **phase},
                    {"id": "two", "name": "Two", **phase},
                ],
            }
        ],
    }


async def test_a_branch_that_someone_moved_is_never_forced(tmp_path: Path, settings: Settings) -> None:
    async with small_world(
        tmp_path,
        settings,
        builds(1, GOOD),
        approves(),
        builds(1, write_file("two.py", ""), WAITS_ONCE, phase="two"),
        approves("two"),
        plan=_two_phases(),
    ) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await waits(world)
        await control.cancel(world.services.database, run_id, by="a test")
        await driving
        branch = f"autopack/{run_id}"
        tree = git(world.repository, "rev-parse", f"{branch}^{{tree}}").strip()
        moved = git(world.repository, "commit-tree", tree, "-p", branch, "-m", "Mine").strip()
        git(world.repository, "update-ref", f"refs/heads/{branch}", moved)
        await world.drive(run_id)
        run = await world.read(run_id)
        assert (run.state, run.end_reason) == ("failed", EndReason.BRANCH_MOVED), run.end_detail
        assert git(world.repository, "rev-parse", branch).strip() == moved

        git(world.repository, "branch", "--move", branch, "mine")
        await world.drive(run_id)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        assert git(world.repository, "log", "--format=%s", branch).splitlines() == [
            "Two",
            "The first phase",
            "First commit",
        ]


async def test_a_second_run_of_a_plan_is_refused_while_the_first_has_not_ended(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        first = await world.create()
        with pytest.raises(Conflict, match=f"{first}.* is queued") as refused:
            await world.create()
        assert "autopack resume" in refused.value.hint

        await control.take(world.services.database, first, owner=world.services.owner)
        with pytest.raises(Conflict, match="driven by another process"):
            await world.create()
        with pytest.raises(Conflict, match="live process"):
            await control.take(world.services.database, first, owner="another")


async def _dies(world: World) -> None:
    """Whoever drives runs here is another process from now on, as after kill -9."""
    async with world.services.database.write() as session:
        await session.execute(update(WorkerRow).values(pid_started="long ago"))


async def test_a_run_whose_owner_is_gone_can_be_taken(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        first = await control.take(world.services.database, run_id, owner="gone")
        await _dies(world)
        assert await control.take(world.services.database, run_id, owner="me") == first + 1


async def test_an_owner_that_was_overtaken_is_fenced_off(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        old = await control.take(world.services.database, run_id, owner="gone")
        stale = Lifecycle(await take_hold(world.services, run_id, old))
        await _dies(world)
        await control.take(world.services.database, run_id, owner="me")
        with pytest.raises(Fenced):
            await stale.look()
        with pytest.raises(Fenced):
            await stale.start()
        assert (await world.read(run_id)).state == "queued"


async def test_what_has_succeeded_or_has_no_attempt_left_is_not_gone_on_with(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1), builds(2), approves()) as world:
        run = await world.run()
        assert run.state == "failed"
        with pytest.raises(Conflict, match="phase one has no attempt left"):
            await control.take(world.services.database, run.id, owner="me")
        with pytest.raises(NotFound):
            await control.take(world.services.database, "run_nobody", owner="me")


async def test_a_missing_key_is_named_before_anything_starts(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        environ = {name: value for name, value in world.environ.items() if name != "ANTHROPIC_API_KEY"}
        services = replace(world.services, environ=environ)
        with pytest.raises(InvalidInput, match=r"ANTHROPIC_API_KEY \(for claude"):
            await create_run(
                services,
                plan_path=world.plan,
                repository=world.repository,
                unsandboxed=False,
                accept_red_baseline=False,
            )
        async with world.services.database.read() as session:
            assert list(await session.scalars(select(RunRow))) == []


async def test_asking_twice_is_asking_once(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        await control.take(world.services.database, run_id, owner=world.services.owner)
        asked = [await control.cancel(world.services.database, run_id, by=by) for by in ("one", "two")]
        assert [(one.state, one.changed) for one in asked] == [("cancelling", True), ("cancelling", False)]
        async with world.services.database.read() as session:
            events = await feed.after(session, event_id=0, run_id=run_id, limit=10)
            assert (await queries.owned(session, run_id)).intent is Intent.CANCEL
        assert [event.body.kind for event in events] == ["run_created", "run_claimed", "cancel_asked"]


async def test_a_process_of_another_host_counts_as_alive_only_while_it_says_so(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        await control.take(world.services.database, run_id, owner="elsewhere")
        async with world.services.database.write() as session:
            await session.execute(update(WorkerRow).values(host="another-host"))
        with pytest.raises(Conflict, match="live process"):
            await control.take(world.services.database, run_id, owner="me")
        async with world.services.database.write() as session:
            await session.execute(update(WorkerRow).values(seen_at=datetime.now(UTC) - timedelta(minutes=5)))
        assert await control.take(world.services.database, run_id, owner="me") == 2


async def test_what_a_run_does_after_it_was_merged_is_not_merged_yet(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        async with world.services.database.write() as session:
            await service.record_merge(session, run_id, commit="c" * 40, into="main")
        assert (await world.read(run_id)).merged_at is not None
        await control.take(world.services.database, run_id, owner=world.services.owner)
        assert (await world.read(run_id)).merged_at is None


async def test_a_conversation_that_an_older_autopack_kept_is_gone_on_with(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD, WAITS_ONCE), approves()) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await waits(world)
        await control.cancel(world.services.database, run_id, by="a test")
        await driving
        (conversation,) = world.services.transcripts.every().values()
        there = settings.artifacts / conversation.parent.name
        there.mkdir(parents=True, exist_ok=True)
        conversation.rename(there / conversation.name)
        asked = len(world.simulator.entries())
        await world.drive(run_id)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        assert len(world.simulator.entries()) == asked + 2, "the Builder's end and the audit; nothing again"
