"""What the page asks of large runs: the outline of one of 2,000 phases, one of its phases, and the list.

One home in this process: a run of 2,000 phases, every second of them with two attempts, its events, calls
and verdicts written straight into the tables, and 99 copies of it. Each answer is measured from the open
session to its bytes. Bar: 95 % of the outlines within 150 ms. Prints one JSON line; exits 1 where it is not
met. `--quick` has 10 runs.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autopack.config import Settings
from autopack.db import Database, prepare_database
from autopack.feed.schemas import EventBody, ModelsChosen, PhaseMoved, RunClaimed, RunMoved, VerdictGiven
from autopack.plan import Plan
from autopack.projects import queries as projects
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.router import ModelRouter
from autopack.runs import queries, service
from autopack.views.outline import run_outline
from autopack.views.status import run_list
from autopack.views.timeline import phase_timeline

PHASES = 2_000
TIERS = 20
RUNS = 100
QUICK = 10
TIMES = 40
BAR_MS = 150.0
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = ("pending", "building", "verifying", "auditing", "committing", "completed")
COPIED = ("phases", "attempts", "llm_usage_events")


def plan() -> Plan:
    """Phases of three categories in some tiers."""
    tiers = [
        {
            "name": f"Tier {tier}",
            "phases": [
                {
                    "id": f"phase-{tier}-{phase}",
                    "name": f"The phase {phase} of {tier}",
                    "description": "What to build, in as many words as it takes. " * 4,
                    "category": ("core_backend", "tests", "docs")[phase % 3],
                    "complexity": ("low", "medium", "high")[phase % 3],
                }
                for phase in range(PHASES // TIERS)
            ],
        }
        for tier in range(TIERS)
    ]
    return Plan.model_validate({"schema_version": 1, "name": "large", "verify": ["true"], "tiers": tiers})


class Filling:
    """Rows of one run, made in the order in which they happen."""

    def __init__(self, run_id: str, policy: Policy) -> None:
        self.run_id = run_id
        self.events: list[tuple[object, ...]] = []
        self.attempts: list[tuple[object, ...]] = []
        self.calls: list[tuple[object, ...]] = []
        self._router = ModelRouter(policy)
        self._now = BEGAN
        self._chosen: dict[tuple[str, str], tuple[str, str, str, str]] = {}

    def run(self, phases: list[tuple[str, str, str]]) -> None:
        """Everything from the claim on."""
        self._tell(RunClaimed(epoch=1, owner="benchmark"))
        self._tell(RunMoved(before="queued", after="in_progress"))
        for index, (phase_id, category, complexity) in enumerate(phases, start=1):
            self._phase(index, phase_id, category, complexity)
            if index % 500 == 0:
                self._tell(RunMoved(before="in_progress", after="paused", reason="asked"))
                self._tell(RunMoved(before="paused", after="queued"))
                self._tell(RunClaimed(epoch=index, owner="benchmark"))
                self._tell(RunMoved(before="queued", after="in_progress"))

    def _phase(self, index: int, phase_id: str, category: str, complexity: str) -> None:
        before, last = "pending", index % 2 + 1
        for number in range(1, last + 1):
            began = self._time()
            for state in STAGES[1:] if number == last else STAGES[1:3]:
                body = PhaseMoved(
                    phase_id=phase_id, phase_index=index, attempt=number, before=before, after=state
                )
                self._tell(body)
                before = state
                if state == "building":
                    builder, auditor, *decisions = self._decided(category, complexity)
                    body = ModelsChosen(
                        phase_id=phase_id,
                        attempt=number,
                        complexity=complexity,
                        builder=builder,
                        builder_reason="complexity",
                        auditor=auditor,
                        auditor_reason="complexity",
                        same_family=False,
                        simulated=False,
                    )
                    self._tell(body)
                    self._call(phase_id, number, "builder", builder)
            builder, auditor, *decisions = self._decided(category, complexity)
            outcome, verdict = "verification_failed", None
            if number == last:
                outcome = "committed"
                issue = {"severity": "minor", "file": "a.py", "line": 3, "text": "Short names."}
                verdict = json.dumps({"decision": "approve", "summary": "Sound. " * 9, "issues": [issue]})
                self._call(phase_id, number, "auditor", auditor)
                self._tell(
                    VerdictGiven(
                        phase_id=phase_id,
                        attempt=number,
                        decision="approve",
                        summary="Sound. " * 9,
                        major=0,
                        minor=1,
                    )
                )
            row = (self.run_id, index, number, outcome, complexity, "b" * 40, "b" * 40, *decisions, verdict)
            self.attempts.append((*row, "Wrote it. " * 20, "", "", began, self._time()))

    def _decided(self, category: str, complexity: str) -> tuple[str, str, str, str]:
        if (category, complexity) not in self._chosen:
            chosen = self._router.decide_attempt(category=category, complexity=complexity)
            told = (chosen.builder.model_dump_json(), chosen.auditor.model_dump_json())
            names = (chosen.builder.model.name, chosen.auditor.model.name)
            self._chosen[category, complexity] = (*names, *told)
        return self._chosen[category, complexity]

    def _call(self, phase_id: str, number: int, role: str, model: str) -> None:
        key = f"{self.run_id}-{len(self.calls)}"
        row = ("openai", model, self.run_id, phase_id, role, 9000, 900, self._time(), key, "openai", number)
        self.calls.append((*row, 4000, 0, 100, 12_500_000, "reported", 0))

    def _tell(self, body: EventBody) -> None:
        self._now += timedelta(seconds=7)
        event = (self.run_id, body.kind, 1, body.model_dump_json(), self._time())
        self.events.append(event)

    def _time(self) -> str:
        return f"{self._now:%Y-%m-%d %H:%M:%S.%f}"


async def first_run(settings: Settings, repository: Path) -> Filling:
    """A run of the plan, created as runs are."""
    policy = parse_policy(default_policy_text(), source="models.yaml")
    database = Database(settings.database_url)
    async with database.write() as session:
        project, _ = await projects.register(session, repository)
        new = service.NewRun(
            project_id=project.id,
            project_name=project.name,
            plan_path="plan.yaml",
            plan=plan(),
            policy=policy.model_dump(mode="json"),
            confinement="bubblewrap",
            accept_red_baseline=False,
        )
        run_id = await service.create(session, new)
    filling = Filling(run_id, policy)
    async with database.read() as session:
        rows = await queries.phases(session, run_id)
    filling.run([(row.phase_id, row.category, row.complexity) for row in rows])
    await database.close()
    return filling


def fill(settings: Settings, filling: Filling, runs: int) -> None:
    """Write the run's rows, and its copies."""
    with closing(sqlite3.connect(settings.home / "autopack.db")) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executemany(
            "INSERT INTO attempts (run_id, phase_index, number, outcome, complexity, base_commit, start_tree,"
            " builder_decision, auditor_decision, verdict, summary, failure, failure_output, started_at,"
            f" ended_at) VALUES ({_marks(15)})",
            filling.attempts,
        )
        connection.executemany(
            "INSERT INTO llm_usage_events (provider, model, run_id, phase_id, role, prompt_tokens,"
            " completion_tokens, created_at, call_id, pool, attempt, cache_read_tokens, cache_write_tokens,"
            f" reasoning_tokens, nano_usd, usage_status, simulated) VALUES ({_marks(17)})",
            filling.calls,
        )
        begun = (f"{BEGAN:%Y-%m-%d %H:%M:%S.%f}", filling.run_id)
        connection.execute(
            "UPDATE runs SET state = 'paused', waits_for = 'asked', started_at = ? WHERE id = ?", begun
        )
        connection.execute(
            "UPDATE phases SET state = 'completed', summary = 'Wrote it.', commit_id = run_id,"
            " started_at = ?, ended_at = ? WHERE phase_index < 1999",
            (begun[0], begun[0]),
        )
        names = [filling.run_id, *(f"run_20260101_000000_{number:04x}" for number in range(1, runs))]
        for name in names[1:]:
            _copy(connection, "runs", "id", filling.run_id, name)
            for table in COPIED:
                _copy(connection, table, "run_id", filling.run_id, name)
        (head,) = connection.execute("SELECT id FROM feed_head").fetchone()
        ids: Iterator[int] = iter(range(head + 1, head + 1 + len(names) * len(filling.events)))
        connection.executemany(
            "INSERT INTO events (id, run_id, kind, schema_version, payload, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            ((next(ids), name, *event[1:]) for name in names for event in filling.events),
        )
        connection.execute("UPDATE feed_head SET id = (SELECT max(id) FROM events)")
        connection.commit()


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _copy(connection: sqlite3.Connection, table: str, key: str, of: str, to: str) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    columns.remove(key)
    if table == "llm_usage_events":
        columns.remove("id")
    taken = ", ".join(f"'{to}' || {name}" if name == "call_id" else name for name in columns)
    connection.execute(
        f"INSERT INTO {table} ({key}, {', '.join(columns)}) SELECT ?, {taken} FROM {table} WHERE {key} = ?",
        (to, of),
    )


