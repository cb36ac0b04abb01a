from __future__ import annotations

from pathlib import Path

import pytest
from sample_repository import PYTHON, git, settings, write

from autopack.errors import InvalidInput
from autopack.processes import Confinement
from autopack.workspace import Setup, Workspace
from autopack.workspace.confined import installer_variables

NOTHING = Setup(evidence=(), failed=False, failure="")
SETUP = ("mkdir -p .venv ~/cache && date +%N > .venv/made && touch ~/cache/kept",)


async def test_setup_runs_once_and_again_when_a_manifest_changes(workspace: Workspace) -> None:
    chosen = settings(setup=SETUP)
    first = await workspace.setup(chosen)
    assert [(one.exit_code, one.tree) for one in first.evidence] == [(0, await workspace.snapshot())]
    assert (first.failed, first.failure) == (False, "")
    assert await workspace.setup(chosen) == NOTHING
    write(workspace.build, "calc.py", "x = 1\n")
    assert await workspace.setup(chosen) == NOTHING
    write(workspace.build, "sub/requirements-dev.txt", "pytest\n")
    assert len((await workspace.setup(chosen)).evidence) == 1
    assert await workspace.setup(chosen) == NOTHING
    assert len((await workspace.setup(settings(setup=(*SETUP, "true")))).evidence) == 2


async def test_a_check_sets_up_its_checkout_when_that_is_due(workspace: Workspace) -> None:
    chosen = settings(setup=SETUP)
    base = await workspace.create()
    first = await workspace.check(base, ("test -e .venv/made && test -e ~/cache/kept",), chosen)
    assert first.passed, first.failure
    assert (len(first.setup), len(first.evidence), first.setup_failed) == (1, 1, False)
    assert first.setup[0].argv == ("sh", "-c", SETUP[0])
    made = (workspace.verify / ".venv" / "made").read_text()
    second = await workspace.check(base, ("test -e .venv/made && test -e ~/cache/kept",), chosen)
    assert (len(second.setup), len(second.evidence)) == (0, 1)
    assert (workspace.verify / ".venv" / "made").read_text() == made
    write(workspace.build, "pyproject.toml", "[project]\n")
    tree = await workspace.snapshot()
    third = await workspace.check(tree, ("true",), chosen)
    assert [one.tree for one in (*third.setup, *third.evidence)] == [tree, tree]


async def test_what_setup_made_stays_and_what_commands_add_to_it_goes(workspace: Workspace) -> None:
    chosen = settings(setup=SETUP)
    base = await workspace.create()
    planted = await workspace.check(
        base, ("touch .venv/planted ~/cache/planted && mkdir .venv/deep",), chosen
    )
    assert planted.passed
    assert len(planted.setup) == 1
    look = (
        "test -e .venv/made && test ! -e .venv/planted && test ! -e ~/cache/planted && test ! -e .venv/deep"
    )
    check = await workspace.check(base, (look,), chosen)
    assert check.passed, check.failure
    assert check.setup == ()


async def test_a_setup_for_other_manifests_begins_with_nothing_of_the_one_before(
    workspace: Workspace,
) -> None:
    chosen = settings(
        setup=("mkdir -p .venv && for m in $(cat requirements.txt); do touch .venv/$m ~/$m; done",)
    )
    write(workspace.build, "requirements.txt", "evil\n")
    planted = await workspace.check(
        await workspace.snapshot(), ("test -e .venv/evil && test -e ~/evil",), chosen
    )
    assert planted.passed, planted.failure
    write(workspace.build, "requirements.txt", "good\n")
    look = "test -e .venv/good && test -e ~/good && test ! -e .venv/evil && test ! -e ~/evil"
    check = await workspace.check(await workspace.snapshot(), (look,), chosen)
    assert check.passed, check.failure
    assert len(check.setup) == 1


async def test_nothing_of_a_failed_setup_is_there_for_the_next(workspace: Workspace) -> None:
    write(workspace.build, "plant.sh", "mkdir .venv && touch .venv/evil ~/evil && exit 1\n")
    chosen = settings(setup=("sh plant.sh",))
    assert (await workspace.check(await workspace.snapshot(), ("true",), chosen)).setup_failed
    write(workspace.build, "plant.sh", "exit 0\n")
    check = await workspace.check(
        await workspace.snapshot(), ("test ! -e .venv && test ! -e ~/evil",), chosen
    )
    assert check.passed, check.failure


