"""Runs that a service drives, steered from outside its process: over HTTP, and from a terminal.

The tests share one service, as a process of its own. Each has plans of its own, and leaves no run at work.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from autopack.config import Settings
from autopack.projects import queries as projects
from cli.processes import call
from dashboard.served import refused
from dashboard.started import COMMAND, end, start
from fixtures.world import PLAN, World, approves, builds, git, small_world, write_file
from supervisor.waiting import kinds

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT_SECONDS = 60.0
SLEEP = f"sleep 600.{os.getpid()}"
"""Of this test process alone, wherever else the same tests run."""
WAITS = {
    "calls": [
        {
            "tool": "shell",
            "args": {"command": "touch ~/waits; until test -e ~/go; do sleep 0.02; done"},
        }
    ]
}
AT_ONCE = ["once", "first", "verified"]
"""Phases that are built without a stop."""
HELD = ["kept", "beside", "left", "terminal", "second"]
"""Phases whose Builder waits until the test lets it go on."""
CONVERSATIONS = [
    *(builds(1, write_file(f"{name}.txt", "here\n"), phase=name) for name in AT_ONCE),
    *(builds(1, write_file(f"{name}.txt", "here\n"), WAITS, phase=name) for name in HELD),
    *(approves(name) for name in AT_ONCE + HELD),
]


def plan_of(*phases: str, verify: str | list[str] = "none") -> dict[str, Any]:
    """A plan of these phases, named after the first."""
    told = [{**PLAN["tiers"][0]["phases"][0], "id": name, "name": f"Phase {name}"} for name in phases]
    return {**PLAN, "name": phases[0], "verify": verify, "tiers": [{"name": "Only", "phases": told}]}


@dataclass(kw_only=True)
class Service:
    """A service that is alive, but for the time between `stop` and `begin`, and a client of its."""

    world: World
    client: httpx2.AsyncClient = field(
        default_factory=lambda: httpx2.AsyncClient(timeout=LIMIT_SECONDS, trust_env=False)
    )
    url: str = ""
    _process: asyncio.subprocess.Process | None = None

    async def begin(self) -> None:
        """Start it, where it is not alive."""
        if self._process is None:
            self._process, self.url = await start(self.world, *COMMAND, "serve", "--port", "0")

    async def stop(self) -> None:
        """End it as a user does."""
        if self._process is not None:
            ended, self._process = self._process, None
            code, _, err = await end(ended, signal.SIGTERM)
            assert (code, err) == (0, "")

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> httpx2.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        if body is None:
            return await self.client.post(self.url + path, headers=headers)
        return await self.client.post(self.url + path, json=body, headers=headers)

    async def create(self, plan: dict[str, Any]) -> str:
        """Start a run; gives its id."""
        answer = await self.post("/runs/start", {"plan": plan})
        assert answer.status_code == 201, answer.text
        return answer.json()["run_id"]

    async def ask(self, run_id: str, verb: str) -> tuple[str, bool]:
        """Ask something of a run: its state after that, and whether it was new."""
        answer = await self.post(f"/runs/{run_id}/{verb}")
        assert answer.status_code == 200, answer.text
        return answer.json()["state"], answer.json()["changed"]

    async def status(self, run_id: str) -> dict[str, Any]:
        answer = await self.client.get(f"{self.url}/dashboard/runs/{run_id}/status")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def reaches(self, run_id: str, state: str) -> None:
        """Wait until a run is shown in this state."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while (told := await self.status(run_id))["state"] != state:
                assert told["ended_at"] is None, told
                await asyncio.sleep(0.05)

    async def is_taken(self, run_id: str) -> None:
        """Wait until the service drives a run."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not (await self.status(run_id))["driven"]:
                await asyncio.sleep(0.05)

    async def runs_of(self, *plans: str) -> list[str]:
        """Ids of the runs of these plans."""
        answer = await self.client.get(f"{self.url}/dashboard/runs")
        return [run["run_id"] for run in answer.json()["runs"] if run["plan"] in plans]

    async def waits(self, run_id: str) -> None:
        """Wait until the Builder of a phase that is held does."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not (self._home(run_id) / "waits").exists():
                await asyncio.sleep(0.02)

    def release(self, run_id: str) -> None:
        """Let the Builder of a phase that is held go on, now or when it comes to it again."""
        (self._home(run_id) / "go").touch()

    def _home(self, run_id: str) -> Path:
        return self.world.settings.workspaces / run_id / "home" / "build"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(shared_settings: Settings) -> AsyncGenerator[Service]:
    async with small_world(shared_settings.home.parent, shared_settings, *CONVERSATIONS) as world:
        async with world.services.database.write() as session:
            await projects.register(session, world.repository)
        service = Service(world=world)
        try:
            yield service
        finally:
            await service.stop()
            await service.client.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def service(shared: Service) -> Service:
    """The service, alive whatever the test before did."""
    await shared.begin()
    return shared


