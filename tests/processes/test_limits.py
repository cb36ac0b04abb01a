"""Memory and processes of a command, counted over all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from pathlib import Path

import pytest
from process_table import running_with

from autopack.processes import (
    Command,
    Confinement,
    Finished,
    Limits,
    Profile,
    machine_limits,
    probe_sandbox,
    run_confined,
)
from autopack.processes.machine import MEMORY_SHARE, machine_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counted in /proc")

MB = 1_000_000
HOG = "x = b'x' * {bytes}; import time; time.sleep(60)"
BOMB = "bomb() { bomb | bomb & bomb | bomb; }; bomb"


class Place:
    """A checkout and a private home for commands in one kind of confinement."""

    def __init__(self, root: Path, confinement: Confinement) -> None:
        self.checkout, self.home, self.confinement = root / "checkout", root / "home", confinement
        self.checkout.mkdir()
        self.home.mkdir()

    async def sh(self, script: str, *, memory: int = 500 * MB, processes: int = 100) -> Finished:
        command = Command(
            argv=("sh", "-c", script),
            cwd=self.checkout,
            env={},
            timeout_seconds=60.0,
            limits=Limits(memory_bytes=memory, processes=processes),
        )
        profile = Profile(writable=(self.checkout,), readable=(), home=self.home, network=False)
        return await run_confined(
            command, profile=profile, confinement=self.confinement, environ={"PATH": "/usr/bin:/bin"}
        )


@pytest.fixture(params=list(Confinement))
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    confinement = Confinement(request.param)
    if confinement is Confinement.BUBBLEWRAP and not (probe := await probe_sandbox()).available:
        pytest.skip(probe.detail)
    return Place(tmp_path, confinement)


@pytest.fixture
async def sandboxed(tmp_path: Path) -> Place:
    if not (probe := await probe_sandbox()).available:
        pytest.skip(probe.detail)
    return Place(tmp_path, Confinement.BUBBLEWRAP)


def stopped(finished: Finished, limit: str) -> None:
    assert finished.exceeded == limit, finished
    assert finished.exit_code == -signal.SIGKILL
    assert not finished.timed_out
    assert finished.duration_seconds < 30


async def test_one_that_takes_too_much_memory_is_killed_and_told_how_much(place: Place) -> None:
    finished = await place.sh(f'python3 -c "{HOG.format(bytes=800 * MB)}"')
    stopped(finished, "memory")
    held, _, allowed = finished.exceeded_by.partition(" of ")
    assert allowed == "500 MB"
    assert float(held.split()[0]) > 1 if held.endswith("GB") else 500 < int(held.split()[0]) < 1000


async def test_the_memory_of_all_processes_counts_together(place: Place) -> None:
    hog = HOG.format(bytes=150 * MB)
    stopped(await place.sh(f'for one in 1 2 3 4 5; do python3 -c "{hog}" & done; wait'), "memory")


async def test_pages_that_forked_workers_share_count_once(place: Place) -> None:
    program = (
        "import os, time; x = b'x' * 150_000_000\n"
        "for _ in range(6):\n  if os.fork() == 0: time.sleep(0.7); os._exit(0)\n"
        "for _ in range(6): os.wait()"
    )
    (place.checkout / "workers.py").write_text(program)
    finished = await place.sh("python3 workers.py")
    assert (finished.exceeded, finished.exit_code) == ("", 0), finished


async def test_a_file_that_is_only_mapped_is_no_memory(place: Place) -> None:
    program = (
        "import mmap, time\n"
        "with open('large', 'wb') as file: file.truncate(300_000_000)\n"
        "with open('large', 'rb') as file: whole = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)\n"
        "sum(whole[at] for at in range(0, len(whole), 4096)); time.sleep(0.4)"
    )
    (place.checkout / "maps.py").write_text(program)
    finished = await place.sh("python3 maps.py", memory=150 * MB)
    assert (finished.exceeded, finished.exit_code) == ("", 0), finished


@pytest.mark.parametrize("where", ["/tmp", "/dev/shm", "/run"])
async def test_what_is_written_to_a_file_system_in_memory_counts(sandboxed: Place, where: str) -> None:
    finished = await sandboxed.sh(f"head -c 800000000 /dev/zero > {where}/filler; sleep 60")
    stopped(finished, "memory")


async def test_a_memory_file_counts_without_being_mapped_and_once_for_all_who_hold_it(place: Place) -> None:
    program = (
        "import os, sys, time\n"
        "file = os.memfd_create('quiet')\n"
        "for _ in range(int(sys.argv[1])): os.write(file, b'x' * 1_000_000)\n"
        "for _ in range(3):\n  if os.fork() == 0: time.sleep(float(sys.argv[2])); os._exit(0)\n"
        "time.sleep(float(sys.argv[2]))"
    )
    (place.checkout / "quiet.py").write_text(program)
    stopped(await place.sh("python3 quiet.py 800 60"), "memory")
    finished = await place.sh("python3 quiet.py 250 2")
    assert (finished.exceeded, finished.exit_code) == ("", 0), finished


@pytest.mark.parametrize("where", ["os.memfd_create('mapped')", "os.open('/dev/shm/mapped', os.O_RDWR | 64)"])
async def test_a_memory_file_that_is_also_mapped_counts_once(sandboxed: Place, where: str) -> None:
    program = (
        f"import mmap, os, time\nfile = {where}\nos.truncate(file, 300_000_000)\n"
        "whole = mmap.mmap(file, 0)\nfor at in range(0, len(whole), 4096): whole[at] = 1\n"
        "if os.fork() == 0: sum(whole[at] for at in range(0, len(whole), 4096))\n"
        "time.sleep(1.5)"
    )
    (sandboxed.checkout / "mapped.py").write_text(program)
    finished = await sandboxed.sh("python3 mapped.py")
    assert (finished.exceeded, finished.exit_code) == ("", 0), finished


async def test_a_fork_bomb_is_ended_as_a_whole(place: Place) -> None:
    marker = uuid.uuid4().hex
    finished = await place.sh(f": {marker}; {BOMB}; sleep 60")
    stopped(finished, "processes")
    assert finished.exceeded_by == "more than 100"
    assert running_with(marker) == []


async def test_processes_that_left_their_group_count_and_end(place: Place) -> None:
    marker = uuid.uuid4().hex
    leaves = f"setsid sh -c 'setsid sleep 61 & sleep 60; : {marker}' >/dev/null 2>&1 &"
    finished = await place.sh(f"for one in $(seq 80); do {leaves} done; sleep 60")
    stopped(finished, "processes")
    assert running_with(marker) == []


async def test_a_namespace_of_its_own_is_no_hiding_place(sandboxed: Place) -> None:
    unshare = "unshare --user --pid --fork"
    if (await sandboxed.sh(f"{unshare} true")).exit_code != 0:
        pytest.skip("a user namespace inside is forbidden here")
    stopped(await sandboxed.sh(f'{unshare} python3 -c "{HOG.format(bytes=800 * MB)}"'), "memory")


async def test_a_memory_file_system_of_a_namespace_inside_counts(sandboxed: Place) -> None:
    program = (
        "import ctypes, os, time\nlibc, user, group = ctypes.CDLL(None), os.getuid(), os.getgid()\n"
        "try:\n"
        "  assert libc.unshare(0x10000000 | 0x20000) == 0\n"
        "  for name, text in (\n"
        "    ('setgroups', 'deny'), ('uid_map', f'{user} {user} 1'), ('gid_map', f'{group} {group} 1')\n"
        "  ):\n"
        "    with open('/proc/self/' + name, 'w') as file: file.write(text)\n"
        "except (AssertionError, OSError): print('forbidden'); raise SystemExit\n"
        "os.mkdir('/tmp/own')\nassert not libc.mount(b'none', b'/tmp/own', b'tmpfs', 0, b'mode=777')\n"
        "with open('/tmp/own/filler', 'wb') as file:\n"
        "  for _ in range(800): file.write(b'x' * 1_000_000)\n"
        "time.sleep(60)"
    )
    (sandboxed.checkout / "mounts.py").write_text(program)
    finished = await sandboxed.sh("python3 mounts.py")
    if finished.output == b"forbidden\n":
        pytest.skip("a user namespace inside is forbidden here, as it is for root")
    stopped(finished, "memory")


async def test_threads_count_too(place: Place) -> None:
    start = "threading.Thread(target=time.sleep, args=(60,)).start()"
    program = f"import threading, time; [{start} for _ in range(200)]"
    finished = await place.sh(f'python3 -c "{program}"', processes=20)
    stopped(finished, "processes")
    assert finished.exceeded_by.endswith("threads of 160")


async def test_what_stays_below_its_limits_is_left_alone(place: Place) -> None:
    hog = "x = b'x' * 200_000_000; import time; time.sleep(0.5)"
    finished = await place.sh(f'for one in $(seq 30); do sleep 0.5 & done; python3 -c "{hog}"; wait')
    assert (finished.exceeded, finished.exceeded_by, finished.exit_code) == ("", "", 0), finished


async def test_the_kernel_is_told_to_end_the_command_first(place: Place) -> None:
    finished = await place.sh(
        "until grep -q 1000 /proc/self/oom_score_adj; do sleep 0.02; done; echo was told"
    )
    assert finished.output == b"was told\n"


async def test_watching_ends_with_the_command_also_where_it_is_cancelled(place: Place) -> None:
    import threading

    await place.sh("true")
    task = asyncio.create_task(place.sh("sleep 60"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        while any(thread.name == "autopack-limiter" for thread in threading.enumerate()):
            await asyncio.sleep(0.01)


def test_without_a_word_of_the_plan_most_of_the_machine_may_be_used() -> None:
    limits = machine_limits()
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < machine_memory() <= physical
    assert limits.memory_bytes == int(machine_memory() * MEMORY_SHARE)
    assert limits.processes == 1024
    assert machine_limits(memory_bytes=5, processes=7) == Limits(memory_bytes=5, processes=7)
