from __future__ import annotations

from dataclasses import replace

from sample_repository import open_workspace, settings

from autopack.processes import Confinement, Limits
from autopack.workspace import Workspace

CROWD = "for one in $(seq 40); do sleep 60 & done; wait"


async def test_a_check_over_its_limit_has_failed_and_says_which_limit_and_how_to_set_it(
    workspace: Workspace, bubblewrap: Confinement
) -> None:
    tight = replace(settings(bubblewrap), limits=Limits(memory_bytes=10**9, processes=20))
    base = await workspace.create()
    check = await workspace.check(base, (CROWD, "touch never"), tight)
    assert not check.passed
    (evidence,) = check.evidence
    assert (evidence.exceeded, evidence.exceeded_by) == ("processes", "more than 20")
    assert (evidence.exit_code, evidence.timed_out) == (-9, False)
    assert "took more processes than one command may (more than 20)" in check.failure
    assert "`limits: {processes: …}` in the plan" in check.failure
    again = await open_workspace(workspace.root.parent, workspace.source).check(base, (CROWD,), tight)
    assert again.fingerprint == check.fingerprint


async def test_setup_over_its_limit_has_failed_too(workspace: Workspace, bubblewrap: Confinement) -> None:
    tight = replace(settings(bubblewrap), setup=(CROWD,), limits=Limits(memory_bytes=10**9, processes=20))
    await workspace.create()
    setup = await workspace.setup(tight)
    assert setup.failed
    assert "more processes than one command may" in setup.failure


async def test_the_builders_shell_has_the_same_limits(workspace: Workspace, bubblewrap: Confinement) -> None:
    tight = replace(settings(bubblewrap), limits=Limits(memory_bytes=10**9, processes=20))
    await workspace.create()
    finished = await workspace.shell(CROWD, tight, timeout_seconds=60.0)
    assert finished.exceeded == "processes"
