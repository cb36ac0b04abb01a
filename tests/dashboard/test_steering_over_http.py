"""Runs that a service drives, steered from outside its process: over HTTP, and from a terminal.

The tests share one service, as a process of its own. Each has plans of its own, and leaves no run at work.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from autopack.config import Settings
from cli.processes import call
from dashboard.served import refused
from dashboard.steered import LIMIT_SECONDS, Service, plan_of, steered, waits_as
from fixtures.world import approves, builds, git, write_file
from supervisor.waiting import kinds

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLEEP = f"sleep 600.{os.getpid()}"
"""Of this test process alone, wherever else the same tests run."""
AT_ONCE = ["once", "first", "verified"]
"""Phases that are built without a stop."""
HELD = ["kept", "beside", "left", "terminal", "second"]
"""Phases whose Builder waits until the test lets it go on."""
CONVERSATIONS = [
    *(builds(1, write_file(f"{name}.txt", "here\n"), phase=name) for name in AT_ONCE),
    *(builds(1, write_file(f"{name}.txt", "here\n"), waits_as(name), phase=name) for name in HELD),
    *(approves(name) for name in AT_ONCE + HELD),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(shared_settings: Settings) -> AsyncGenerator[Service]:
    async with steered(shared_settings, *CONVERSATIONS) as service:
        yield service


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
    await service.waits(run_id, "kept")
    assert await service.ask(run_id, "pause") == ("pausing", True)
    assert await service.ask(run_id, "pause") == ("pausing", False)
    service.release(run_id, "kept")
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
    await service.waits(run_id, "terminal")
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

    await service.waits(run_id, "second")
    await refuses("skip", "Phase first is completed", "can't be skipped", phase="first")
    await refuses("skip", "Phase second is being worked on", f"autopack pause {run_id}")
    await service.ask(run_id, "cancel")
    await service.reaches(run_id, "cancelled")
    await refuses("pause", f"{run_id} has been cancelled: there is nothing to pause")
    service.release(run_id, "second")
    await service.ask(run_id, "resume")
    await service.reaches(run_id, "succeeded")
    await service.has_told(run_id)
    for verb in ("pause", "cancel"):
        await refuses(verb, f"{run_id} has succeeded: there is nothing to {verb}", "autopack status")
    for verb in ("resume", "retry"):
        await refuses(verb, f"{run_id} has succeeded: there is nothing to go on with", "autopack merge")
    await refuses("skip", f"{run_id} has succeeded", phase="second")
