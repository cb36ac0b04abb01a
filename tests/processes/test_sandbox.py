from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
from process_table import running_with, until_argv, until_gone, until_running

from autopack.errors import Unavailable
from autopack.processes import Command, Confinement, Finished, Profile, probe_sandbox, run_confined


class Inside:
    """A checkout, a private home, and secrets beside them that nobody inside may see."""

    def __init__(self, root: Path) -> None:
        self.user_home = root / "user"
        self.autopack_home = self.user_home / ".local" / "share" / "autopack"
        self.checkout = self.autopack_home / "workspaces" / "run" / "build"
        self.home = self.autopack_home / "workspaces" / "run" / "home"
        self.git_dir = self.autopack_home / "workspaces" / "run" / "repo.git"
        for folder in (self.checkout, self.home, self.git_dir, self.user_home / ".ssh"):
            folder.mkdir(parents=True)
        (self.user_home / ".ssh" / "id").write_text("very secret")
        (self.user_home / "notes.txt").write_text("very secret")
        (self.autopack_home / "autopack.db").write_text("very secret")

    async def sh(
        self,
        script: str,
        *,
        confinement: Confinement = Confinement.BUBBLEWRAP,
        network: bool = False,
        env: dict[str, str] | None = None,
        environ: dict[str, str] | None = None,
        timeout: float | None = 60.0,
    ) -> Finished:
        return await run_confined(
            Command(argv=("sh", "-c", script), cwd=self.checkout, env=env or {}, timeout_seconds=timeout),
            profile=Profile(
                writable=(self.checkout,), readable=(self.git_dir,), home=self.home, network=network
            ),
            confinement=confinement,
            environ={**os.environ, **(environ or {})},
        )


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    made = Inside(tmp_path)
    monkeypatch.setenv("HOME", str(made.user_home))
    return made


@pytest.fixture
async def sandboxed(inside: Inside) -> Inside:
    probe = await probe_sandbox()
    if not probe.available:
        pytest.skip(probe.detail)
    return inside


@pytest.fixture(params=list(Confinement))
async def either(request: pytest.FixtureRequest, inside: Inside) -> tuple[Inside, Confinement]:
    confinement = Confinement(request.param)
    if confinement is Confinement.BUBBLEWRAP and not (probe := await probe_sandbox()).available:
        pytest.skip(probe.detail)
    return inside, confinement


async def test_the_users_home_and_autopacks_are_hidden(sandboxed: Inside) -> None:
    user, autopack = sandboxed.user_home, sandboxed.autopack_home
    read = await sandboxed.sh(f"cat {user}/.ssh/id {user}/notes.txt {autopack}/autopack.db")
    assert b"very secret" not in read.output
    assert (await sandboxed.sh(f"ls -A {user} {autopack}/workspaces/run")).output.decode().split() == [
        f"{user}:", ".local", f"{autopack}/workspaces/run:", "build", "home", "repo.git",
    ]  # fmt: skip


async def test_the_checkout_and_the_private_home_are_writable_and_the_rest_is_not(sandboxed: Inside) -> None:
    finished = await sandboxed.sh(
        f"echo a > here && echo b > ~/there && echo c > /tmp/t; echo x > {sandboxed.git_dir}/config;"
        "echo y > /usr/planted; echo z > /etc/planted; echo $HOME; pwd"
    )
    assert (sandboxed.checkout / "here").read_text() == "a\n"
    assert (sandboxed.home / "there").read_text() == "b\n"
    assert not (sandboxed.git_dir / "config").exists()
    assert not Path("/usr/planted").exists()
    assert not Path("/etc/planted").exists()
    assert not Path("/tmp/t").exists()
    assert finished.output.endswith(f"{sandboxed.home}\n{sandboxed.checkout}\n".encode())


