"""Steering from a terminal of its own, where nothing but the command has been imported."""

from __future__ import annotations

import os
import subprocess

import pytest

from autopack.config import Settings
from cli.processes import PROGRAM
from fixtures.database import home_environ


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