async def timed(work: Callable[[], Awaitable[int]], times: int) -> tuple[list[float], int]:
    """Milliseconds of each time, and how many bytes the answer had; once before, to warm up."""
    took: list[float] = []
    size = await work()
    for _ in range(times):
        begun = time.perf_counter()
        size = await work()
        took.append((time.perf_counter() - begun) * 1000)
    return took, size


async def measure(settings: Settings, run_id: str, runs: int) -> dict[str, float]:
    database = Database(settings.database_url)

    async def outline() -> int:
        async with database.read() as session:
            return len((await run_outline(session, run_id)).model_dump_json())

    async def phase() -> int:
        async with database.read() as session:
            return len((await phase_timeline(session, run_id, "1000")).model_dump_json())

    async def listed() -> int:
        async with database.read() as session:
            return sum(len(one.model_dump_json()) for one in await run_list(session, limit=runs))

    outlines, outline_bytes = await timed(outline, TIMES)
    phases, _ = await timed(phase, TIMES)
    lists, _ = await timed(listed, 5)
    await database.close()
    return {
        "outline_p50_ms": round(statistics.median(outlines), 1),
        "outline_p95_ms": round(statistics.quantiles(outlines, n=20)[18], 1),
        "outline_kb": round(outline_bytes / 1000),
        "phase_p50_ms": round(statistics.median(phases), 1),
        "list_p50_ms": round(statistics.median(lists), 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} runs")
    runs = QUICK if parser.parse_args().quick else RUNS
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        prepare_database(settings.database_url, home=settings.home)
        filling = asyncio.run(first_run(settings, Path(folder)))
        fill(settings, filling, runs)
        run_id, attempts, events = filling.run_id, len(filling.attempts), len(filling.events)
        del filling
        gc.collect()
        gc.freeze()  # as the service does
        figures = asyncio.run(measure(settings, run_id, runs))
    sizes = {"runs": runs, "phases": PHASES, "attempts": attempts, "events": events}
    print(json.dumps({"benchmark": "runs", **sizes, **figures, "bar_ms": BAR_MS}))
    return int(figures["outline_p95_ms"] > BAR_MS)


if __name__ == "__main__":
    raise SystemExit(main())