async def test_nothing_of_the_hosts_environment_but_path_and_locale_is_there(
    either: tuple[Inside, Confinement], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, confinement = either
    monkeypatch.setenv("OPENAI_API_KEY", "very secret")
    monkeypatch.setenv("GIT_DIR", "/somewhere")
    finished = await inside.sh(
        "env",
        confinement=confinement,
        env={"GIVEN": "yes", "HOME": "/elsewhere"},
        environ={"LC_TIME": "C", "ANTHROPIC_API_KEY": "very secret"},
    )
    names = {line.split("=")[0] for line in finished.output.decode().splitlines()}
    assert names - {"PYENV_ROOT", "RUSTUP_HOME", "LC_ALL", "LC_CTYPE", "AUTOPACK_COMMAND"} == {
        "PATH", "HOME", "TMPDIR", "TERM", "LANG", "LC_TIME", "GIVEN", "PWD",
    }  # fmt: skip
    assert f"HOME={inside.home}\n".encode() in finished.output


async def test_the_environment_is_the_one_handed_in_not_this_process(
    either: tuple[Inside, Confinement], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, confinement = either
    monkeypatch.setenv("LC_PAPER", "C")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    tool = tmp_path / "handed" / ".rustup" / "bin" / "some-tool"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho from the home that was handed in\n")
    tool.chmod(0o755)
    profile = Profile(writable=(inside.checkout,), readable=(), home=inside.home, network=False)
    finished = await run_confined(
        Command(argv=("sh", "-c", "some-tool; env"), cwd=inside.checkout, env={}),
        profile=profile,
        confinement=confinement,
        environ={"PATH": f"{tool.parent}:/usr/bin:/bin", "HOME": str(tmp_path / "handed"), "LC_TIME": "C"},
    )
    said = finished.output.decode().splitlines()
    assert said[0] == "from the home that was handed in"
    assert {"LC_TIME=C", "LANG=C.UTF-8", f"RUSTUP_HOME={tmp_path / 'handed' / '.rustup'}"} <= set(said)
    assert not any(line.startswith("LC_PAPER=") for line in said)


def serve_once() -> tuple[socket.socket, int]:
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        try:
            connection, _ = server.accept()
            connection.close()
        except OSError:
            return

    threading.Thread(target=accept, daemon=True).start()
    return server, server.getsockname()[1]


@pytest.mark.parametrize("network", [False, True])
async def test_the_hosts_network_is_there_only_when_it_was_asked_for(
    sandboxed: Inside, network: bool
) -> None:
    server, port = serve_once()
    with server:
        script = f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached"
        finished = await sandboxed.sh(f"bash -c '{script}'", network=network)
    assert (b"reached" in finished.output) is network


async def test_loopback_inside_works(sandboxed: Inside) -> None:
    script = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); "
        "c = socket.create_connection(s.getsockname()); print('talked')"
    )
    finished = await sandboxed.sh(f'/usr/bin/python3 -c "{script}"')
    assert finished.output == b"talked\n", finished.output


async def test_no_other_process_can_be_seen(sandboxed: Inside) -> None:
    finished = await sandboxed.sh("ls -d /proc/[0-9]* | wc -l; kill -9 " + str(os.getpid()))
    assert int(finished.output.split()[0]) < 6


async def test_privileges_are_dropped(sandboxed: Inside) -> None:
    finished = await sandboxed.sh("grep -E 'CapEff|NoNewPrivs' /proc/self/status; cat /etc/shadow")
    assert b"CapEff:\t0000000000000000" in finished.output
    assert b"NoNewPrivs:\t1" in finished.output
    assert b"root:" not in finished.output


async def test_toolchains_of_the_path_work_inside(sandboxed: Inside) -> None:
    folder = Path(sys.prefix) / "bin"
    finished = await sandboxed.sh(
        "python -c 'import sys, pytest; print(sys.prefix)'", environ={"PATH": f"{folder}:/usr/bin:/bin"}
    )
    assert finished.output.decode().strip() == sys.prefix


async def test_exit_codes_and_missing_programs_come_through(either: tuple[Inside, Confinement]) -> None:
    inside, confinement = either
    assert (await inside.sh("exit 7", confinement=confinement)).exit_code == 7
    assert (await inside.sh("no-such-program", confinement=confinement)).exit_code == 127
    profile = Profile(writable=(inside.checkout,), readable=(), home=inside.home, network=False)
    missing = await run_confined(
        Command(argv=("no-such-program",), cwd=inside.checkout, env={}),
        profile=profile,
        confinement=confinement,
        environ=os.environ,
    )
    assert missing.exit_code == 127


