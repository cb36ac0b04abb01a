"""What no file may say: a registry's host, a machine's path, a secret, "model" for what is no LLM."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator

from house.tree import python_files, syntax, text, tracked

REGISTRY = re.compile(
    r"\b(?:files|registry|upload|test|deb|archive|security|proxy|index|static)?\.?"
    r"(?:pypi|pythonhosted|npmjs|npmmirror|yarnpkg|debian|ubuntu|crates|golang|maven|rubygems|ghcr|docker)"
    r"\.(?:org|com|io|net|dev|cn)\b"
)
MACHINE = re.compile(r"(?<![\w.~$}-])/(?:work|root|(?:home|Users)/(?!you/|ada/|linuxbrew/)[\w.-]+)/")
SECRET = re.compile(
    r"\bsk-[A-Za-z0-9_-]{24,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|"
    r"\bxox[abpr]-[A-Za-z0-9-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY"
)

NO_LLM = re.compile(
    r"_*(?:(?:pydantic|base|orm|db|row|data)_?models?\w*|models?_?(?:type|class|cls|t|row))", re.I
)


def _hits(pattern: re.Pattern[str]) -> str:
    return "\n".join(_each(pattern))


def _each(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in tracked():
        for number, line in enumerate(text(path).splitlines(), start=1):
            if hit := pattern.search(line):
                yield f"{path}:{number}: {hit.group()}"


def test_no_file_names_a_registry_host() -> None:
    assert _hits(REGISTRY) == ""


def test_no_file_names_a_path_of_this_machine() -> None:
    assert _hits(MACHINE) == ""


def test_no_file_holds_a_secret() -> None:
    assert _hits(SECRET) == ""


def test_the_lock_holds_hashes_and_no_address() -> None:
    lines = text("requirements.lock").splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-") or " @ " in line]
    pins = [number for number, line in enumerate(lines) if re.match(r"[a-z0-9]", line)]
    assert pins, "the lock is empty: run ./dev lock"
    unpinned = [lines[at] for at in pins if "==" not in lines[at] or "--hash=sha256:" not in lines[at + 1]]
    assert not unpinned


def test_the_lock_holds_everything_the_project_asks_for() -> None:
    told = tomllib.loads(text("pyproject.toml"))
    asked = [
        *told["project"]["dependencies"],
        *told["dependency-groups"]["dev"],
        *told["build-system"]["requires"],
    ]
    names = {re.split(r"[\[<>=!~; ]", line)[0].lower().replace("_", "-").replace(".", "-") for line in asked}
    locked = {line.split("==")[0] for line in text("requirements.lock").splitlines() if "==" in line}
    assert names - {name.replace(".", "-") for name in locked} == set()


def test_a_model_is_always_an_llm() -> None:
    """A class of pydantic's is a shape or a schema, a row of SQLAlchemy's a row."""
    files = [path for path in python_files("src") if path.endswith("/models.py")]
    assert not files, f"ORM rows are in tables.py, shapes in schemas.py: {files}"
    words = [
        f"{path}: {name}"
        for path in python_files("src", "tests", "benchmarks")
        for name in sorted(_identifiers(path))
        if NO_LLM.fullmatch(name)
    ]
    assert not words, f"call these shape, schema or row: {words}"


def _identifiers(path: str) -> set[str]:
    """Names that the file itself gives, not those that it reads from others."""
    names: set[str] = set()
    for node in ast.walk(syntax(path)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case _:
                pass
    return names
