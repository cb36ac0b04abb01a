from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from pathlib import Path

import pytest
from process_table import running_with, until_gone, until_running

from autopack.errors import Unavailable
from autopack.processes import Command, Finished, run

PATH = {"PATH": os.environ["PATH"]}


async def sh(script: str, folder: Path, **options: float) -> Finished:
    limit = int(options.get("limit", 1_000_000))
    return await run(
        Command(
            argv=("sh", "-c", script),
            cwd=folder,
            env=PATH,
            timeout_seconds=options.get("timeout"),
            output_limit_bytes=limit,
        )
    )


async def test_output_comes_whole_and_in_order(tmp_path: Path) -> None:
    finished = await sh("echo one; echo two >&2; echo three; exit 3", tmp_path)
    assert finished.output == b"one\ntwo\nthree\n"
    assert finished.exit_code == 3
    assert not finished.truncated
    assert not finished.timed_out
    assert finished.argv[0] == "sh"
    assert 0 < finished.duration_seconds < 30


async def test_errors_can_be_kept_apart(tmp_path: Path) -> None:
    command = Command(
        argv=("sh", "-c", "echo out; echo err >&2"), cwd=tmp_path, env=PATH, separate_errors=True
    )
    finished = await run(command)
    assert (finished.output, finished.errors) == (b"out\n", b"err\n")


async def test_only_the_given_environment_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    finished = await run(Command(argv=("env",), cwd=tmp_path, env={**PATH, "GIVEN": "yes"}))
    assert b"GIVEN=yes" in finished.output
    assert b"secret" not in finished.output


async def test_standard_input_is_empty_or_what_was_given(tmp_path: Path) -> None:
    assert (await sh("cat; echo end", tmp_path)).output == b"end\n"
    given = await run(Command(argv=("cat",), cwd=tmp_path, env=PATH, input_bytes=b"x" * 300_000))
    assert given.output == b"x" * 300_000


async def test_more_output_than_the_limit_keeps_both_ends_and_the_command_goes_on(tmp_path: Path) -> None:
    script = "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last; touch went-on"
    finished = await sh(script, tmp_path, limit=1000)
    assert finished.truncated
    assert finished.exit_code == 0
    assert finished.output.startswith(b"first\n")
    assert finished.output.endswith(b"last\n")
    assert b"bytes left out" in finished.output
    assert len(finished.output) < 1100
    assert (tmp_path / "went-on").exists()


async def test_output_of_exactly_the_limit_is_whole(tmp_path: Path) -> None:
    finished = await sh("head -c 1001 /dev/zero | tr '\\0' x", tmp_path, limit=1001)
    assert finished.output == b"x" * 1001
    assert not finished.truncated


async def test_a_time_limit_ends_the_whole_group(tmp_path: Path) -> None:
    marker = uuid.uuid4().hex
    finished = await sh(f"sh -c 'sleep 60; : {marker}' & sleep 60", tmp_path, timeout=0.3)
    assert finished.timed_out
    assert finished.exit_code == -signal.SIGTERM
    assert running_with(marker) == []


async def test_a_command_that_refuses_to_end_is_killed(tmp_path: Path) -> None:
    finished = await sh("trap '' TERM; while :; do sleep 0.1; done", tmp_path, timeout=0.3)
    assert finished.timed_out
    assert finished.exit_code == -signal.SIGKILL


async def test_cancelling_leaves_no_process(tmp_path: Path) -> None:
    marker = uuid.uuid4().hex
    task = asyncio.create_task(sh(f"sh -c 'sleep 60; : {marker}' & sleep 60; : {marker}", tmp_path))
    await until_running(marker)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running_with(marker) == []


async def test_cancelling_twice_still_leaves_no_process(tmp_path: Path) -> None:
    marker = uuid.uuid4().hex
    task = asyncio.create_task(sh(f"trap '' TERM; while :; do sleep 0.05; : {marker}; done", tmp_path))
    await until_running(marker)
    task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running_with(marker) == []


async def test_a_background_child_that_holds_the_output_open_does_not_hang_us(tmp_path: Path) -> None:
    marker = uuid.uuid4().hex
    async with asyncio.timeout(20):
        finished = await sh(f"sh -c 'sleep 60; : {marker}' & echo done", tmp_path)
    assert finished.output == b"done\n"
    assert finished.exit_code == 0
    await until_gone(marker)


async def test_a_missing_program_is_exit_code_127(tmp_path: Path) -> None:
    finished = await run(Command(argv=("no-such-program",), cwd=tmp_path, env=PATH))
    assert finished.exit_code == 127
    assert finished.output == b"command not found: no-such-program\n"


async def test_a_program_that_may_not_be_executed_is_exit_code_126(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("text")
    finished = await run(Command(argv=(str(tmp_path / "plain"),), cwd=tmp_path, env=PATH))
    assert finished.exit_code == 126


async def test_a_working_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="gone"):
        await sh("true", tmp_path / "nowhere")


async def test_no_file_descriptor_is_left_open(tmp_path: Path) -> None:
    await sh("true", tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        await sh("echo x; sleep 60 &", tmp_path)
        await sh("sleep 60", tmp_path, timeout=0.01)
        await run(Command(argv=("no-such-program",), cwd=tmp_path, env=PATH))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_package_can_be_imported_without_effects(tmp_path: Path) -> None:
    import subprocess

    script = "import autopack.processes, os; print(sorted(os.listdir('.')))"
    done = subprocess.run(
        (sys.executable, "-c", script), cwd=tmp_path, env={}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
