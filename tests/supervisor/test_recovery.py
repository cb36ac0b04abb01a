"""kill -9 of the process that drives a run, then `autopack run --resume`: it goes on where it was."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from autopack.config import Settings
from autopack.feed import queries as feed
from autopack.routing.tables import ReservationRow
from autopack.runs import queries
from autopack.usage.tables import UsageEventRow
from fixtures.world import FILES, World, approves, builds, git, small_world, write_file

AUTOPACK = str(Path(sys.executable).parent / "autopack")
LIMIT_SECONDS = 60
ONCE = "test -e ~/was-here || { touch ~/was-here; sleep 713; }"


def plan(verify: str) -> dict[str, Any]:
    phase = {"description": "Write it.", "category": "core_backend", "complexity": "low"}
    phases = [{"id": name, "name": f"Phase {name}", **phase} for name in ("one", "two")]
    return {
        "schema_version": 1,
        "name": "recovery",
        "verify": [verify],
        "tiers": [{"name": "Only", "phases": phases}],
    }


async def start(world: World, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        AUTOPACK,
        "run",
        *words,
        "--json",
        cwd=world.repository,
        env={**world.environ, "AUTOPACK_HOME": str(world.settings.home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def until(process: asyncio.subprocess.Process, **wanted: Any) -> dict[str, Any]:
    """Read events until one has these fields."""
    if process.stdout is None:
        raise RuntimeError("no output")
    async with asyncio.timeout(LIMIT_SECONDS):
        while line := await process.stdout.readline():
            event: dict[str, Any] = json.loads(line) if line.startswith(b"{") else {}
            if wanted.items() <= event.items():
                return event
    raise AssertionError(f"the run ended without {wanted}")


async def kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.communicate()


async def resume(world: World, run_id: str) -> None:
    process = await start(world, "--resume", run_id)
    async with asyncio.timeout(LIMIT_SECONDS):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def check(world: World, run_id: str, *, unknown: int) -> None:
    """The run ended as an undisturbed one would have, and its books are whole."""
    branch = f"autopack/{run_id}"
    assert git(world.repository, "log", "--format=%s", branch).splitlines() == [
        "Phase two",
        "Phase one",
        "First commit",
    ]
    names = git(world.repository, "ls-tree", "--name-only", branch).split()
    assert names == sorted([*FILES, "one.py", "two.py"])
    async with world.services.database.read() as session:
        run = await queries.run(session, run_id)
        attempts = await queries.attempts(session, run_id)
        events = await feed.after(session, event_id=0, run_id=None, limit=1000)
        statuses = Counter(await session.scalars(select(UsageEventRow.usage_status)))
        open_calls = list(await session.scalars(select(ReservationRow).where(ReservationRow.state == "open")))
    assert (run.state, run.epoch) == ("succeeded", 2)
    assert run.head_commit == git(world.repository, "rev-parse", branch).strip()
    assert [attempt.outcome for attempt in attempts] == ["committed", "committed"]
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert open_calls == []
    served = [entry for entry in world.simulator.entries() if entry.completed]
    assert statuses == Counter({"reported": len(served), **({"unknown": unknown} if unknown else {})})
    answered = Counter((entry.when, entry.step) for entry in served)
    assert set(answered.values()) == {1}, "a response that was stored was bought again"


@pytest.mark.parametrize("moment", ["while a tool runs", "while commands verify", "while the auditor thinks"])
async def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, settings: Settings, moment: str) -> None:
    shell = {"calls": [{"tool": "shell", "args": {"command": ONCE}}]}
    verify = "python -m pytest -q"
    two = [write_file("two.py", "TWO = 2\n")]
    audit = approves("two")
    if moment == "while a tool runs":
        two.append(shell)
    elif moment == "while commands verify":
        verify = f"if test -e two.py; then sleep 3.713; fi; {verify}"
    else:
        audit["steps"][0]["delay_seconds"] = 3.0
    async with small_world(
        tmp_path,
        settings,
        builds(1, write_file("one.py", "ONE = 1\n")),
        approves(),
        builds(1, *two, phase="two"),
        audit,
        plan=plan(verify),
    ) as world:
        process = await start(world, str(world.plan))
        run_id = (await until(process, kind="run_created"))["run_id"]
        state = {"while a tool runs": "building", "while commands verify": "verifying"}
        await until(process, kind="phase_moved", phase_id="two", after=state.get(moment, "auditing"))
        await _in_the_middle(world, moment, run_id)
        await kill(process)
        await resume(world, run_id)
        await check(world, run_id, unknown=int(moment == "while the auditor thinks"))


async def _in_the_middle(world: World, moment: str, run_id: str) -> None:
    """Wait until the thing that is to be killed is under way."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await _under_way(world, moment, run_id):
            await asyncio.sleep(0.02)


async def _under_way(world: World, moment: str, run_id: str) -> bool:
    if moment == "while the auditor thinks":
        async with world.services.database.read() as session:
            calls = await session.scalars(
                select(ReservationRow).where(ReservationRow.run_id == run_id, ReservationRow.state == "open")
            )
            return any(call.role == "auditor" for call in calls)
    return any(line.startswith(("sleep 713", "sleep 3.713")) for line in _command_lines())


def _command_lines() -> list[str]:
    lines: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return lines


async def test_a_second_process_is_refused_while_the_first_one_lives(
    tmp_path: Path, settings: Settings
) -> None:
    shell = {"calls": [{"tool": "shell", "args": {"command": "sleep 714"}}]}
    async with small_world(tmp_path, settings, builds(1, shell), approves()) as world:
        process = await start(world, str(world.plan))
        run_id = (await until(process, kind="run_created"))["run_id"]
        await until(process, kind="phase_moved", after="building")
        for words in ((str(world.plan),), ("--resume", run_id)):
            second = await start(world, *words)
            output, _ = await second.communicate()
            assert second.returncode == 2, output.decode()
            assert b"process" in output
            assert b"Traceback" not in output
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(LIMIT_SECONDS):
            await process.communicate()
        assert process.returncode == 130
        assert (await world.read(run_id)).state == "cancelled"
        assert not any("sleep 714" in line for line in _command_lines())
