"""What the rules of the tree look at: the files git knows or would add, and their syntax."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ("src/autopack/simulator/demo/",)
"""Files that a scripted model writes: projects of their own, which this house's rules do not bind."""


@cache
def tracked() -> tuple[str, ...]:
    """Paths, relative to the root and with slashes, of all files but the ignored and the deleted ones."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return tuple(sorted({path for path in listed.split("\0") if path and (ROOT / path).is_file()}))


def python_files(*roots: str) -> list[str]:
    """Our own Python files below the given folders (`src`, `tests`, …), or everywhere."""
    ours = (path for path in tracked() if path.endswith(".py") or path == "dev")
    ours = (path for path in ours if not path.startswith(SAMPLES))
    return [path for path in ours if not roots or path.split("/")[0] in roots]


def modules() -> list[str]:
    """Every module of ours but migrations (Alembic runs those) and `__main__` (it is there to act)."""
    paths = [PurePosixPath(path).relative_to("src").with_suffix("") for path in python_files("src")]
    kept = [path for path in paths if "migrations" not in path.parts[:-1] and path.name != "__main__"]
    return [".".join(part for part in path.parts if part != "__init__") for path in kept]


def text(path: str) -> str:
    """The file's text; bytes that are none are replaced, so that a picture does not end a rule."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


@cache
def syntax(path: str) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(text(path), filename=path)


def imported(path: str) -> set[str]:
    """Full names of all modules and members that the file imports, at the top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names
