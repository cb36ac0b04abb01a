"""The Auditor: what it is shown, and its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autopack.agents.base import Access, Agent, AgentTask, Metering, Watcher
from autopack.errors import AutopackError
from autopack.roles import prompts
from autopack.roles.briefs import Assignment, Call, scope_lines
from autopack.roles.fence import Fence, one_line, tail
from autopack.roles.schemas import Verdict
from autopack.roles.sensitive import sensitive
from autopack.runs.schemas import Evidence, FileChange

DIFF_LIMIT_BYTES = 400_000
"""Largest diff that is given to an Auditor; about 100,000 tokens."""
OUTPUT_LIMIT_CHARS = 6_000
"""What an Auditor is shown of each command's output: its end."""
_REPORT_LIMIT_CHARS = 4_000


class DiffTooLarge(AutopackError):
    """The diff is larger than an Auditor can read as a whole: it is refused, never approved unread."""

    code = "diff_too_large"
    status = 422


@dataclass(frozen=True, kw_only=True)
class ShownCheck:
    """One verification command with the output it gave."""

    evidence: Evidence
    output: str


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


async def audit(agent: Agent, brief: AuditorBrief, *, call: Call, meter: Metering, watch: Watcher) -> Verdict:
    """Have a change judged. Raises DiffTooLarge, and what `Agent.run` raises."""
    result = await agent.run(auditor_task(brief, call=call), meter=meter, watch=watch)
    return result.output


def auditor_task(brief: AuditorBrief, *, call: Call) -> AgentTask[Verdict]:
    """The task as the agent gets it. Raises DiffTooLarge."""
    return AgentTask(
        model=call.model,
        instructions=prompts.text("auditor"),
        prompt=auditor_prompt(brief),
        checkout=brief.checkout,
        access=Access.READ,
        output=Verdict,
        shell=None,
        max_requests=call.max_requests,
        max_output_tokens=call.max_output_tokens,
        history=call.history,
        api_key=call.api_key,
    )


def auditor_prompt(brief: AuditorBrief) -> str:
    """The user prompt; its first four lines identify the conversation. Raises DiffTooLarge."""
    if len(brief.diff) > DIFF_LIMIT_BYTES:
        raise DiffTooLarge(
            f"the change is {len(brief.diff):,} bytes of diff over {len(brief.files)} files; "
            f"an Auditor reads at most {DIFF_LIMIT_BYTES:,} as a whole",
            hint="split the phase, or keep generated files out of it",
        )
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
        verification=_verification(brief.checks, fence),
        files=fence.around("changed files", "\n".join(_changed(file) for file in brief.files)),
        sensitive=_sensitive(brief.files, assignment.commands, fence),
        report=fence.around("report", tail(brief.report.strip(), _REPORT_LIMIT_CHARS)),
        diff=fence.around("diff", brief.diff.decode("utf-8", errors="backslashreplace")),
    )


def _verification(checks: Sequence[ShownCheck], fence: Fence) -> str:
    if not checks:
        return (
            "The plan says `verify: none`: no command has checked this change. Your reading is all there is."
        )
    return "\n\n".join(_check(check, fence) for check in checks)


def _check(check: ShownCheck, fence: Fence) -> str:
    evidence = check.evidence
    ended = "timed out" if evidence.timed_out else f"exit code {evidence.exit_code}"
    facts = [ended, f"{evidence.duration_seconds:.1f} s"]
    if counts := evidence.counts:
        facts.append(
            f"{counts.passed} passed, {counts.failed} failed, {counts.errors} errors, "
            f"{counts.skipped} skipped"
        )
    command = evidence.argv[-1] if evidence.argv else "?"
    shown = fence.around("output", tail(check.output, OUTPUT_LIMIT_CHARS))
    return f"`{command}`: {'; '.join(facts)}\n\n{shown}"


def _changed(file: FileChange) -> str:
    size = "binary" if file.binary else f"+{file.added_lines or 0} -{file.deleted_lines or 0}"
    return f"{file.status} {one_line(file.path)} ({size})"


def _sensitive(files: Sequence[FileChange], commands: Sequence[str], fence: Fence) -> str:
    lines: list[str] = []
    for file in files:
        reason = sensitive(file.path, commands=commands)
        if reason is None and file.binary:
            reason = "binary: it can't be read in the diff"
        elif reason is not None and file.status == "deleted":
            reason = f"DELETED: {reason}"
        if reason is not None:
            lines.append(f"{one_line(file.path)}: {reason}")
    if not lines:
        return (
            "No changed file touches tests, CI or verification. New behaviour without a test is worth a word."
        )
    return (
        "These touch tests, CI or verification, or can't be read. Each needs a reason in the phase:\n\n"
        + fence.around("files to look at closely", "\n".join(lines))
    )
