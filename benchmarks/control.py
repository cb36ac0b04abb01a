"""How long a cancel takes: from the request to the moment when the run is cancelled and nothing of it runs.

A real `autopack serve`, in the sandbox, and the simulated provider in this process. A run is cancelled in the
middle of a response that stands still (`stall`), or of `sleep 600` in the Builder's shell (`shell`); then it
goes on to the same place, to be cancelled again. The run's state is read from the database, its processes
from /proc: whatever descends from the service, and whatever names the run.

Bar: 95 of 100 cancels take at most a second, of either kind. One JSON line; exits 1 where it is not met.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from _service import service

from autopack.config import Settings
from autopack.db import Database
from autopack.runs import queries
from autopack.simulator import RunningSimulator, load_scenario, serve

BAR_SECONDS = 1.0
LIMIT_SECONDS = 30.0
LOOK_SECONDS = 0.002
POLICY = """\
schema_version: 1
complexity_models:
  low: {{builder: gpt-6-luna, auditor: claude-haiku-5-5}}
  medium: {{builder: gpt-6-luna, auditor: claude-haiku-5-5}}
  high: {{builder: gpt-6-luna, auditor: claude-haiku-5-5}}
providers:
  openai: {{base_url: "{url}/v1", simulated: true}}
  anthropic: {{base_url: "{url}", simulated: true}}
"""
STEPS: dict[str, dict[str, Any]] = {
    "stall": {
        "calls": [{"tool": "write_file", "args": {"path": "one.txt", "content": "one\n" * 200}}],
        "faults": [{"stall": 0.5, "times": "always"}],
    },
    "shell": {"calls": [{"tool": "shell", "args": {"command": "sleep 600"}}]},
}


def plan(kind: str) -> dict[str, Any]:
    phase = {
        "id": kind,
        "name": f"Wait in {kind}",
        "description": "Wait.",
        "category": "core_backend",
        "complexity": "low",
    }
    return {
        "schema_version": 1,
        "name": kind,
        "verify": ["true"],
        "tiers": [{"name": "Only", "phases": [phase]}],
    }


def scenario() -> dict[str, Any]:
    conversations = [
        {"when": ["Role: builder", f"Phase: {kind}"], "steps": [step, {"text": "Done."}]}
        for kind, step in STEPS.items()
    ]
    return {"schema_version": 1, "name": "control", "conversations": conversations}


def new_repository(path: Path) -> None:
    """One commit."""
    path.mkdir()
    (path / "README.md").write_text("# control\n")
    person = ("-c", "user.name=A", "-c", "user.email=a@example.invalid")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        (*person, "commit", "--quiet", "--message=First"),
    ):
        subprocess.run(["git", *words], cwd=path, check=True, env={"PATH": os.environ["PATH"]})


def processes(service: int, run_id: str) -> list[str]:
    """Command lines of living processes of a run: those below the service, and those that name it."""
    lines: dict[int, bytes] = {}
    parents: dict[int, int] = {}
    named: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if state in (b"Z", b"X"):
            continue
        pid = int(entry.name)
        lines[pid], parents[pid] = line, int(parent)
        try:
            environ = (entry / "environ").read_bytes()
        except OSError:
            environ = b""
        if run_id.encode() in line or run_id.encode() in environ:
            named.add(pid)

    def below(pid: int) -> bool:
        while pid in parents:
            pid = parents[pid]
            if pid == service:
                return True
        return False

    found = [pid for pid in lines if pid not in (service, os.getpid()) and (pid in named or below(pid))]
    return [lines[pid].replace(b"\0", b" ").decode(errors="replace").strip() for pid in found]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class Measured:
    """One run, cancelled again and again."""

    def __init__(
        self, client: httpx2.AsyncClient, database: Database, simulator: RunningSimulator, pid: int
    ) -> None:
        self._client = client
        self._database = database
        self._simulator = simulator
        self._pid = pid
        self.seconds: list[float] = []

    async def post(self, path: str, body: object = None) -> dict[str, Any]:
        """Ask the service for something."""
        answer = await (self._client.post(path) if body is None else self._client.post(path, json=body))
        if answer.is_error:
            raise RuntimeError(f"{path}: {answer.text}")
        return answer.json()

    async def state(self, run_id: str) -> str:
        """The run's state as the database has it."""
        async with self._database.read() as session:
            return (await queries.run(session, run_id)).state

    async def cancel_often(self, kind: str, times: int) -> None:
        """Start a run, cancel it where it waits, and have it go on to there."""
        seen = len(self._simulator.entries())
        started = await self.post("/runs/start", {"plan": plan(kind)})
        run_id: str = started["run_id"]
        for _ in range(times):
            await self._at_work(kind, run_id, seen)
            self.seconds.append(await self._cancel(run_id))
            seen = len(self._simulator.entries())
            await self.post(f"/runs/{run_id}/resume")
        await self._at_work(kind, run_id, seen)
        await self._cancel(run_id)

    async def _at_work(self, kind: str, run_id: str, seen: int) -> None:
        if kind == "shell":
            await until(lambda: "sleep 600" in processes(self._pid, run_id))
        else:
            await until(lambda: len(self._simulator.entries()) > seen)

    async def _cancel(self, run_id: str) -> float:
        began = time.perf_counter()
        asking = asyncio.create_task(self.post(f"/runs/{run_id}/cancel"))
        left: list[str] = []
        while (state := await self.state(run_id)) != "cancelled" or (left := processes(self._pid, run_id)):
            if time.perf_counter() - began > LIMIT_SECONDS:
                detail = (await self._client.get(f"/dashboard/runs/{run_id}/status")).json()["end_detail"]
                raise RuntimeError(f"{run_id} is {state} ({detail}), and there are still {left}")
            await asyncio.sleep(LOOK_SECONDS)
        took = time.perf_counter() - began
        await asking
        return took


