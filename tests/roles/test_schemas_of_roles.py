from __future__ import annotations

import pytest
from pydantic import ValidationError

from autopack.roles.schemas import Issue, Severity, Verdict

MAJOR = Issue(severity=Severity.MAJOR, file="a.py", line=3, text="wrong")
MINOR = Issue(severity=Severity.MINOR, file="", text="a word")


def test_a_rejection_names_an_issue() -> None:
    with pytest.raises(ValidationError, match="at least one issue"):
        Verdict(decision="reject", summary="no")
    assert Verdict(decision="reject", summary="no", issues=(MINOR,)).issues


def test_an_approval_holds_no_major_issue() -> None:
    with pytest.raises(ValidationError, match="can't hold a major issue"):
        Verdict(decision="approve", summary="yes", issues=(MINOR, MAJOR))
    assert Verdict(decision="approve", summary="yes", issues=(MINOR,)).issues


def test_a_verdict_comes_back_from_its_json() -> None:
    verdict = Verdict(decision="reject", summary="no", issues=(MAJOR, MINOR))
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
