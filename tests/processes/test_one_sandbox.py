"""There is one way to run what a model wrote, and it is the sandbox's."""

from __future__ import annotations

import ast
from pathlib import Path

import autopack

SOURCES = Path(autopack.__file__).parent
STARTING = {"subprocess", "pty", "multiprocessing", "pydantic_ai_harness.shell"}
BARE = {
    "system",
    "popen",
    "execv",
    "execve",
    "execvp",
    "posix_spawn",
    "create_subprocess_exec",
    "create_subprocess_shell",
}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def attributes(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_what_a_model_says_is_run_at_one_place_only() -> None:
    callers = {
        str(file.relative_to(SOURCES))
        for file in SOURCES.rglob("*.py")
        if "autopack.processes.run_confined" in imported(ast.parse(file.read_text()))
    }
    assert callers == {"workspace/confined.py"}


def test_whoever_speaks_with_a_model_can_start_no_process_of_its_own() -> None:
    for package in ("agents", "roles", "routing"):
        for file in (SOURCES / package).rglob("*.py"):
            tree = ast.parse(file.read_text())
            assert not STARTING & imported(tree), file
            assert not BARE & attributes(tree), file
