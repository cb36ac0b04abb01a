"""What sends an attempt back, what ends a run, and what stays."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from autopack.config import Settings
from autopack.runs import queries
from autopack.runs.states import EndReason, Waiting
from autopack.runs.tables import AttemptRow
from fixtures.world import FILES, PLAN, World, approves, builds, git, rejects, small_world, write_file

GOOD = write_file("one.py", "ONE = 1\n")
GOOD_TEST = write_file("test_one.py", "from one import ONE\n\n\ndef test_one():\n    assert ONE == 1\n")
RED_TEST = write_file("test_one.py", "from one import ONE\n\n\ndef test_one():\n    assert ONE == 2\n")


def plan(**phase: Any) -> dict[str, Any]:
    changed = deepcopy(PLAN)
    changed["tiers"][0]["phases"][0] |= phase
    return changed


async def attempts(world: World, run_id: str) -> list[AttemptRow]:
    async with world.services.database.read() as session:
        return await queries.attempts(session, run_id)


async def test_an_empty_change_never_completes_a_phase(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1), builds(2, GOOD), approves()) as world:
        run = await world.run()
        first, second = await attempts(world, run.id)
    assert run.state == "succeeded", run.end_detail
    assert (first.outcome, second.outcome) == ("empty_change", "committed")
    asked = [entry for entry in world.simulator.entries() if "Attempt: 2" in (entry.when or ())]
    assert "An empty change never completes a phase" in str(asked[0].request)


async def test_a_change_outside_the_scope_goes_back_with_its_names(
    tmp_path: Path, settings: Settings
) -> None:
    undone = {"calls": [{"tool": "shell", "args": {"command": "rm other.py"}}]}
    async with small_world(
        tmp_path,
        settings,
        builds(1, GOOD, write_file("other.py", "")),
        builds(2, undone),
        approves(),
        plan=plan(files=["one.py"]),
    ) as world:
        run = await world.run()
        first, second = await attempts(world, run.id)
    assert run.state == "succeeded", run.end_detail
    assert (first.outcome, second.outcome) == ("out_of_scope", "committed")
    assert "other.py" in first.failure
    assert git(world.repository, "ls-tree", "--name-only", f"autopack/{run.id}").split() == [
        "README.md",
        "one.py",
        "test_start.py",
    ]


async def test_a_red_verification_goes_back_with_its_output(tmp_path: Path, settings: Settings) -> None:
    async with small_world(
        tmp_path, settings, builds(1, GOOD, RED_TEST), builds(2, GOOD_TEST), approves()
    ) as world:
        run = await world.run()
        first, second = await attempts(world, run.id)
    assert run.state == "succeeded", run.end_detail
    assert (first.outcome, second.outcome) == ("verification_failed", "committed")
    asked = [entry for entry in world.simulator.entries() if "Attempt: 2" in (entry.when or ())]
    assert "assert 1 == 2" in str(asked[0].request)


async def test_the_same_failure_twice_is_given_to_a_stronger_model(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(
        tmp_path,
        settings,
        builds(1, GOOD, RED_TEST),
        builds(2, write_file("more.py", "")),
        builds(3, GOOD_TEST),
        approves(),
        plan=plan(attempts=3),
    ) as world:
        run = await world.run()
        tried = await attempts(world, run.id)
    assert run.state == "succeeded", run.end_detail
    assert [attempt.complexity for attempt in tried] == ["low", "low", "medium"]
    built_by = [(attempt.builder_decision or {})["model"]["name"] for attempt in tried]
    assert built_by == ["gpt-5-mini", "gpt-5-mini", "gpt-5"]
    assert tried[0].fingerprint == tried[1].fingerprint


async def test_a_rejected_change_goes_back_with_the_issues(tmp_path: Path, settings: Settings) -> None:
    async with small_world(
        tmp_path,
        settings,
        builds(1, GOOD),
        rejects(1),
        builds(2, write_file("one.py", "ONE = 1  # better\n")),
        approves(),
    ) as world:
        run = await world.run()
        first, second = await attempts(world, run.id)
    assert run.state == "succeeded", run.end_detail
    assert (first.outcome, second.outcome) == ("rejected", "committed")
    assert (first.verdict or {})["issues"][0]["text"] == "This is wrong."
    asked = [entry for entry in world.simulator.entries() if "Attempt: 2" in (entry.when or ())]
    assert "This is wrong." in str(asked[0].request)


async def test_a_phase_out_of_attempts_ends_the_run_and_what_was_finished_stays(
    tmp_path: Path, settings: Settings
) -> None:
    two = plan()
    two["tiers"][0]["phases"].append(two["tiers"][0]["phases"][0] | {"id": "two", "name": "The second"})
    async with small_world(
        tmp_path,
        settings,
        builds(1, GOOD),
        approves(),
        builds(1, phase="two"),
        builds(2, phase="two"),
        plan=two,
    ) as world:
        run = await world.run()
        commits = git(world.repository, "log", "--format=%s", f"autopack/{run.id}").splitlines()
        async with world.services.database.read() as session:
            phases = await queries.phases(session, run.id)
    assert (run.state, run.end_reason) == ("failed", EndReason.ATTEMPTS_EXHAUSTED)
    assert "Phase two failed 2 of 2 attempts" in run.end_detail
    assert commits == ["The first phase", "First commit"]
    assert [phase.state for phase in phases] == ["completed", "failed"]


async def test_a_diff_too_large_to_read_is_refused_and_never_approved(
    tmp_path: Path, settings: Settings
) -> None:
    large = {"calls": [{"tool": "shell", "args": {"command": "seq 1000000 2300000 > numbers.txt"}}]}
    async with small_world(tmp_path, settings, builds(1, large), approves(), plan=plan(attempts=1)) as world:
        run = await world.run()
        (tried,) = await attempts(world, run.id)
    assert (run.state, tried.outcome) == ("failed", "diff_too_large")
    assert "more than 8,388,608 bytes of diff" in tried.failure
    assert not [entry for entry in world.simulator.entries() if "Role: auditor" in (entry.when or ())]


async def test_builder_and_auditor_are_of_two_families(tmp_path: Path, settings: Settings) -> None:
    async with small_world(
        tmp_path, settings, builds(1, GOOD), approves(), plan=plan(category="docs")
    ) as world:
        run = await world.run()
        (tried,) = await attempts(world, run.id)
    builder, auditor = tried.builder_decision or {}, tried.auditor_decision or {}
    assert (builder["model"]["family"], auditor["model"]["family"]) == ("claude", "gpt")
    assert not auditor["same_family"]


async def test_one_family_only_is_recorded_and_said(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        text = world.settings.policy_path.read_text()
        for name in ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"):
            text = text.replace(name, "gpt-5")
        world.settings.policy_path.write_text(text)
        run = await world.run()
        (tried,) = await attempts(world, run.id)
    assert run.state == "succeeded", run.end_detail
    assert (tried.auditor_decision or {})["same_family"]


async def test_a_red_baseline_ends_the_run_before_anything_is_spent(
    tmp_path: Path, settings: Settings
) -> None:
    files = {**FILES, "test_start.py": "def test_start():\n    assert False\n"}
    async with small_world(tmp_path, settings, builds(1, GOOD), approves(), files=files) as world:
        run = await world.run()
        assert (run.state, run.end_reason) == ("failed", EndReason.BASELINE_RED)
        assert "--accept-red-baseline" in run.end_detail
        assert world.simulator.entries() == []
        async with world.services.database.read() as session:
            (shown,) = await queries.evidence(session, run.id, phase_index=0, attempt=0)
    assert shown.evidence["exit_code"] == 1
    assert shown.evidence["counts"]["failed"] == 1


async def test_a_red_baseline_can_be_accepted(tmp_path: Path, settings: Settings) -> None:
    files = {**FILES, "test_start.py": "def test_start():\n    assert False\n"}
    mended = write_file("test_start.py", "def test_start():\n    assert True\n")
    async with small_world(tmp_path, settings, builds(1, mended), approves(), files=files) as world:
        run = await world.run(accept_red_baseline=True)
    assert run.state == "succeeded", run.end_detail


async def test_a_verify_command_that_does_not_exist_is_said_before_anything_is_spent(
    tmp_path: Path, settings: Settings
) -> None:
    missing = {**PLAN, "verify": ["no-such-program --check"]}
    async with small_world(tmp_path, settings, builds(1, GOOD), approves(), plan=missing) as world:
        run = await world.run()
        assert world.simulator.entries() == []
    assert (run.state, run.end_reason) == ("failed", EndReason.BASELINE_RED)
    assert "no-such-program" in run.end_detail


async def test_a_setup_that_fails_is_said_before_anything_is_spent(
    tmp_path: Path, settings: Settings
) -> None:
    broken = {**PLAN, "setup": ["echo preparing; exit 3"]}
    async with small_world(tmp_path, settings, builds(1, GOOD), approves(), plan=broken) as world:
        run = await world.run()
        assert world.simulator.entries() == []
    assert (run.state, run.end_reason) == ("failed", EndReason.SETUP_FAILED)
    assert "exit code 3" in run.end_detail


async def test_a_model_server_that_is_not_there_pauses_the_run_and_it_goes_on_where_it_was(
    tmp_path: Path, settings: Settings
) -> None:
    impatient = replace(settings, retries=0)
    async with small_world(tmp_path, impatient, builds(1, GOOD), approves()) as world:
        right = world.settings.policy_path.read_text()
        world.settings.policy_path.write_text(
            right.replace(world.simulator.openai_url, "http://127.0.0.1:9/v1")
        )
        run = await world.run()
        assert (run.state, run.waits_for) == ("paused", Waiting.PROVIDER_UNREACHABLE)
        (tried,) = await attempts(world, run.id)
        assert tried.outcome == "open"
        world.settings.policy_path.write_text(right)
        await world.drive(run.id)
        assert (await world.read(run.id)).state == "succeeded"
        assert len(await attempts(world, run.id)) == 1


async def test_changes_beside_the_builders_tools_count_too(tmp_path: Path, settings: Settings) -> None:
    shell = {"calls": [{"tool": "shell", "args": {"command": "printf 'ONE = 1\\n' > one.py"}}]}
    async with small_world(tmp_path, settings, builds(1, shell), approves()) as world:
        run = await world.run()
        content = git(world.repository, "show", f"autopack/{run.id}:one.py")
    assert content == "ONE = 1\n"
    assert any("shell" in doing for doing in world.seen)


async def test_a_change_that_breaks_the_setup_goes_back_to_the_builder(
    tmp_path: Path, settings: Settings
) -> None:
    fragile = {**PLAN, "setup": ["if grep -s broken pyproject.toml; then exit 7; fi"]}
    async with small_world(
        tmp_path,
        settings,
        builds(1, write_file("pyproject.toml", "# broken\n")),
        builds(2, write_file("pyproject.toml", "# whole\n")),
        approves(),
        plan=fragile,
    ) as world:
        run = await world.run()
        first, second = await attempts(world, run.id)
        async with world.services.database.read() as session:
            shown = await queries.evidence(session, run.id, phase_index=1, attempt=1)
    assert run.state == "succeeded", run.end_detail
    assert (first.outcome, second.outcome) == ("setup_failed", "committed")
    assert [(row.step, row.evidence["exit_code"]) for row in shown] == [("setup", 7)]
    asked = [entry for entry in world.simulator.entries() if "Attempt: 2" in (entry.when or ())]
    assert "exit code 7" in str(asked[0].request)


async def test_a_setup_that_fails_on_a_verified_commit_costs_no_attempt(
    tmp_path: Path, settings: Settings
) -> None:
    command = "case $PWD in */build) grep fine network;; esac"
    moody = {**PLAN, "copy": ["network"], "setup": [command]}
    async with small_world(tmp_path, settings, builds(1, GOOD), approves(), plan=moody) as world:
        (world.repository / "network").write_text("down")
        run_id = await world.create()
        await world.drive(run_id)
        run = await world.read(run_id)
        assert (run.state, run.end_reason) == ("failed", EndReason.SETUP_FAILED), run.end_detail
        assert world.simulator.entries() == []
        (world.repository / "network").write_text("fine")
        await world.drive(run_id)
        run = await world.read(run_id)
    assert run.state == "succeeded", run.end_detail
