"""The Auditor: what it is shown, and its verdict. A change that is too large for one reading: `large.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autopack.agents.base import Access, Agent, AgentTask, Metering, Watcher
from autopack.roles import human_notes, prompts
from autopack.roles.briefs import Assignment, Call, scope_lines
from autopack.roles.fence import tail
from autopack.roles.human_notes import NO_NOTES, ShownNotes
from autopack.roles.schemas import Verdict
from autopack.roles.shown import ShownCheck, changed_files, look_closely, verification
from autopack.runs.schemas import FileChange

REPORT_LIMIT_CHARS = 4_000
"""What an Auditor is shown of the Builder's report: its end."""


@dataclass(frozen=True, kw_only=True)
class AuditorBrief:
    """All that an Auditor is told. `checkout` holds the tree under review."""

    assignment: Assignment
    diff: bytes
    files: tuple[FileChange, ...]
    checks: tuple[ShownCheck, ...]
    report: str
    """What the Builder says it did."""
    checkout: Path
    notes: ShownNotes = NO_NOTES


async def audit(agent: Agent, brief: AuditorBrief, *, call: Call, meter: Metering, watch: Watcher) -> Verdict:
    """Have a change judged that is read in one piece. Raises what `Agent.run` raises."""
    result = await agent.run(auditor_task(brief, call=call), meter=meter, watch=watch)
    return result.output


def auditor_task(brief: AuditorBrief, *, call: Call) -> AgentTask[Verdict]:
    """The task as the agent gets it."""
    return call.task(
        instructions=prompts.text("auditor"),
        prompt=auditor_prompt(brief),
        checkout=brief.checkout,
        access=Access.READ,
        output=Verdict,
    )


def auditor_prompt(brief: AuditorBrief) -> str:
    """The user prompt; its first four lines identify the conversation."""
    assignment = brief.assignment
    phase = assignment.phase
    fence = assignment.fence("auditor")
    return prompts.fill(
        "auditor_task",
        run_id=assignment.run_id,
        phase_id=phase.id,
        attempt=str(assignment.attempt),
        phase_name=phase.name,
        description=phase.description.strip(),
        category=phase.category,
        complexity=phase.complexity.value,
        scope=scope_lines(phase),
        notes=human_notes.section(brief.notes, fence),
        verification=verification(brief.checks, fence),
        files=changed_files(brief.files, fence),
        sensitive=look_closely(brief.files, assignment.commands, fence),
        report=fence.around("report", tail(brief.report.strip(), REPORT_LIMIT_CHARS)),
        diff=fence.around("diff", brief.diff.decode("utf-8", errors="backslashreplace")),
    )
