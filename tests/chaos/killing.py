"""A small but whole run that is killed, gone on with, and held against one that nobody disturbed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from autopack.config import Settings
from autopack.feed import queries as feed
from autopack.routing.tables import ReservationRow
from autopack.runs import queries
from autopack.runs.tables import RunRow
from autopack.usage.tables import UsageEventRow, UsageHourRow
from autopack.workspace.layout import Layout
from fixtures.world import World, builds, git, small_world, write_file

LIMIT_SECONDS = 90
STALLS = {"stall": 0.5}


@dataclass(frozen=True, kw_only=True)
class Trap:
    """Where the process dies: at the n-th call of a function."""

    point: str
    when: str = "after"
    """`before`, `after`, or `during`: so many seconds into it. `stopped before`: it stands still there."""
    nth: int = 1
    seconds: float = 0.0

    def __str__(self) -> str:
        nth = f" {self.nth}" if self.nth > 1 else ""
        return f"{self.when} {self.point.rpartition(':')[2]}{nth}"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command line ended."""

    code: int
    killed: bool


class Zygote:
    """Forks command lines of the product; see zygote.py. One process to fork from, for a module's tests.

    It measures no coverage, which would double its time.
    """

    def __init__(self) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        script = Path(__file__).parent / "zygote.py"
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ
        )
        self.output = ""
        """What the last command line printed."""
        assert self._answer() == {"ready": True}

    async def call(
        self, world: World, *argv: str, trap: Trap | None = None, kill_after_seconds: float | None = None
    ) -> Ended:
        """Run one command line to its end, or to the moment it is killed."""
        output = world.folder / "output.txt"
        output.unlink(missing_ok=True)
        order = {
            "argv": argv,
            "env": world.process_environ,
            "cwd": str(world.repository),
            "output": str(output),
            "trap": None if trap is None else asdict(trap),
            "kill_after_seconds": kill_after_seconds,
        }
        async with asyncio.timeout(LIMIT_SECONDS):
            answer = await asyncio.to_thread(self._ask, json.dumps(order))
        self.output = output.read_text(errors="replace") if output.exists() else ""
        return Ended(**answer)

    def _ask(self, order: str) -> dict[str, Any]:
        if self._process.stdin is None:
            raise RuntimeError("no pipe")
        self._process.stdin.write(order.encode() + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise RuntimeError("no pipe")
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


PLAN: dict[str, Any] = {
    "schema_version": 1,
    "name": "chaos",
    "setup": ["touch .setup-was-here"],
    "verify": ["sleep 0.05; test ! -e broken.txt"],
    "tiers": [
        {
            "name": "Only",
            "phases": [
                {
                    "id": name,
                    "name": f"Phase {name}",
                    "description": "Write it.",
                    "category": "core_backend",
                    "complexity": "low",
                    "attempts": 3,
                }
                for name in ("one", "two")
            ],
        }
    ],
}
FILES = {"README.md": "# small\n", ".gitignore": ".setup-was-here\n"}
WRITTEN = {"one.txt": "one\n", "two.txt": "right\n", "log.txt": "line\nmore\n"}
"""`log.txt` is appended to by the Builder's shell: a tool that ran twice on one tree would show."""


def shell(command: str) -> dict[str, Any]:
    return {"calls": [{"tool": "shell", "args": {"command": command}}]}


def verdict(attempt: int, decision: str, *, phase: str) -> dict[str, Any]:
    issue = {"severity": "major", "file": "two.txt", "line": 1, "text": "Wrong."}
    answer = {
        "decision": decision,
        "summary": decision,
        "issues": [issue] if decision == "reject" else [],
    }
    when = ["Role: auditor", f"Phase: {phase}", f"Attempt: {attempt}"]
    return {"when": when, "steps": [{"answer": answer}]}


def course(*, stalls: bool) -> list[dict[str, Any]]:
    """Two phases; the first fails verification once, the second is rejected once."""
    first = write_file("one.txt", "one\n")
    if stalls:
        first = {**first, "faults": [STALLS]}
    return [
        builds(1, first, write_file("broken.txt", "oops\n"), phase="one"),
        builds(2, shell("sleep 0.05; rm broken.txt; echo line >> log.txt"), phase="one"),
        builds(1, write_file("two.txt", "wrong\n"), phase="two"),
        builds(2, write_file("two.txt", "right\n"), shell("echo more >> log.txt"), phase="two"),
        verdict(2, "approve", phase="one"),
        verdict(1, "reject", phase="two"),
        verdict(2, "approve", phase="two"),
    ]


@asynccontextmanager
async def chaos_world(folder: Path, settings: Settings, *, stalls: bool = False) -> AsyncGenerator[World]:
    """A world whose run takes about two seconds and passes through every kind of step."""
    folder.mkdir(exist_ok=True)
    async with small_world(folder, settings, *course(stalls=stalls), plan=PLAN, files=FILES) as world:
        yield world


async def runs_of(world: World) -> list[str]:
    """Ids of the runs there are."""
    async with world.services.database.read() as session:
        return list(await session.scalars(select(RunRow.id)))


async def finish(zygote: Zygote, world: World) -> str:
    """Start the run where the kill came before it was there, else go on with it; its id."""
    runs = await runs_of(world)
    states = [(await world.read(run_id)).state for run_id in runs]
    if states != ["succeeded"]:
        words = ("resume", runs[0]) if runs else ("run", str(world.plan))
        ended = await zygote.call(world, *words)
        assert ended.code == 0, zygote.output
    (run_id,) = await runs_of(world)
    return run_id


async def check(world: World, run_id: str, *, kills: int) -> None:
    """The run ended as an undisturbed one does, and its books are whole."""
    await _check_commits(world, run_id)
    await _check_records(world, run_id)
    await check_books(world, kills=kills)
    assert not list(world.settings.transcripts.rglob("*/*")), "conversations of ended attempts are filed"
    await _check_processes(world)


async def _check_processes(world: World) -> None:
    end = asyncio.get_running_loop().time() + 10
    while (left := processes_of(world)) and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.05)  # a guard takes a moment to be sure that it has killed all
    assert not left


