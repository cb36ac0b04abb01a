"""One child process from start to end: a session of its own, all its output, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import BinaryIO, cast

from autopack.errors import Unavailable
from autopack.processes.capture import Capture
from autopack.processes.command import Command, Finished
from autopack.processes.ends import GRACE_SECONDS, ExitWatch, complete, signal_group, wait_for_group
from autopack.processes.limiter import Limiter

Started = Callable[[int], None]
Ending = Callable[[], Awaitable[None]]


async def run(command: Command) -> Finished:
    """Run a trusted command of ours to its end, in a process group of its own.

    At the time limit, and when the awaiting task is cancelled, the whole group gets SIGTERM, after two
    seconds SIGKILL, and its end is awaited. Children that outlive the program are killed with it. A program
    that does not exist is exit code 127, one that can't be executed 126. Raises `Unavailable` where the
    working directory is gone.
    """
    return await execute(command)


async def execute(
    command: Command,
    *,
    pass_fds: tuple[int, ...] = (),
    started: Started | None = None,
    stop: Ending | None = None,
    leftovers: Ending | None = None,
    limiter: Limiter | None = None,
) -> Finished:
    """`run`, with hooks.

    `started` gets the group's id. `stop` comes before the signals to a group that has to end early,
    `leftovers` after every end: for processes that the group does not hold. `limiter` counts meanwhile.
    """
    if not command.cwd.is_dir():
        raise Unavailable(
            f"The folder {command.cwd} is gone.", hint="It was removed while Autopack worked in it."
        )
    began = time.monotonic()
    output = Capture(command.output_limit_bytes, command.heard)
    errors = Capture(command.output_limit_bytes) if command.separate_errors else None
    captures = (output,) if errors is None else (output, errors)
    given = _as_file(command.input_bytes) if command.input_bytes else None
    try:
        child = subprocess.Popen(  # noqa: ASYNC220  asyncio's own forks in the loop just the same
            command.argv,
            cwd=command.cwd,
            env=dict(command.env),
            stdin=_stdin(command, given),
            stdout=output.write_end,
            stderr=subprocess.STDOUT if errors is None else errors.write_end,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    except OSError as error:
        for capture in captures:
            capture.close()
        return _not_started(command, error)
    finally:
        if given is not None:
            given.close()
    for capture in captures:
        capture.close_write_end()
    timed_out = False
    code = -signal.SIGKILL
    watch = ExitWatch(child)

    async def end() -> None:
        nonlocal code
        try:
            try:
                if stop is not None and not ended:
                    await stop()
            finally:
                await _end_group(child.pid, watch, polite=not ended)
        finally:
            if limiter is not None:
                limiter.stop()
            code = watch.reap()
        await wait_for_group(child.pid, limit_seconds=GRACE_SECONDS)
        if leftovers is not None:
            await leftovers()

    ended = False
    try:
        if started is not None:
            started(child.pid)
        if limiter is not None:
            limiter.start(child.pid)
        async with asyncio.timeout(command.timeout_seconds):
            await watch.wait()
        ended = True
    except TimeoutError:
        timed_out = True
    finally:
        try:
            await complete(end())
        finally:
            texts = [capture.finish() for capture in captures]
    exceeded, exceeded_by = ("", "") if limiter is None else (limiter.exceeded, limiter.exceeded_by)
    return Finished(
        argv=command.argv,
        exit_code=-signal.SIGKILL if exceeded else code,
        duration_seconds=time.monotonic() - began,
        output=texts[0],
        truncated=any(capture.truncated for capture in captures),
        timed_out=timed_out,
        errors=texts[1] if errors is not None else b"",
        exceeded=exceeded,
        exceeded_by=exceeded_by,
    )


async def _end_group(group: int, watch: ExitWatch, *, polite: bool) -> None:
    """End every process of the group; the leader is a zombie afterwards, so that its id is still ours."""
    try:
        if polite:
            signal_group(group, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE_SECONDS):
                    await watch.wait()
    finally:
        signal_group(group, signal.SIGKILL)
    await watch.wait()


def _stdin(command: Command, given: BinaryIO | None) -> int | BinaryIO:
    if given is not None:
        return given
    return subprocess.DEVNULL if command.stdin is None else command.stdin


def _as_file(data: bytes) -> BinaryIO:
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the caller, once the child has it
    file.write(data)
    file.seek(0)
    return cast("BinaryIO", file)


def _not_started(command: Command, error: OSError) -> Finished:
    missing = isinstance(error, FileNotFoundError)
    reason = "command not found" if missing else (error.strerror or "can't be executed")
    return Finished(
        argv=command.argv,
        exit_code=127 if missing else 126,
        duration_seconds=0.0,
        output=f"{reason}: {command.argv[0]}\n".encode(),
        truncated=False,
        timed_out=False,
    )
