"""The first plan of a repository: how it is set up and verified, as far as its files tell. Pure reads."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from autopack.supervisor.planfiles import STARTER_DESCRIPTION, STARTER_NAME, read_plan

__all__ = ["Checks", "detect", "plan_text", "read_plan"]


@dataclass(frozen=True)
class Checks:
    """What a repository's files say about its checks."""

    found: str
    """The file that told."""
    setup: tuple[str, ...]
    verify: tuple[str, ...]


def detect(top: Path) -> Checks | None:
    """How the repository is set up and verified; None where nothing tells."""
    looks: tuple[Callable[[Path], Checks | None], ...] = (_python, _node, _cargo, _go, _make)
    return next((found for look in looks if (found := look(top)) is not None), None)


def _python(top: Path) -> Checks | None:
    project = _read(top / "pyproject.toml")
    files = [
        name
        for name in ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")
        if (top / name).exists()
    ]
    if not files:
        return None
    requirements = _read(top / "requirements.txt") + _read(top / "requirements-dev.txt")
    pytest = (
        "pytest" in project + requirements + _read(top / "setup.cfg") + _read(top / "tox.ini")
        or (top / "pytest.ini").exists()
        or bool(list(top.glob("tests/**/conftest.py")))
    )
    if (top / "uv.lock").exists():
        return Checks("uv.lock", ("uv sync --frozen",), ("uv run --no-sync pytest -q",)) if pytest else None
    installs = " -e ." if _is_package(project) or (top / "setup.py").exists() else ""
    installs += "".join(
        f" -r {name}" for name in ("requirements.txt", "requirements-dev.txt") if (top / name).exists()
    )
    if pytest:
        setup = f"python3 -m venv .venv && .venv/bin/pip install -q{installs} pytest"
        return Checks(files[0], (setup,), (".venv/bin/python -m pytest -q",))
    if not (top / "tests").is_dir():
        return None
    tests = "-m unittest discover -s tests -q"
    if not _depends(project) and not requirements:
        return Checks(files[0], (), (f"python3 {tests}",))
    setup = f"python3 -m venv .venv && .venv/bin/pip install -q{installs}"
    return Checks(files[0], (setup,), (f".venv/bin/python {tests}",))


def _is_package(project: str) -> bool:
    return "[build-system]" in project or "[project]" in project


def _depends(project: str) -> bool:
    try:
        told = cast("dict[str, dict[str, object]]", tomllib.loads(project))
    except tomllib.TOMLDecodeError:
        return False
    return bool(told.get("project", {}).get("dependencies"))


def _node(top: Path) -> Checks | None:
    try:
        told = json.loads(_read(top / "package.json") or "null")
    except json.JSONDecodeError:
        return None
    scripts = cast("dict[str, object]", told).get("scripts") if isinstance(told, dict) else None
    test = cast("dict[str, object]", scripts).get("test") if isinstance(scripts, dict) else None
    if not isinstance(test, str) or "no test specified" in test:
        return None
    for lock, setup, verify in (
        ("pnpm-lock.yaml", "pnpm install --frozen-lockfile", "pnpm test"),
        ("yarn.lock", "yarn install --frozen-lockfile", "yarn test"),
        ("package-lock.json", "npm ci", "npm test"),
    ):
        if (top / lock).exists():
            return Checks("package.json", (setup,), (verify,))
    return Checks("package.json", ("npm install",), ("npm test",))


def _cargo(top: Path) -> Checks | None:
    if not (top / "Cargo.toml").exists():
        return None
    return Checks("Cargo.toml", ("cargo fetch",), ("cargo test --offline --quiet",))


def _go(top: Path) -> Checks | None:
    return Checks("go.mod", ("go mod download",), ("go test ./...",)) if (top / "go.mod").exists() else None


def _make(top: Path) -> Checks | None:
    told = re.search(r"^test\s*:", _read(top / "Makefile"), re.MULTILINE)
    return Checks("Makefile", (), ("make test",)) if told else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")[:1_000_000]
    except OSError:
        return ""


def plan_text(name: str, checks: Checks | None) -> str:
    """A plan to be filled in, with a word on each line."""
    return _PLAN.format(
        name=json.dumps(name, ensure_ascii=False),
        checks=_checks_text(checks),
        phase=STARTER_NAME,
        description=STARTER_DESCRIPTION,
    )


def _checks_text(checks: Checks | None) -> str:
    if checks is None:
        return _NOTHING_FOUND
    lines = [f"# Found in {checks.found}; see that they are right."]
    if checks.setup:
        lines.append("# Prepares a fresh checkout, with network; runs again when a manifest changes.")
        lines.append(f"setup: {json.dumps(checks.setup)}")
    lines.append("# Must pass before a phase is committed. Runs without network.")
    lines.append(f"verify: {json.dumps(checks.verify)}")
    return "\n".join(lines)


_NOTHING_FOUND = """\
# FILL IN: the commands that must pass before a phase is committed; nothing in this repository told which.
# Without them the plan is not accepted. `verify: none` says that nothing is to be checked.
# verify: ["make test"]
# Commands that prepare a fresh checkout, such as ["npm ci"].
# setup: []"""

_PLAN = """\
# What Autopack builds here, in tiers of phases, in this order. `autopack plan check` looks at it;
# `autopack plan schema` prints its JSON Schema for your editor.
schema_version: 1
name: {name}

{checks}

# Ignored files of your checkout that the checks need, and variables that they may see (never keys).
# copy: [.env.test]
# env: [TZ]

tiers:
  - name: First steps
    phases:
      - id: first # stands in commits and on the command line
        name: {phase} # the commit's subject
        description: |
          {description}
        category: core_backend # any word; models.yaml may map it to models of its own
        complexity: medium # low | medium | high: which models build and audit it
        # files: ["src/**", "tests/**"] # a change outside this scope is a failed attempt
        # attempts: 3
"""
