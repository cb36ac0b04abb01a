"""What of the machine itself could be reached from inside, above all by root, who owns it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autopack.errors import Unavailable
from autopack.processes import Command, Confinement, Finished, Profile, probe_sandbox, run_confined
from autopack.processes.system import private_in, secrets_of_etc

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
WRITABLE = r"""
import os, sys
def openable(path):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY))
    except OSError:
        return False
    return True
for folder, folders, files in os.walk(sys.argv[1]):
    if folder == sys.argv[1]:
        ours = ("self", "thread-self")
        folders[:] = [name for name in folders if not name.isdecimal() and name not in ours]
    for name in files:
        path = os.path.join(folder, name)
        if not os.path.islink(path) and openable(path):
            print(path)
"""
KEYS = r"""
import ctypes, os
call = ctypes.CDLL(None, use_errno=True).syscall
add, ask, control, shmget = (248, 249, 250, 29) if os.uname().machine == "x86_64" else (217, 218, 219, 194)
def refused(*arguments):
    ctypes.set_errno(0)
    return call(*map(ctypes.c_long, arguments)) == -1 and ctypes.get_errno()
print(refused(add, 0, 0, 0, 0, -2), refused(ask, 0, 0, 0, 0), refused(control, 0, -3, 0),
      refused(shmget, 0, 65537, 0o1600),
      refused(shmget, 0, 1 << 32, 0o1600), refused(shmget, 0, 65536, 0o1600))
"""
PROBE = "import asyncio; from autopack.processes import probe_sandbox as p; print(asyncio.run(p()).detail)"
IN_A_NAMESPACE = r"""
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
USER, MOUNTS, PROCESSES, READ_ONLY, REMOUNT, BIND = 0x10000000, 0x20000, 0x20000000, 1, 32, 4096
if libc.unshare(USER | MOUNTS | PROCESSES) != 0:
    print("forbidden")
    sys.exit()
if os.fork() == 0:
    os.mkdir("/tmp/p")
    for name, done in (
        ("own /tmp", libc.mount(b"none", b"/tmp/p", b"tmpfs", 0, None)),
        ("umount", libc.umount2(b"/proc/sys", 2)),
        ("remount", libc.mount(None, b"/proc/sys", None, REMOUNT | BIND, None)),
        ("proc", libc.mount(b"proc", b"/tmp/p", b"proc", 0, None)),
        ("device", libc.mount(None, b"/dev/null", None, REMOUNT | BIND, None)),
    ):
        print(name, done, flush=True)
else:
    os.wait()
