"""The demo, as a user starts it: in a process of its own, from an empty folder to tested commits."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.world import environ_for, git

AUTOPACK = str(Path(sys.executable).parent / "autopack")


@pytest.mark.timeout(300)
def test_the_demo_builds_verified_commits_and_shows_the_loop(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    environ = environ_for(tmp_path)
    for key in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        environ.pop(key)
    done = subprocess.run(
        [AUTOPACK, "demo", "--dir", str(folder)],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Succeeded: 8 of 8 phases, 10 attempts", done.stdout)
    assert "simulated" in done.stdout
    assert "all pass" in done.stdout

    run_id = re.search(r"autopack/(run_\w+)", done.stdout)
    assert run_id
    branch = f"autopack/{run_id[1]}"
    (repository,) = folder.glob("*/.git")
    subjects = git(repository.parent, "log", "--format=%s", f"main..{branch}").splitlines()
    assert len(subjects) == 8
    phases = git(
        repository.parent, "log", "--format=%(trailers:key=Autopack-Phase,valueonly)", f"main..{branch}"
    )
    assert len(set(phases.split())) == 8

    shown = subprocess.run(
        [AUTOPACK, "show", run_id[1], "--json"],
        env={**environ, "AUTOPACK_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    timeline = json.dumps(json.loads(shown.stdout))
    assert "verification_failed" in timeline
    assert "rejected" in timeline

    checkout = tmp_path / "checkout"
    git(repository.parent, "worktree", "add", "--quiet", str(checkout), branch)
    tests = subprocess.run(
        ["python3", "-m", "unittest", "discover", "-s", "tests", "-q"],
        cwd=checkout,
        env={**environ, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stderr
