"""Events as lines of a log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from autopack.cli.lines import line
from autopack.feed.schemas import (
    AttemptFailed,
    BaselineChecked,
    CancelAsked,
    Event,
    EventBody,
    ModelsChosen,
    PhaseCommitted,
    PhaseMoved,
    RunClaimed,
    RunCreated,
    RunDiscarded,
    RunMerged,
    RunMoved,
    VerdictGiven,
    WorkspaceReady,
)

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _line(body: EventBody, seconds: int = 0) -> str | None:
    event = Event(id=1, run_id="run_x", created_at=START + timedelta(seconds=seconds), body=body)
    return line(event, since=START, phases=8)


def _moved(before: str, after: str) -> PhaseMoved:
    return PhaseMoved(phase_id="store", phase_index=3, attempt=1, before=before, after=after)


def _verdict(decision: str) -> VerdictGiven:
    return VerdictGiven(phase_id="store", attempt=1, decision=decision, summary="So.", major=2, minor=1)


def _failed(left: int, escalated: str | None) -> AttemptFailed:
    return AttemptFailed(
        phase_id="store",
        attempt=1,
        outcome="x",
        detail="It broke.",
        attempts_left=left,
        escalated_to=escalated,
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            RunCreated(plan="todo", project="app", tiers=1, phases=8),
            "run_x: todo, 8 phases in 1 tier, on app",
        ),
        (RunClaimed(epoch=2, owner="me"), "taken up by a new process"),
        (RunMoved(before="queued", after="in_progress"), "started"),
        (RunMoved(before="in_progress", after="succeeded", reason="completed"), "succeeded"),
        (
            RunMoved(before="in_progress", after="failed", reason="baseline_red", detail="No."),
            "failed: baseline red: No.",
        ),
        (
            RunMoved(before="in_progress", after="failed", reason="x", detail="Is it there?. exit code 1.."),
            "failed: x: Is it there? exit code 1.",
        ),
        (RunMoved(before="in_progress", after="cancelled", detail="asked by x"), "cancelled, asked by x"),
        (
            RunMoved(before="in_progress", after="paused", reason="branch_checked_out", detail="Switch."),
            "waits: branch checked out: Switch.",
        ),
        (RunMoved(before="in_progress", after="scheduled", detail="at 14:05"), "scheduled: at 14:05"),
        (CancelAsked(by="Ctrl-C"), "cancel asked by Ctrl-C"),
        (RunMerged(commit="c" * 40, into="main"), "merged into main, up to cccccccccccc"),
        (RunDiscarded(commit="c" * 40), "discarded, its branch was at cccccccccccc"),
        (RunDiscarded(commit=None), "discarded"),
        (
            WorkspaceReady(base_commit="a" * 40),
            "workspace ready at aaaaaaaaaaaa, checking it before anything is spent",
        ),
        (BaselineChecked(passed=True, commands=2), "baseline passed (2 commands)"),
        (BaselineChecked(passed=True, commands=0), "baseline: the plan checks nothing"),
        (BaselineChecked(passed=False, commands=1), "baseline is red"),
        (BaselineChecked(passed=False, commands=1, accepted=True), "baseline is red, and accepted"),
        (_moved("pending", "building"), "store: building (phase 3/8)"),
        (_moved("building", "verifying"), "store: verifying"),
        (_moved("verifying", "failed"), "store: failed"),
        (_moved("building", "cancelled"), "store: stopped"),
        (_moved("pending", "skipped"), "store: skipped"),
        (_verdict("approve"), "store: approved, 1 minor issue: So."),
        (_verdict("reject"), "store: rejected, 2 major issues, 1 minor issue"),
        (_failed(2, "high"), "store: attempt 1 failed: It broke (2 attempts left, now as high)"),
        (_failed(0, None), "store: attempt 1 failed: It broke (no attempt left)"),
        (
            PhaseCommitted(phase_id="store", attempt=1, commit="c" * 40, branch="b", summary=""),
            "store: committed cccccccccccc",
        ),
    ],
)
def test_an_event_is_one_line_that_can_be_read_alone(body: EventBody, said: str) -> None:
    assert _line(body, 65) == f"[01:05] {said}"


def test_the_models_of_an_attempt_are_named_with_what_is_unusual_about_them() -> None:
    body = ModelsChosen(
        phase_id="store",
        attempt=2,
        complexity="low",
        builder="a",
        builder_reason="",
        auditor="b",
        auditor_reason="",
        same_family=True,
        simulated=True,
    )
    said = "store: attempt 2, builder a, auditor b, both of one family (simulated)"
    assert _line(body) == f"[00:00] {said}"


@pytest.mark.parametrize(
    "body",
    [
        RunClaimed(epoch=1, owner="me"),
        RunMoved(before="failed", after="queued"),
        _moved("building", "building"),
        _moved("auditing", "committing"),
        _moved("committing", "completed"),
        _moved("failed", "pending"),
    ],
)
def test_what_another_event_says_better_is_left_out(body: EventBody) -> None:
    assert _line(body) is None


def test_an_approval_without_issues_counts_none() -> None:
    body = VerdictGiven(phase_id="store", attempt=1, decision="approve", summary="So.", major=0, minor=0)
    assert _line(body) == "[00:00] store: approved: So."


def test_a_phase_that_nothing_verifies_is_not_said_to_be_verified() -> None:
    event = Event(id=1, run_id="run_x", created_at=START, body=_moved("building", "verifying"))
    said = line(event, since=START, phases=8, unverified=frozenset({"store"}))
    assert said == "[00:00] store: nothing to verify (verify: none)"


def test_a_time_over_an_hour_says_so() -> None:
    assert _line(CancelAsked(by="x"), 3_725) == "[1:02:05] cancel asked by x"


def test_a_line_is_one_line_whatever_is_in_it() -> None:
    said = _line(RunMoved(before="in_progress", after="failed", reason="x", detail="a\nb\r\x1b[2J\x85"))
    assert said is not None
    assert said.isprintable()
