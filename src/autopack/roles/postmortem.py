"""The postmortem: what a model is told of a run that has ended, and the account that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autopack.agents.base import Access, Agent, AgentTask, Metering, Watcher
from autopack.roles import prompts
from autopack.roles.briefs import Call
from autopack.roles.builder import EarlierAttempt
from autopack.roles.fence import Fence, one_line, tail
from autopack.roles.schemas import Postmortem

PHASES_LIMIT_CHARS = 60_000
"""What a prompt shows of phases in all: those with failed attempts first."""
KNOWN_LIMIT_CHARS = 8_000
"""What a prompt shows of lessons that were accepted before: the newest."""
_SUMMARY_LIMIT_CHARS, _DETAIL_LIMIT_CHARS, _OUTPUT_LIMIT_CHARS = 600, 1_000, 1_500
_ISSUES = 10
"""Of one verdict."""


@dataclass(frozen=True, kw_only=True)
class PhaseRecord:
    """What is recorded of one phase."""

    id: str
    name: str
    category: str
    complexity: str
    state: str
    spent: str
    """Tokens and dollars of its calls, in words of ours."""
    summary: str
    """What its Builder said at the end."""
    failed: tuple[EarlierAttempt, ...]
    """Its attempts that did not pass."""


@dataclass(frozen=True, kw_only=True)
class PostmortemBrief:
    """All that the postmortem is told."""

    run_id: str
    epoch: int
    plan_name: str
    state: str
    reason: str
    detail: str
    """Why it ended, which can hold anyone's words."""
    phases: tuple[PhaseRecord, ...]
    known: tuple[str, ...]
    """Lessons that were accepted before, oldest first."""
    empty: Path
    """A folder without a file, for tools that are not needed."""
    secret: bytes = field(repr=False)
    """Of the run; boundary codes of fences are derived from it."""


async def write(
    agent: Agent, brief: PostmortemBrief, *, call: Call, meter: Metering, watch: Watcher
) -> Postmortem:
    """Have the account written. Raises what `Agent.run` raises."""
    return (await agent.run(postmortem_task(brief, call=call), meter=meter, watch=watch)).output


def postmortem_task(brief: PostmortemBrief, *, call: Call) -> AgentTask[Postmortem]:
    """The task as the agent gets it."""
    return call.task(
        instructions=prompts.text("postmortem"),
        prompt=postmortem_prompt(brief),
        checkout=brief.empty,
        access=Access.READ,
        output=Postmortem,
    )


def postmortem_prompt(brief: PostmortemBrief) -> str:
    """The user prompt; its first two lines identify the conversation."""
    fence = Fence(
        secret=brief.secret, run_id=brief.run_id, phase_id="", attempt=brief.epoch, role="postmortem"
    )
    detail = tail(brief.detail.strip(), _DETAIL_LIMIT_CHARS)
    return prompts.fill(
        "postmortem_task",
        run_id=brief.run_id,
        plan_name=one_line(brief.plan_name),
        state=brief.state,
        reason=brief.reason.replace("_", " "),
        counted=_counted(brief.phases),
        detail=fence.around("why it ended", detail) + "\n" if detail else "",
        phases=_phases(brief.phases, fence),
        known=_known(brief.known, fence),
    )


def _counted(phases: Sequence[PhaseRecord]) -> str:
    states = dict.fromkeys(phase.state for phase in phases)
    counts = ", ".join(f"{sum(one.state == state for one in phases)} {state}" for state in states)
    return f"Of its {len(phases)} phases: {counts}."


def _phases(phases: Sequence[PhaseRecord], fence: Fence) -> str:
    """As many as there is room for, in their order: those with failures first, then the latest."""
    blocks = [fence.around(f"phase {phase.id}", _phase(phase)) for phase in phases]
    likely = sorted(range(len(phases)), key=lambda place: (not phases[place].failed, -place))
    kept: list[int] = []
    room = PHASES_LIMIT_CHARS
    for place in likely:
        room -= len(blocks[place])
        if room >= 0:
            kept.append(place)
    shown = [blocks[place] for place in sorted(kept)]
    if left_out := len(blocks) - len(kept):
        shown.append(f"Phases that are not shown, for want of room: {left_out}.")
    return "\n\n".join(shown)


def _phase(phase: PhaseRecord) -> str:
    lines = [f"{one_line(phase.name)} ({phase.category}, {phase.complexity}): {phase.state}; {phase.spent}"]
    for attempt in phase.failed:
        lines.append(f"Attempt {attempt.number} did not pass: {attempt.outcome.replace('_', ' ')}")
        lines += _indented("Why", attempt.detail, _DETAIL_LIMIT_CHARS)
        lines += _indented("Output", attempt.output, _OUTPUT_LIMIT_CHARS)
        for issue in attempt.issues[:_ISSUES]:
            lines += _indented(
                f"Issue, {issue.severity}, {one_line(issue.file)}", issue.text, _DETAIL_LIMIT_CHARS
            )
    lines += _indented("Its Builder's summary", phase.summary, _SUMMARY_LIMIT_CHARS)
    return "\n".join(lines)


def _indented(label: str, text: str, limit: int) -> list[str]:
    told = tail(text.strip(), limit).splitlines()
    return [f"  {label}:", *(f"    {line}" for line in told)] if told else []


def _known(known: Sequence[str], fence: Fence) -> str:
    kept: list[str] = []
    room = KNOWN_LIMIT_CHARS
    for text in reversed(known):
        room -= len(text)
        if room < 0:
            break
        kept.append(f"- {' '.join(text.split())}")
    return fence.around("accepted lessons", "\n".join(reversed(kept))) if kept else "None."
