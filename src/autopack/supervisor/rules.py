"""The rules that stop, send back and escalate. Pure: they read a position and touch nothing."""

from __future__ import annotations

import hashlib

from autopack.plan import Complexity, in_scope
from autopack.roles.schemas import Severity, Verdict
from autopack.runs.states import AttemptOutcome
from autopack.supervisor.position import At, Failure, Retry
from autopack.workspace import Change, Check
from autopack.workspace.change import DIFF_LIMIT_BYTES


def retry(at: At, failure: Failure | None) -> Retry | None:
    """The attempt that follows a failed one; None when the phase has none left, or nothing failed.

    The same fingerprint twice in a row means that trying the same again will fail the same way: the next
    attempt is routed one complexity step higher.
    """
    if failure is None or len(at.earlier) + 1 >= at.phase.attempts_allowed:
        return None
    complexity = Complexity(at.open.complexity)
    repeated = bool(at.earlier) and at.earlier[-1].fingerprint == failure.fingerprint
    harder = complexity.harder() if repeated else complexity
    return Retry(complexity=harder, escalated=harder is not complexity)


PROTECTED = ".autopack/"
"""The user's plans and notes in the repository: no phase may change them."""


def problem_with(change: Change, scope: tuple[str, ...]) -> Failure | None:
    """What makes a change unacceptable before any command runs: empty, not whole, or outside its scope."""
    if change.nested_repositories:
        names = ", ".join(change.nested_repositories)
        return Failure(
            outcome=AttemptOutcome.NESTED_REPOSITORY,
            detail=f"git repositories inside the checkout: {names}",
            evidence=f"Your change holds git repositories inside the repository ({names}). "
            "Their files can't be committed. Remove the .git folder or the whole folder.",
            fingerprint=_digest("nested", names),
        )
    if not change.files:
        return Failure(
            outcome=AttemptOutcome.EMPTY_CHANGE,
            detail="the Builder changed nothing",
            evidence="Your attempt changed no tracked file. An empty change never completes a phase: "
            "make the change that the phase describes.",
            fingerprint=_digest("empty"),
        )
    outside = sorted(file.path for file in change.files if not _allowed(file.path, scope))
    if outside:
        names, globs = ", ".join(outside[:20]), ", ".join(scope) or f"everything but {PROTECTED}"
        return Failure(
            outcome=AttemptOutcome.OUT_OF_SCOPE,
            detail=f"changed outside its scope ({globs}): {names}",
            evidence=f"Your change touches files outside this phase's scope.\nScope: {globs}\n"
            f"Outside it: {names}\nUndo those changes (restore the content; delete what is new), and keep "
            "the rest.",
            fingerprint=_digest("scope", *outside),
        )
    unread = sorted(
        file.path
        for file in change.files
        if file.binary and file.status != "deleted" and not _named_as_binary(file.path, scope)
    )
    if unread:
        names = ", ".join(unread[:20])
        return Failure(
            outcome=AttemptOutcome.UNREADABLE,
            detail=f"binary files that no Auditor can read: {names}",
            evidence=f"Your change adds or alters files that git takes for binary: {names}\n"
            "Nobody can review them, so they are not accepted unless the phase's `files` name their ending. "
            "Leave them out, or write them as text (a NUL byte makes a file binary; so does an attribute).",
            fingerprint=_digest("unreadable", *unread),
        )
    return None


def problem_with_size(diff: bytes) -> Failure | None:
    """What makes a diff unacceptable that is longer than what is kept of one: the rest would go unread."""
    if len(diff) <= DIFF_LIMIT_BYTES:
        return None
    detail = f"the change is more than {DIFF_LIMIT_BYTES:,} bytes of diff, which no Auditor reads"
    return Failure(
        outcome=AttemptOutcome.DIFF_TOO_LARGE,
        detail=detail,
        evidence=f"{detail}\nMake a smaller change, and keep generated files and copies of data out of it.",
        fingerprint=AttemptOutcome.DIFF_TOO_LARGE.value,
    )


def rejection(verdict: Verdict) -> Failure:
    """A rejected change, as its next Builder is told of it."""
    majors = [issue for issue in verdict.issues if issue.severity is Severity.MAJOR]
    return Failure(
        outcome=AttemptOutcome.REJECTED,
        detail=f"the Auditor rejected it: {' '.join(verdict.summary.split())}",
        evidence=verdict.summary,
        fingerprint=_digest("rejected", *sorted(issue.file for issue in majors or verdict.issues)),
    )


def _allowed(path: str, scope: tuple[str, ...]) -> bool:
    inside = f"{path}/".casefold().startswith(PROTECTED)
    return not inside and (not scope or in_scope(path, scope))


def _named_as_binary(path: str, scope: tuple[str, ...]) -> bool:
    """Whether the scope names this file, or files of its ending, and not just everything in a folder."""
    naming = tuple(glob for glob in scope if glob.rpartition("/")[2] not in {"", "*", "**"})
    return in_scope(path, naming) if naming else False


def failed_check(check: Check) -> Failure | None:
    """What the commands found wrong, None where they passed."""
    if check.passed:
        return None
    return Failure(
        outcome=AttemptOutcome.SETUP_FAILED if check.setup_failed else AttemptOutcome.VERIFICATION_FAILED,
        detail=check.failure.splitlines()[0],
        evidence=check.failure,
        fingerprint=check.fingerprint or _digest("check", check.failure),
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:32]