async def _check_commits(world: World, run_id: str) -> None:
    run = await world.read(run_id)
    assert run.state == "succeeded", run.end_detail
    branch = f"autopack/{run_id}"
    subjects = git(world.repository, "log", "--reverse", "--format=%s", branch).splitlines()
    assert subjects == ["First commit", "Phase one", "Phase two"]
    assert contents(world.repository, f"{branch}~1") == {**FILES, "one.txt": "one\n", "log.txt": "line\n"}
    assert contents(world.repository, branch) == {**FILES, **WRITTEN}
    head = git(world.repository, "rev-parse", branch).strip()
    ours = Layout(world.settings.workspaces / run_id, run_id)
    assert (run.head_commit, git(ours.git_dir, "rev-parse", branch).strip()) == (head, head)


def contents(repository: Path, commit: str) -> dict[str, str]:
    """Every file of a commit."""
    names = git(repository, "ls-tree", "-r", "--name-only", commit).splitlines()
    return {name: git(repository, "show", f"{commit}:{name}") for name in names}


async def _check_records(world: World, run_id: str) -> None:
    async with world.services.database.read() as session:
        phases = await queries.phases(session, run_id)
        attempts = await queries.attempts(session, run_id)
        events = await feed.after(session, event_id=0, run_id=None, limit=10_000)
    assert [phase.state for phase in phases] == ["completed", "completed"]
    assert [attempt.outcome for attempt in attempts] == [
        "verification_failed",
        "committed",
        "rejected",
        "committed",
    ]
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    kinds = Counter(event.body.kind for event in events)
    assert (kinds["phase_committed"], kinds["attempt_failed"]) == (2, 2)


async def check_books(world: World, *, kills: int) -> None:
    async with world.services.database.read() as session:
        rows = list(await session.scalars(select(UsageEventRow)))
        calls = list(await session.scalars(select(ReservationRow)))
        hours = (
            await session.execute(
                select(
                    func.coalesce(func.sum(UsageHourRow.calls), 0),
                    func.coalesce(func.sum(UsageHourRow.prompt_tokens), 0),
                    func.coalesce(func.sum(UsageHourRow.unknown_calls), 0),
                )
            )
        ).one()
    assert [call.call_id for call in calls if call.state == "open"] == []
    reported = [row for row in rows if row.usage_status == "reported"]
    unknown = [row for row in rows if row.usage_status == "unknown"]
    assert len({row.call_id for row in rows}) == len(rows)
    assert {row.call_id for row in rows} == {call.call_id for call in calls if call.state != "released"}
    assert tuple(hours) == (len(rows), sum(row.prompt_tokens for row in reported), len(unknown))
    served = Counter((entry.when, entry.step) for entry in world.simulator.entries() if entry.status == 200)
    assert len(served) == len(reported), "each response that was stored is one row"
    again = sum(served.values()) - len(served)
    assert again <= len(unknown) <= kills, (again, len(unknown), kills)
    stored = {row.response_id for row in reported}
    answers = {entry.response_id for entry in world.simulator.entries() if entry.completed}
    assert stored <= answers


def processes_of(world: World) -> list[str]:
    """Command lines of living processes that have to do with this world."""
    marks = (str(world.folder).encode(), str(world.settings.home).encode())
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*"):
        if path.name == str(os.getpid()):
            continue
        try:
            state = (path / "stat").read_bytes().rpartition(b")")[2].split()[0]
            line = (path / "cmdline").read_bytes()
            environ = (path / "environ").read_bytes()
        except OSError:
            continue
        if state != b"Z" and any(mark in line or mark in environ for mark in marks):
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found
