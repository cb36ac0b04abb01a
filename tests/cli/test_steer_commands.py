"""Steering from a terminal of its own, where nothing but the command has been imported."""

from __future__ import annotations

import asyncio
import os
import subprocess

import pytest

from autopack.cli.summary import headline
from autopack.config import Settings
from autopack.views.status import DashboardRunStatus
from cli.calling import Autopack
from cli.processes import PROGRAM
from fixtures.database import home_environ
from views.recorded import live_owner


@pytest.mark.parametrize(
    ("verb", "said"), [("pause", "is paused."), ("cancel", "is cancelled."), ("skip", "Skipped;")]
)
def test_a_run_that_nobody_drives_is_steered_by_a_process_of_its_own(
    settings: Settings, recorded: str, verb: str, said: str
) -> None:
    environ = {**os.environ, **home_environ(settings)}
    done = subprocess.run(
        [*PROGRAM, verb, recorded], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, said in done.stdout) == (0, True), done


def test_what_is_left_to_a_service_is_told_a_script_as_json(
    settings: Settings, recorded: str, autopack: Autopack
) -> None:
    address = "http://127.0.0.1:8000"
    asyncio.run(live_owner(settings, address=address))
    skipped = autopack("skip", recorded, "--json").said
    resumed = autopack("resume", recorded, "--json").said
    assert (skipped["kind"], skipped["state"], skipped["changed"]) == ("result", "in_progress", True)
    assert (resumed["run_id"], resumed["service"], resumed["exit_code"]) == (recorded, address, 0)


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
