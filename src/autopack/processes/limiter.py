"""Counts what a command holds, all its processes together, and kills it above its limits.

The kernel offers no such limit without privileges: RLIMIT_NPROC does not bind root, and RLIMIT_AS counts
addresses, of which programs such as node reserve far more than they use. So we look, ten times a second, in a
thread of its own: a busy event loop must not give a command time to eat the machine.

Counted is the tree below the command's first process. Inside a process id namespace nothing can leave it, not
even by a namespace of its own; without one, what was once seen or carries the guard's mark belongs to it.
Memory is what is gone for others: private and shared pages, each once, and swap; not files that are merely
mapped or cached. The sandbox's memory file systems count, too, and what `unmapped.py` finds. The kernel is
told to end these processes first where the machine runs out before we see it.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autopack.processes.command import Limits
from autopack.processes.unmapped import Unmapped, counted_twice, used_in

EACH_SECONDS = 0.1
"""Between two looks."""
_GLANCE_SECONDS = 0.05
_LONGEST_SECONDS = 1.0
_SHARE = 0.05
"""Of a core, at most, where looking itself takes long: many processes, or much memory to be told apart."""
THREADS_PER_PROCESS = 8
"""On average; a process of many threads is as much of a burden as many processes."""

_FIELD = re.compile(rb"^(PPid|Threads|RssAnon|RssShmem|VmSwap):\s+(\d+)", re.MULTILINE)
_SHARED_OUT = re.compile(rb"^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+)", re.MULTILINE)
_PROC = "/proc"
_KERNEL = 0
"""The parent of what has none."""
_FRAME = 2
"""Processes that are bubblewrap's own."""


@dataclass(frozen=True)
class _Process:
    parent: int
    threads: int
    bytes_held: int
    """At most: shared pages count in full."""


class Limiter:
    """Watches one command. `tmpfs` are its memory file systems, as it sees them; `mark` as in `guard.py`.

    With `apart`, the first process only starts a namespace, whose own first process is its child: neither
    counts, and the namespace ends with the latter.
    """

    def __init__(
        self, limits: Limits, *, apart: bool, tmpfs: Iterable[str] = (), mark: bytes | None = None
    ) -> None:
        self._limits = limits
        self._apart = apart
        self._tmpfs = tuple(tmpfs)
        self._mark = mark
        self._outside = frozenset(_devices(self._tmpfs))
        """File systems that are there without the sandbox: while it starts, it still has these."""
        self._unmapped = Unmapped(limits.memory_bytes)
        self._root = 0
        self._ours: dict[int, int] = {}
        """Parents of what belongs to the command."""
        self._others = {_KERNEL}
        self._newest = 0
        """The machine's newest task at our last look: while there is no newer, nothing has to be found."""
        self._undecided = True
        self._stopped = threading.Event()
        self._killing = threading.Lock()
        self._thread: threading.Thread | None = None
        self.exceeded = ""
        self.exceeded_by = ""

    def start(self, root: int) -> None:
        """Begin with the command's first process."""
        if sys.platform == "linux":
            self._root = root
            self._ours = {root: os.getpid()}
            _die_first(root)
            self._thread = threading.Thread(target=self._watch, name="autopack-limiter", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End watching, while the first process is not yet reaped: afterwards its id may be another's."""
        with self._killing:
            self._stopped.set()

    def _watch(self) -> None:
        _take_turns_first(0)
        pause = 0.0
        while not self._wait(pause):
            began = time.thread_time()
            if found := self._look():
                self._kill(*found)
                return
            pause = min(max(EACH_SECONDS, (time.thread_time() - began) / _SHARE), _LONGEST_SECONDS)

    def _wait(self, seconds: float) -> bool:
        """Whether the command has ended meanwhile. It ends early where the machine's tasks multiply.

        What doubles itself has to be met early: with thousands of processes we hardly get a turn.
        """
        end, tasks = time.monotonic() + seconds, _tasks()[0]
        while not self._stopped.is_set() and (left := end - time.monotonic()) > 0:
            if (
                self._stopped.wait(min(_GLANCE_SECONDS, left))
                or _tasks()[0] > tasks + self._limits.processes / 4
            ):
                break
        return self._stopped.is_set()

    def _kill(self, exceeded: str, exceeded_by: str) -> None:
        """Kill whole groups, which is done at one moment: what forks on can't be outrun one by one.

        The end of a namespace's first process is enough, but among thousands that one may get no turn.
        """
        while True:
            with self._killing:
                if self._stopped.is_set():
                    return
                self.exceeded, self.exceeded_by = exceeded, exceeded_by
                victims = [process for process in self._ours if not (self._apart and process == self._root)]
                for first in (process for process in victims if self._apart and self._is_frame(process)):
                    _take_turns_first(first)
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(first, signal.SIGKILL)
                for group in {_group(process) for process in victims} - {os.getpgrp(), 0}:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(group, signal.SIGKILL)
            self._find(whole=True)
            self._stopped.wait(_GLANCE_SECONDS / 10)

    def _look(self) -> tuple[str, str] | None:
        new, there = self._find()
        if self._apart:
            for process in new:
                if there[process].parent == self._root:
                    _bound_by_kernel(process, self._limits.processes * THREADS_PER_PROCESS)
        counted = [process for process in there if not self._is_frame(process)]
        most = self._limits.processes
        if len(counted) > most:
            return "processes", f"more than {most:,}"
        threads, most = sum(there[process].threads for process in counted), most * THREADS_PER_PROCESS
        if threads > most:
            return "processes", f"{threads:,} threads of {most:,}"
        held = self._held(there)
        if held > self._limits.memory_bytes:
            return "memory", f"{size(held)} of {size(self._limits.memory_bytes)}"
        for process in new:
            _die_first(process)
        return None

    def _held(self, there: dict[int, _Process]) -> int:
        """Bytes of memory, looked at more closely where that decides."""
        places, open_files = (
            self._in_files(),
            self._unmapped.look(there.keys() - {self._root}, first=self._first()),
        )
        files = sum(places.values()) + sum(open_files.values())
        held = files + sum(one.bytes_held for one in there.values())
        if held > self._limits.memory_bytes:
            held = files + sum(_exact(process, one) for process, one in there.items())
        if held > self._limits.memory_bytes and files:
            held -= sum(counted_twice(process, open_files, places) for process in there)
        return held

    def _find(self, *, whole: bool = False) -> tuple[list[int], dict[int, _Process]]:
        """What of the command is new, and all that is there; but for `whole` no more than is too much."""
        before, self._newest = self._newest, _tasks()[1]
        if before and before == self._newest and not self._undecided:
            listed = set(self._ours)
        else:
            listed = {int(name) for name in os.listdir(_PROC) if name.isdecimal()}  # noqa: PTH208
            self._others &= listed | {_KERNEL}
        self._undecided = False
        there: dict[int, _Process] = {}
        new: list[int] = []
        for process in (*(self._ours.keys() & listed), *sorted(listed - self._others - self._ours.keys())):
            if (read := _read(process)) is None:
                continue
            known = process in self._ours
            if known or read.parent in there or self._is_marked(process):
                there[process] = read
                if not known:
                    new.append(process)
                if len(there) > self._limits.processes + _FRAME and not whole:
                    break
            elif read.parent in self._others:
                self._others.add(process)
            else:
                self._undecided = True
        self._ours = {process: one.parent for process, one in there.items()}
        return new, there

    def _is_marked(self, process: int) -> bool:
        return self._mark is not None and self._mark in _environ(process)

    def _is_frame(self, process: int) -> bool:
        return self._apart and (process == self._root or self._ours[process] == self._root)

    def _first(self) -> int | None:
        """The first process of the sandbox's namespace."""
        ours = self._ours.items() if self._apart else ()
        return next((process for process, parent in ours if parent == self._root), None)

    def _in_files(self) -> dict[int, int]:
        """Bytes in each of the sandbox's memory file systems, by device."""
        if (first := self._first()) is None:
            return {}
        found: dict[int, int] = {}
        for place in self._tmpfs:
            with contextlib.suppress(OSError):
                device, used = used_in(f"{_PROC}/{first}/root{place}")
                if device not in self._outside:
                    found[device] = used
        return found


def size(number: int) -> str:
    """Bytes for people."""
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.0f} MB"


