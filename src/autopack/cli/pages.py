"""The pages of `autopack show`: a run, and a phase with all that is known of its attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from autopack.artifacts import ArtifactStore
from autopack.cli.live import marks_for
from autopack.cli.out import console, show
from autopack.cli.summary import headline
from autopack.cli.words import (
    clean,
    count,
    dollars,
    duration,
    instant,
    one_line,
    sentences,
    tokens,
    unknowns,
    words,
)
from autopack.runs.states import DONE, AttemptOutcome, PhaseState

if TYPE_CHECKING:
    from autopack.roles.schemas import Verdict
    from autopack.routing.decisions import Decision
    from autopack.runs.schemas import Evidence
    from autopack.views.spend import Spend
    from autopack.views.status import DashboardRunStatus
    from autopack.views.timeline import AttemptView, CheckView, PhaseTimeline, RunTimeline

_PASSED_LINES = 5
_UNVERIFIED = "nothing was verified (verify: none)"


class Page:
    """Prints to standard output, wrapped to the terminal's width."""

    def __init__(self, artifacts: ArtifactStore, lines: int) -> None:
        self._artifacts = artifacts
        self._lines = lines
        self._marks = marks_for(console().encoding)

    def run(self, timeline: RunTimeline) -> None:
        """Every tier, phase and attempt in few lines; the baseline in full where it failed."""
        status = timeline.status
        self._print(f"{clean(status.plan)}  {status.run_id}", style="bold")
        self._print(headline(status), 2)
        if status.end_detail and status.state != "succeeded":
            self._print(sentences(clean(status.end_detail)), 2)
        self._print(f"branch {status.branch} in {clean(status.repository)}{_became(status)}", 2)
        if not status.sandboxed:
            self._print("unsandboxed: commands that a model wrote ran with your rights", 2)
        if not all(check.passed for check in timeline.baseline):
            self._print()
            self._print("Baseline: the untouched commit fails its own checks", style="bold")
            self._checks(timeline.baseline)
        for tier in timeline.tiers:
            self._print()
            self._print(f"{clean(tier.name)}  {tier.completed}/{len(tier.phases)}", style="bold")
            for phase in tier.phases:
                self._phase_in_short(phase)

    def phase(self, timeline: RunTimeline, phase: PhaseTimeline) -> None:
        """One phase with everything about its attempts."""
        total = timeline.status.total_phases
        self._print(f"{phase.id}  {clean(phase.name)}", style="bold")
        self._print(
            f"phase {phase.index} of {total}, {phase.category}, {phase.complexity}: {words(phase.state)}", 2
        )
        if not phase.verified and phase.attempts:
            self._print(_UNVERIFIED, 2)
        if phase.commit:
            self._print(f"commit {phase.commit[:12]} on {timeline.status.branch}", 2)
        if phase.usage.calls:
            self._print(_used(phase.usage), 2)
        if not phase.attempts:
            self._print("No attempt yet.", 2)
        for attempt in phase.attempts:
            self._attempt(phase, attempt)

    def _phase_in_short(self, phase: PhaseTimeline) -> None:
        used = f"  {tokens(phase.usage)} tokens  {dollars(phase.usage)}" if phase.usage.calls else ""
        kind = f"{phase.category}, {phase.complexity}"
        self._print(f"{self._mark(phase.state)} {phase.id}  {clean(phase.name)} ({kind}){used}", 2)
        if not phase.verified and phase.attempts:
            self._print(_UNVERIFIED, 6)
        for attempt in phase.attempts:
            who = f"built by {_model(attempt.builder)}"
            who += f", audited by {_model(attempt.auditor)}" if attempt.verdict is not None else ""
            took = duration(_seconds(attempt))
            if attempt.outcome == AttemptOutcome.COMMITTED:
                said = f"committed {(attempt.commit or '')[:10]}, {who}, {took}"
            elif attempt.outcome == AttemptOutcome.OPEN:
                said = f"open, {who}" if attempt.builder else "open"
            else:
                said = f"{one_line(attempt.failure, limit=400)} ({who}, {took})"
            self._print(f"{attempt.number}  {said}", 6)

    def _attempt(self, phase: PhaseTimeline, attempt: AttemptView) -> None:
        self._print()
        title = f"Attempt {attempt.number} of {phase.attempts_allowed}: {words(attempt.outcome)}"
        if attempt.complexity != phase.complexity:
            title += f", escalated to {attempt.complexity}"
        self._print(f"{title}, {duration(_seconds(attempt))}", style="bold")
        if attempt.failure:
            self._print(f"why      {clean(attempt.failure)}", 2)
        self._decision("builder", attempt.builder)
        asked = attempt.verdict is not None or any(one.role == "auditor" for one in attempt.usage_by_role)
        self._decision("auditor", attempt.auditor, asked=asked or attempt.outcome == AttemptOutcome.OPEN)
        if attempt.tree:
            self._print(f"tree     {attempt.tree[:12]} on {attempt.base_commit[:12]}", 2)
        for one in attempt.usage_by_role:
            self._print(f"used     {one.role} {clean(one.model)}: {_used(one.usage)}", 2)
        if missing := unknowns(attempt.usage):
            self._print(f"unknown  {missing}", 2)
        if attempt.summary:
            self._print("The Builder says", 2, style="underline")
            self._print(clean(attempt.summary.strip(), lines=True), 4)
        if attempt.checks:
            self._print("Evidence", 2, style="underline")
            self._checks(attempt.checks)
        if attempt.verdict is not None:
            self._verdict(attempt.verdict)

    def _decision(self, role: str, decision: Decision | None, *, asked: bool = True) -> None:
        if decision is None:
            return
        model = decision.model
        notes = [model.provider, *(["simulated"] if model.simulated else [])]
        notes += ["of the Builder's family"] if decision.same_family else []
        notes += [] if asked else ["chosen, but not asked"]
        self._print(f"{role:<8} {clean(model.name)} ({', '.join(notes)}): {clean(decision.reason)}", 2)
        for candidate in decision.candidates:
            if not candidate.taken:
                self._print(f"not taken: {clean(candidate.model)}, {clean(candidate.why)}", 11, style="dim")

    def _checks(self, checks: tuple[CheckView, ...]) -> None:
        for check in checks:
            mark = self._marks.done if check.passed else self._marks.failed
            self._print(f"{mark} {check.step}: {clean(check.command)}", 4)
            self._print(_outcome(check.evidence), 6)
            self._output(check)

    def _output(self, check: CheckView) -> None:
        from autopack.views.evidence import output_tail

        lines = min(self._lines, _PASSED_LINES) if check.passed else self._lines
        tail = output_tail(self._artifacts, check.evidence, lines=lines)
        if tail.gone:
            self._print("its output was removed", 6, style="dim")
        elif lines and tail.left_out:
            self._print(f"… {count(tail.left_out, 'line')} before", 6, style="dim")
        for line in tail.lines:
            self._print(f"| {clean(line)}", 6, style="dim")

    def _verdict(self, verdict: Verdict) -> None:
        self._print(f"Verdict: {verdict.decision}", 2, style="underline")
        self._print(clean(verdict.summary.strip(), lines=True), 4)
        for issue in verdict.issues:
            place = clean(issue.file) + (f":{issue.line}" if issue.line is not None else "")
            self._print(f"{issue.severity}  {place}  {clean(issue.text, lines=True)}".replace("  ", " "), 4)

    def _mark(self, state: str) -> str:
        match PhaseState(state):
            case PhaseState.SKIPPED:
                return self._marks.skipped
            case PhaseState.FAILED:
                return self._marks.failed
            case PhaseState.CANCELLED:
                return self._marks.stopped
            case PhaseState.PENDING:
                return self._marks.pending
            case known:
                return self._marks.done if known in DONE else self._marks.current

    def _print(self, text: str = "", indent: int = 0, *, style: str = "") -> None:
        show(Padding(Text(text, style=style), (0, 0, 0, indent), expand=False) if text else Text())


