"""What the commands that steer a run say: where it was done, where it was so already, where it can't be."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from autopack.cli import steer
from autopack.cli.summary import headline
from autopack.config import Settings
from autopack.db import Database
from autopack.runs.states import EndReason, RunState
from autopack.supervisor import workers
from autopack.views.status import DashboardRunStatus
from cli.calling import Autopack
from cli.processes import PROGRAM
from fixtures.database import execute, home_environ
from views.recorded import PLAN, end_run, live_owner, record_run

ADDRESS = "http://127.0.0.1:7777"
VERBS = ["pause", "resume", "cancel", "retry", "skip"]
KEYS = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ZAI_API_KEY"]


@pytest.fixture
def driven(settings: Settings, tmp_path: Path) -> str:
    """Id of a run that a live process drives, this one, which heeds nothing."""
    owner = asyncio.run(live_owner(settings))
    return asyncio.run(record_run(settings, repository=tmp_path, owner=owner))


@pytest.fixture
def service(settings: Settings) -> None:
    """A service that is alive as far as its row and its process say."""

    async def register() -> None:
        database = Database(settings.database_url)
        async with database.write() as session:
            await workers.register(session, workers.new_executor_id(), address=ADDRESS)
        await database.close()

    asyncio.run(register())


@pytest.fixture
def keys(autopack: Autopack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys that the plan's models need, worth nothing; after `autopack`, which takes them away."""
    for name in KEYS:
        monkeypatch.setenv(name, "sk-simulated-steering")


def end(settings: Settings, run_id: str, state: RunState, reason: EndReason) -> None:
    asyncio.run(end_run(settings, run_id, state=state, reason=reason))


@pytest.mark.parametrize(
    ("verb", "said"), [("pause", "is paused."), ("cancel", "is cancelled."), ("skip", "Skipped;")]
)
def test_a_run_that_nobody_drives_is_steered_by_a_process_of_its_own(
    settings: Settings, recorded: str, verb: str, said: str
) -> None:
    """Where nothing but the command has been imported."""
    environ = {**os.environ, **home_environ(settings)}
    done = subprocess.run(
        [*PROGRAM, verb, recorded], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, said in done.stdout) == (0, True), done


@pytest.mark.parametrize(("verb", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_what_is_so_already_is_said_to_be(autopack: Autopack, recorded: str, verb: str, state: str) -> None:
    for said in (f"{recorded} is {state}.\n", f"{recorded} is {state} already.\n"):
        told = autopack(verb, recorded)
        assert (told.code, told.out, told.err) == (0, said, "")


@pytest.mark.parametrize("verb", VERBS)
def test_a_run_that_is_not_there_is_wrong_use(autopack: Autopack, verb: str) -> None:
    autopack(verb, "run_nobody").failed(2, "There is no run run_nobody.", "autopack runs")


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("pause", ["there is nothing to pause", "autopack status"]),
        ("cancel", ["there is nothing to cancel", "autopack status"]),
        ("resume", ["there is nothing to go on with", "autopack merge"]),
        ("retry", ["there is nothing to go on with", "autopack merge"]),
        ("skip", ["there is nothing to go on with", "autopack merge"]),
    ],
)
@pytest.mark.usefixtures("service")
def test_a_run_that_has_succeeded_is_left_as_it_is(
    settings: Settings, autopack: Autopack, recorded: str, verb: str, words: list[str]
) -> None:
    execute(settings, f"UPDATE phases SET state = 'completed' WHERE run_id = '{recorded}'")
    end(settings, recorded, RunState.SUCCEEDED, EndReason.COMPLETED)
    told = autopack(verb, recorded)
    told.failed(2, recorded, *words)
    assert told.out == ""


def test_a_pause_of_a_run_at_work_says_when_it_takes_effect(autopack: Autopack, driven: str) -> None:
    for _ in range(2):
        told = autopack("pause", driven)
        assert (told.code, told.out) == (0, f"{driven} pauses before its next step or request.\n")
    told = autopack("resume", driven)
    assert (told.code, told.out) == (
        0,
        f"{driven} is in progress: its process goes on. Watch it with `autopack logs {driven} -f`.\n",
    )