def _read(process: int) -> _Process | None:
    """None for one that has ended; a dead one that nobody has reaped holds a number, but no memory."""
    try:
        status = _slurp(f"{process}/status")
    except OSError:
        return None
    fields = {name: int(value) for name, value in _FIELD.findall(status)}
    return _Process(
        parent=fields.get(b"PPid", 0),
        threads=fields.get(b"Threads", 1),
        bytes_held=1024 * sum(fields.get(name, 0) for name in (b"RssAnon", b"RssShmem", b"VmSwap")),
    )


def _exact(process: int, rough: _Process) -> int:
    """Its share of the pages it shares: forked workers hold most of theirs together."""
    try:
        shares = _SHARED_OUT.findall(_slurp(f"{process}/smaps_rollup"))
    except OSError:
        return rough.bytes_held
    return 1024 * sum(int(share) for share in shares) if shares else rough.bytes_held


def _devices(places: Iterable[str]) -> Iterable[int]:
    for place in places:
        with contextlib.suppress(OSError):
            yield Path(place).stat().st_dev


def _group(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return 0


def _tasks() -> tuple[int, int]:
    """How many tasks the machine has, and the id of the newest; zeros where it does not say."""
    try:
        tasks, newest = _slurp("loadavg").split()[3:5]
        return int(tasks.partition(b"/")[2]), int(newest)
    except (OSError, ValueError):
        return 0, 0


def _slurp(name: str) -> bytes:
    """A short file of the kernel's, read in one go: a tenth of what it costs through a file object."""
    file = os.open(f"{_PROC}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 16_384)
    finally:
        os.close(file)


def _environ(process: int) -> bytes:
    try:
        return Path(_PROC, str(process), "environ").read_bytes()
    except OSError:
        return b""


def _die_first(process: int) -> None:
    with contextlib.suppress(OSError):
        Path(_PROC, str(process), "oom_score_adj").write_text("1000")


def _take_turns_first(task: int) -> None:
    """Ahead of all ordinary processes, however many. Only root may; others have the kernel's limit."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(task, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def _bound_by_kernel(process: int, tasks: int) -> None:
    """The kernel's own limit, which counts by user: where the namespace has users of its own, that is right.

    It does not bind root, and a plain user's processes are counted all over the machine, so not there.
    """
    import resource

    with contextlib.suppress(OSError, ValueError):
        users = (Path(_PROC, name, "ns", "user").readlink() for name in ("self", str(process)))
        if len(set(users)) == 2 and sys.platform == "linux":
            resource.prlimit(process, resource.RLIMIT_NPROC, (tasks, tasks))
