"""The audit of a change too large for one reading: a review of each part, then one verdict over all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autopack.agents.base import Access, Agent, AgentTask, Metering, T, Watcher
from autopack.errors import AutopackError
from autopack.roles import human_notes, prompts
from autopack.roles.auditor import REPORT_LIMIT_CHARS, AuditorBrief
from autopack.roles.briefs import Call, scope_lines
from autopack.roles.fence import Fence, one_line, tail
from autopack.roles.parts import Part, split
from autopack.roles.schemas import ClosingVerdict, Issue, PartReview, Severity, Verdict
from autopack.roles.shown import changed_files, look_closely, verification

MOST_PARTS = 64
"""A change of more parts is refused."""
DIFF_LIMIT_BYTES = 8 * 1024 * 1024
"""Largest diff that is given to an Auditor, in parts; longer ones are not kept whole."""


class DiffTooLarge(AutopackError):
    """The diff is larger than an Auditor can read, also in parts: it is refused, never approved unread."""

    code = "diff_too_large"
    status = 422


@dataclass(frozen=True, kw_only=True)
class PartBrief:
    """All that an Auditor is told for one part. `whole` has the diff that the part is of."""

    whole: AuditorBrief
    part: Part
    number: int
    of: int
    before: tuple[PartReview, ...]
    """Of the parts before this one, in their order."""


@dataclass(frozen=True)
class _Finding:
    label: str
    part: int
    issue: Issue


def parts_of(brief: AuditorBrief, *, limit: int) -> tuple[Part, ...]:
    """What there is to read, at most `limit` bytes at a time. Raises DiffTooLarge."""
    if len(brief.diff) > DIFF_LIMIT_BYTES:
        raise _too_large(brief, f"an Auditor reads at most {DIFF_LIMIT_BYTES:,}")
    parts = split(brief.diff, limit=limit)
    if len(parts) > MOST_PARTS:
        raise _too_large(
            brief, f"{len(parts)} parts of {limit:,} bytes; an Auditor reads at most {MOST_PARTS}"
        )
    return parts


def _too_large(brief: AuditorBrief, why: str) -> DiffTooLarge:
    return DiffTooLarge(
        f"the change is {len(brief.diff):,} bytes of diff over {len(brief.files)} files: {why}",
        hint="split the phase, or keep generated files out of it",
    )


async def review_part(
    agent: Agent, brief: PartBrief, *, call: Call, meter: Metering, watch: Watcher
) -> PartReview:
    """Have one part read. Raises what `Agent.run` raises."""
    task = _task(brief.whole, part_prompt(brief), PartReview, call=call)
    return (await agent.run(task, meter=meter, watch=watch)).output


async def close(
    agent: Agent,
    brief: AuditorBrief,
    reviews: Sequence[PartReview],
    *,
    call: Call,
    meter: Metering,
    watch: Watcher,
) -> Verdict:
    """Have the whole judged after its last part was read. Raises what `Agent.run` raises."""
    task = _task(brief, closing_prompt(brief, reviews), ClosingVerdict, call=call)
    return settle((await agent.run(task, meter=meter, watch=watch)).output, reviews)


def settle(closing: ClosingVerdict, reviews: Sequence[PartReview]) -> Verdict:
    """The one verdict. No finding of a part is lost: it stays an issue, or stands there as resolved and why.

    A major one that the closing answer does not resolve makes it a rejection, whatever that answer decided.
    """
    reasons = {_number(resolution.finding): resolution.reason for resolution in closing.resolved}
    issues = list(closing.issues)
    open_majors = 0
    for finding in _findings(reviews):
        issue, reason = finding.issue, reasons.get(finding.label, "").strip()
        if reason:
            was = f"{issue.severity} finding of part {finding.part}"
            text = f"Taken as resolved, a {was}: {issue.text}\nBecause: {reason}"
            issues.append(issue.model_copy(update={"severity": Severity.MINOR, "text": text}))
            continue
        open_majors += issue.severity is Severity.MAJOR
        if issue not in issues:
            issues.append(issue)
    decision, summary = closing.decision, closing.summary
    if decision == "approve" and open_majors:
        decision = "reject"
        summary = f"Rejected for {open_majors} major findings that nothing was said against. {summary}"
    if decision == "reject" and not issues:
        issues.append(Issue(severity=Severity.MAJOR, file="", text=summary))
    return Verdict(decision=decision, issues=tuple(issues), summary=summary)


def part_prompt(brief: PartBrief) -> str:
    """The user prompt for one part; its first five lines identify the conversation."""
    whole = brief.whole
    fence = whole.assignment.fence(f"auditor, part {brief.number}")
    return prompts.fill(
        "auditor_part_task",
        **_about(whole, fence),
        number=str(brief.number),
        of=str(brief.of),
        before=_reviews(brief.before, fence) or "None: this is the first part.",
        lead=_lead(brief.part, fence),
        diff=fence.around(f"diff, part {brief.number} of {brief.of}", _decoded(brief.part.body)),
    )


def closing_prompt(brief: AuditorBrief, reviews: Sequence[PartReview]) -> str:
    """The user prompt after the last part; its first five lines identify the conversation."""
    fence = brief.assignment.fence("auditor, verdict")
    return prompts.fill(
        "auditor_closing_task",
        **_about(brief, fence),
        of=str(len(reviews)),
        reviews=_reviews(reviews, fence),
        verification=verification(brief.checks, fence),
    )


def _task(brief: AuditorBrief, prompt: str, output: type[T], *, call: Call) -> AgentTask[T]:
    return call.task(
        instructions=prompts.text("auditor"),
        prompt=prompt,
        checkout=brief.checkout,
        access=Access.READ,
        output=output,
    )


def _about(brief: AuditorBrief, fence: Fence) -> Mapping[str, str]:
    """What each conversation about a change is told of it."""
    assignment = brief.assignment
    phase = assignment.phase
    return {
        "run_id": assignment.run_id,
        "phase_id": phase.id,
        "attempt": str(assignment.attempt),
        "phase_name": phase.name,
        "description": phase.description.strip(),
        "category": phase.category,
        "complexity": phase.complexity.value,
        "scope": scope_lines(phase),
        "notes": human_notes.section(brief.notes, fence),
        "files": changed_files(brief.files, fence),
        "sensitive": look_closely(brief.files, assignment.commands, fence),
        "report": fence.around("report", tail(brief.report.strip(), REPORT_LIMIT_CHARS)),
    }


def _lead(part: Part, fence: Fence) -> str:
    if not part.lead:
        return ""
    where = "in the middle of a line" if part.inside_line else "inside a file"
    return f"This part begins {where}, whose header is:\n\n{fence.around('header', _decoded(part.lead))}\n\n"


def _reviews(reviews: Sequence[PartReview], fence: Fence) -> str:
    return "\n\n".join(_review(place, review, fence) for place, review in enumerate(reviews, 1))


def _review(part: int, review: PartReview, fence: Fence) -> str:
    lines = [_indented(review.summary)]
    lines += [_finding(finding) for finding in _findings_of(part, review)] or ["No findings."]
    lines += [f"Look at: {_indented(hint)}" for hint in review.look_at]
    return fence.around(f"review of part {part}", "\n".join(lines))


def _finding(finding: _Finding) -> str:
    issue = finding.issue
    file = one_line(issue.file)
    place = f"{file}:{issue.line}" if issue.line is not None else file
    return f"{finding.label} {issue.severity}{f' {place}' if place else ''}: {_indented(issue.text)}"


def _findings(reviews: Sequence[PartReview]) -> list[_Finding]:
    return [finding for part, review in enumerate(reviews, 1) for finding in _findings_of(part, review)]


def _findings_of(part: int, review: PartReview) -> list[_Finding]:
    return [_Finding(f"{part}.{place}", part, issue) for place, issue in enumerate(review.issues, 1)]


def _number(label: str) -> str:
    """A finding's number, however it is written: `2.1`, `#2.1`, `finding 2.1`."""
    found = re.search(r"\d+\.\d+", label)
    return found.group() if found else label


def _indented(text: str) -> str:
    """A text whose further lines can't be taken for findings."""
    return "\n    ".join(text.strip().splitlines())


def _decoded(diff: bytes) -> str:
    return diff.decode("utf-8", errors="backslashreplace")
