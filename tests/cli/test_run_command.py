"""`run` as a process: what it shows, how it ends, how it is stopped, and what it refuses."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from cli.processes import call, start
from fixtures.world import PLAN, approves, builds, git, rejects, small_world, write_file

SLOW: dict[str, Any] = {**write_file("one.py", "ONE = 1\n"), "delay_seconds": 30.0}


async def test_a_run_shows_each_event_and_ends_with_what_to_type_next(
    tmp_path: Path, settings: Settings
) -> None:
    conversations = [
        builds(1, write_file("one.py", "ONE = 2\n")),
        builds(2, write_file("one.py", "ONE = 1\n")),
        rejects(1),
        approves(),
    ]
    async with small_world(tmp_path, settings, *conversations) as world:
        ended = await call(world, "run", world.plan)
        assert ended.code == 0, ended
        assert "note: Simulated" in ended.err
        for said in (
            "baseline passed (1 command)",
            "one: attempt 1, builder gpt-5-mini, auditor claude-haiku-5-5 (simulated)",
            "one: rejected, 1 major issue",
            "one: attempt 1 failed: the Auditor rejected it: Not like this (1 attempt left)",
            "one: committed",
            "Succeeded: 1 of 1 phase, 2 attempts",
            "The first phase",
            "~ simulated: a script answered.",
        ):
            assert said in ended.out
        run_id = json.loads((await call(world, "status", "--json")).out)["run_id"]
        assert f"autopack merge {run_id}" in ended.out
        assert "sk-simulated" not in ended.out + ended.err

        shown = await call(world, "show", run_id, "one")
        assert "Verdict: reject" in shown.out
        assert "Verdict: approve" in shown.out
        whole = await call(world, "diff", run_id)
        assert "+ONE = 1" in whole.out
        merged = await call(world, "merge", run_id)
        assert (merged.code, (world.repository / "one.py").read_text()) == (0, "ONE = 1\n")
        again = await call(world, "resume", run_id)
        assert (again.code, "nothing to go on with" in again.err) == (2, True)
        gone = await call(world, "discard", run_id, "--yes")
        assert "Deleted branch autopack/" in gone.out
        assert "Deleted the workspace" in gone.out
        assert git(world.repository, "branch", "--format=%(refname:short)").split() == ["main"]
        assert (await call(world, "show", run_id)).code == 0


async def test_as_json_a_run_is_its_events_and_a_result(tmp_path: Path, settings: Settings) -> None:
    conversations = [builds(1, write_file("one.py", "ONE = 1\n")), approves()]
    async with small_world(tmp_path, settings, *conversations) as world:
        ended = await call(world, "run", world.plan, "--json")
    assert ended.code == 0
    *events, result = [json.loads(line) for line in ended.out.splitlines()]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["kind"], events[-1]["after"]) == ("run_created", "succeeded")
    assert (result["kind"], result["exit_code"]) == ("result", 0)
    assert (result["status"]["state"], result["status"]["completed_phases"]) == ("succeeded", 1)
    assert result["usage"]["simulated"]["calls"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_cancels_cleanly_and_the_run_can_go_on(
    tmp_path: Path, settings: Settings, number: signal.Signals
) -> None:
    async with small_world(tmp_path, settings, builds(1, SLOW), approves()) as world:
        running = await start(world, "run", world.plan)
        await running.until("builder gpt")
        running.send(number)
        ended = await running.end()
        assert ended.code == 130
        assert "cancelling…" in ended.err
        by = "Ctrl-C" if number is signal.SIGINT else number.name
        assert f"cancelled, asked by {by}" in ended.out
        status = json.loads((await call(world, "status", "--json")).out)
        assert (status["state"], status["driven"]) == ("cancelled", False)
        assert f"autopack resume {status['run_id']}" in ended.out


async def test_a_second_signal_ends_at_once(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, SLOW), approves()) as world:
        running = await start(world, "run", world.plan)
        await running.until("builder gpt")
        async with world.services.database.write():  # the run can't be moved while this is open
            running.send(signal.SIGINT)
            running.send(signal.SIGTERM)
            ended = await running.end()
        assert (ended.code, "Traceback" in ended.err) == (130, False)
        status = json.loads((await call(world, "status", "--json")).out)
        resume = f"Go on with `autopack resume {status['run_id']}`."
        assert ended.err.splitlines()[-1] == f"Stopped at once. {resume}"
        assert (status["state"], status["interrupted"]) == ("in_progress", True)
        gone = await call(world, "discard", status["run_id"], "--yes")
        assert f"Cancelled {status['run_id']}." in gone.out
        status = json.loads((await call(world, "status", "--json")).out)
        assert (status["state"], status["end_reason"]) == ("cancelled", "cancelled")


async def test_a_killed_run_is_told_apart_and_goes_on(tmp_path: Path, settings: Settings) -> None:
    conversations = [builds(1, {**SLOW, "delay_seconds": 2.0}), approves()]
    async with small_world(tmp_path, settings, *conversations) as world:
        running = await start(world, "run", world.plan)
        await running.until("builder gpt")
        second = await call(world, "run", world.plan)
        assert (second.code, "driven by another process" in second.err) == (2, True)
        running.send(signal.SIGKILL)
        await running.end()
        second = await call(world, "run", world.plan)
        assert (second.code, "autopack resume" in second.err) == (2, True)
        resuming = await start(world, "resume", "run_")
        await resuming.until("taken up by a new process")
        following = await start(world, "logs", "run_", "-f")
        resumed = await resuming.end()
        assert resumed.code == 0, resumed
        assert "small, 0 of 1 phase done" in resumed.out.splitlines()[0]
        assert not [word for word in ("workspace ready", "baseline", "started") if word in resumed.out]
        told = await following.end()
        assert (told.code, told.out.splitlines()[-1].endswith("succeeded")) == (0, True)


async def test_a_red_baseline_ends_the_run_before_anything_is_spent_and_show_has_its_output(
    tmp_path: Path, settings: Settings
) -> None:
    plan = {**PLAN, "verify": ["no-such-command --x"]}
    async with small_world(tmp_path, settings, approves(), plan=plan) as world:
        ended = await call(world, "run", world.plan)
        assert ended.code == 1
        assert "Failed (baseline red)" in ended.out
        assert "Nothing was committed; your repository is as it was." in ended.out
        assert "--accept-red-baseline" in ended.out
        assert world.simulator.entries() == []
        shown = await call(world, "show", "run_")
        assert "the untouched commit fails its own checks" in shown.out
        assert "no-such-command" in shown.out
        assert "exit code 127" in shown.out


async def test_work_is_neither_merged_into_changes_nor_deleted_under_your_feet(
    tmp_path: Path, settings: Settings
) -> None:
    conversations = [builds(1, write_file("one.py", "ONE = 1\n")), approves()]
    async with small_world(tmp_path, settings, *conversations) as world:
        run_id = (await world.run()).id
        (world.repository / "README.md").write_text("changed\n")
        refused = await call(world, "merge", run_id)
        assert (refused.code, "uncommitted changes: README.md" in refused.err) == (2, True)
        git(world.repository, "checkout", "--quiet", "README.md")
        unsure = await call(world, "discard", run_id)
        assert (unsure.code, "--yes" in unsure.err) == (2, True)
        git(world.repository, "switch", "--quiet", f"autopack/{run_id}")
        refused = await call(world, "discard", run_id, "--yes")
        assert (refused.code, "checked out" in refused.err) == (2, True)


async def test_a_phase_that_nothing_verifies_is_never_reported_as_verified(
    tmp_path: Path, settings: Settings
) -> None:
    conversations = [builds(1, write_file("one.py", "ONE = 1\n")), approves()]
    async with small_world(tmp_path, settings, *conversations, plan={**PLAN, "verify": "none"}) as world:
        ended = await call(world, "run", world.plan)
        assert ended.code == 0, ended
        assert "one: nothing to verify (verify: none)" in ended.out
        assert "one: verifying" not in ended.out
        assert "Succeeded: 1 of 1 phase (1 verified by nothing), 1 attempt" in ended.out
        for arguments in (("show", "run_"), ("show", "run_", "one")):
            assert "nothing was verified (verify: none)" in (await call(world, *arguments)).out


async def test_an_ending_at_a_red_check_shows_what_it_said_and_only_who_was_at_work(
    tmp_path: Path, settings: Settings
) -> None:
    check = "for n in $(seq 20); do printf '%s \\342\\200\\256\\n' $n; done; test ! -e one.py"
    conversations = [builds(1, write_file("one.py", "1\n")), builds(2, write_file("one.py", "2\n"))]
    async with small_world(tmp_path, settings, *conversations, plan={**PLAN, "verify": [check]}) as world:
        ended = await call(world, "run", world.plan)
        assert ended.code == 1, ended
        shown = [line for line in ended.out.splitlines() if line.startswith("  | ")]
        assert shown == [f"  | {number} \\u202e" for number in range(13, 21)]
        assert ".." not in ended.out
        assert "audited by" not in (await call(world, "show", "run_")).out
        assert "chosen, but not asked" in (await call(world, "show", "run_", "one")).out


async def test_what_a_run_leaves_out_of_account_is_noted_at_its_start(
    tmp_path: Path, settings: Settings
) -> None:
    conversations = [builds(1, {**SLOW, "delay_seconds": 2.0}), approves()]
    async with small_world(tmp_path, settings, *conversations) as world:
        policy = settings.policy_path
        policy.write_text(
            policy.read_text().replace(
                "gpt-5-mini, auditor: claude-haiku", "gpt-minni, auditor: claude-haiku"
            )
        )
        git(world.repository, "mv", "test_start.py", "test_begin.py")
        (world.repository / "README.md").write_text("changed\n")
        (world.repository / "untracked").write_text("")
        running = await start(world, "run", world.plan)
        await running.until("builder gpt")
        running.send(signal.SIGKILL)
        ended = await running.end()
        head = git(world.repository, "rev-parse", "HEAD")[:10]
        changes = "your uncommitted changes (README.md, test_begin.py)"
        assert f"note: Builds on {head}; {changes} are not part of it." in ended.err
        assert "note: No price is known for gpt-minni" in ended.err
        world.plan.write_text(json.dumps({**PLAN, "name": "another"}))
        ended = await call(world, "resume", "run_")
        assert ended.code == 0, ended
        assert "note: plan.yaml has changed since; the run goes on with the plan it began with." in ended.err


async def test_a_setup_that_takes_a_while_is_told_of_while_it_runs(
    tmp_path: Path, settings: Settings
) -> None:
    plan = {**PLAN, "setup": ["sleep 1.5"]}
    conversations = [builds(1, write_file("one.py", "ONE = 1\n")), approves()]
    async with small_world(tmp_path, settings, *conversations, plan=plan) as world:
        ended = await call(world, "run", world.plan)
    assert ended.code == 0, ended
    told = [line.partition("] ")[2] for line in ended.out.splitlines()]
    assert "baseline: sleep 1.5; python -m pytest -q" in told
