from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from process_table import until_gone

PROGRAM = """
import os, subprocess, sys, time
from autopack.processes.guard import Guard
guard = Guard()
environ = {**os.environ, guard.variable: guard.mark}
subprocess.Popen(["sh", "-c", f"sleep 60; : {sys.argv[1]}"], env=environ, start_new_session=True)
print("started", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the mark is found through /proc")
async def test_a_command_whose_group_we_had_no_time_to_tell_dies_with_us() -> None:
    marker = uuid.uuid4().hex
    argv = (sys.executable, "-c", PROGRAM, marker)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "started\n"
        killed.kill()
    await until_gone(marker)
