"""Events as plain lines: for CI logs, pipes and `autopack logs`. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from autopack.cli.words import clean, clock, count, one_line, sentences, words
from autopack.feed.schemas import (
    AttemptFailed,
    BaselineChecked,
    CallRetried,
    CancelAsked,
    Event,
    LessonDecided,
    LimitNear,
    ModelOverridden,
    ModelReplaced,
    ModelsChosen,
    NoteAdded,
    NoteDelivered,
    NoteWithdrawn,
    PauseAsked,
    PhaseCommitted,
    PhaseMoved,
    PlanAmended,
    PostmortemMoved,
    ResumeAsked,
    RetryAsked,
    RunClaimed,
    RunCreated,
    RunDiscarded,
    RunMerged,
    RunMoved,
    SkipAsked,
    VerdictGiven,
    WorkspaceReady,
)
from autopack.runs.states import PhaseState, RunState, Waiting

_LONG = 2_000


def line(
    event: Event, *, since: datetime, phases: int = 0, unverified: frozenset[str] = frozenset()
) -> str | None:
    """One line for an event with the time since `since`; None where another event says it better.

    `unverified` are the ids of phases that no command verifies.
    """
    said = _said(event, phases, unverified)
    return None if said is None else timed(said, event.created_at, since=since)


def timed(said: str, at: datetime, *, since: datetime) -> str:
    """A line with its time in front."""
    return f"[{clock(max(0.0, (at - since).total_seconds())):0>5}] {said}"


def _said(event: Event, phases: int, unverified: frozenset[str]) -> str | None:
    match event.body:
        case RunCreated() as created:
            size = f"{count(created.phases, 'phase')} in {count(created.tiers, 'tier')}"
            return f"{event.run_id}: {clean(created.plan)}, {size}, on {clean(created.project)}"
        case RunClaimed() as claimed:
            return None if claimed.epoch == 1 else "taken up by a new process"
        case RunMoved() as moved:
            return _run_moved(moved)
        case CancelAsked() as asked:
            return f"cancel asked by {clean(asked.by)}"
        case PauseAsked() as asked:
            return f"pause asked by {clean(asked.by)}"
        case ResumeAsked() as asked:
            return f"resume asked by {clean(asked.by)}"
        case RetryAsked() as asked:
            allowed = count(asked.attempts_allowed, "attempt")
            return f"{asked.phase_id}: retry asked by {clean(asked.by)}, {allowed} in all now"
        case SkipAsked() as asked:
            return f"{asked.phase_id}: skip asked by {clean(asked.by)}"
        case PlanAmended() as amended:
            return _amended(amended)
        case ModelOverridden() as given:
            return _overridden(given)
        case LimitNear() as near:
            return _near(near)
        case NoteAdded() as added:
            return f"note {added.note_id} by {clean(added.by)}: {one_line(added.text)}"
        case NoteWithdrawn() as withdrawn:
            return f"note {withdrawn.note_id} withdrawn by {clean(withdrawn.by)}"
        case NoteDelivered() as got:
            where = f"phase {got.phase_index}, attempt {got.attempt}, {got.role}"
            what = "lesson" if got.lesson else "note"
            return f"{got.phase_id}: {what} {got.note_id} delivered to {where}"
        case PostmortemMoved() as account:
            return _postmortem(account)
        case LessonDecided() as decided:
            return f"lesson {decided.decision} by {clean(decided.by)}: {one_line(decided.text, limit=_LONG)}"
        case WorkspaceReady() as ready:
            return f"workspace ready at {ready.base_commit[:12]}, checking it before anything is spent"
        case BaselineChecked() as checked:
            return _baseline(checked)
        case PhaseMoved() as moved:
            return _phase_moved(moved, phases, unverified)
        case ModelsChosen() as chosen:
            return _chosen(chosen)
        case ModelReplaced() as replaced:
            before, after = clean(replaced.before), clean(replaced.after)
            why = one_line(replaced.reason, limit=_LONG)
            return f"{replaced.phase_id}: {after} is {replaced.role} instead of {before}: {why}"
        case CallRetried() as retried:
            return _retried(retried)
        case AttemptFailed() as failed:
            return _failed(failed)
        case VerdictGiven() as given:
            return _verdict(given)
        case PhaseCommitted() as committed:
            return f"{committed.phase_id}: committed {committed.commit[:12]}"
        case RunMerged() as merged:
            return f"merged into {clean(merged.into)}, up to {merged.commit[:12]}"
        case RunDiscarded() as discarded:
            return "discarded" + (f", its branch was at {discarded.commit[:12]}" if discarded.commit else "")
        case _:
            assert_never(event.body)


def _postmortem(account: PostmortemMoved) -> str:
    match account.state:
        case "writing":
            return "writing what was learned"
        case "made":
            lessons = count(account.lessons, "lesson")
            return f"what was learned is written, {lessons}: autopack show has it"
        case _:
            return f"what was learned was not written: {one_line(account.reason, limit=_LONG)}"


def _amended(amended: PlanAmended) -> str:
    parts = [("added", amended.added), ("removed", amended.removed), ("changed", amended.changed)]
    parts.append(("set anew", amended.settings))
    said = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
    return f"plan amended by {clean(amended.by)}: {said}"


def _overridden(given: ModelOverridden) -> str:
    agent = given.role.startswith("agent:")
    cell = given.role if agent else f"{given.role} of {given.category}, {given.complexity}"
    if given.model is None:
        return f"{cell}: its own model again, reset by {clean(given.by)}"
    return f"{cell}: {clean(given.model)} from the next phase on, set by {clean(given.by)}"


def _near(near: LimitNear) -> str:
    of = f"{near.phase_id}: " if near.phase_id else ""
    left = clock(max(0.0, near.left_seconds))
    if near.limit == "stall_minutes":
        return f"{of}no sign of life, stopped in {left} (stall_minutes): {one_line(near.waiting_for)}"
    limit = f"{count(round(near.minutes), 'minute')} ({near.limit})"
    return f"{of}{left} left of {limit}: {one_line(near.waiting_for)}"


def _run_moved(moved: RunMoved) -> str | None:
    detail = sentences(one_line(moved.detail, limit=_LONG))
    match RunState(moved.after):
        case RunState.QUEUED:
            return None
        case RunState.IN_PROGRESS:
            return "started"
        case RunState.PAUSED:
            if moved.reason in ("", Waiting.ASKED):
                return f"paused, {detail}" if detail else "paused"
            return f"waits: {words(moved.reason)}: {detail}"
        case RunState.SCHEDULED:
            at = "" if moved.resumes_at is None else f", goes on at {moved.resumes_at:%Y-%m-%d %H:%M} UTC"
            return f"scheduled{at}: {detail}"
        case RunState.SUCCEEDED:
            return "succeeded"
        case RunState.FAILED:
            return f"failed: {words(moved.reason)}: {detail}"
        case RunState.CANCELLED:
            return f"cancelled, {detail}" if detail else "cancelled"


def _baseline(checked: BaselineChecked) -> str:
    if checked.passed:
        if checked.commands == 0:
            return "baseline: the plan checks nothing"
        return f"baseline passed ({count(checked.commands, 'command')})"
    return "baseline is red, and accepted" if checked.accepted else "baseline is red"


def _phase_moved(moved: PhaseMoved, phases: int, unverified: frozenset[str]) -> str | None:
    match PhaseState(moved.after):
        case PhaseState.BUILDING if moved.before == PhaseState.PENDING:
            of = f"/{phases}" if phases else ""
            return f"{moved.phase_id}: building (phase {moved.phase_index}{of})"
        case PhaseState.VERIFYING if moved.phase_id in unverified:
            return f"{moved.phase_id}: nothing to verify (verify: none)"
        case PhaseState.VERIFYING | PhaseState.AUDITING:
            return f"{moved.phase_id}: {moved.after}"
        case PhaseState.FAILED | PhaseState.CANCELLED:
            return f"{moved.phase_id}: {'failed' if moved.after == PhaseState.FAILED else 'stopped'}"
        case PhaseState.SKIPPED:
            return f"{moved.phase_id}: skipped"
        case PhaseState.PENDING | PhaseState.BUILDING | PhaseState.COMMITTING | PhaseState.COMPLETED:
            return None


def _chosen(chosen: ModelsChosen) -> str:
    said = (
        f"{chosen.phase_id}: attempt {chosen.attempt}, builder {clean(chosen.builder)}, "
        f"auditor {clean(chosen.auditor)}"
    )
    said += ", both of one family" if chosen.same_family else ""
    return said + (" (simulated)" if chosen.simulated else "")


def _retried(retried: CallRetried) -> str:
    return (
        f"{retried.phase_id}: {retried.role}'s {clean(retried.model)} did not answer "
        f"({one_line(retried.why)}); asking again in {retried.wait_seconds:.0f} s"
    )


def _failed(failed: AttemptFailed) -> str:
    left = f"{count(failed.attempts_left, 'attempt')} left" if failed.attempts_left else "no attempt left"
    harder = f", now as {failed.escalated_to}" if failed.escalated_to else ""
    detail = one_line(failed.detail, limit=_LONG).removesuffix(".")
    return f"{failed.phase_id}: attempt {failed.attempt} failed: {detail} ({left}{harder})"


def _verdict(given: VerdictGiven) -> str:
    minor = f", {count(given.minor, 'minor issue')}" if given.minor else ""
    if given.decision == "approve":
        return f"{given.phase_id}: approved{minor}: {one_line(given.summary)}"
    return f"{given.phase_id}: rejected, {count(given.major, 'major issue')}{minor}"