@pytest.mark.parametrize("tamper", ["echo forged > .venv/made", "rm .venv/made", "rm -r ~/cache"])
async def test_tampering_with_what_setup_made_makes_it_run_again(workspace: Workspace, tamper: str) -> None:
    chosen = settings(setup=SETUP)
    base = await workspace.create()
    assert (await workspace.check(base, (tamper,), chosen)).passed
    check = await workspace.check(base, ("test -e ~/cache/kept && ! grep -q forged .venv/made",), chosen)
    assert check.passed, check.failure
    assert len(check.setup) == 1


async def test_a_forged_modification_time_does_not_hide_tampering(workspace: Workspace) -> None:
    chosen = settings(setup=("mkdir .venv && echo true > .venv/tool",))
    base = await workspace.create()
    tamper = "touch -r .venv/tool s; echo evil > .venv/tool; touch -r s .venv/tool"
    assert (await workspace.check(base, (tamper,), chosen)).passed
    assert (await workspace.check(base, ("grep -q true .venv/tool",), chosen)).passed


async def test_a_failing_setup_is_evidence_and_runs_again_next_time(workspace: Workspace) -> None:
    chosen = settings(setup=("echo broken; exit 4", "touch never"))
    failure = (
        "The plan's setup command `echo broken; exit 4` failed with exit code 4.\n"
        "The end of its output:\nbroken"
    )
    for _ in range(2):
        setup = await workspace.setup(chosen)
        assert [one.exit_code for one in setup.evidence] == [4]
        assert (setup.failed, setup.failure) == (True, failure)
    for _ in range(2):
        check = await workspace.check(await workspace.create(), ("true",), chosen)
        assert not check.passed
        assert check.setup_failed
        assert [one.exit_code for one in check.setup] == [4]
        assert check.evidence == ()
        assert check.failure == failure
        assert check.fingerprint is not None


async def test_a_setup_that_takes_too_long_has_failed_whatever_its_exit_code(workspace: Workspace) -> None:
    polite = "trap 'exit 0' TERM; echo begun; while :; do sleep 0.1; done"
    chosen = settings(setup=(polite, "touch never"), timeout_seconds=0.5)
    for _ in range(2):
        setup = await workspace.setup(chosen)
        assert [(one.timed_out, one.exit_code) for one in setup.evidence] == [(True, 0)]
        assert setup.failed
        assert "did not end within" in setup.failure
        assert "begun" in setup.failure
    check = await workspace.check(await workspace.create(), ("true",), chosen)
    assert (check.passed, check.setup_failed, check.evidence) == (False, True, ())
    assert "did not end within" in check.failure


async def test_a_setup_command_that_does_not_exist_is_named(workspace: Workspace) -> None:
    setup = await workspace.setup(settings(setup=("no-such-installer install",)))
    assert "command not found: no-such-installer" in setup.failure
    assert "the plan's setup" in setup.failure
    assert "verify" not in setup.failure


async def test_a_failing_command_after_a_good_setup_is_not_the_setups_failure(workspace: Workspace) -> None:
    check = await workspace.check(await workspace.create(), ("exit 3",), settings(setup=SETUP))
    assert (check.passed, check.setup_failed) == (False, False)
    assert (len(check.setup), [one.exit_code for one in check.evidence]) == (1, [3])


async def test_files_that_setup_changed_are_put_back_before_the_commands(workspace: Workspace) -> None:
    chosen = settings(setup=("echo more >> README",))
    check = await workspace.check(await workspace.create(), ("test \"$(cat README)\" = 'Read me.'",), chosen)
    assert check.passed, check.failure


