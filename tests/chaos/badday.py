"""What bad days are made of: small disks, read-only ones, and a run that waits in the middle."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from chaos.killing import runs_of, shell
from fixtures.world import World, approves, builds, git, small_world, write_file

LIMIT_SECONDS = 60
WAIT = "touch ~/waits; until test -e ~/go; do sleep 0.02; done"
FILES = {"README.md": "# small\n"}
PLAN: dict[str, Any] = {
    "schema_version": 1,
    "name": "bad day",
    "verify": ["test -e README.md"],
    "tiers": [
        {
            "name": "Only",
            "phases": [
                {
                    "id": "one",
                    "name": "The phase",
                    "description": "Write it.",
                    "category": "core_backend",
                    "complexity": "low",
                    "attempts": 2,
                }
            ],
        }
    ],
}


@asynccontextmanager
async def bad_world(
    folder: Path, settings: Settings, *, waits: bool = True, plan: Mapping[str, Any] | None = None
) -> AsyncGenerator[World]:
    """A world whose Builder waits in its shell for `go_on`, then writes a file."""
    wait = [shell(WAIT)] if waits else []
    course = builds(1, *wait, write_file("one.txt", "one\n")), approves()
    async with small_world(folder, settings, *course, plan=plan or PLAN, files=FILES) as world:
        yield world


async def until(what: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            true = what()
            if true if isinstance(true, bool) else await true:
                return
            await asyncio.sleep(0.02)


async def waiting_run(world: World) -> str:
    """Id of the run, once its Builder waits in its shell."""

    async def asked() -> bool:
        return any(entry.completed for entry in world.simulator.entries())

    await until(asked)
    (run_id,) = await runs_of(world)
    await until((world.settings.workspaces / run_id / "home" / "build" / "waits").exists)
    return run_id


def go_on(world: World, run_id: str) -> None:
    """Let the Builder's shell end."""
    (world.settings.workspaces / run_id / "home" / "build" / "go").touch()


async def check_done(world: World, run_id: str) -> None:
    """The run succeeded with its one commit, published."""
    run = await world.read(run_id)
    assert (run.state, run.end_reason) == ("succeeded", "completed"), run.end_detail
    log = git(world.repository, "log", "--reverse", "--format=%s", f"autopack/{run_id}").splitlines()
    assert log == ["First commit", "The phase"]
    assert git(world.repository, "rev-parse", f"autopack/{run_id}").strip() == run.head_commit


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Generator[None]:
    """A disk of its own at a folder, with what was there."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = folder.parent / f"{folder.name}.saved"
    subprocess.run(["cp", "-a", f"{folder}/.", saved], check=True)
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder)
    subprocess.run(["cp", "-a", f"{saved}/.", folder], check=True)
    try:
        yield
    finally:
        _unmount(folder)


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """A folder that nobody can write in, not even root."""
    _mount("--bind", folder, folder)
    try:
        _mount("-o", "remount,ro,bind", folder)
        yield
    finally:
        _unmount(folder)


def fill(folder: Path) -> Path:
    """Fill a small disk to its last byte; the file to delete again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        size = 1 << 20
        while size:
            try:
                if file.write(b"\0" * size) < size:
                    size //= 2
            except OSError:
                size //= 2
    assert os.statvfs(folder).f_bavail == 0
    return filler


def _mount(*words: str | Path) -> None:
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine lets nobody mount: {done.stderr.strip()}")


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def no_traceback(output: str, *words: str) -> None:
    """One error and its hint, that hold these words."""
    assert "Traceback" not in output, output
    assert "defect" not in output, output
    for word in ("error: ", "hint: ", *words):
        assert word in output, output
