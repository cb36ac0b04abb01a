"""Style rules 1, 3, 5 and 12: what files are called, what they hold, how long they are."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

from house.tree import imported, python_files, syntax, text

VAGUE = {"utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "misc"}
LONG = 400
REASON = "# Over 400 lines because "
SQL = "sqlalchemy"
OUTSIDE = {"os", "pathlib", "subprocess", "shutil", "socket", "sqlite3", "tempfile", "httpx", SQL}


def test_no_module_or_package_has_a_name_that_says_nothing() -> None:
    found = [
        path
        for path in python_files()
        for part in PurePosixPath(path).with_suffix("").parts
        if VAGUE & set(part.split("_"))
    ]
    assert not found, f"name these after what they are for: {found}"


def test_a_model_is_always_an_llm() -> None:
    found = [path for path in python_files("src") if path.endswith("/models.py")]
    assert not found, f"ORM rows are in tables.py, shapes in schemas.py: {found}"


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


def test_schemas_know_no_database() -> None:
    found = [
        path
        for path in python_files("src")
        if path.endswith("/schemas.py") and {name.split(".")[0] for name in imported(path)} & {SQL}
    ]
    assert not found, f"schemas.py is what goes in and out, without SQLAlchemy: {found}"


def test_endpoints_hold_no_sql() -> None:
    found = [
        path
        for path in python_files("src")
        if path.endswith("/endpoints.py") and any(".queries" in name for name in imported(path))
    ]
    assert not found, f"endpoints call a service or a view, never queries: {found}"


def test_advance_decides_and_touches_nothing_outside() -> None:
    found = {
        path: sorted(reached)
        for path in python_files("src")
        if path.endswith("/advance.py")
        if (reached := {name.split(".")[0] for name in imported(path)} & OUTSIDE)
    }
    assert not found, f"advance.py decides, steps act: {found}"


def test_no_row_of_money_is_a_float() -> None:
    found = [
        path
        for path in python_files("src")
        if path.endswith("/tables.py") and re.search(r"\b(usd|nano_usd|cost)\w*:\s*Mapped\[float", text(path))
    ]
    assert not found, f"money is integer nano-dollars: {found}"
