"""The Builder: what it is asked, and what it says it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autopack.agents.base import Access, Agent, AgentTask, Metering, Watcher
from autopack.roles import human_notes, prompts
from autopack.roles.briefs import Assignment, Call, command_lines, instructions_section, scope_lines
from autopack.roles.fence import Fence, one_line, tail
from autopack.roles.human_notes import NO_NOTES, ShownNotes
from autopack.roles.schemas import Issue

FAILURE_LIMIT_CHARS = 12_000
"""What a Builder is shown of an earlier attempt's failing output: its end."""
_SUMMARY_LIMIT_CHARS = 2_000
_DETAIL_LIMIT_CHARS = 2_000


@dataclass(frozen=True, kw_only=True)
class PhaseProgress:
    """Where one phase of the plan stands; `summary` is what its Builder said at the end."""

    tier: str
    id: str
    name: str
    state: str
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class EarlierAttempt:
    """Why an attempt at this phase did not pass: one outcome of ours, and the words of others about it."""

    number: int
    outcome: str
    """A value of `AttemptOutcome`, such as `verification_failed`. The rest can hold anyone's words."""
    detail: str = ""
    output: str = ""
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BuilderBrief:
    """All that a Builder is told."""

    assignment: Assignment
    plan_name: str
    progress: tuple[PhaseProgress, ...]
    earlier: tuple[EarlierAttempt, ...]
    checkout: Path
    notes: ShownNotes = NO_NOTES


async def build(agent: Agent, brief: BuilderBrief, *, call: Call, meter: Metering, watch: Watcher) -> str:
    """Have a phase built in the checkout; gives the Builder's summary. Raises what `Agent.run` raises."""
    result = await agent.run(builder_task(brief, call=call), meter=meter, watch=watch)
    return result.output.strip()


def builder_task(brief: BuilderBrief, *, call: Call) -> AgentTask[str]:
    """The task as the agent gets it. Reads the checkout's agent instructions, and nothing else."""
    return call.task(
        instructions=prompts.text("builder"),
        prompt=builder_prompt(brief),
        checkout=brief.checkout,
        access=Access.WRITE,
        output=str,
    )


def builder_prompt(brief: BuilderBrief) -> str:
    """The user prompt; its first four lines identify the conversation."""
    assignment = brief.assignment
    phase = assignment.phase
    fence = assignment.fence("builder")
    return prompts.fill(
        "builder_task",
        run_id=assignment.run_id,
        phase_id=phase.id,
        attempt=str(assignment.attempt),
        attempts=str(phase.attempts),
        phase_name=phase.name,
        description=phase.description.strip(),
        category=phase.category,
        complexity=phase.complexity.value,
        scope=scope_lines(phase),
        commands=command_lines(assignment.commands),
        plan_name=brief.plan_name,
        progress=_progress(brief.progress, current=phase.id, fence=fence),
        instructions=instructions_section(brief.checkout, fence),
        earlier=_earlier(brief.earlier, fence),
        notes=human_notes.section(brief.notes, fence),
    )


def _progress(progress: Sequence[PhaseProgress], *, current: str, fence: Fence) -> str:
    lines: list[str] = []
    tier = None
    for phase in progress:
        if phase.tier != tier:
            tier = phase.tier
            lines.append(f"- Tier {tier}")
        state = "this one" if phase.id == current else phase.state
        lines.append(f"  - `{phase.id}` {phase.name}: {state}")
    summaries = [
        fence.around(f"summary of {phase.id}", tail(phase.summary.strip(), _SUMMARY_LIMIT_CHARS))
        for phase in progress
        if phase.summary.strip() and phase.id != current
    ]
    if summaries:
        lines += ["", "What the Builders of finished phases said:", "", *summaries]
    return "\n".join(lines) + "\n"


def _earlier(attempts: Sequence[EarlierAttempt], fence: Fence) -> str:
    if not attempts:
        return ""
    told = "\n".join(_one_earlier(attempt, fence) for attempt in attempts)
    return (
        "\n## Earlier attempts at this phase\n\n"
        "They did not pass; the checkout holds the files as the last one left them. Find out why before you\n"
        f"write, fix the cause, and try another way where the same one failed before.\n\n{told}\n"
    )


def _one_earlier(attempt: EarlierAttempt, fence: Fence) -> str:
    lines = [f"### Attempt {attempt.number}: {attempt.outcome.replace('_', ' ')}", ""]
    detail, output = attempt.detail.strip(), attempt.output.strip()
    if not _repeats(detail, output):
        lines += [fence.around("detail", tail(detail, _DETAIL_LIMIT_CHARS)), ""]
    if output:
        lines += [fence.around("output", tail(output, FAILURE_LIMIT_CHARS)), ""]
    if attempt.issues:
        issues = "\n".join(_issue(issue) for issue in attempt.issues)
        lines += ["The Auditor's issues:", "", fence.around("issues", issues), ""]
    return "\n".join(lines)


def _repeats(detail: str, output: str) -> bool:
    """Whether a detail says no more than the output: it is often its first line, or quotes all of it."""
    one, other = " ".join(detail.split()), " ".join(output.split())
    return other.startswith(one) or bool(other and one.endswith(other))


def _issue(issue: Issue) -> str:
    file = one_line(issue.file)
    place = f"{file}:{issue.line}" if issue.line is not None else file
    return f"- {issue.severity.value}{f' {place}' if place else ''}: {issue.text}"
