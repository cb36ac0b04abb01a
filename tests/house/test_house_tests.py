"""Style rules 12 and 13: what tests look like."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import PurePosixPath

from house.tree import imported, python_files, syntax

LONG_ENOUGH_TO_MEAN_FOREVER = 60


def test_a_test_name_is_a_sentence() -> None:
    found = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files("tests")
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and len(node.name.split("_")) < 4
    ]
    assert not found, f"say what holds, in words: {found}"


def test_test_files_have_names_of_their_own() -> None:
    names = Counter(PurePosixPath(path).name for path in python_files("tests"))
    twice = [name for name, count in names.items() if count > 1 and name.startswith("test_")]
    assert not twice, f"pytest tells test files apart by their names alone: {twice}"
    packages = [path for path in python_files("tests") if path.endswith("/__init__.py")]
    assert not packages, f"tests are no packages: {packages}"


def test_nothing_is_mocked() -> None:
    found = [
        path
        for path in python_files("tests", "benchmarks")
        if imported(path) & {"unittest.mock", "mock", "pytest_mock", "respx", "responses"}
    ]
    assert not found, f"talk to the real thing, or to the simulated provider over HTTP: {found}"


def test_a_sleep_only_paces_a_wait_for_a_condition() -> None:
    """Allowed: inside a loop (the wait has a limit there), zero, and so long that it means for ever."""
    found: list[str] = []
    for path in python_files("tests"):
        loops = [
            node for node in ast.walk(syntax(path)) if isinstance(node, ast.While | ast.For | ast.AsyncFor)
        ]
        paced = {id(inner) for loop in loops for inner in ast.walk(loop)}
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.Call) and _is_sleep(node.func) and id(node) not in paced:
                told = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
                if not isinstance(told, int | float) or 0 < told < LONG_ENOUGH_TO_MEAN_FOREVER:
                    found.append(f"{path}:{node.lineno}")
    assert not found, f"wait for a condition with a limit instead: {found}"


def _is_sleep(called: ast.expr) -> bool:
    return (isinstance(called, ast.Attribute) and called.attr == "sleep") or (
        isinstance(called, ast.Name) and called.id == "sleep"
    )
