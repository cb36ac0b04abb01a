"""What a plan would take, from what phases of earlier runs took. Without such phases nothing is said.

Each phase takes the most specific level that has `LEAST` samples: same category and complexity, same
complexity, any; at each level those of the same project come first. Its expected need is the median of them,
its high one the 90th percentile (nearest rank: of fewer than ten the largest).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.plan import Phase, Plan
from autopack.routing.decisions import AttemptModels
from autopack.routing.policy import Policy
from autopack.routing.router import ModelRouter
from autopack.views.history import Sample, history
from autopack.views.needs import Basis, EstimatedNeed, Level, PhaseEstimate, Similar, total
from autopack.views.room import short_budgets, short_quotas

LEAST = 3
"""Fewer samples tell nothing."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class EstimateCoverage(_Shown):
    """How many of the plan's phases have samples, by their level."""

    category: int
    """Of the same category and complexity."""
    complexity: int
    """Of the same complexity."""
    any: int
    """Any phases."""
    none: int
    """Not in the sums: no samples."""


class PlanEstimate(_Shown):
    """What a plan would take, from the history of this home. Its sums hold the phases that have samples."""

    expected: EstimatedNeed
    """The sum of the phases' expected needs."""
    high: EstimatedNeed
    """The sum of the phases' high needs: a ceiling that a whole plan rarely comes to, not a percentile."""
    simulated: bool
    """The models of the plan, and all samples, are answered by a script."""
    covered: EstimateCoverage
    phases: tuple[PhaseEstimate, ...]
    """Those that have samples, in the plan's order."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is known of a plan before it is run."""

    estimate: PlanEstimate | None
    reason: str | None
    """Why there is no estimate, in words; None where there is one."""
    warnings: tuple[str, ...]
    """Budgets of the plan, and quotas of its models, that are less than the estimate."""


async def plan_outlook(
    session: ReadSession, plan: Plan, policy: Policy, *, project_id: int | None, now: datetime
) -> Outlook:
    """The estimate of a plan as the policy maps it, and what speaks against starting it."""
    router = ModelRouter(policy)
    work = [
        (tier, phase, router.decide_attempt(category=phase.category, complexity=phase.complexity))
        for tier, _, _, phase in plan.phases()
    ]
    simulated = all(_simulated(models) for _, _, models in work)
    everyone = await history(session, project_id=None, simulated=simulated)
    mine = [] if project_id is None else await history(session, project_id=project_id, simulated=simulated)
    similar = _ByKind(mine, everyone)
    bases = [
        Basis(tier_index=tier, phase=phase, models=models, similar=found)
        for tier, phase, models in work
        if _simulated(models) is simulated and (found := similar.to(phase)) is not None
    ]
    if not bases:
        return Outlook(estimate=None, reason=_why_none(len(everyone), simulated=simulated), warnings=())
    estimates = [basis.estimate for basis in bases]
    warnings = [*short_budgets(plan, bases, estimates), *await short_quotas(session, policy, bases, now=now)]
    return Outlook(
        estimate=PlanEstimate(
            expected=total(one.expected for one in estimates),
            high=total(one.high for one in estimates),
            simulated=simulated,
            covered=_coverage(estimates, phases=len(work)),
            phases=tuple(estimates),
        ),
        reason=None,
        warnings=tuple(warnings),
    )


def _simulated(models: AttemptModels) -> bool | None:
    """Whether a script answers; None: in one role only, which is like nothing else."""
    builder, auditor = models.builder.model.simulated, models.auditor.model.simulated
    return builder if builder is auditor else None


class _ByKind:
    """The samples for each kind of phase, looked for once."""

    def __init__(self, mine: Sequence[Sample], everyone: Sequence[Sample]) -> None:
        self._mine = mine
        self._everyone = everyone
        self._found: dict[tuple[str, str], Similar | None] = {}

    def to(self, phase: Phase) -> Similar | None:
        """Those of the most specific level that has enough; None: there are too few of any."""
        kind = phase.category, phase.complexity
        if kind not in self._found:
            self._found[kind] = self._look(phase)
        return self._found[kind]

    def _look(self, phase: Phase) -> Similar | None:
        for level in _LEVELS:
            for same_project, samples in ((True, self._mine), (False, self._everyone)):
                found = [one for one in samples if _fits(one, phase, level)]
                if len(found) >= LEAST:
                    return Similar(level, same_project, found)
        return None


_LEVELS: tuple[Level, ...] = ("category", "complexity", "any")


def _fits(sample: Sample, phase: Phase, level: Level) -> bool:
    match level:
        case "category":
            return (sample.category, sample.complexity) == (phase.category, phase.complexity)
        case "complexity":
            return sample.complexity == phase.complexity
        case "any":
            return True


def _coverage(estimates: Sequence[PhaseEstimate], *, phases: int) -> EstimateCoverage:
    counts = {level: sum(one.level == level for one in estimates) for level in _LEVELS}
    return EstimateCoverage(**counts, none=phases - len(estimates))


def _why_none(samples: int, *, simulated: bool) -> str:
    kind = "simulated " if simulated else ""
    if not samples:
        return f"no finished phase of a {kind}run yet"
    phases = "phase" if samples == 1 else "phases"
    return f"only {samples} finished {phases} of {kind}runs yet, and fewer than {LEAST} tell nothing"
