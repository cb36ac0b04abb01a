"""What a sandboxed command must not see, in places where the sandbox binds whole folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autopack.errors import Unavailable
from autopack.processes import Command, Confinement, Profile, probe_sandbox, run_confined
from autopack.processes.hidden import find_hidden
from autopack.processes.toolchains import find_toolchains


@pytest.fixture
def opt() -> Iterator[Path]:
    """A folder inside one that the sandbox binds whole."""
    if not os.access("/opt", os.W_OK):
        pytest.skip("/opt can't be written here")
    folder = Path(tempfile.mkdtemp(dir="/opt", prefix="autopack-test-"))
    yield folder
    shutil.rmtree(folder)


def write(path: Path, content: str = "very secret") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.mark.parametrize("linked", [False, True])
async def test_a_home_inside_a_folder_that_is_bound_whole_is_hidden_but_for_the_checkout(
    opt: Path, tmp_path: Path, linked: bool
) -> None:
    if not (probe := await probe_sandbox()).available:
        pytest.skip(probe.detail)
    home, kubeconfig = opt / "home", write(opt / "elsewhere" / "kubeconfig")
    if linked:
        home = tmp_path / "me"
        (opt / "home").mkdir()
        home.symlink_to(opt / "home")
    write(home / ".ssh" / "id")
    ours = home / "ap"
    write(ours / "autopack.db")
    checkout, private = ours / "workspaces" / "run" / "build", ours / "workspaces" / "run" / "home"
    for folder in (checkout, private):
        folder.mkdir(parents=True)
    tool = write(home / "venv" / "bin" / "mytool", "#!/bin/sh\necho the tool\n")
    tool.chmod(0o755)
    write(home / "venv" / "pyvenv.cfg")
    outer = write(opt / "ap" / "autopack.db")
    finished = await run_confined(
        Command(
            argv=(
                "sh",
                "-c",
                f"grep -rs very {opt} {home} {kubeconfig}; echo x > made; mytool; ls -A {opt}/ap",
            ),
            cwd=checkout,
            env={},
            timeout_seconds=60,
        ),
        profile=Profile(
            writable=(checkout,), readable=(), home=private, network=False, hidden=(outer.parent,)
        ),
        confinement=Confinement.BUBBLEWRAP,
        environ={"HOME": str(home), "PATH": f"{home}/venv/bin:/usr/bin:/bin", "KUBECONFIG": str(kubeconfig)},
    )
    assert b"very secret" not in finished.output.replace(b"pyvenv.cfg:very secret", b"")
    assert finished.output.splitlines()[-1:] == [b"the tool"]
    assert (checkout / "made").exists()


@pytest.mark.parametrize("home", ["/usr", "/etc", "/opt", "/usr/bin/.."])
def test_a_home_that_can_not_be_hidden_is_refused(home: str) -> None:
    with pytest.raises(Unavailable, match="can't hide") as raised:
        find_hidden({}, user_home=Path(home), ours=())
    assert "--unsandboxed" in raised.value.hint
    with pytest.raises(Unavailable, match="can't hide"):
        find_hidden({}, user_home=Path("/nonexistent"), ours=(Path(home),))


def test_what_is_not_bound_anyway_needs_no_cover(tmp_path: Path) -> None:
    for home in (tmp_path, Path("/"), Path("/nonexistent"), Path("/usr/nonexistent")):
        assert find_hidden({}, user_home=home, ours=(tmp_path,)).covered == ()


@pytest.mark.parametrize("entry", ["real", "real/.config/tool/bin", "real/bin", "real/../real", "tools/bin"])
def test_a_linked_home_is_not_bound_by_its_other_name(tmp_path: Path, entry: str) -> None:
    """As PATH entry, and as the prefix beside one."""
    for name in (
        "real/.config/tool/bin/tool",
        "real/.ssh/id",
        "real/bin/tool",
        "real/lib/x",
        "tools/bin/tool",
        "tools/lib/x",
    ):
        write(tmp_path / name)
    (tmp_path / "me").symlink_to(tmp_path / "real")
    (tmp_path / "secrets").symlink_to(tmp_path / "tools")
    hidden = find_hidden({"DOCKER_CONFIG": f"{tmp_path}/secrets/lib"}, user_home=tmp_path / "me", ours=())
    found = find_toolchains(path=f"{tmp_path}/{entry}", user_home=tmp_path / "me", private=(), hidden=hidden)
    bound = {Path(os.path.realpath(folder)) for folder in found.folders}
    assert not any(
        (tmp_path / name).is_relative_to(folder)
        for name in ("real/.ssh/id", "real/.config/tool/bin/tool", "tools/lib")
        for folder in bound
    )
