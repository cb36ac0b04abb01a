"""`init`, `plan` and `project add`: the first minutes of a user."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from autopack.cli.starter import detect, plan_text
from autopack.plan import parse_plan
from cli.calling import Autopack
from fixtures.world import git, new_repository

PYPROJECT = '[project]\nname = "x"\ndependencies = ["httpx"]\n'


def _files(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize(
    ("files", "setup", "verify"),
    [
        (
            {"pyproject.toml": PYPROJECT + "[tool.pytest.ini_options]\n"},
            "python3 -m venv .venv && .venv/bin/pip install -q -e . pytest",
            ".venv/bin/python -m pytest -q",
        ),
        (
            {"requirements.txt": "flask\npytest\n"},
            "python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt pytest",
            ".venv/bin/python -m pytest -q",
        ),
        (
            {"pyproject.toml": "[dependency-groups]\ndev = ['pytest']\n", "uv.lock": ""},
            "uv sync --frozen",
            "uv run --no-sync pytest -q",
        ),
        (
            {"pyproject.toml": '[project]\nname = "x"\n', "tests/test_x.py": ""},
            None,
            "python3 -m unittest discover -s tests -q",
        ),
        (
            {"pyproject.toml": PYPROJECT, "tests/test_x.py": ""},
            "python3 -m venv .venv && .venv/bin/pip install -q -e .",
            ".venv/bin/python -m unittest discover -s tests -q",
        ),
        (
            {"package.json": '{"scripts": {"test": "vitest run"}}', "package-lock.json": ""},
            "npm ci",
            "npm test",
        ),
        (
            {"package.json": '{"scripts": {"test": "jest"}}', "pnpm-lock.yaml": ""},
            "pnpm install --frozen-lockfile",
            "pnpm test",
        ),
        (
            {"package.json": '{"scripts": {"test": "jest"}}', "yarn.lock": ""},
            "yarn install --frozen-lockfile",
            "yarn test",
        ),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, "npm install", "npm test"),
        ({"Cargo.toml": "[package]\n"}, "cargo fetch", "cargo test --offline --quiet"),
        ({"go.mod": "module x\n"}, "go mod download", "go test ./..."),
        ({"Makefile": "build:\n\ntest: build\n\tctest\n"}, None, "make test"),
    ],
)
def test_the_checks_of_a_repository_are_found_in_its_files(
    tmp_path: Path, files: Mapping[str, str], setup: str | None, verify: str
) -> None:
    found = detect(_files(tmp_path, files))
    assert found is not None
    assert (found.setup, found.verify) == (() if setup is None else (setup,), (verify,))
    plan = parse_plan(plan_text("x", found), source="plan.yaml")
    assert (plan.setup, plan.verify) == (found.setup, found.verify)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"pyproject.toml": '[project]\nname = "x"\n'},
        {"pyproject.toml": "not toml ["},
        {"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'},
        {"package.json": "not json"},
        {"package.json": "[]"},
        {"package.json": '{"scripts": []}'},
        {"Makefile": "build:\n"},
    ],
)
def test_where_nothing_tells_the_plan_is_not_accepted_until_someone_says_it(
    autopack: Autopack, tmp_path: Path, files: Mapping[str, str]
) -> None:
    assert detect(_files(tmp_path, files)) is None
    text = plan_text('odd: "name" #1', None)
    assert "FILL IN" in text
    (tmp_path / "plan.yaml").write_text(text)
    autopack("plan", "check", "plan.yaml").failed(2, "verify: is missing; write commands")
    plan = parse_plan(text.replace("# verify:", "verify:"), source="plan.yaml")
    assert (plan.name, plan.verify) == ('odd: "name" #1', ("make test",))


def test_the_starters_own_words_are_no_plan(autopack: Autopack, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "app", {"go.mod": "module app\n"})
    autopack("init", repository)
    plan = repository / ".autopack/plan.yaml"
    lines = plan.read_text().splitlines()
    at = next(number for number, line in enumerate(lines, start=1) if "name: Replace this" in line)
    for command in (("plan", "check"), ("run", "--repo", repository)):
        told = autopack(*command, plan)
        assert told.code == 2
        assert f"plan.yaml:{at}: tiers[0].phases[0].name: is still the starter's; write" in told.err
        assert f"plan.yaml:{at + 2}: tiers[0].phases[0].description: is still the starter's" in told.err
    _fill_in(plan)
    assert autopack("plan", "check", plan).code == 0


def _fill_in(plan: Path) -> None:
    text = plan.read_text().replace("Replace this with what to build first", "The store")
    plan.write_text(text.replace("What to build, in as many words as it takes", "Keep it"))


def test_init_writes_a_plan_and_models_that_pass_their_check(autopack: Autopack, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "app", {"go.mod": "module app\n"})
    told = autopack("init", repository)
    assert told.code == 0
    plan = repository / ".autopack/plan.yaml"
    assert f"Wrote {plan}" in told.out
    assert (tmp_path / "home/models.yaml").exists()
    assert "Set ANTHROPIC_API_KEY, OPENAI_API_KEY in the environment" in told.out
    assert "autopack run app/.autopack/plan.yaml" in told.out
    _fill_in(plan)
    assert "app: 1 tier, 1 phase. The plan is valid." in autopack("plan", "check", plan).out
    assert git(repository, "status", "--porcelain").split() == ["??", ".autopack/"]


def test_init_overwrites_nothing(autopack: Autopack, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "app", {"a": ""})
    plan = _files(repository, {".autopack/plan.yaml": "mine"}) / ".autopack/plan.yaml"
    models = _files(tmp_path / "home", {"models.yaml": ""}) / "models.yaml"
    autopack("init", repository).failed(2, "models.yaml")
    models.unlink()
    told = autopack("init", repository)
    assert (told.code, plan.read_text()) == (0, "mine")
    assert "Kept" in told.out


def test_a_home_inside_the_repository_is_noted(
    autopack: Autopack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = new_repository(tmp_path / "app", {"go.mod": "module app\n"})
    assert "inside the repository" not in autopack("init", repository).err
    monkeypatch.setenv("AUTOPACK_HOME", str(repository / ".autopack/home"))
    assert "is inside the repository" in " ".join(autopack("init", repository).err.split())
    monkeypatch.setenv("AUTOPACK_HOME", "~nobody-here/home")
    autopack("init", repository).failed(2, "AUTOPACK_HOME", "there is no such user")


def test_init_says_that_a_virtual_environment_must_be_ignored(autopack: Autopack, tmp_path: Path) -> None:
    files = {"pyproject.toml": PYPROJECT + "[tool.pytest]\n"}
    assert "Add .venv/ to .gitignore" in autopack("init", new_repository(tmp_path / "a", files)).out
    files |= {".gitignore": ".venv\n"}
    assert "Add .venv/" not in autopack("init", new_repository(tmp_path / "b", files)).out


def test_init_goes_on_with_keys_that_are_set(
    autopack: Autopack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    told = autopack("init", new_repository(tmp_path / "app", {"a": ""}))
    assert "Keys are set: ANTHROPIC_API_KEY, OPENAI_API_KEY" in told.out
    assert "sk-secret" not in told.out


def test_init_outside_a_repository_or_in_an_empty_one_is_refused(autopack: Autopack, tmp_path: Path) -> None:
    autopack("init", tmp_path).failed(2, "not in a git repository", "git init")
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "empty")], check=True)
    autopack("init", tmp_path / "empty").failed(2, "no commits")
    autopack("init", tmp_path / "nowhere").failed(2, "does not exist")


def test_a_plan_is_checked_with_lines_and_remedies(autopack: Autopack, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("schema_version: 1\nname: x\nverify: none\ntiers: []\n")
    autopack("plan", "check", "plan.yaml").failed(2, "plan.yaml:4", "tiers")
    (tmp_path / "plan.yaml").write_text("")
    autopack("plan", "check", "plan.yaml").failed(2, "plan.yaml")
    autopack("plan", "check", "nowhere.yaml").failed(2, "there is no such file")
    autopack("plan", "check", tmp_path / "x/../none.yaml").failed(2, f"{tmp_path}/none.yaml: there is no")
    autopack("plan", "check", "~nobody-here/plan.yaml").failed(2, "there is no such user")


def test_a_plan_that_checks_nothing_says_which_phases(autopack: Autopack, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(plan_text("x", None) + "verify: none\n")
    _fill_in(tmp_path / "plan.yaml")
    assert "Verified by nothing: first" in autopack("plan", "check", "plan.yaml").out


def test_the_schema_of_a_plan_is_json(autopack: Autopack) -> None:
    assert json.loads(autopack("plan", "schema").out)["title"] == "Autopack plan"


def test_a_project_is_added_once(autopack: Autopack, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "app", {"src/a": ""})
    assert autopack("project", "add", repository / "src").out == f"Added app ({repository})\n"
    assert autopack("project", "add", repository).out == f"Already there: app ({repository})\n"
    assert [one["path"] for one in autopack("project", "list", "--json").said] == [str(repository)]
    autopack("project", "add", tmp_path).failed(2, "not in a git repository")