def _outcome(evidence: Evidence) -> str:
    exit_code = f"exit code {evidence.exit_code}"
    if evidence.exit_code < 0:
        exit_code = f"killed by signal {-evidence.exit_code}"
    if evidence.exceeded:
        exit_code = f"killed: too much {evidence.exceeded} ({evidence.exceeded_by})"
    said = [exit_code, *(["timed out"] if evidence.timed_out else []), duration(evidence.duration_seconds)]
    if evidence.counts is not None:
        counts = evidence.counts.model_dump()
        said.append(
            ", ".join(f"{number:,} {name}" for name, number in counts.items() if number) or "no test ran"
        )
    said.append(f"tree {evidence.tree[:12]}")
    if evidence.truncated:
        said.append("output cut in the middle")
    return ", ".join(said)


def _used(spend: Spend) -> str:
    return f"{count(spend.calls, 'call')}, {tokens(spend)} tokens, {dollars(spend)}" + (
        " (simulated)" if spend.simulated else ""
    )


def _became(status: DashboardRunStatus) -> str:
    """What the user did with the run's branch."""
    merged = f", merged {instant(status.merged_at)}" if status.merged_at else ""
    return merged + (f", discarded {instant(status.discarded_at)}" if status.discarded_at else "")


def _model(decision: Decision | None) -> str:
    return "nobody yet" if decision is None else clean(decision.model.name)


def _seconds(attempt: AttemptView) -> float | None:
    if attempt.ended_at is None:
        return None
    return max(0.0, (attempt.ended_at - attempt.started_at).total_seconds())  # the clock may be set back
