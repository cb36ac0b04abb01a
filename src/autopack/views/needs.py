"""What a phase would take, as the samples of it tell: middle and high."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from autopack.plan import Phase
from autopack.routing.decisions import AttemptModels
from autopack.usage.money import to_usd
from autopack.views.history import Sample
from autopack.views.spend import Usd

Level: TypeAlias = Literal["category", "complexity", "any"]


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class EstimatedNeed(_Shown):
    """What work takes, its failed attempts included."""

    tokens: int
    """Input and output; calls of unknown usage at the most that they can have taken."""
    cost_usd: Usd | None
    """Null where the dollars of any sample are not known. Of simulated ones list prices, that nobody pays."""
    minutes: float
    """In which the run is in progress: pauses and waits for a quota are not in it."""


class PhaseEstimate(_Shown):
    """What one phase would take, as similar ones did."""

    id: str
    expected: EstimatedNeed
    """The median of the samples, of each number by itself."""
    high: EstimatedNeed
    """Their 90th percentile, of each number by itself; the largest where they are fewer than ten."""
    level: Level
    """What the samples have in common with it: `category` (and complexity), `complexity`, or `any`."""
    same_project: bool
    """They are of the same project."""
    samples: int


@dataclass(frozen=True, eq=False)
class Similar:
    """The samples that tell what phases of one category and complexity take, and what they have in common."""

    level: Level
    same_project: bool
    samples: Sequence[Sample]

    @cached_property
    def expected(self) -> EstimatedNeed:
        """Their median."""
        return self._need(middle)

    @cached_property
    def high(self) -> EstimatedNeed:
        """Their 90th percentile."""
        return self._need(upper)

    def _need(self, of: Callable[[Iterable[float]], float]) -> EstimatedNeed:
        dollars = known(one.nano_usd for one in self.samples)
        return EstimatedNeed(
            tokens=round(of(one.tokens for one in self.samples)),
            cost_usd=None if dollars is None else to_usd(round(of(dollars))),
            minutes=round(of(one.seconds for one in self.samples) / 60, 1),
        )


@dataclass(frozen=True, kw_only=True)
class Basis:
    """A phase of the plan, who would work on it, and the samples that tell what it takes."""

    tier_index: int
    phase: Phase
    models: AttemptModels
    similar: Similar

    @property
    def estimate(self) -> PhaseEstimate:
        """What it would take."""
        return PhaseEstimate(
            id=self.phase.id,
            expected=self.similar.expected,
            high=self.similar.high,
            level=self.similar.level,
            same_project=self.similar.same_project,
            samples=len(self.similar.samples),
        )


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def upper(values: Iterable[float]) -> float:
    """The 90th percentile by nearest rank."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * 9 / 10) - 1]


def known(amounts: Iterable[int | None]) -> list[int] | None:
    """All of them; None where any is not known."""
    found = list(amounts)
    whole = [one for one in found if one is not None]
    return whole if len(whole) == len(found) else None


def total(needs: Iterable[EstimatedNeed]) -> EstimatedNeed:
    """The sum of some needs."""
    every = list(needs)
    costs = [one.cost_usd for one in every if one.cost_usd is not None]
    return EstimatedNeed(
        tokens=sum(one.tokens for one in every),
        cost_usd=sum(costs, to_usd(0)) if len(costs) == len(every) else None,
        minutes=round(sum(one.minutes for one in every), 1),
    )
