"""Style rule 8: importing has no effects, and the heavy libraries wait until they are used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from house.tree import imported, modules, python_files

AT_HOME = {
    "pydantic_ai": ["autopack.agents"],
    "pydantic_ai_harness": ["autopack.agents"],
    "openai": ["autopack.agents"],
    "anthropic": ["autopack.agents"],
    "httpx": ["autopack.agents"],
    "httpx2": ["autopack.agents"],
    "dbos": ["autopack.supervisor.engine"],
    "genai_prices": ["autopack.usage.prices", "autopack.agents"],
    "uvicorn": ["autopack.simulator"],
    "fastapi": ["autopack.dashboard", "autopack.app"],
    "alembic": ["autopack.migrations"],
    "rich": [
        "autopack.cli.live",
        "autopack.cli.pages",
        "autopack.agents",  # pydantic_ai_harness brings it
        "autopack.supervisor.engine",  # structlog brings it
    ],
}
"""Heavy libraries and the one place that knows each: it may import it at its top, if nobody else's import
brings it in. (The place's own lazy imports are not seen here, and need not be.)"""

PROBE = """
import importlib, json, sys, threading
now, found = "", []
WRITES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.putenv", "os.chmod")
ACTS = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "socket.connect", "socket.bind")
def watch(event, args):
    if event in WRITES or event in ACTS:
        found.append(f"{now}: {event} {args[:1]}")
    elif event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        found.append(f"{now}: writes {args[0]}")
sys.addaudithook(watch)
home, names = json.loads(sys.argv[1]), sys.argv[2].split(",")
names.sort(key=lambda name: name.startswith(tuple(sum(home.values(), []))))
for now in names:
    before = set(sys.modules)
    importlib.import_module(now)
    for name in set(home) & (set(sys.modules) - before):
        if not now.startswith(tuple(home[name])):
            found.append(f"{now}: imports {name}")
    if threading.active_count() > 1:
        found.append(f"{now}: starts a thread")
        break
sys.stderr.write("\\n".join(found))
"""


def test_a_heavy_library_is_named_in_one_place_only() -> None:
    """Also inside functions: what knows a library is what has to change with it."""
    more = {"alembic": ["autopack.migrations", "autopack.db"], "rich": ["autopack.cli"]}
    allowed = {**AT_HOME, **more, "typer": ["autopack.cli"]}
    found = [
        f"{path}: {library}"
        for path in python_files("src")
        for library in sorted({name.split(".")[0] for name in imported(path)} & (set(allowed) - {"httpx"}))
        if not path.removeprefix("src/").replace("/", ".").startswith(tuple(allowed[library]))
    ]
    assert not found, "\n".join(found)


def test_importing_a_module_has_no_effects(tmp_path: Path) -> None:
    """With nothing in the environment: no file, process, socket, thread or word, and nothing heavy."""
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROBE, json.dumps(AT_HOME), ",".join(modules())],
        cwd=home,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == []
    assert done.stdout == ""
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("module", ["autopack.cli", "autopack.config", "autopack.errors", "autopack.plan"])
def test_a_door_imports_on_its_own(module: str, tmp_path: Path) -> None:
    """Not only after others were imported before it."""
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", f"import {module}"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
