"""Keys that this process was started with reach no child: not by inheritance, and not through /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from autopack.processes import Command, Confinement, Profile, run_confined
from autopack.processes.guard import Guard
from autopack.workspace.source import users_git

KEY = "oa-Inherited-7Yq2Lm94Zt0Wx"


@pytest.fixture(autouse=True)
def _with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.mark.parametrize("confinement", list(Confinement))
async def test_a_command_inherits_no_key(tmp_path: Path, confinement: Confinement) -> None:
    (tmp_path / "home").mkdir()
    look = "env" if confinement is Confinement.NONE else "env; cat /proc/[0-9]*/environ; ls /proc"
    finished = await run_confined(
        Command(argv=("sh", "-c", look), cwd=tmp_path, env={}),
        profile=Profile(writable=(tmp_path,), readable=(), home=tmp_path / "home", network=False),
        confinement=confinement,
        environ=os.environ,
    )
    assert b"PATH=" in finished.output
    assert KEY.encode() not in finished.output


def test_the_guard_of_a_command_inherits_no_key() -> None:
    before = set(_children())
    guard = Guard()
    try:
        (new,) = set(_children()) - before
        environ, limit = b"", time.monotonic() + 10
        while b"PATH=" not in environ and time.monotonic() < limit:
            time.sleep(0.01)
            environ = Path("/proc", new, "environ").read_bytes()
        assert b"PATH=" in environ
        assert KEY.encode() not in environ
    finally:
        guard.dismiss()


async def test_the_users_own_git_inherits_no_key_of_a_provider(tmp_path: Path) -> None:
    said = await users_git(tmp_path, "-c", "alias.look=!env", "look")
    assert b"PATH=" in said.output
    assert KEY.encode() not in said.output


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
