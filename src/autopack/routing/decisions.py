"""A decision as it is stored and shown: the model, the rule that mapped it, and all that was considered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict

from autopack.routing.policy import ModelRef
from autopack.routing.standings import Standing

Source: TypeAlias = Literal["run_override", "category_complexity", "category", "complexity", "agent"]


class Candidate(BaseModel):
    """A model that was considered, and why it was taken or not."""

    model_config = ConfigDict(frozen=True)

    model: str
    taken: bool
    why: str


class Decision(BaseModel):
    """The model for one piece of work, the rule that mapped it, and everything that was considered."""

    model_config = ConfigDict(frozen=True)

    role: str
    category: str
    complexity: str
    verdict: Literal["go", "wait", "fail"] = "go"
    """Whether the work is to be done now, later (see `until`), or not at all."""
    model: ModelRef
    """The model to call; where the verdict is not `go`, the mapped one."""
    source: Source
    """The rule that mapped the role; `model` is another one where the mapped one was not to be had."""
    same_family: bool
    """The model is of the family that was to be avoided."""
    reason: str
    candidates: tuple[Candidate, ...]
    until: datetime | None = None
    """When it is worth asking again, where the verdict is `wait`."""


class AttemptModels(NamedTuple):
    """The two decisions of one attempt."""

    builder: Decision
    auditor: Decision


class Rule(NamedTuple):
    """A rule of the policy, or a run's override, that maps a role to a model."""

    source: Source
    model: str
    why: str


class Judged(NamedTuple):
    """A candidate with what speaks against it."""

    rule: Rule
    model: ModelRef
    other_family: bool
    standing: Standing

    @property
    def rank(self) -> int:
        """How much speaks against it: 0 nothing, 4 it can't be called now."""
        if not self.standing.usable:
            return NOT_NOW
        return (0 if self.other_family else 2) + (self.standing.level == "soft")

    @property
    def against(self) -> str:
        """What speaks against it, in words."""
        family = "" if self.other_family else f"of the family {self.model.family}, to be avoided"
        return "; ".join(said for said in (family, self.standing.said) if said)


NOT_NOW = 4


class Question(NamedTuple):
    """A question with its mapped model, to be answered."""

    role: str
    category: str
    complexity: str
    mapped: Judged

    def take(
        self, taken: Judged, judged: list[Judged], *, rest: Sequence[Rule] = (), kept: str = ""
    ) -> Decision:
        """Go on with one of the judged; `rest` are rules that were not needed."""
        reason = self.mapped.rule.why
        if against := self.mapped.against:
            reason += f" ({against})"
            if taken is not self.mapped:
                reason += f"; took {taken.model.name}, {taken.rule.why}"
            else:
                reason += f"; kept: {kept or 'the policy has nothing better'}"
        candidates = [
            Candidate(model=one.model.name, taken=one is taken, why=_why(one, kept if one is taken else ""))
            for one in judged
        ]
        candidates += [
            Candidate(model=one.model, taken=False, why=f"{one.why}, less specific") for one in rest
        ]
        return self._decision(taken.model, not taken.other_family, reason, candidates)

    def refuse(self, judged: list[Judged], *, waits: bool, kept: str = "") -> Decision:
        """None can be called now: wait for the first that can, or fail."""
        untils = [one.standing.until for one in judged if one.standing.until is not None]
        until = min(untils, default=None)
        reason = f"{self.mapped.rule.why} ({self.mapped.against})" + (f"; kept: {kept}" if kept else "")
        if len(judged) > 1:
            reason += f"; nor can {', '.join(one.model.name for one in judged[1:])} be used"
        candidates = [Candidate(model=one.model.name, taken=False, why=_why(one)) for one in judged]
        if not waits or until is None:
            return self._decision(self.mapped.model, False, reason, candidates, verdict="fail")
        return self._decision(self.mapped.model, False, reason, candidates, verdict="wait", until=until)

    def _decision(
        self,
        model: ModelRef,
        same_family: bool,
        reason: str,
        candidates: list[Candidate],
        *,
        verdict: Literal["go", "wait", "fail"] = "go",
        until: datetime | None = None,
    ) -> Decision:
        return Decision(
            role=self.role,
            category=self.category,
            complexity=self.complexity,
            verdict=verdict,
            model=model,
            source=self.mapped.rule.source,
            same_family=same_family,
            reason=reason,
            candidates=tuple(candidates),
            until=until,
        )


def _why(one: Judged, kept: str = "") -> str:
    return "; ".join(said for said in (one.rule.why, one.against, f"kept: {kept}" if kept else "") if said)