def test_a_cancel_that_is_not_heeded_says_so_and_fails(
    autopack: Autopack, driven: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steer, "_HEEDED_SECONDS", 0.0)
    told = autopack("cancel", driven)
    assert (told.code, told.err) == (1, "")
    assert told.out == f"{driven} is asked to stop, and has not yet: `autopack status {driven}`.\n"
    autopack("pause", driven).failed(2, f"{driven} is being cancelled", "can't be paused any more")
    autopack("resume", driven).failed(2, f"{driven} is being cancelled", "Wait until it has stopped")


def left_to_a_service(run_id: str) -> str:
    """What is said of a run that a service goes on with."""
    where = f"left to the service at {ADDRESS}"
    return f"{run_id} is queued: {where}. Watch it with `autopack logs {run_id} -f`.\n"


@pytest.mark.usefixtures("service")
def test_a_run_that_goes_on_is_left_to_a_service_that_is_alive(autopack: Autopack, recorded: str) -> None:
    autopack("pause", recorded)
    autopack("retry", recorded).failed(2, f"{recorded} has not failed: it is paused", "autopack resume")
    for _ in range(2):
        told = autopack("resume", recorded)
        assert (told.code, told.out) == (0, left_to_a_service(recorded))


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("verb", ["retry", "skip"])
def test_a_run_without_an_attempt_left_needs_a_retry_or_a_skip(
    settings: Settings, autopack: Autopack, recorded: str, verb: str
) -> None:
    execute(settings, "UPDATE phases SET state = 'failed' WHERE phase_id = 'cli'")
    end(settings, recorded, RunState.FAILED, EndReason.ATTEMPTS_EXHAUSTED)
    hints = [f"autopack {one} {recorded}" for one in ("retry", "skip")]
    autopack("resume", recorded).failed(2, "phase cli has no attempt left", *hints)
    told = autopack(verb, recorded)
    assert (told.code, told.out) == (0, left_to_a_service(recorded))


@pytest.mark.usefixtures("service")
def test_a_script_is_told_what_became_of_its_wish(autopack: Autopack, recorded: str) -> None:
    told = {"kind": "result", "exit_code": 0, "run_id": recorded, "changed": True}
    skipped = autopack("skip", recorded, "docs", "--json")
    assert skipped.said == {**told, "state": "in_progress", "service": None}
    again = autopack("skip", recorded, "docs", "--json")
    assert again.said == {**told, "state": "in_progress", "service": None, "changed": False}
    autopack("pause", recorded)
    assert autopack("resume", recorded, "--json").said == {**told, "state": "queued", "service": ADDRESS}


def test_a_run_that_this_terminal_can_not_drive_is_not_asked_to_go_on(
    autopack: Autopack, recorded: str
) -> None:
    autopack("pause", recorded)
    for verb in ("resume", "retry"):
        autopack(verb, recorded).failed(2, "Not set: ", "_API_KEY")
    assert autopack("status", recorded, "--json").said["state"] == "paused"


def test_a_phase_is_skipped_by_its_id_or_its_number_and_only_where_it_can_be(
    autopack: Autopack, recorded: str
) -> None:
    autopack("skip", recorded, "store").failed(2, "Phase store is completed", "on the run's branch")
    autopack("skip", recorded, "nothing").failed(2, "There is no phase nothing", "store, cli, docs")
    assert autopack("skip", recorded, "3").out == f"Skipped; {recorded} is in progress.\n"
    assert autopack("skip", recorded, "docs").out == f"It was skipped already; {recorded} is in progress.\n"
    assert autopack("skip", recorded).out == f"Skipped; {recorded} is in progress.\n"
    phases = autopack("show", recorded, "--json").said["tiers"]
    states = [phase["state"] for tier in phases for phase in tier["phases"]]
    assert states == ["completed", "skipped", "skipped"]


