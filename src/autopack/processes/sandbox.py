"""Commands that a model wrote: run with a cleaned environment and a private HOME, in bubblewrap or bare."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from autopack.errors import Unavailable
from autopack.processes.bubblewrap import StatusPipe, memory_file_systems, sandbox_argv
from autopack.processes.command import Command, Confinement, Finished, Profile
from autopack.processes.ends import GRACE_SECONDS, children_of, signal_process, wait_for_pid
from autopack.processes.guard import Guard, end_marked
from autopack.processes.hidden import Hidden, find_hidden
from autopack.processes.limiter import Limiter
from autopack.processes.seccomp import filter_file
from autopack.processes.spawn import execute
from autopack.processes.toolchains import Toolchains, find_toolchains

INSTALL_HINT = (
    "Install bubblewrap (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap; "
    "Arch: pacman -S bubblewrap), or accept the risk with --unsandboxed."
)
_START_SECONDS = 5.0
_NAMESPACE_END_SECONDS = 10.0


async def run_confined(
    command: Command, *, profile: Profile, confinement: Confinement, environ: Mapping[str, str]
) -> Finished:
    """Run a command that a model may have written.

    It sees the system's programs and the toolchains on PATH read-only, its profile's folders, a private
    HOME, an empty /tmp; no other process, and without `network` only an empty loopback. Of `environ`, the
    user's environment, it gets PATH (as far as it is bound) and the locale, never HOME; `command.env` is
    added. bubblewrap itself is found on the PATH of this process. When it ends, is timed out, over its limits
    or cancelled, every process it started is dead before this returns; timed out or cancelled it is asked to
    end first, and has two seconds. With `Confinement.NONE` the
    environment is the same, but nothing is hidden. Raises `Unavailable` where the sandbox can't be started,
    or could not hide what it has to.
    """
    path, home = environ.get("PATH") or os.defpath, user_home(environ)
    private = (profile.home, *profile.writable, *profile.readable)
    match confinement:
        case Confinement.BUBBLEWRAP:
            hidden = find_hidden(environ, user_home=home, ours=profile.hidden)
            toolchains = find_toolchains(path=path, user_home=home, private=private, hidden=hidden)
            env = _environment(command, profile, toolchains, environ=environ, path=toolchains.path)
            return await _in_bubblewrap(
                replace(command, env=env), profile, toolchains=toolchains.folders, hidden=hidden
            )
        case Confinement.NONE:
            toolchains = find_toolchains(path=path, user_home=home, private=private)
            env = _environment(command, profile, toolchains, environ=environ, path=path)
            return await _bare(replace(command, env=env))
        case _:
            assert_never(confinement)


def user_home(environ: Mapping[str, str]) -> Path:
    """The home of whoever runs Autopack, which a confined command must not see."""
    return Path(environ.get("HOME") or Path.home())


def _environment(
    command: Command, profile: Profile, toolchains: Toolchains, *, environ: Mapping[str, str], path: str
) -> Mapping[str, str]:
    locale = {name: value for name, value in environ.items() if name == "LANG" or name.startswith("LC_")}
    return {
        "LANG": "C.UTF-8",
        **locale,
        **toolchains.env,
        "TERM": "dumb",
        **command.env,
        "PATH": path,
        "HOME": str(profile.home),
        "TMPDIR": "/tmp",
    }


async def _in_bubblewrap(
    command: Command, profile: Profile, *, toolchains: tuple[Path, ...], hidden: Hidden
) -> Finished:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise Unavailable("The sandbox needs bubblewrap, which is not installed.", hint=INSTALL_HINT)
    status = StatusPipe()
    guard = Guard()

    def started(group: int) -> None:
        guard.watch(group)
        status.close_write_end()

    async def end_namespace() -> None:
        # Ending bubblewrap itself would leave the rest to its parent-death signal, which may not be set yet.
        if (first := await status.first_process(limit_seconds=_START_SECONDS)) is not None:
            try:
                for process in children_of(first):
                    signal_process(process, signal.SIGTERM)
                await wait_for_pid(first, limit_seconds=GRACE_SECONDS)
            finally:
                signal_process(first, signal.SIGKILL)

    async def namespace_ended() -> None:
        if (first := status.number("child-pid")) is not None:
            await wait_for_pid(first, limit_seconds=_NAMESPACE_END_SECONDS)

    limiter = None
    if command.limits is not None:
        limiter = Limiter(command.limits, apart=True, tmpfs=memory_file_systems(hidden))
    calls = filter_file()
    try:
        argv = sandbox_argv(
            command,
            profile,
            toolchains=toolchains,
            hidden=hidden,
            status_fd=status.write_end,
            filter_fd=calls,
            bwrap=bwrap,
        )
        finished = await execute(
            replace(command, argv=argv, env={**command.env, guard.variable: guard.mark}),
            pass_fds=(status.write_end,) if calls is None else (status.write_end, calls),
            started=started,
            stop=end_namespace,
            leftovers=namespace_ended,
            limiter=limiter,
        )
        killed = finished.timed_out or bool(finished.exceeded)
        began = killed or status.number("exit-code") is not None or finished.exit_code < 0
    finally:
        guard.dismiss()
        status.close()
        if calls is not None:
            os.close(calls)
    finished = replace(finished, argv=command.argv)
    if killed:
        finished = replace(finished, exit_code=-signal.SIGKILL)
    if began:
        return finished
    said = (finished.output + finished.errors).decode(errors="replace").strip()
    if said.startswith("bwrap: execvp"):
        return replace(finished, exit_code=127)
    raise Unavailable(
        f"The sandbox did not start: {said.splitlines()[-1] if said else 'bubblewrap said nothing'}",
        hint="`autopack doctor` says what is missing; --unsandboxed goes on without it, at your risk.",
    )


async def _bare(command: Command) -> Finished:
    guard = Guard()
    marked = replace(command, env={**command.env, guard.variable: guard.mark})

    limiter = None
    if command.limits is not None:
        limiter = Limiter(command.limits, apart=False, mark=f"{guard.variable}={guard.mark}".encode())

    async def leftovers() -> None:
        await end_marked(guard)

    try:
        return await execute(marked, started=guard.watch, leftovers=leftovers, limiter=limiter)
    finally:
        guard.dismiss()
