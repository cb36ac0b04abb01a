from __future__ import annotations

from pathlib import Path

import pytest
from sample_repository import PYTHON, git, settings, write

from autopack.errors import InvalidInput
from autopack.processes import Confinement
from autopack.workspace import Workspace
from autopack.workspace.confined import installer_variables

SETUP = ("mkdir -p .venv ~/cache && date +%N > .venv/made && touch ~/cache/kept",)


async def test_setup_runs_once_and_again_when_a_manifest_changes(workspace: Workspace) -> None:
    chosen = settings(setup=SETUP)
    assert [one.exit_code for one in await workspace.setup("build", chosen)] == [0]
    assert await workspace.setup("build", chosen) == ()
    write(workspace.build, "calc.py", "x = 1\n")
    assert await workspace.setup("build", chosen) == ()
    write(workspace.build, "sub/requirements-dev.txt", "pytest\n")
    assert len(await workspace.setup("build", chosen)) == 1
    assert await workspace.setup("build", chosen) == ()
    assert len(await workspace.setup("build", settings(setup=(*SETUP, "true")))) == 2


async def test_a_check_sets_up_its_checkout_when_that_is_due(workspace: Workspace) -> None:
    chosen = settings(setup=SETUP)
    base = await workspace.create()
    first = await workspace.check(base, ("test -e .venv/made && test -e ~/cache/kept",), chosen)
    assert first.passed, first.failure
    assert len(first.evidence) == 2
    made = (workspace.verify / ".venv" / "made").read_text()
    second = await workspace.check(base, ("test -e .venv/made && test -e ~/cache/kept",), chosen)
    assert len(second.evidence) == 1
    assert (workspace.verify / ".venv" / "made").read_text() == made
    write(workspace.build, "pyproject.toml", "[project]\n")
    third = await workspace.check(await workspace.snapshot(), ("true",), chosen)
    assert len(third.evidence) == 2


async def test_what_setup_made_stays_and_what_commands_add_to_it_goes(workspace: Workspace) -> None:
    chosen = settings(setup=SETUP)
    base = await workspace.create()
    assert await workspace.setup("verify", chosen) != ()
    planted = await workspace.check(
        base, ("touch .venv/planted ~/cache/planted && mkdir .venv/deep",), chosen
    )
    assert planted.passed
    look = (
        "test -e .venv/made && test ! -e .venv/planted && test ! -e ~/cache/planted && test ! -e .venv/deep"
    )
    check = await workspace.check(base, (look,), chosen)
    assert check.passed, check.failure
    assert len(check.evidence) == 1


@pytest.mark.parametrize("tamper", ["echo forged > .venv/made", "rm .venv/made", "rm -r ~/cache"])
async def test_tampering_with_what_setup_made_makes_it_run_again(workspace: Workspace, tamper: str) -> None:
    chosen = settings(setup=SETUP)
    base = await workspace.create()
    assert (await workspace.check(base, (tamper,), chosen)).passed
    check = await workspace.check(base, ("test -e ~/cache/kept && ! grep -q forged .venv/made",), chosen)
    assert check.passed, check.failure
    assert len(check.evidence) == 2


async def test_a_forged_modification_time_does_not_hide_tampering(workspace: Workspace) -> None:
    chosen = settings(setup=("mkdir .venv && echo true > .venv/tool",))
    base = await workspace.create()
    tamper = "touch -r .venv/tool s; echo evil > .venv/tool; touch -r s .venv/tool"
    assert (await workspace.check(base, (tamper,), chosen)).passed
    assert (await workspace.check(base, ("grep -q true .venv/tool",), chosen)).passed


async def test_a_failing_setup_is_evidence_and_runs_again_next_time(workspace: Workspace) -> None:
    chosen = settings(setup=("echo broken; exit 4", "touch never"))
    assert [one.exit_code for one in await workspace.setup("build", chosen)] == [4]
    assert [one.exit_code for one in await workspace.setup("build", chosen)] == [4]
    check = await workspace.check(await workspace.create(), ("true",), chosen)
    assert not check.passed
    assert "setup command" in check.failure
    assert "broken" in check.failure
    assert check.fingerprint is not None


async def test_files_that_setup_changed_are_put_back_before_the_commands(workspace: Workspace) -> None:
    chosen = settings(setup=("echo more >> README",))
    check = await workspace.check(await workspace.create(), ("test \"$(cat README)\" = 'Read me.'",), chosen)
    assert check.passed, check.failure


async def test_setup_works_in_the_sandbox_with_a_virtual_environment(
    workspace: Workspace, bubblewrap: Confinement
) -> None:
    chosen = settings(bubblewrap, setup=(f"{PYTHON} -m venv --without-pip .venv",))
    base = await workspace.create()
    for runs in (2, 1):
        check = await workspace.check(base, (".venv/bin/python -m unittest -q",), chosen)
        assert check.passed, check.failure
        assert len(check.evidence) == runs


