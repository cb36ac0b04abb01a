"""Commands that look at runs: what they print of real records, for people and for scripts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.runs.states import EndReason, RunState
from cli.calling import Autopack
from fixtures.database import execute
from views.recorded import end_run, live_owner, record_run


def test_without_a_run_each_command_says_what_to_do_first(autopack: Autopack) -> None:
    assert "autopack run PLAN" in autopack("runs").out
    assert "No model was called yet" in autopack("usage").out
    autopack("status").failed(2, "no run yet")
    assert autopack("runs", "--json").said == []


def test_runs_shows_state_progress_tokens_and_cost(autopack: Autopack, recorded: str) -> None:
    told = autopack("runs").out
    assert recorded in told
    assert "in progress, interrupted" in told
    assert "1/3" in told
    assert "3.3k+" in told
    assert "$0.7500+" in told
    assert "not known" in told


@pytest.mark.parametrize("columns", [40, 80, 100])
def test_runs_shortens_plans_and_never_ids(
    autopack: Autopack, recorded: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    execute(settings, "UPDATE runs SET plan_name = :name", {"name": "a plan with quite a long name " * 3})
    head, row, *_ = autopack("runs").out.splitlines()
    assert row.startswith(f"{recorded}  a plan")
    assert "…  in progress, interrupted " in row
    assert row.endswith("$0.7500+")
    assert columns < 100 or len(row) <= columns
    assert head.split() == ["RUN", "PLAN", "STATE", "PHASES", "TIME", "TOKENS", "COST"]


def test_runs_as_json_is_a_list_of_statuses(autopack: Autopack, recorded: str) -> None:
    (told,) = autopack("runs", "--json").said
    assert told["run_id"] == recorded
    assert told["percent_complete"] == pytest.approx(1 / 3)
    assert (told["usage"]["cost_usd"], told["usage"]["unknown_calls"]) == ("0.75", 1)


def test_status_is_of_the_newest_run_unless_one_is_named(
    autopack: Autopack, recorded: str, settings: Settings, tmp_path: Path
) -> None:
    newer = asyncio.run(record_run(settings, repository=tmp_path))
    assert autopack("status", "--json").said["run_id"] == newer
    told = autopack("status", recorded[-4:]).out
    assert recorded in told
    assert "tier 2, phase 2: cli, The commands" in told
    assert f"autopack resume {recorded}" in told
    assert "1 of 3 phases (33%)" in told
    assert "1 call of a model without a known price" in told


def test_a_failed_run_says_why(autopack: Autopack, recorded: str, settings: Settings) -> None:
    ending = end_run(
        settings, recorded, state=RunState.FAILED, reason=EndReason.BRANCH_MOVED, detail="It moved."
    )
    asyncio.run(ending)
    assert "branch moved: It moved." in autopack("status").out
    assert "Failed (branch moved): 1 of 3 phases kept" in autopack("show", recorded).out


def test_show_of_a_run_has_each_attempt_in_few_lines(autopack: Autopack, recorded: str) -> None:
    told = autopack("show", recorded).out
    assert "✓ store  The store (core_backend, high)" in told
    assert "1  the tests failed" in told
    first, second = [line for line in told.splitlines() if "built by claude-opus-5-5" in line]
    assert ("audited by" in first, "audited by gpt-6.1-sol" in second) == (False, True)
    assert "nothing was verified" not in told
    assert "2  committed cccccccccc" in told
    assert "▶ cli" in told
    assert "· docs" in told


def test_show_of_a_phase_has_decision_evidence_output_verdict_and_cost(
    autopack: Autopack, recorded: str
) -> None:
    told = autopack("show", recorded, "store").out
    assert "Attempt 1 of 3: verification failed" in told
    assert "complexity high maps builder to claude-opus-5-5" in told
    assert "✗ verify: python -m pytest -q" in told
    assert "exit code 1, 1.5 s, 2 passed, 1 failed, tree eeeeeeeeeeee" in told
    assert "| 1 failed" in told
    assert "✓ setup: python -m venv .venv" in told
    assert told.index("setup: python -m venv") < told.index("verify: python -m pytest")
    assert told.count("output cut in the middle") == 1
    assert "exit code 0, 2.5 s, tree eeeeeeeeeeee, output cut in the middle" in told
    assert "Verdict: approve" in told
    assert told.count("auditor  gpt-6.1-sol (openai, chosen, but not asked)") == 1
    assert "builder claude-opus-5-5: 1 call, 1,100 tokens, unknown" in told
    assert "auditor gpt-6.1-sol: 1 call, 1,100 tokens, $0.5000" in told
    assert "No attempt yet" in autopack("show", recorded, "docs").out
    autopack("show", recorded, "nope").failed(2, "no phase nope", "store, cli, docs")


def test_show_as_json_is_the_timeline_or_the_phase(autopack: Autopack, recorded: str) -> None:
    assert [tier["name"] for tier in autopack("show", recorded, "--json").said["tiers"]] == [
        "Foundation",
        "Surface",
    ]
    phase = autopack("show", recorded, "1", "--json").said
    assert [attempt["outcome"] for attempt in phase["attempts"]] == ["verification_failed", "committed"]


def test_fewer_lines_of_output_can_be_asked_for(autopack: Autopack, recorded: str) -> None:
    told = autopack("show", recorded, "store", "--lines", "1").out
    assert "… 1 line before" in told
    assert "| 2 passed" in told
    assert "| .." not in told


@pytest.mark.parametrize("command", [["show"], ["show", "store"], ["logs"], ["status"], ["diff", "store"]])
def test_what_a_model_wrote_reaches_no_terminal_raw(
    autopack: Autopack, recorded: str, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if command[0] == "diff":
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TERM", "dumb")
    told = autopack(command[0], recorded, *command[1:]).out
    assert not [char for char in told if char in "\x1b\x07\u202e"]
    if command[0] != "status":
        assert "\\x1b" in told


def test_json_is_plain_ascii(autopack: Autopack, recorded: str) -> None:
    for arguments in (["show", recorded, "--json"], ["logs", recorded, "--json"]):
        assert autopack(*arguments).out.isascii()


def test_usage_adds_up_by_role_and_model_and_says_what_it_does_not_know(
    autopack: Autopack, recorded: str
) -> None:
    told = autopack("usage", recorded).out
    rows = {tuple(line.split()[:2]): line.split()[2:] for line in told.splitlines() if "  " in line}
    assert rows["builder", "claude-opus-5-5"][-2:] == ["2,200", "$0.2500+"]
    assert rows["builder", "gpt-6-luna"][-2:] == ["unknown", "unknown"]
    assert rows["auditor", "gpt-6.1-sol"][-2:] == ["1,100", "$0.5000"]
    assert "at most 1,100 tokens" in told
    assert "without a known price" in told
    assert "simulated" not in told
    report = autopack("usage", "--period", "day", "--json").said
    assert (report["period"], report["real"]["calls"], report["simulated"]) == ("day", 4, None)


def test_a_narrow_table_keeps_its_numbers_whole(
    autopack: Autopack, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    told = autopack("usage", recorded).out.splitlines()
    assert "INPUT" not in told[0]
    assert "…" not in "".join(told[:5])


def test_the_diff_of_a_phase_is_byte_for_byte_what_was_stored(autopack: Autopack, recorded: str) -> None:
    assert autopack("diff", recorded, "store").out == "diff --git a/x b/x\n+\x1b[31mx\n"
    autopack("diff", recorded, "docs").failed(2, "no change yet")


def test_the_diff_of_a_run_whose_workspace_is_gone_is_made_of_its_phases(
    autopack: Autopack, recorded: str
) -> None:
    assert autopack("diff", recorded).out.startswith("diff --git a/x b/x")


def test_logs_are_lines_with_the_time_since_the_beginning(autopack: Autopack, recorded: str) -> None:
    told = autopack("logs", recorded).out.splitlines()
    assert told[0] == f"[00:00] {recorded}: todo, 3 phases in 2 tiers, on {Path.cwd().name}"
    assert "[00:00] started" in told
    assert "[00:00] store: building (phase 1/3)" in told
    assert "[00:00] store: committed cccccccccccc" in told


def test_logs_as_json_are_the_feeds_events(autopack: Autopack, recorded: str) -> None:
    events = [json.loads(line) for line in autopack("logs", recorded, "--json").out.splitlines()]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert {event["run_id"] for event in events} == {recorded}
    assert events[0]["kind"] == "run_created"
    assert {"created_at", "plan", "phases"} <= set(events[0])


def test_following_a_run_that_nobody_drives_ends_with_an_error(autopack: Autopack, recorded: str) -> None:
    autopack("logs", recorded, "-f").failed(1, "No process works on run", f"autopack resume {recorded}")


def test_following_a_run_that_ended_ends(autopack: Autopack, recorded: str, settings: Settings) -> None:
    asyncio.run(end_run(settings, recorded, state=RunState.CANCELLED, reason=EndReason.CANCELLED))
    told = autopack("logs", recorded, "--follow")
    assert told.code == 0
    assert told.out.splitlines()[-1] == "[00:00] cancelled"


def test_a_run_with_a_live_process_is_neither_merged_nor_discarded_nor_taken(
    autopack: Autopack, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
    owner = asyncio.run(live_owner(settings))
    run_id = asyncio.run(record_run(settings, repository=tmp_path, owner=owner))
    autopack("merge", run_id).failed(2, "still being worked on")
    autopack("discard", run_id, "--yes").failed(2, "live process")
    assert "its process goes on" in autopack("resume", run_id).out


def test_projects_are_listed_with_those_that_are_gone(
    autopack: Autopack, recorded: str, settings: Settings, tmp_path: Path
) -> None:
    asyncio.run(record_run(settings, repository=tmp_path / "gone"))
    told = autopack("project", "list").out
    assert str(tmp_path) in told
    assert "(gone)" in told
    assert len(autopack("project", "list", "--json").said) == 2