def figures_of(seconds: list[float]) -> dict[str, Any]:
    """Percentiles by nearest rank."""
    ordered = sorted(seconds)

    def percentile(part: float) -> float:
        return round(ordered[math.ceil(part * len(ordered)) - 1] * 1000)

    return {
        "cancels": len(ordered),
        "p50_ms": percentile(0.5),
        "p95_ms": percentile(0.95),
        "max_ms": percentile(1.0),
    }


async def measure(times: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(home=folder / "home")
        settings.home.mkdir()
        new_repository(folder / "control")
        (folder / "user").mkdir()
        environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder / "user"),
            "LANG": "C.UTF-8",
            "OPENAI_API_KEY": "simulated",
            "ANTHROPIC_API_KEY": "simulated",
        }
        (folder / "scenario.yaml").write_text(json.dumps(scenario()))  # JSON is YAML
        add = [sys.executable, "-c", "import sys; from autopack.cli import main; sys.exit(main())"]
        async with serve(load_scenario(folder / "scenario.yaml")) as simulator:
            settings.policy_path.write_text(POLICY.format(url=simulator.url))
            subprocess.run(
                [*add, "project", "add", str(folder / "control")],
                env={**environ, "AUTOPACK_HOME": str(settings.home)},
                check=True,
                stdout=subprocess.DEVNULL,
            )
            with service(settings.home, environ) as (pid, url):
                async with httpx2.AsyncClient(base_url=url, timeout=LIMIT_SECONDS, trust_env=False) as client:
                    database = Database(settings.database_url)
                    try:
                        for kind in STEPS:
                            measured = Measured(client, database, simulator, pid)
                            await measured.cancel_often(kind, times)
                            found[kind] = figures_of(measured.seconds)
                    finally:
                        await database.close()
    return {"benchmark": "control", **found, "bar_p95_ms": round(BAR_SECONDS * 1000)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="cancels of each kind")
    figures = asyncio.run(measure(parser.parse_args().times))
    print(json.dumps(figures))
    return int(any(figures[kind]["p95_ms"] > figures["bar_p95_ms"] for kind in STEPS))


if __name__ == "__main__":
    raise SystemExit(main())
