"""What an Auditor is shown beside the diff: how commands ended, what changed, where to look closely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autopack.roles.fence import Fence, one_line, tail
from autopack.roles.sensitive import sensitive
from autopack.runs.schemas import Evidence, FileChange

OUTPUT_LIMIT_CHARS = 6_000
"""What an Auditor is shown of each command's output: its end."""
LIST_LIMIT_CHARS = 40_000
"""What an Auditor is shown of each list of files: its beginning. The diff names every file all the same."""


@dataclass(frozen=True, kw_only=True)
class ShownCheck:
    """One verification command with the output it gave."""

    evidence: Evidence
    output: str


def verification(checks: Sequence[ShownCheck], fence: Fence) -> str:
    """How each command ended, with the end of what it said."""
    if not checks:
        return (
            "The plan says `verify: none`: no command has checked this change. Your reading is all there is."
        )
    return "\n\n".join(_check(check, fence) for check in checks)


def changed_files(files: Sequence[FileChange], fence: Fence) -> str:
    """The changed files with what became of each."""
    return fence.around("changed files", _beginning([_changed(file) for file in files]))


def look_closely(files: Sequence[FileChange], commands: Sequence[str], fence: Fence) -> str:
    """The changed files that touch what the change is judged by, or that a diff does not show."""
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
        + fence.around("files to look at closely", _beginning(lines))
    )


def _check(check: ShownCheck, fence: Fence) -> str:
    evidence = check.evidence
    ended = "timed out" if evidence.timed_out else f"exit code {evidence.exit_code}"
    if evidence.exceeded:
        ended = f"killed: too much {evidence.exceeded} ({evidence.exceeded_by})"
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


def _beginning(lines: Sequence[str]) -> str:
    shown: list[str] = []
    room = LIST_LIMIT_CHARS
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            left = len(lines) - len(shown)
            shown.append(f"[… {left} more are not listed here; the diff names each of them …]")
            break
        shown.append(line)
    return "\n".join(shown)
