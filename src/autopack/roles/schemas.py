"""What the roles answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


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


MOST_LESSONS = 5
LESSON_CHARS = 300
"""The longest lesson."""


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


class Postmortem(BaseModel):
    """The typed account of a run's end. Its figures are not in it: they are counted, not written."""

    model_config = ConfigDict(frozen=True)

    built: str = Field(
        min_length=1, max_length=2_000, description="What was built and is kept, in one paragraph."
    )
    failed: str = Field(
        min_length=1,
        max_length=2_000,
        description="What failed on the way or in the end, and why, in one paragraph; that nothing did.",
    )
    lessons: tuple[
        Annotated[str, AfterValidator(_on_one_line), Field(min_length=1, max_length=LESSON_CHARS)], ...
    ] = Field(
        default=(),
        max_length=MOST_LESSONS,
        description="What later runs on this project should know, one sentence each; none where the records "
        "show none.",
    )


class PartReview(BaseModel):
    """The Auditor's typed answer on one part of a change that is read in parts."""

    model_config = ConfigDict(frozen=True)

    summary: str = Field(min_length=1, description="One paragraph: what this part of the change does.")
    issues: tuple[Issue, ...] = Field(default=(), description="What is wrong in this part.")
    look_at: tuple[str, ...] = Field(
        default=(),
        description="What to look at in other parts, so that this one holds: names, files, questions.",
    )


class Resolution(BaseModel):
    """Why something that was found in a part is no issue of the whole."""

    model_config = ConfigDict(frozen=True)

    finding: str = Field(min_length=1, description="The finding's number, such as 2.1.")
    reason: str = Field(min_length=1, description="What you saw, and where, that resolves it.")


class ClosingVerdict(BaseModel):
    """The Auditor's typed answer after the last part. Findings that are not resolved stay as they were."""

    model_config = ConfigDict(frozen=True)

    decision: Literal["approve", "reject"]
    resolved: tuple[Resolution, ...] = Field(
        default=(),
        description="Findings of the parts that turned out to be none, each with its reason. A major one "
        "that is not named here makes the outcome a rejection.",
    )
    issues: tuple[Issue, ...] = Field(
        default=(), description="What is wrong with the whole; findings of the parts are not repeated."
    )
    summary: str = Field(
        min_length=1, description="One paragraph: what the change does and why it may (not) pass."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.decision == "approve" and any(issue.severity is Severity.MAJOR for issue in self.issues):
            raise ValueError("an approval can't hold a major issue: reject, or call it minor if it is")
        return self
