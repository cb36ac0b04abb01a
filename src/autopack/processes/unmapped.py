"""Memory that processes hold without an address: in open files, and in file systems they mounted themselves.

A file that `memfd_create` made takes memory while it is open. A namespace inside the sandbox can have memory
file systems of its own, which the sandbox does not show.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

Inode = tuple[int, int]
"""Device and number; zero stands for all of a file system."""

_LOOKS = 10
"""After so many the open files are gone through in any case."""
_GROWN = 64
"""This part of the limit, newly taken as shared memory on the machine, is worth going through them."""
_MEMFD = "/memfd:"
_SHARED = re.compile(rb"^(?:Shmem|SwapTotal):\s+(\d+)|^SwapFree:\s+(\d+)", re.MULTILINE)
_MAPPING = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ ...(.) [0-9a-f]+ ([0-9a-f]+):([0-9a-f]+) (\d+)")
_HELD = re.compile(rb"^(?:Pss|SwapPss):\s+(\d+)")


class Unmapped:
    """Such files and file systems. Looked for where the machine's shared memory grew."""

    def __init__(self, limit_bytes: int) -> None:
        self._worth = limit_bytes // _GROWN
        self._level = 0
        self._looks = 0
        self._found: dict[Inode, int] = {}

    def look(self, processes: Collection[int], *, first: int | None) -> dict[Inode, int]:
        """Bytes of each, once for all who have it. `first` is the sandbox's, where there is one."""
        now = _shared_memory()
        self._looks += 1
        if self._found or now > self._level + self._worth or self._looks >= _LOOKS:
            self._found = dict(_memory_files(processes))
            if first is not None:
                self._found.update(_file_systems(processes, first))
            self._level, self._looks = now, 0
        self._level = min(self._level, now)
        return self._found


def counted_twice(process: int, files: Collection[Inode], devices: Collection[int]) -> int:
    """Its share of shared mappings of these files, and of all files on these devices."""
    total, again = 0, False
    with contextlib.suppress(OSError), open(f"/proc/{process}/smaps", "rb") as lines:  # noqa: PTH123
        for line in lines:
            if mapping := _MAPPING.match(line):
                major, minor = (int(part, 16) for part in mapping.group(2, 3))
                device = os.makedev(major, minor)
                ours = device in devices or (device, 0) in files or (device, int(mapping[4])) in files
                again = ours and mapping[1] == b"s"
            elif again and (held := _HELD.match(line)):
                total += 1024 * int(held[1])
    return total


def _memory_files(processes: Iterable[int]) -> Iterable[tuple[Inode, int]]:
    for process in processes:
        folder = f"/proc/{process}/fd"
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):  # noqa: PTH208
                with contextlib.suppress(OSError):
                    if os.readlink(f"{folder}/{name}").startswith(_MEMFD):  # noqa: PTH115
                        file = os.stat(f"{folder}/{name}")  # noqa: PTH116
                        yield (file.st_dev, file.st_ino), file.st_blocks * 512


def used_in(folder: str) -> tuple[int, int]:
    """A file system's device and the bytes used in it.

    Asked of one open folder: while the sandbox starts, a path means this disk now and that one in a moment.
    """
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sizes = os.fstatvfs(handle)
        return os.fstat(handle).st_dev, (sizes.f_blocks - sizes.f_bfree) * sizes.f_frsize
    finally:
        os.close(handle)


def _file_systems(processes: Iterable[int], first: int) -> Iterable[tuple[Inode, int]]:
    """Memory file systems of mount namespaces inside that the first process does not have."""
    with contextlib.suppress(OSError):
        seen = {_namespace(first)}
        known = {device for device, _ in _mounts(first)}
        for process in processes:
            with contextlib.suppress(OSError):
                if (namespace := _namespace(process)) in seen:
                    continue
                seen.add(namespace)
                for device, place in _mounts(process):
                    if device not in known:
                        where, used = used_in(f"/proc/{process}/root{place}")
                        yield (where, 0), used


def _namespace(process: int) -> str:
    return os.readlink(f"/proc/{process}/ns/mnt")  # noqa: PTH115


def _mounts(process: int) -> Iterable[tuple[int, str]]:
    """Device and place of each memory file system in its namespace."""
    for line in Path(f"/proc/{process}/mountinfo").read_text().splitlines():
        fields, _, kind = line.partition(" - ")
        device, place = fields.split()[2], fields.split()[4]
        if kind.split()[0] in ("tmpfs", "ramfs"):
            major, minor = device.split(":")
            yield os.makedev(int(major), int(minor)), place


def _shared_memory() -> int:
    """Bytes of the machine's memory that are shared or swapped out; zero where it does not say."""
    try:
        file = os.open("/proc/meminfo", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        text = os.read(file, 16_384)
    finally:
        os.close(file)
    return 1024 * sum(int(more or 0) - int(less or 0) for more, less in _SHARED.findall(text))
