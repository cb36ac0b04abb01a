from __future__ import annotations

from datetime import UTC, datetime

import pytest

from autopack.plan import Complexity
from autopack.roles.schemas import Issue, Severity, Verdict
from autopack.runs.schemas import FileChange
from autopack.runs.states import AttemptOutcome, PhaseState
from autopack.runs.tables import AttemptRow, PhaseRow
from autopack.supervisor.position import At, Failure
from autopack.supervisor.rules import problem_with, rejection, retry
from autopack.workspace import Change


def attempt(number: int, *, complexity: str = "low", fingerprint: str | None = None) -> AttemptRow:
    return AttemptRow(
        run_id="run_a",
        phase_index=1,
        number=number,
        outcome=AttemptOutcome.OPEN if fingerprint is None else AttemptOutcome.VERIFICATION_FAILED,
        complexity=complexity,
        base_commit="c",
        start_tree="t",
        fingerprint=fingerprint,
        started_at=datetime.now(UTC),
    )


def at(*earlier: AttemptRow, allowed: int = 3, complexity: str = "low") -> At:
    phase = PhaseRow(
        run_id="run_a",
        phase_index=1,
        phase_id="one",
        name="One",
        tier_index=1,
        tier_name="Only",
        category="docs",
        complexity="low",
        attempts_allowed=allowed,
        state=PhaseState.VERIFYING,
    )
    return At(phase=phase, attempt=attempt(len(earlier) + 1, complexity=complexity), earlier=earlier)


def failure(fingerprint: str) -> Failure:
    return Failure(
        outcome=AttemptOutcome.VERIFICATION_FAILED, detail="red", evidence="red", fingerprint=fingerprint
    )


def change(*paths: str, nested: tuple[str, ...] = ()) -> Change:
    files = tuple(
        FileChange(path=path, status="added", binary=False, added_lines=1, deleted_lines=0) for path in paths
    )
    return Change(files=files, nested_repositories=nested)


def test_a_first_failure_is_tried_again_at_the_same_complexity() -> None:
    again = retry(at(), failure("a"))
    assert again is not None
    assert (again.complexity, again.escalated) == (Complexity.LOW, False)


def test_the_same_failure_twice_in_a_row_escalates_one_step() -> None:
    again = retry(at(attempt(1, fingerprint="a")), failure("a"))
    assert again is not None
    assert (again.complexity, again.escalated) == (Complexity.MEDIUM, True)


def test_another_failure_does_not_escalate() -> None:
    again = retry(at(attempt(1, fingerprint="a")), failure("b"))
    assert again is not None
    assert not again.escalated


def test_only_the_last_failure_is_compared() -> None:
    earlier = (attempt(1, fingerprint="a"), attempt(2, fingerprint="b"))
    again = retry(at(*earlier, allowed=5), failure("a"))
    assert again is not None
    assert not again.escalated


def test_the_highest_complexity_is_kept() -> None:
    again = retry(at(attempt(1, fingerprint="a"), complexity="high"), failure("a"))
    assert again is not None
    assert (again.complexity, again.escalated) == (Complexity.HIGH, False)


def test_the_last_attempt_is_followed_by_none() -> None:
    assert retry(at(attempt(1, fingerprint="a"), attempt(2, fingerprint="b")), failure("c")) is None
    assert retry(at(allowed=1), failure("c")) is None


def test_a_change_inside_its_scope_has_no_problem() -> None:
    assert problem_with(change("src/a.py"), ("src/**",)) is None
    assert problem_with(change("anything"), ()) is None


def test_an_empty_change_is_one() -> None:
    problem = problem_with(change(), ())
    assert problem is not None
    assert problem.outcome is AttemptOutcome.EMPTY_CHANGE


def test_a_change_outside_the_scope_is_named() -> None:
    problem = problem_with(change("src/a.py", "setup.py"), ("src/**",))
    assert problem is not None
    assert problem.outcome is AttemptOutcome.OUT_OF_SCOPE
    assert "setup.py" in problem.detail
    assert "src/a.py" not in problem.detail


@pytest.mark.parametrize("scope", [(), ("**",), (".autopack/**",)])
@pytest.mark.parametrize("path", [".autopack/plan.yaml", ".autopack", ".Autopack/plan.yaml"])
def test_the_plan_itself_is_never_in_scope(scope: tuple[str, ...], path: str) -> None:
    problem = problem_with(change("src/a.py", path), scope)
    assert problem is not None
    assert path in problem.detail


@pytest.mark.parametrize(
    ("scope", "accepted"),
    [
        ((), False),
        (("**",), False),
        (("assets/**",), False),
        (("assets/*",), False),
        (("assets/*.png",), True),
        (("**/*.png", "src/**"), True),
        (("assets/logo.png",), True),
    ],
)
def test_a_binary_file_is_accepted_only_where_the_scope_names_its_ending(
    scope: tuple[str, ...], accepted: bool
) -> None:
    logo = FileChange(
        path="assets/logo.png", status="added", binary=True, added_lines=None, deleted_lines=None
    )
    problem = problem_with(Change(files=(logo,), nested_repositories=()), scope)
    assert (problem is None) == accepted
    if problem is not None:
        assert problem.outcome is AttemptOutcome.UNREADABLE


def test_a_binary_file_may_always_be_deleted() -> None:
    gone = FileChange(path="x.bin", status="deleted", binary=True, added_lines=None, deleted_lines=None)
    assert problem_with(Change(files=(gone,), nested_repositories=()), ()) is None


def test_a_nested_repository_is_a_problem_even_where_files_changed() -> None:
    problem = problem_with(change("a.py", nested=("vendored",)), ())
    assert problem is not None
    assert problem.outcome is AttemptOutcome.NESTED_REPOSITORY
    assert "vendored" in problem.evidence


def _verdict(*files: str, text: str = "Wrong.") -> Verdict:
    issues = tuple(Issue(severity=Severity.MAJOR, file=file, line=3, text=text) for file in files)
    return Verdict(decision="reject", issues=issues, summary="No.")


@pytest.mark.parametrize("text", ["Wrong.", "Still wrong, said in other words."])
def test_a_rejection_for_the_same_files_is_the_same_failure_whatever_its_words(text: str) -> None:
    assert (
        rejection(_verdict("a.py", "b.py", text=text)).fingerprint
        == rejection(_verdict("b.py", "a.py")).fingerprint
    )


def test_a_rejection_for_other_files_is_another_failure() -> None:
    assert rejection(_verdict("a.py")).fingerprint != rejection(_verdict("b.py")).fingerprint