def test_a_phase_that_is_being_worked_on_is_not_skipped(autopack: Autopack, driven: str) -> None:
    autopack("skip", driven).failed(2, "Phase cli is being worked on", f"autopack pause {driven}")


def test_a_run_is_not_left_to_a_service_where_none_is_alive(autopack: Autopack, tmp_path: Path) -> None:
    told = autopack("run", tmp_path / "plan.yaml", "--detach")
    told.failed(1, "No service is alive to leave the run to.", "autopack serve")
    assert autopack("runs", "--json").said == []


def test_an_amendment_shows_what_differs_and_asks_before_it_changes_anything(
    autopack: Autopack, recorded: str, keys: None, tmp_path: Path
) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(PLAN.replace("Tell it.", '"Tell\\e[2J it well."'))
    for _ in range(2):
        told = autopack("plan", "amend", recorded, file)
        told.failed(2, f"This changes the plan of {recorded}.", "--yes")
        lines = told.out.splitlines()
        assert [line for line in lines if line.startswith("-") and "Tell it." in line]
        (new,) = [line for line in lines if line.startswith("+") and "it well." in line]
        assert "\x1b" not in new
    told = autopack("plan", "amend", recorded, file, "--yes")
    assert (told.code, told.out.splitlines()[-1]) == (0, f"The plan of {recorded} is amended.")
    assert "it well." in told.out
    told = autopack("plan", "amend", recorded, file, "--yes")
    assert (told.code, told.out) == (0, f"Nothing differs from the plan of {recorded}.\n")
    assert [line for line in autopack("logs", recorded).out.splitlines() if "plan" in line]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Keep it.", "Lose it.", "Phase store is done: it can't change any more."),
        ("Type it.", "Say it.", "Phase cli is being worked on: it can't change any more."),
        ("id: cli", "id: other", "Phase cli has its place: number 2, in tier Surface."),
    ],
)
def test_an_amendment_of_what_has_begun_is_refused_before_anything_is_shown(
    autopack: Autopack, recorded: str, keys: None, tmp_path: Path, old: str, new: str, words: str
) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(PLAN.replace(old, new))
    told = autopack("plan", "amend", recorded, file, "--yes")
    told.failed(2, words)
    assert told.out == ""
    file.write_text(PLAN)
    assert "Nothing differs" in autopack("plan", "amend", recorded, file).out


def test_an_amendment_that_can_not_be_read_or_is_of_no_run_is_wrong_use(
    autopack: Autopack, recorded: str, keys: None, tmp_path: Path
) -> None:
    file = tmp_path / "new.yaml"
    autopack("plan", "amend", recorded, file).failed(2, str(file))
    file.write_text(PLAN.replace("schema_version: 1", "schema_version: 1\nbugdet: 1"))
    autopack("plan", "amend", recorded, file).failed(2, "bugdet")
    file.write_text(PLAN)
    autopack("plan", "amend", "run_nobody", file).failed(2, "There is no run run_nobody.")


def test_a_run_that_was_asked_to_pause_says_what_has_it_go_on(recorded: str, autopack: Autopack) -> None:
    autopack("pause", recorded)
    assert f"waits for   autopack resume {recorded}" in autopack("status").out
    status = DashboardRunStatus.model_validate(autopack("status", "--json").said)
    assert headline(status).startswith("Paused: 1 of 3 phases, 3 attempts")


def test_a_skipped_phase_is_told_apart_from_a_built_one(recorded: str, autopack: Autopack) -> None:
    autopack("skip", recorded, "3")
    assert "progress    2 of 3 phases (67%, 1 skipped)" in autopack("status").out
    status = DashboardRunStatus.model_validate(autopack("status", "--json").said)
    assert (status.completed_phases, status.skipped_phases) == (2, 1)
    assert "2 of 3 phases (1 skipped)" in headline(status)
    autopack("discard", recorded).failed(2, "deletes its branch with 1 commit.")