"""


class Box:
    """A checkout, and commands in the sandbox."""

    def __init__(self, root: Path) -> None:
        self.checkout, self.home = root / "checkout", root / "home"
        self.checkout.mkdir()
        self.home.mkdir()

    async def sh(self, script: str, *, network: bool = False) -> Finished:
        return await run_confined(
            Command(argv=("sh", "-c", script), cwd=self.checkout, env={}, timeout_seconds=60.0),
            profile=Profile(writable=(self.checkout,), readable=(), home=self.home, network=network),
            confinement=Confinement.BUBBLEWRAP,
            environ={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )

    async def python(self, program: str, *arguments: str, network: bool = False) -> Finished:
        (self.checkout / "program.py").write_text(program)
        return await self.sh(f"python3 program.py {' '.join(arguments)}", network=network)


@pytest.fixture
async def box(tmp_path: Path) -> Box:
    if not (probe := await probe_sandbox()).available:
        pytest.skip(probe.detail)
    return Box(tmp_path)


@pytest.mark.parametrize("network", [False, True])
async def test_nothing_of_the_kernel_can_be_opened_for_writing(box: Box, network: bool) -> None:
    finished = await box.python(WRITABLE, "/proc", network=network)
    assert (finished.output, finished.exit_code) == (b"", 0)
    finished = await box.python(WRITABLE, "/proc/self/net", network=network)
    assert (finished.output, finished.exit_code) == (b"", 0)


async def test_the_kernels_files_are_still_there_to_read(box: Box) -> None:
    finished = await box.sh("head -n1 /proc/meminfo /proc/sys/kernel/core_pattern && nproc && free && ps -e")
    assert finished.exit_code == 0, finished
    assert len((await box.sh("ls -d /proc/[0-9]*")).output.split()) < 10


async def test_modes_in_proc_are_the_machines_and_stay(box: Box) -> None:
    before = Path("/proc/meminfo").stat().st_mode
    assert (await box.sh(f"chmod {before & 0o777:o} /proc/meminfo")).exit_code != 0
    assert Path("/proc/meminfo").stat().st_mode == before


async def test_a_namespace_inside_does_not_make_the_kernel_writable(box: Box) -> None:
    said = (await box.python(IN_A_NAMESPACE)).output.decode()
    if said.strip() == "forbidden":
        pytest.skip("a user namespace inside is forbidden here")
    assert said.split("\n")[:-1] == ["own /tmp 0", "umount -1", "remount -1", "proc -1", "device -1"]


async def test_devices_keep_their_mode_and_owner_and_can_be_used(box: Box) -> None:
    before = {name: Path("/dev", name).stat() for name in DEVICES}
    for name, was in before.items():
        same = f"{was.st_mode & 0o7777:o}", f"{was.st_uid}:{was.st_gid}"
        finished = await box.sh(
            f"chmod {same[0]} /dev/{name} && echo did; chown {same[1]} /dev/{name} && echo did"
        )
        assert b"did" not in finished.output.splitlines(), (name, finished.output)
    finished = await box.sh(
        "set -e; echo x > /dev/null; echo x >> /dev/null; head -c 9 /dev/zero | wc -c;"
        "head -c 9 /dev/urandom | wc -c;"
        "head -c 9 /dev/random | wc -c; ! echo x > /dev/full;"
        "echo y > /dev/shm/y; cat /dev/shm/y; ls /dev/pts;"
        "echo z > /dev/stdout; echo w > /dev/fd/1; cat < /dev/null; python3 -c 'import pty; pty.openpty()'"
    )
    assert finished.exit_code == 0, finished
    assert finished.output.count(b"9\n") == 3


async def test_programs_start_as_before(box: Box) -> None:
    for program in (
        "node -e 1",
        "git --version",
        f"{sys.executable} -m pytest --version",
        "perl -e 1",
        "gcc -v",
    ):
        if shutil.which(program.split()[0]):
            finished = await box.sh(program)
            assert finished.exit_code in (0, 127), finished


@pytest.fixture
def etc() -> Iterator[Path]:
    if not os.access("/etc", os.W_OK):
        pytest.skip("/etc can't be written here")
    folder = Path(tempfile.mkdtemp(dir="/etc", prefix="autopack-test-"))
    folder.chmod(0o755)
    secrets_of_etc.cache_clear()
    yield folder
    shutil.rmtree(folder)
    secrets_of_etc.cache_clear()


async def test_what_others_may_not_read_in_etc_is_not_there(box: Box, etc: Path) -> None:
    for name, mode in (("open", 0o644), ("group", 0o640), ("own", 0o600)):
        (etc / name).write_text(f"text of {name}\n")
        (etc / name).chmod(mode)
    (etc / "closed" / "deep").mkdir(parents=True)
    (etc / "closed" / "deep" / "file").write_text("text of deep\n")
    (etc / "closed").chmod(0o750)
    (etc / "link").symlink_to("own")
    finished = await box.sh(f"cat {etc}/* {etc}/closed/deep/file /etc/shadow; ls -A {etc}/closed")
    texts = [line for line in finished.output.splitlines() if b"text of" in line]
    assert texts == [b"text of open"]
    assert b"root:" not in finished.output
    assert b"deep\n" not in finished.output.splitlines(keepends=True)


def test_a_folder_too_large_to_be_looked_through_is_refused(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).touch(mode=0o600)
    assert len(list(private_in(tmp_path, entries=3))) == 3
    with pytest.raises(Unavailable, match="can't hide the secrets"):
        list(private_in(tmp_path, entries=2))


@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="no filter on this architecture")
async def test_the_kernels_keys_and_large_segments_are_refused(box: Box) -> None:
    finished = await box.python(KEYS)
    assert finished.output.split() == [b"1"] * 5 + [b"False"], finished


def test_a_plain_users_sandbox_starts_the_same() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can be somebody else")
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all")
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*user, *argv], check=False, capture_output=True, text=True, cwd="/", env=env)

    if run("bwrap", "--ro-bind", "/", "/", "--proc", "/proc", "true").returncode:
        pytest.skip("bubblewrap does not work for a plain user here")
    python = ("/usr/bin/python3", "-B", "-c")
    if run(*python, "import autopack.processes").returncode:
        pytest.skip("a plain user has no Python for us here")
    said = run(*python, PROBE)
    assert said.stdout.strip().endswith("works"), said
