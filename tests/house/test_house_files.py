"""Style rules 1, 3, 5, 6 and 12: what files are called, what they hold, how long they are."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

from house.tree import imported, python_files, syntax, text

VAGUE = {"utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "misc"}
LONG = 400
REASON = "# Over 400 lines because "
KNOW_SQL = ("queries.py", "tables.py")
MAKES_SESSIONS = ("src/autopack/migrations/", "src/autopack/db/")
ADVANCE = "src/autopack/supervisor/advance.py"
ADVANCE_KNOWS = {
    "__future__",
    "typing",
    "autopack.runs.states",
    *(f"autopack.supervisor.{name}" for name in ("lifecycle", "position", "rules", "steps")),
}


def test_no_module_or_package_has_a_name_that_says_nothing() -> None:
    found = [
        path
        for path in python_files()
        for part in PurePosixPath(path).with_suffix("").parts
        if VAGUE & set(part.split("_"))
    ]
    assert not found, f"name these after what they are for: {found}"


def test_a_file_over_400_lines_says_why_at_its_top() -> None:
    found = {
        path: len(lines)
        for path in python_files()
        if len(lines := text(path).splitlines()) > LONG and not any(REASON in line for line in lines[:10])
    }
    assert not found, f"split these, or begin them with `{REASON}…`: {found}"


def test_tables_hold_rows_and_nothing_that_acts() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path in python_files("src")
        if path.endswith("/tables.py")
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert not found, f"tables.py holds ORM rows only; move these functions: {found}"


def test_rows_are_declared_in_tables_only() -> None:
    found = [
        path
        for path in python_files("src")
        if not path.endswith("/tables.py")
        and re.search(r"^\s+__tablename__\s*[:=]", text(path), re.MULTILINE)
    ]
    assert not found, f"move these ORM rows to a tables.py: {found}"


def test_no_row_of_money_is_a_float() -> None:
    found = [
        path
        for path in python_files("src")
        if path.endswith("/tables.py") and re.search(r"\b(usd|nano_usd|cost)\w*:\s*Mapped\[float", text(path))
    ]
    assert not found, f"money is integer nano-dollars: {found}"


def test_only_queries_and_tables_know_sql() -> None:
    """No other file builds a statement, from whatever part of SQLAlchemy; `db/` makes the sessions."""
    found = [
        path
        for path in python_files("src")
        if not path.endswith(KNOW_SQL)
        and not path.startswith(MAKES_SESSIONS)
        and any(name.split(".")[0] == "sqlalchemy" for name in imported(path))
    ]
    assert not found, f"SQL lives in queries.py: {found}"


def test_advance_decides_and_can_touch_nothing_outside() -> None:
    found = {
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(syntax(ADVANCE))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not found - ADVANCE_KNOWS, f"advance.py decides, steps act: {found - ADVANCE_KNOWS}"


def test_a_state_changes_only_in_the_service_of_runs() -> None:
    """There every move is checked by the tables of `runs/states.py`. (The board is a picture, no row.)"""
    found = [
        f"{path}: {ast.unparse(node)}"
        for path in python_files("src")
        if path not in ("src/autopack/runs/service.py", "src/autopack/cli/board.py")
        for node in ast.walk(syntax(path))
        if _sets_a_state(node, of_runs=path.startswith(("src/autopack/runs/", "src/autopack/supervisor/")))
    ]
    assert not found, f"move runs and phases through runs/service.py: {found}"


def _sets_a_state(node: ast.AST, *, of_runs: bool) -> bool:
    """By assignment, by `setattr`, or by an UPDATE of runs or phases."""
    if isinstance(node, ast.Attribute):
        return node.attr == "state" and isinstance(node.ctx, ast.Store)
    if not isinstance(node, ast.Call):
        return False
    match node.func:
        case ast.Name(id="setattr"):
            return any(isinstance(word, ast.Constant) and word.value == "state" for word in node.args)
        case ast.Attribute(attr="values"):
            return of_runs and any(word.arg == "state" for word in node.keywords)
        case _:
            return False
