"""What of the machine's own /proc, /dev and /etc must not be reached; root owns it and needs no right."""

from __future__ import annotations

import functools
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from autopack.errors import Unavailable

_FOR_ALL_BUT_SECRET = (
    "shadow", "shadow-", "gshadow", "gshadow-", "sudoers", "sudoers.d", "ssh", "ssl/private", "krb5.keytab",
    "wireguard", "kubernetes", "NetworkManager/system-connections", "docker",
)  # fmt: skip
"""Hidden also where everybody on this machine may read it."""
_ENTRIES_OF_ETC = 100_000
"""A folder with more is no configuration: we would not look at all of it before each start."""
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"
_READ_ONLY_DEVICES = (
    'tool=$1; shift; for one in {devices}; do if [ -O "/dev/$one" ]; then '
    '"$tool" --bind "/dev/$one" "/dev/$one" && "$tool" -o remount,bind,ro "/dev/$one" || exit 1; '
    'fi; done; exec "$@"'
)


@functools.cache
def secrets_of_etc() -> tuple[Path, ...]:
    """What we can read in /etc and others can not, and what is secret anyway; looked for once."""
    found = {Path("/etc", name) for name in _FOR_ALL_BUT_SECRET}
    found = {path for path in found if not path.is_symlink() and path.exists()} | set(
        private_in(Path("/etc"))
    )
    return tuple(
        path
        for path in sorted(found)
        if os.access(path, os.R_OK) and not any(outer in found for outer in path.parents)
    )


def private_in(folder: Path, *, entries: int = _ENTRIES_OF_ETC) -> Iterator[Path]:
    """The outermost that others may not read. Raises `Unavailable` where there are too many."""
    waiting, seen = [folder], 0
    while waiting:
        try:
            listed = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:
            continue  # what we can't list, nobody of ours can inside
        seen += len(listed)
        if seen > entries:
            raise Unavailable(
                f"The sandbox can't hide the secrets of {folder}: it has more than {entries:,} entries.",
                hint="Move what is no configuration elsewhere, or go on with --unsandboxed.",
            )
        for entry in listed:
            if entry.is_symlink():
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            needed = stat.S_IROTH | (stat.S_IXOTH if is_folder else 0)
            if entry.stat(follow_symlinks=False).st_mode & needed != needed:
                yield Path(entry.path)
            elif is_folder:
                waiting.append(Path(entry.path))


def cover(place: Path) -> tuple[str, ...]:
    """Arguments that put nothing in the place of a file or folder."""
    return ("--tmpfs", str(place)) if place.is_dir() else ("--ro-bind", "/dev/null", str(place))


def kernel_read_only() -> list[str]:
    """Arguments that make all of /proc but the processes read-only.

    The kernel asks for an owner there, not for a right: root without capabilities could still set what
    program the machine starts when one crashes. Also its modes can be changed, and are the machine's.
    """
    argv: list[str] = []
    for entry in sorted(os.scandir("/proc"), key=lambda entry: entry.name):
        if not entry.name.isdecimal() and not entry.is_symlink():
            argv += ["--ro-bind-try", entry.path, entry.path]
    return argv


def devices_read_only() -> tuple[str, ...]:
    """What starts the sandbox where /dev/null and the like are ours, so that their mode and owner stay.

    bubblewrap mounts the machine's own, and can't make them read-only without making them useless. So they
    are made read-only before, in a mount namespace that only the sandbox sees. Writing to them still works.
    """
    if not any(_is_ours(Path("/dev", name)) for name in _DEVICES):
        return ()
    tools = [shutil.which(name, path=_TOOLS) for name in ("unshare", "sh", "mount")]
    unshare, shell, mount = tools
    if unshare is None or shell is None or mount is None:
        raise Unavailable(
            "The sandbox of root needs `unshare` and `mount`, which are not installed.",
            hint="Install util-linux, run Autopack as another user than root, or go on with --unsandboxed.",
        )
    script = _READ_ONLY_DEVICES.format(devices=" ".join(_DEVICES))
    return (unshare, "--mount", "--", shell, "-c", script, "sh", mount)


def _is_ours(device: Path) -> bool:
    try:
        return device.stat().st_uid == os.geteuid()
    except OSError:
        return False
