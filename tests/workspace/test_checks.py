from __future__ import annotations

from pathlib import Path

import pytest
from sample_repository import PYTHON, git, open_workspace, settings, write

from autopack.artifacts import ArtifactStore
from autopack.processes import Confinement
from autopack.processes.command import OUTPUT_LIMIT_BYTES
from autopack.workspace import Workspace

UNITTEST = f"{PYTHON} -m unittest -q"


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


async def test_commands_run_on_exactly_the_tree_and_leave_evidence(
    workspace: Workspace, artifacts: ArtifactStore, bubblewrap: Confinement
) -> None:
    write(workspace.build, "new.txt", "new\n")
    tree = await workspace.snapshot()
    write(workspace.build, "later.txt", "not in the tree")
    check = await workspace.check(tree, (UNITTEST, "cat new.txt; ls later.txt; true"), settings(bubblewrap))
    assert check.passed, check.failure
    first, second = check.evidence
    assert first.argv == ("sh", "-c", UNITTEST)
    assert (first.exit_code, first.tree, first.timed_out) == (0, tree, False)
    assert first.counts is not None
    assert (first.counts.passed, first.counts.failed) == (1, 0)
    assert b"Ran 1 test" in artifacts.get(first.output_sha)
    assert artifacts.get(second.output_sha).startswith(b"new\n")
    assert b"later.txt" not in artifacts.get(second.output_sha).splitlines()
    assert (check.failure, check.fingerprint, check.changed_by_checks) == ("", None, ())


async def test_a_commit_can_be_checked_and_its_tree_is_the_evidence(workspace: Workspace) -> None:
    base = await workspace.create()
    check = await workspace.check(base, ("true",), settings())
    assert check.evidence[0].tree == git(workspace.build, "rev-parse", f"{base}^{{tree}}")


async def test_no_commands_is_passed_without_evidence_and_the_tree_can_be_read(workspace: Workspace) -> None:
    write(workspace.build, "new.txt", "new\n")
    check = await workspace.check(await workspace.snapshot(), (), settings())
    assert check.passed
    assert check.evidence == ()
    assert (workspace.verify / "new.txt").read_text() == "new\n"


async def test_it_stops_at_the_first_failing_command_and_says_why(workspace: Workspace) -> None:
    write(workspace.build, "calc.py", "def add(a, b):\n    return a - b\n")
    tree = await workspace.snapshot()
    check = await workspace.check(tree, ("true", UNITTEST, "touch never"), settings())
    assert not check.passed
    assert [evidence.exit_code for evidence in check.evidence] == [0, 1]
    assert UNITTEST in check.failure
    assert "exit code 1" in check.failure
    assert "AssertionError: -1 != 3" in check.failure
    again = await open_workspace(workspace.root.parent, workspace.source).check(tree, (UNITTEST,), settings())
    assert again.fingerprint == check.fingerprint
    write(workspace.build, "calc.py", "def add(a, b):\n    return None.x\n")
    other = await workspace.check(await workspace.snapshot(), (UNITTEST,), settings())
    assert other.fingerprint not in (None, check.fingerprint)


async def test_a_long_output_is_kept_whole_and_its_end_is_shown(
    workspace: Workspace, artifacts: ArtifactStore
) -> None:
    check = await workspace.check(await workspace.create(), ("seq 100000; echo the end; exit 1",), settings())
    assert len(check.failure) < 9_000
    assert check.failure.endswith("the end")
    assert len(artifacts.get(check.evidence[0].output_sha)) > 500_000
    assert not check.evidence[0].truncated


async def test_evidence_says_that_the_middle_of_an_endless_output_was_left_out(
    workspace: Workspace, artifacts: ArtifactStore
) -> None:
    say = f"echo the beginning; head -c {OUTPUT_LIMIT_BYTES} /dev/zero | tr '\\0' x; echo; echo the end"
    check = await workspace.check(await workspace.create(), (say,), settings())
    assert check.passed
    assert check.evidence[0].truncated
    kept = artifacts.get(check.evidence[0].output_sha)
    assert (kept[:13], kept[-8:]) == (b"the beginning", b"the end\n")
    assert b" bytes left out ..." in kept


async def test_a_command_that_does_not_exist_is_named(workspace: Workspace) -> None:
    check = await workspace.check(await workspace.create(), ("no-such-tool --flag",), settings())
    assert "command not found: no-such-tool" in check.failure
    assert "the plan's verify" in check.failure
    assert check.evidence[0].exit_code == 127


async def test_a_command_that_takes_too_long_is_stopped_and_said(workspace: Workspace) -> None:
    check = await workspace.check(
        await workspace.create(), ("echo begun; sleep 60",), settings(timeout_seconds=0.5)
    )
    assert not check.passed
    assert check.evidence[0].timed_out
    assert "did not end within" in check.failure
    assert "begun" in check.failure
    assert check.fingerprint is not None


async def test_commands_that_change_tracked_files_have_verified_nothing(workspace: Workspace) -> None:
    base = await workspace.create()
    check = await workspace.check(
        base, ("echo x >> README; rm calc.py; touch new; touch tests/__init__.py",), settings()
    )
    assert not check.passed
    assert check.changed_by_checks == ("README", "calc.py")
    assert "README, calc.py" in check.failure
    assert check.fingerprint is not None
    assert (await workspace.check(base, ("grep -q 'Read me' README && test -e calc.py",), settings())).passed


async def test_the_same_size_and_time_do_not_hide_a_change(workspace: Workspace) -> None:
    base = await workspace.create()
    check = await workspace.check(
        base, ("touch -r calc.py stamp; sed -i 's/a + b/a - b/' calc.py; touch -r stamp calc.py",), settings()
    )
    assert check.changed_by_checks == ("calc.py",)


async def test_nothing_that_an_earlier_check_left_can_fake_a_success(workspace: Workspace) -> None:
    base = await workspace.create()
    plant = "touch planted ignored.log .env ~/planted; mkdir -p .venv/bin a/b; touch .venv/bin/x a/b/c"
    assert (await workspace.check(base, (plant,), settings())).passed
    for _ in range(2):
        look_for_any = " && ".join(
            f"test ! -e {name}" for name in ("planted", "ignored.log", ".env", "~/planted", ".venv", "a")
        )
        check = await workspace.check(base, (look_for_any, 'test -z "$(ls -A ~)"'), settings())
        assert check.passed, check.failure


async def test_write_protected_leftovers_are_removed_too(workspace: Workspace) -> None:
    base = await workspace.create()
    assert (await workspace.check(base, ("mkdir -p a/b; touch a/b/c; chmod 555 a/b a",), settings())).passed
    assert (await workspace.check(base, ("test ! -e a",), settings())).passed


async def test_the_builder_never_reaches_the_second_checkout(
    workspace: Workspace, bubblewrap: Confinement
) -> None:
    done = await workspace.shell(
        f"touch {workspace.verify}/planted {workspace.root}/home/verify/planted; ls {workspace.root}",
        settings(bubblewrap),
        timeout_seconds=30,
    )
    assert not (workspace.verify / "planted").exists()
    assert sorted(done.output.decode().split()[-3:]) == ["build", "home", "repo.git"]
