"""Where diagnostics go: a defect's traceback and what libraries warn of, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from cli.processes import PROGRAM, call, environ_of
from fixtures.world import PLAN, approves, builds, small_world, write_file

BROKEN = """\
import logging
logging.getLogger(__name__).error("a library's complaint")
raise LookupError("this package is broken")
"""


def _logged(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "autopack.log").read_text().splitlines()]


def _check_with_a_broken_package(tmp_path: Path, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """`plan check`, which opens no log, where the package that reads YAML is broken."""
    (tmp_path / "site/ruamel/yaml").mkdir(parents=True)
    (tmp_path / "site/ruamel/yaml/__init__.py").write_text(BROKEN)
    (tmp_path / "plan.yaml").write_text(json.dumps(PLAN))
    return subprocess.run(
        [*PROGRAM, "plan", "check", "plan.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "AUTOPACK_HOME": str(home), **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_defect_of_a_command_without_a_log_opens_one_for_its_traceback(tmp_path: Path) -> None:
    done = _check_with_a_broken_package(tmp_path, tmp_path / "home")
    said, hint = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert said == "error: Autopack itself failed: LookupError: this package is broken"
    assert "autopack.log in AUTOPACK_HOME has the traceback" in hint
    (entry,) = _logged(tmp_path / "home")
    assert "LookupError: this package is broken" in entry["exception"]


def test_a_defect_without_a_writable_home_points_to_no_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _check_with_a_broken_package(tmp_path, tmp_path / "file/home")
    said, hint = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert "this package is broken" in said
    assert hint == "hint: This is a defect. AUTOPACK_DEBUG=1 shows the traceback."


def test_the_traceback_of_a_defect_is_shown_to_who_asks_for_it(tmp_path: Path) -> None:
    done = _check_with_a_broken_package(tmp_path, tmp_path / "home", AUTOPACK_DEBUG="1")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")


@pytest.mark.parametrize("shown", ["", "always"])
async def test_what_an_sdk_warns_of_is_in_the_log_and_not_on_the_terminal(
    tmp_path: Path, settings: Settings, shown: str
) -> None:
    old = "claude-opus-4-0"
    conversations = [builds(1, write_file("one.py", "ONE = 1\n")), approves()]
    async with small_world(tmp_path, settings, *conversations) as world:
        policy = settings.policy_path
        policy.write_text(policy.read_text().replace("claude-haiku-5-5", old))
        ended = await call(world, "run", world.plan, environ=environ_of(world, PYTHONWARNINGS=shown))
    assert ended.code == 0, ended
    assert "arning" not in ended.out + ended.err
    warned = [one["event"] for one in _logged(settings.home) if "DeprecationWarning" in one["event"]]
    assert any(f"The model '{old}' is deprecated" in one for one in warned)