def alive_with(words: str) -> list[str]:
    """Command lines of processes that hold these words."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if words in line:
            found.append(line)
    return found


async def test_a_start_that_is_sent_twice_under_one_key_is_one_run(service: Service) -> None:
    body = {"plan": plan_of("once")}
    first, second = await asyncio.gather(*(service.post("/runs/start", body, key="k-1") for _ in range(2)))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    run_id = first.json()["run_id"]
    other = await service.post("/runs/start", {"plan": plan_of("other")}, key="k-1")
    refused(other, 422, "invalid_input", "used for another request", "new key")
    await service.reaches(run_id, "succeeded")
    late = await service.post("/runs/start", body, key="k-1")
    assert (late.status_code, late.json()) == (201, first.json()), "also after it has ended"
    assert await service.runs_of("once", "other") == [run_id]


async def test_a_paused_run_stays_paused_over_a_restart_and_goes_on_when_asked(service: Service) -> None:
    run_id = await service.create(plan_of("kept"))
    await service.waits(run_id)
    assert await service.ask(run_id, "pause") == ("pausing", True)
    assert await service.ask(run_id, "pause") == ("pausing", False)
    service.release(run_id)
    await service.reaches(run_id, "paused")

    await service.stop()
    await service.begin()
    await service.is_taken(beside := await service.create(plan_of("beside")))
    told = await service.status(run_id)
    assert (told["state"], told["driven"], told["waits_for"]) == ("paused", False, "asked")
    assert (told["end_detail"], told["needs_you"]) == ("asked by dashboard", True)
    await service.ask(beside, "cancel")

    assert (await service.ask(run_id, "resume"))[1]
    await service.reaches(run_id, "succeeded")
    branch = f"autopack/{run_id}"
    subjects = git(service.world.repository, "log", "--format=%s", branch).splitlines()
    assert subjects == ["Phase kept", "First commit"]


async def test_a_detached_run_is_left_to_the_service_that_is_alive(service: Service) -> None:
    plan = service.world.folder / "left.yaml"
    plan.write_text(json.dumps(plan_of("left")))
    left = await call(service.world, "run", plan, "--detach", "--json")
    assert left.code == 0, left
    told = json.loads(left.out)
    assert (told["kind"], told["service"]) == ("result", service.url)
    await service.is_taken(told["run_id"])
    await service.ask(told["run_id"], "cancel")
    await service.reaches(told["run_id"], "cancelled")
    assert await service.runs_of("left") == [told["run_id"]]
    assert (await kinds(service.world, told["run_id"])).count("run_claimed") == 1, "by the service alone"


async def test_a_pause_and_a_cancel_from_a_terminal_reach_the_run_that_a_service_drives(
    service: Service,
) -> None:
    run_id = await service.create(plan_of("terminal"))
    await service.waits(run_id)
    paused = await call(service.world, "pause", run_id)
    assert (paused.code, paused.out) == (0, f"{run_id} pauses before its next step or request.\n"), paused
    assert (await service.status(run_id))["state"] == "pausing"
    assert await service.ask(run_id, "resume") == ("in_progress", True)
    cancelled = await call(service.world, "cancel", run_id)
    assert (cancelled.code, cancelled.out) == (0, f"{run_id} is cancelled.\n"), cancelled
    told = await service.status(run_id)
    assert (told["state"], told["driven"]) == ("cancelled", False)
    assert alive_with(f"{service.world.settings.workspaces / run_id}/") == []


async def test_a_cancel_ends_the_command_of_a_check_and_leaves_no_process(service: Service) -> None:
    run_id = await service.create(plan_of("verified", verify=[f"test ! -e verified.txt || {SLEEP}"]))
    async with asyncio.timeout(LIMIT_SECONDS):
        while not [line for line in alive_with(SLEEP) if line.startswith("sleep")]:
            await asyncio.sleep(0.02)
    assert (await service.status(run_id))["state"] == "in_progress"
    assert await service.ask(run_id, "cancel") == ("cancelling", True)
    await service.reaches(run_id, "cancelled")
    assert alive_with(SLEEP) == []
    assert await service.ask(run_id, "cancel") == ("cancelled", False)


async def test_what_is_impossible_is_a_conflict_that_says_why(service: Service) -> None:
    run_id = await service.create(plan_of("first", "second"))

    async def refuses(verb: str, *words: str, phase: str | None = None) -> None:
        before = await service.status(run_id)
        answer = await service.post(f"/runs/{run_id}/{verb}", None if phase is None else {"phase": phase})
        refused(answer, 409, "conflict", *words)
        after = await service.status(run_id)
        assert [after[name] for name in ("state", "as_of")] == [before[name] for name in ("state", "as_of")]

    await service.waits(run_id)
    await refuses("skip", "Phase first is completed", "can't be skipped", phase="first")
    await refuses("skip", "Phase second is being worked on", f"autopack pause {run_id}")
    await service.ask(run_id, "cancel")
    await service.reaches(run_id, "cancelled")
    await refuses("pause", f"{run_id} has been cancelled: there is nothing to pause")
    service.release(run_id)
    await service.ask(run_id, "resume")
    await service.reaches(run_id, "succeeded")
    for verb in ("pause", "cancel"):
        await refuses(verb, f"{run_id} has succeeded: there is nothing to {verb}", "autopack status")
    for verb in ("resume", "retry"):
        await refuses(verb, f"{run_id} has succeeded: there is nothing to go on with", "autopack merge")
    await refuses("skip", f"{run_id} has succeeded", phase="second")
