"""What the roles answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Severity(StrEnum):
    """How much an issue weighs: a major one must be fixed before the change may be committed."""

    MINOR = "minor"
    MAJOR = "major"


class Issue(BaseModel):
    """One thing the Auditor found wrong."""

    model_config = ConfigDict(frozen=True)

    severity: Severity = Field(
        description="major: must be fixed before this is committed. minor: worth knowing."
    )
    file: str = Field(
        description="Path in the repository, as the diff writes it; empty if it is no one file."
    )
    line: int | None = Field(default=None, description="Line in the new file; null where there is none.")
    text: str = Field(
        min_length=1, description="What is wrong, why it matters, and what would make it right."
    )


class Verdict(BaseModel):
    """The Auditor's typed answer on one change."""

    model_config = ConfigDict(frozen=True)

    decision: Literal["approve", "reject"]
    issues: tuple[Issue, ...] = ()
    summary: str = Field(
        min_length=1, description="One paragraph: what the change does and why it may (not) pass."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        major = any(issue.severity is Severity.MAJOR for issue in self.issues)
        if self.decision == "approve" and major:
            raise ValueError("an approval can't hold a major issue: reject, or call it minor if it is")
        if self.decision == "reject" and not self.issues:
            raise ValueError("a rejection names at least one issue that the Builder can act on")
        return self
