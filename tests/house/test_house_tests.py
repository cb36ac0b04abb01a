"""Style rules 12 and 13: what tests look like."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from house.tree import imported, python_files, syntax

LONG_ENOUGH_TO_MEAN_FOREVER = 60
REPLACING = {"setattr", "delattr", "setitem", "delitem", "patch", "object"}


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


def test_nothing_of_ours_is_replaced() -> None:
    """By monkeypatch, `setattr` or assignment. A wait (`…_SECONDS`) may be shortened: that is no mock."""
    found = [
        f"{path}:{line}"
        for path in python_files("tests", "benchmarks")
        for line, target in _replaced(path)
        if not target.endswith("_SECONDS")
    ]
    assert not found, f"bring the real thing into the state you want to see: {found}"


def _replaced(path: str) -> Iterator[tuple[int, str]]:
    """Line and name of each thing of Autopack's that the file replaces."""
    ours = set(_bound_from_autopack(path))
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Call) and node.args:
            called = node.func
            word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            told = " ".join(map(ast.unparse, node.args[:2])).replace("'", "")
            if word in REPLACING and (told.startswith("autopack.") or _root(node.args[0]) in ours):
                yield node.lineno, told.split()[0] if told.startswith("autopack.") else told
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _root(node) in ours:
            yield node.lineno, node.attr


def _bound_from_autopack(path: str) -> Iterator[str]:
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "autopack":
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (
                alias.asname or "autopack" for alias in node.names if alias.name.startswith("autopack")
            )


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


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
