"""The Planner's typed answer: a plan without what only its user may decide, and remarks beside it."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from autopack import userfiles
from autopack.errors import InvalidInput
from autopack.plan import Complexity, Plan

_SOURCE = "plan"
"""What the answer is called where it is sent back."""


class _Answered(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DraftedPhase(_Answered):
    """One piece of work of the drafted plan."""

    id: str = Field(
        description="Unique in the plan: at most 64 of a-z, 0-9, - and _. It stands in the commits."
    )
    name: str = Field(description="One line, in the imperative: the subject of the commit.")
    description: str = Field(
        description="What to build: behaviour, edge cases, errors, names to keep, how it is tested. "
        "It is all that the Builder is told of the goal."
    )
    category: str = Field(description="One of the categories that you were given, or one word of your own.")
    complexity: Complexity = Field(
        description="low: mechanical. medium: ordinary. high: design, concurrency, or easily got wrong."
    )
    files: tuple[str, ...] = Field(
        min_length=1,
        description="Scope: globs from the repository's top, tests included, such as src/store/** or "
        "tests/test_store.py. A change outside them is refused.",
    )


class DraftedTier(_Answered):
    """Phases that belong together."""

    name: str = Field(description="One line.")
    phases: tuple[DraftedPhase, ...] = Field(min_length=1, description="In the order they are built.")


class Draft(_Answered):
    """The Planner's typed answer. What `Plan` would refuse is refused here, in the same words."""

    name: str = Field(description="One line: how runs of this plan are called.")
    setup: tuple[str, ...] = Field(
        default=(),
        description="Shell commands that prepare a fresh checkout, with network. Empty where none is needed.",
    )
    verify: tuple[str, ...] = Field(
        description="Shell commands that pass on the repository as it is, without network, and must pass "
        "after each phase. Empty only where the repository has nothing that a command could check."
    )
    tiers: tuple[DraftedTier, ...] = Field(min_length=1, description="In the order they are built.")
    remarks: tuple[str, ...] = Field(
        default=(),
        description="What the reader of the plan has to know, a sentence each: what you assumed, left "
        "out or could not find out, and what only a person can decide.",
    )

    @model_validator(mode="after")
    def _is_a_plan(self) -> Self:
        try:
            self.plan()
        except InvalidInput as error:
            raise ValueError(error.message) from None
        return self

    def plan(self) -> Plan:
        """The plan that this is. Raises `InvalidInput` with a line for each problem."""
        return userfiles.parse_document(self.document(), source=_SOURCE, shape=Plan)

    def document(self) -> dict[str, Any]:
        """The plan as its file says it, key by key in the order of the file."""
        told = self.model_dump(mode="json", exclude={"remarks"})
        setup = {"setup": told["setup"]} if self.setup else {}
        return {
            "schema_version": 1,
            "name": told["name"],
            **setup,
            "verify": told["verify"] or "none",
            "tiers": told["tiers"],
        }
