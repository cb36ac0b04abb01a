"""The arguments that describe our sandbox to bubblewrap, and the status it reports."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, cast

from autopack.processes.command import Command, Profile
from autopack.processes.guard import Guard
from autopack.processes.hidden import Hidden
from autopack.processes.system import cover, devices_read_only, kernel_read_only, secrets_of_etc

_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ISOLATED = (
    "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session",
    "--cap-drop", "ALL",
)  # fmt: skip


def sandbox_argv(
    command: Command,
    profile: Profile,
    *,
    toolchains: tuple[Path, ...],
    hidden: Hidden,
    status_fd: int,
    filter_fd: int | None,
    bwrap: str,
) -> tuple[str, ...]:
    """Everything before and including the command's own argv. The environment is inherited, not listed.

    What is hidden in a system folder is covered before the profile's own folders are bound, inside it maybe.
    """
    argv = [*devices_read_only(), bwrap, *_ISOLATED, "--json-status-fd", str(status_fd)]
    argv += ["--unsetenv", Guard.variable]
    if filter_fd is not None:
        argv += ["--seccomp", str(filter_fd)]
    if not profile.network:
        argv.append("--unshare-net")
    argv += _system_folders()
    argv += ["--proc", "/proc", *kernel_read_only()]
    argv += ["--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/var/tmp", "--dir", "/run"]
    if profile.network and (resolver := _resolver()):
        argv += ["--ro-bind-try", resolver, resolver]
    for place in hidden.covered:
        argv += cover(place)
    for folder, how in _binds(profile, toolchains):
        argv += [how, folder, folder]
    return (*argv, "--chdir", str(command.cwd), "--", *command.argv)


def memory_file_systems(hidden: Hidden) -> tuple[str, ...]:
    """Where inside there is a file system that is kept in memory: what is written there takes memory."""
    covered = [str(place) for place in (*hidden.covered, *secrets_of_etc()) if place.is_dir()]
    return ("/", "/dev", "/tmp", *covered)


def _system_folders() -> list[str]:
    argv: list[str] = ["--ro-bind", "/usr", "/usr"]
    for name in _MERGED:
        folder = Path("/", name)
        if folder.is_symlink():
            argv += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            argv += ["--ro-bind", str(folder), str(folder)]
    argv += ["--ro-bind", "/etc", "/etc"]
    for secret in secrets_of_etc():
        argv += cover(secret)
    if Path("/opt").is_dir():
        argv += ["--ro-bind", "/opt", "/opt"]
    return argv


def _resolver() -> str | None:
    """Where /etc/resolv.conf really is, when that is outside /etc (systemd-resolved)."""
    real = os.path.realpath("/etc/resolv.conf")
    return None if real.startswith("/etc/") else real


def _binds(profile: Profile, toolchains: tuple[Path, ...]) -> list[tuple[str, str]]:
    """Outer folders first, so that an inner one lies on top of them; for the same folder read-only wins."""
    how = dict.fromkeys(toolchains, "--ro-bind-try")
    how |= dict.fromkeys((*profile.writable, profile.home), "--bind")
    how |= dict.fromkeys(profile.readable, "--ro-bind")
    return [(str(folder), how[folder]) for folder in sorted(how, key=lambda folder: len(folder.parts))]


class StatusPipe:
    """What `--json-status-fd` says: the first process inside, and the exit code if the command began."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._text = b""
        self._ended = False

    def close_write_end(self) -> None:
        """Leave the writing end to bubblewrap alone."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        """Close both ends."""
        self.close_write_end()
        if self._read_end >= 0:
            os.close(self._read_end)
            self._read_end = -1

    async def first_process(self, *, limit_seconds: float) -> int | None:
        """Process id of the namespace's first process, waited for while bubblewrap is still starting.

        It is written before that process may go on, so whoever knows it can end all that will ever be inside.
        """
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._read_end, readable.set)
        try:
            async with asyncio.timeout(limit_seconds):
                while (first := self.number("child-pid")) is None and not self._ended:
                    readable.clear()
                    await readable.wait()
                return first
        except TimeoutError:
            return None
        finally:
            loop.remove_reader(self._read_end)

    def number(self, name: str) -> int | None:
        """`child-pid` or `exit-code`, where bubblewrap has written it by now."""
        try:
            while data := os.read(self._read_end, 4096):
                self._text += data
            self._ended = True
        except BlockingIOError:
            pass
        for line in self._text.split(b"\n")[:-1]:
            value = cast("dict[str, Any]", json.loads(line)).get(name)
            if isinstance(value, int):
                return value
        return None