async def test_cancelling_leaves_nothing_even_of_what_left_its_group(
    either: tuple[Inside, Confinement],
) -> None:
    inside, confinement = either
    marker = uuid.uuid4().hex
    script = (
        f"setsid sh -c 'sleep 60; : {marker}a' >/dev/null 2>&1 & "
        f"sh -c 'while ! test -e never; do sleep 0.05; done; : {marker}b'"
    )
    task = asyncio.create_task(inside.sh(script, confinement=confinement))
    await until_argv(("sh", "-c", f"sleep 60; : {marker}a"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running_with(marker) == []


async def test_children_left_in_the_background_end_with_the_command(
    either: tuple[Inside, Confinement],
) -> None:
    inside, confinement = either
    marker = uuid.uuid4().hex
    script = f"setsid sh -c 'sleep 60; : {marker}' & sh -c 'sleep 60; : {marker}' & sleep 0.1; echo done"
    async with asyncio.timeout(20):
        finished = await inside.sh(script, confinement=confinement)
    assert finished.output == b"done\n"
    assert running_with(marker) == []


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
async def test_it_is_asked_to_end_before_it_is_killed(how: str, either: tuple[Inside, Confinement]) -> None:
    inside, confinement = either
    script = "trap 'echo bye > said; exit 3' TERM; while :; do sleep 0.0517; done"
    if how == "timed out":
        assert (await inside.sh(script, confinement=confinement, timeout=1)).timed_out
    else:
        task = asyncio.create_task(inside.sh(script, confinement=confinement))
        await until_argv(("sleep", "0.0517"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (inside.checkout / "said").read_text() == "bye\n"


async def test_one_that_refuses_to_end_is_killed(either: tuple[Inside, Confinement]) -> None:
    inside, confinement = either
    marker = uuid.uuid4().hex
    script = f"trap '' TERM; while :; do sleep 0.05; : {marker}; done"
    async with asyncio.timeout(20):
        assert (await inside.sh(script, confinement=confinement, timeout=0.5)).timed_out
    assert running_with(marker) == []


async def test_a_time_limit_holds(either: tuple[Inside, Confinement]) -> None:
    inside, confinement = either
    marker = uuid.uuid4().hex
    finished = await inside.sh(f"sh -c 'sleep 60; : {marker}'; true", confinement=confinement, timeout=0.5)
    assert finished.timed_out
    assert running_with(marker) == []


def program_running(inside: Inside, script: str, *, confinement: Confinement = Confinement.BUBBLEWRAP) -> str:
    return f"""
import asyncio, os
from pathlib import Path
from autopack.processes import Command, Confinement, Profile, run_confined
home, checkout = Path({str(inside.home)!r}), Path({str(inside.checkout)!r})
command = Command(argv=("sh", "-c", {script!r}), cwd=checkout, env={{}})
profile = Profile(writable=(checkout,), readable=(), home=home, network=False)
confinement = Confinement({confinement.value!r})
asyncio.run(run_confined(command, profile=profile, confinement=confinement, environ=os.environ))
"""


@pytest.mark.parametrize("confinement", list(Confinement))
async def test_commands_die_when_autopack_is_killed(inside: Inside, confinement: Confinement) -> None:
    if confinement is Confinement.BUBBLEWRAP and not (probe := await probe_sandbox()).available:
        pytest.skip(probe.detail)
    marker = uuid.uuid4().hex
    argument = f"sh -c 'sleep 60; : {marker}'; true"
    program = program_running(inside, argument, confinement=confinement)
    with subprocess.Popen((sys.executable, "-c", program)) as killed:
        await until_argv(("sh", "-c", f"sleep 60; : {marker}"))
        killed.kill()
    await until_gone(marker)


async def test_a_command_can_be_cancelled_at_any_moment_of_its_start(
    either: tuple[Inside, Confinement],
) -> None:
    inside, confinement = either
    for moment in range(24):
        marker = uuid.uuid4().hex
        task = asyncio.create_task(inside.sh(f"sh -c 'sleep 60; : {marker}'; true", confinement=confinement))
        end = asyncio.get_running_loop().time() + moment * 0.0004
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert running_with(marker) == [], moment


async def test_a_sandbox_that_is_still_starting_dies_with_autopack_too(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting = inside.checkout / "bwrap"
    starting.write_text("#!/bin/sh\nsleep 60; : not yet bound to the life of its parent\n")
    starting.chmod(0o755)
    monkeypatch.setenv("PATH", f"{inside.checkout}:/usr/bin:/bin")
    marker = uuid.uuid4().hex
    with subprocess.Popen((sys.executable, "-c", program_running(inside, f": {marker}"))) as killed:
        await until_running(f"--\0sh\0-c\0: {marker}")
        killed.kill()
    await until_gone(marker)


async def test_a_sandbox_that_does_not_start_is_not_a_failed_command(sandboxed: Inside) -> None:
    profile = Profile(
        writable=(sandboxed.checkout / "not-there",), readable=(), home=sandboxed.home, network=False
    )
    with pytest.raises(Unavailable, match=r"did not start.*not-there"):
        await run_confined(
            Command(argv=("true",), cwd=sandboxed.checkout, env={}),
            profile=profile,
            confinement=Confinement.BUBBLEWRAP,
            environ=os.environ,
        )


async def test_a_missing_bubblewrap_is_said_with_what_to_install(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(inside.checkout))
    probe = await probe_sandbox()
    assert not probe.available
    assert "apt install bubblewrap" in probe.detail
    with pytest.raises(Unavailable) as raised:
        await inside.sh("true")
    assert "bubblewrap" in raised.value.hint


async def test_a_refusing_bubblewrap_is_said_with_its_words(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = inside.checkout / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{inside.checkout}:/usr/bin:/bin")
    probe = await probe_sandbox()
    assert not probe.available
    assert "setting up uid map: Permission denied" in probe.detail