def test_installers_get_proxies_and_certificates_but_no_secrets() -> None:
    given = {
        "HTTPS_PROXY": "1", "https_proxy": "2", "NO_PROXY": "3", "PIP_INDEX_URL": "4", "UV_INDEX_URL": "5",
        "NPM_CONFIG_REGISTRY": "6", "npm_config_registry": "7", "SSL_CERT_FILE": "8", "SSL_CERT_DIR": "9",
        "NODE_EXTRA_CA_CERTS": "10", "REQUESTS_CA_BUNDLE": "11", "CURL_CA_BUNDLE": "12",
    }  # fmt: skip
    withheld = (
        "OPENAI_API_KEY", "UV_PUBLISH_TOKEN", "UV_INDEX_MINE_PASSWORD", "NPM_CONFIG__AUTH",
        "npm_config_userconfig", "NPM_CONFIG_//registry/:_authToken", "PIP_CACHE_DIR", "UV_CACHE_DIR",
        "GIT_DIR", "HOME", "PIPE",
    )  # fmt: skip
    assert installer_variables(given | dict.fromkeys(withheld, "secret")) == given


async def test_setup_sees_the_certificates_that_its_variables_name(
    workspace: Workspace, bubblewrap: Confinement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    bundle = write(tmp_path, "certificates/bundle.pem", "certificate")
    hidden = write(tmp_path, "user/.aws/bundle.pem", "secret")
    chosen = settings(
        bubblewrap,
        setup=('grep -q certificate "$SSL_CERT_FILE" && ! cat "$REQUESTS_CA_BUNDLE"',),
        environ={"SSL_CERT_FILE": str(bundle), "REQUESTS_CA_BUNDLE": str(hidden), "SECRET_KEY": "x"},
    )
    assert [one.exit_code for one in await workspace.setup("build", chosen)] == [0]


async def test_copied_files_are_there_each_time_and_never_committed(
    workspace: Workspace, source: Path
) -> None:
    write(source, "config/local.ini", "one")
    write(source, ".env", "two")
    chosen = settings(copy_files=("config/local.ini", ".env"))
    base = await workspace.create()
    await workspace.setup("build", chosen)
    assert (workspace.build / "config" / "local.ini").read_text() == "one"
    assert (await workspace.change(base, await workspace.snapshot())).files == ()
    assert (await workspace.check(base, ("grep one config/local.ini && echo forged > .env",), chosen)).passed
    write(source, "config/local.ini", "changed")
    assert (await workspace.check(base, ("grep changed config/local.ini && grep two .env",), chosen)).passed


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.txt", "does not exist"),
        ("README", "git tracks"),
        ("../beside.txt", "not a path inside"),
        ("/etc/passwd", "not a path inside"),
        (".git/config", "not a path inside"),
        ("leading-out", "leads out"),
        ("linked/beside.txt", "leads out|beyond a symbolic link"),
        ("folder", "not a file"),
    ],
)
async def test_what_can_not_be_copied_is_said(
    workspace: Workspace, source: Path, name: str, said: str
) -> None:
    write(source.parent, "beside.txt", "x")
    (source / "leading-out").symlink_to(source.parent / "beside.txt")
    (source / "linked").symlink_to(source.parent)
    (source / "folder").mkdir()
    with pytest.raises(InvalidInput, match=said):
        await workspace.setup("build", settings(copy_files=(name,)))


async def test_a_copy_never_follows_a_link_that_the_builder_planted(
    workspace: Workspace, source: Path, tmp_path: Path
) -> None:
    write(source, "config/local.ini", "one")
    outside = write(tmp_path, "outside/local.ini", "mine")
    (workspace.build / "config").symlink_to(tmp_path / "outside")
    await workspace.setup("build", settings(copy_files=("config/local.ini",)))
    assert outside.read_text() == "mine"
    (workspace.build / "config").unlink()
    (workspace.build / "config").mkdir()
    (workspace.build / "config" / "local.ini").symlink_to(outside)
    await workspace.setup("build", settings(copy_files=("config/local.ini",)))
    assert outside.read_text() == "mine"
    assert (workspace.build / "config" / "local.ini").read_text() == "one"


async def test_a_copied_path_that_a_phase_committed_is_left_alone(workspace: Workspace, source: Path) -> None:
    write(source, "settings.ini", "the user's")
    write(workspace.build, "settings.ini", "the phase's")
    tree = await workspace.snapshot()
    await workspace.reset_build(tree)
    check = await workspace.check(tree, ("grep phase settings.ini",), settings(copy_files=("settings.ini",)))
    assert check.passed, check.failure
    assert git(source, "status", "--short") == "?? settings.ini"