async def test_setup_works_in_the_sandbox_with_a_virtual_environment(
    workspace: Workspace, bubblewrap: Confinement
) -> None:
    chosen = settings(bubblewrap, setup=(f"{PYTHON} -m venv --without-pip .venv",))
    base = await workspace.create()
    for runs in (1, 0):
        check = await workspace.check(base, (".venv/bin/python -m unittest -q",), chosen)
        assert check.passed, check.failure
        assert len(check.setup) == runs


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
    workspace: Workspace, bubblewrap: Confinement, tmp_path: Path
) -> None:
    bundle = write(tmp_path, "certificates/bundle.pem", "certificate")
    hidden = write(tmp_path, "user/.aws/bundle.pem", "secret")
    chosen = settings(
        bubblewrap,
        setup=('grep -q certificate "$SSL_CERT_FILE" && ! cat "$REQUESTS_CA_BUNDLE"',),
        environ={
            "HOME": str(tmp_path / "user"),
            "SSL_CERT_FILE": str(bundle),
            "REQUESTS_CA_BUNDLE": str(hidden),
            "SECRET_KEY": "x",
        },
    )
    setup = await workspace.setup(chosen)
    assert not setup.failed, setup.failure


async def test_copied_files_are_there_each_time_and_never_committed(
    workspace: Workspace, source: Path
) -> None:
    write(source, "config/local.ini", "one")
    write(source, ".env", "two")
    chosen = settings(copy_files=("config/local.ini", ".env"))
    base = await workspace.create()
    await workspace.setup(chosen)
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
        ("inward/x", "symlink"),
    ],
)
async def test_what_can_not_be_copied_is_said(
    workspace: Workspace, source: Path, name: str, said: str
) -> None:
    write(source.parent, "beside.txt", "x")
    (source / "leading-out").symlink_to(source.parent / "beside.txt")
    (source / "linked").symlink_to(source.parent)
    write(source, "folder/x", "x")
    (source / "inward").symlink_to("folder")
    with pytest.raises(InvalidInput, match=said):
        await workspace.setup(settings(copy_files=(name,)))


async def test_a_copy_never_follows_a_link_that_the_builder_planted(
    workspace: Workspace, source: Path, tmp_path: Path
) -> None:
    write(source, "config/local.ini", "one")
    outside = write(tmp_path, "outside/local.ini", "mine")
    (workspace.build / "config").symlink_to(tmp_path / "outside")
    await workspace.setup(settings(copy_files=("config/local.ini",)))
    assert outside.read_text() == "mine"
    (workspace.build / "config").unlink()
    (workspace.build / "config").mkdir()
    (workspace.build / "config" / "local.ini").symlink_to(outside)
    await workspace.setup(settings(copy_files=("config/local.ini",)))
    assert outside.read_text() == "mine"
    assert (workspace.build / "config" / "local.ini").read_text() == "one"


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        ("rm -rf config; touch config", "config is not a folder"),
        ("rm -rf config; ln -s tests config", "config is not a folder"),
        (
            "mkdir -p config/.env.test; touch config/.env.test/x",
            "config/.env.test is a folder",
        ),
    ],
)
async def test_what_the_builder_put_in_the_way_of_a_copied_file_is_a_failed_check(
    workspace: Workspace, source: Path, plant: str, said: str
) -> None:
    write(source, "config/.env.test", "one")
    chosen = settings(copy_files=("config/.env.test",))
    base = await workspace.create()
    assert (await workspace.check(base, ("test -e config/.env.test",), chosen)).passed
    (workspace.git_dir / "info" / "exclude").write_text("")
    await workspace.shell(plant, chosen, timeout_seconds=30)
    tree = await workspace.snapshot()
    check = await workspace.check(tree, ("true",), chosen)
    assert (check.passed, check.setup_failed, check.evidence) == (False, True, ())
    assert "config/.env.test" in check.failure
    assert said in check.failure
    assert check.fingerprint is not None
    assert await workspace.check(tree, ("true",), chosen) == check
    await workspace.reset_build(tree)
    setup = await workspace.setup(chosen)
    assert (setup.failed, setup.failure) == (True, check.failure)
    assert (await workspace.check(base, ("test -e config/.env.test",), chosen)).passed


async def test_a_copied_path_that_a_phase_committed_is_left_alone(workspace: Workspace, source: Path) -> None:
    write(source, "settings.ini", "the user's")
    write(workspace.build, "settings.ini", "the phase's")
    tree = await workspace.snapshot()
    await workspace.reset_build(tree)
    check = await workspace.check(tree, ("grep phase settings.ini",), settings(copy_files=("settings.ini",)))
    assert check.passed, check.failure
    assert git(source, "status", "--short") == "?? settings.ini"
