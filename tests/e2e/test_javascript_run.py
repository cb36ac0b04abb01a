"""A JavaScript project from the plan file to published commits: Node, its test runner, and `node_modules`."""

from __future__ import annotations

import subprocess
from pathlib import Path

from autopack.runs import queries
from autopack.runs.schemas import Evidence, TestCounts
from autopack.runs.tables import AttemptRow, RunRow
from fixtures.world import World, git


async def test_a_javascript_project_is_built_verified_and_committed(linkcheck: World, tmp_path: Path) -> None:
    run = await linkcheck.run()
    assert (run.state, run.end_reason) == ("succeeded", "completed"), run.end_detail
    branch = f"autopack/{run.id}"
    assert git(linkcheck.repository, "log", "--reverse", "--format=%s", branch).splitlines() == [
        "First commit",
        "Links of a text",
        "Broken links of a folder",
        "The command",
    ]
    names = git(linkcheck.repository, "ls-tree", "-r", "--name-only", branch).splitlines()
    assert "src/cli.js" in names
    assert not [name for name in names if "node_modules" in name]
    await _evidence_is_read(linkcheck, run)
    _the_published_branch_passes(linkcheck, branch, tmp_path)


async def _evidence_is_read(world: World, run: RunRow) -> None:
    async with world.services.database.read() as session:
        tried = await queries.attempts(session, run.id)
    assert [(attempt.phase_index, attempt.outcome) for attempt in tried] == [
        (1, "verification_failed"),
        (1, "committed"),
        (2, "rejected"),
        (2, "committed"),
        (3, "committed"),
    ]
    assert "a code span" in tried[0].failure_output
    counts = [(await _evidence(world, attempt))["verify node --test"].counts for attempt in tried]
    assert counts == [
        TestCounts(passed=5, failed=1),
        TestCounts(passed=6),
        TestCounts(passed=10),
        TestCounts(passed=11),
        TestCounts(passed=13),
    ]
    assert [("setup node tools/install.js" in await _evidence(world, attempt)) for attempt in tried] == [
        False,
        False,
        False,
        False,
        True,
    ], "setup runs again where package.json changed, and only there"


async def _evidence(world: World, attempt: AttemptRow) -> dict[str, Evidence]:
    async with world.services.database.read() as session:
        rows = await queries.evidence(
            session, attempt.run_id, phase_index=attempt.phase_index, attempt=attempt.number
        )
    found = [(row.step, Evidence.model_validate(row.evidence)) for row in rows]
    return {f"{step} {evidence.argv[-1]}": evidence for step, evidence in found}


def _the_published_branch_passes(world: World, branch: str, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    git(world.repository, "worktree", "add", "--quiet", str(checkout), branch)
    for command in ("node tools/install.js", "node --test", "node tools/lint.js", "node src/cli.js ."):
        done = subprocess.run(
            command,
            shell=True,
            cwd=checkout,
            env=dict(world.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
