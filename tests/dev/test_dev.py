"""`./dev` itself: what it says to an old Python, to a wrong word, and about a red check."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from house.tree import ROOT

DOOR = ROOT / "dev"
PROJECT = '[project]\nrequires-python = ">=3.11"\ndependencies = []\n[dependency-groups]\ndev = []\n'
TOOL = """\
#!/bin/sh
echo "{tool} $*"
case "$*" in -c* | */hatch_build.py) exit 0 ;; esac
test "{tool}" != "${{RED:-none}}"
"""


def _load(path: Path) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("door", str(path))
    spec = importlib.util.spec_from_loader("door", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def installed_tree(tmp_path: Path) -> Path:
    """A tree of its own in which `./dev` finds everything installed; its tools are scripts that say so."""
    (tmp_path / "dev").write_bytes(DOOR.read_bytes())
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "requirements.lock").write_text("")
    tools = tmp_path / ".venv/bin"
    tools.mkdir(parents=True)
    for tool in ("python", "ruff", "pyright", "lint-imports", "autopack"):
        (tools / tool).write_text(TOOL.format(tool=tool))
        (tools / tool).chmod(0o755)
    door = _load(tmp_path / "dev")
    (tmp_path / "requirements.lock").write_text(f"# inputs: {door.input_hash()}\n")
    (tmp_path / ".dev").mkdir()
    (tmp_path / ".dev/installed").write_text(door.installed())
    return tmp_path


def _dev(tree: Path, *arguments: str, red: str = "none") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-B", str(tree / "dev"), *arguments]
    environ = {"PATH": "/usr/bin:/bin", "RED": red}
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)


def test_an_old_python_can_read_it_up_to_the_sentence_about_its_age() -> None:
    ast.parse(DOOR.read_text(), feature_version=(3, 8))


def test_without_a_command_it_tells_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "dev").write_bytes(DOOR.read_bytes())
    told, wrong = _dev(tmp_path), _dev(tmp_path, "tset")
    assert (told.returncode, wrong.returncode) == (0, 2)
    assert "./dev demo" in told.stdout
    assert told.stdout == wrong.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["dev"]


def test_a_red_check_does_not_hide_the_others(installed_tree: Path) -> None:
    green, red = _dev(installed_tree, "check"), _dev(installed_tree, "check", red="ruff")
    assert (green.returncode, green.stdout.splitlines()[-1]) == (0, "./dev check: all green")
    assert (red.returncode, red.stdout.splitlines()[-1]) == (1, "./dev check: 2 red")
    told = [line.split()[:2] for line in red.stdout.splitlines() if line.startswith(("  ok", "  red"))]
    assert told[:4] == [["ok", "types"], ["red", "ruff"], ["red", "format"], ["ok", "layers"]]
    assert told[4:] == [["ok", "house"], ["ok", "docs"], ["ok", "page"]]


def test_a_lock_older_than_what_it_locks_is_red(installed_tree: Path) -> None:
    project, door = installed_tree / "pyproject.toml", _load(installed_tree / "dev")
    project.write_text(PROJECT.replace("dependencies = []", 'dependencies = ["rich"]'))
    (installed_tree / ".dev/installed").write_text(door.installed())
    done = _dev(installed_tree, "check")
    assert done.returncode == 1
    assert "run ./dev lock" in done.stdout


def test_a_stage_or_any_pytest_argument_can_be_given(installed_tree: Path) -> None:
    assert _dev(installed_tree, "test", "e2e", "-x").stdout.endswith("-m pytest tests/e2e -x\n")
    assert _dev(installed_tree, "test", "tests/db").stdout.endswith("-m pytest tests/db\n")


def test_the_suite_runs_on_both_databases_and_a_red_first_does_not_hide_the_second(
    installed_tree: Path,
) -> None:
    green, red = _dev(installed_tree, "test"), _dev(installed_tree, "test", red="python")
    assert (green.returncode, red.returncode) == (0, 1)
    assert green.stdout == red.stdout
    built, page, first, again = green.stdout.splitlines()
    assert built.endswith("/hatch_build.py")
    assert page == f"{built} run --silent test"
    assert "--cov" not in first
    assert "--database=postgres -m database" in again
    assert _dev(installed_tree, "test", "postgres", "-x").stdout == f"{built}\n{again} -x\n"
    full = _dev(installed_tree, "test", "--full", "-x").stdout.splitlines()
    assert full[:3] == [built, page, f"{first} --cov --full -x"]
    assert full[3] == f"{again.partition(' -m database')[0]} --full -x"


def test_every_test_is_in_one_stage_and_what_check_runs_is_not_run_twice(installed_tree: Path) -> None:
    told = {words: _dev(installed_tree, *words.split()).stdout for words in ("test", "test unit", "check")}
    assert "--ignore=tests/house" in told["test"]
    assert "--ignore=tests/house" in told["test unit"]
    assert "--ignore=tests/e2e" in told["test unit"]
    assert "-m pytest tests/house" in told["check"]


def test_the_exit_code_is_the_tools_own(installed_tree: Path) -> None:
    assert _dev(installed_tree, "demo").returncode == 0
    assert _dev(installed_tree, "demo", red="autopack").returncode == 1
    assert _dev(installed_tree, "bench", "nothing").returncode == 2


def test_the_pictures_are_taken_with_what_is_handed_on(installed_tree: Path) -> None:
    taken = _dev(installed_tree, "screenshots", "--all", "x")
    assert taken.stdout.splitlines()[-1] == f"python {installed_tree / 'docs/screenshots.py'} --all x"
    assert (taken.returncode, _dev(installed_tree, "screenshots", red="python").returncode) == (0, 1)
