"""Budgets of a run, its tiers and its phases: a call that could cross one is not made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from autopack.db import WriteSession
from autopack.errors import AutopackError, InvalidInput
from autopack.plan import Budget, Plan
from autopack.routing import queries as ledger
from autopack.routing.policy import ModelRef, Policy
from autopack.usage import queries as usage
from autopack.usage.money import to_usd
from autopack.usage.schemas import TokenUsage


class BudgetReached(AutopackError):
    """The next call could cross a budget of the plan. `fails`: the plan says that the run fails there."""

    code = "budget_reached"

    def __init__(self, message: str, *, hint: str = "", fails: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.fails = fails


def check_priced(plan: Plan, policy: Policy, models: Iterable[ModelRef]) -> None:
    """A budget in dollars needs prices. Raises `InvalidInput`."""
    budgets = [plan.budget, *(one.budget for tier in plan.tiers for one in (tier, *tier.phases))]
    if not any(budget is not None and budget.usd is not None for budget in budgets):
        return
    unknown = policy.unpriced(models)
    if unknown:
        raise InvalidInput(
            f"The plan has a budget in dollars, and no price is known for {', '.join(sorted(unknown))}.",
            hint="Give it a price in models.yaml (`models:`), or set the budget in tokens.",
        )


async def check_budgets(
    session: WriteSession, plan: Plan, run_id: str, phase_id: str, *, bound: TokenUsage, cost: Decimal | None
) -> None:
    """Raise `BudgetReached` where a call of at most `bound`, for at most `cost`, could cross a budget.

    The caller holds the run's lock, under which every call of it is reserved. A call of unknown usage, and
    one that is open, counts at the most it can take.
    """
    for whose, budget, phases in _budgets(plan, phase_id):
        settled = await usage.spent(session, run_id, phases=phases)
        pending = await ledger.pending(session, run_id, phases=phases)
        if budget.tokens is not None:
            used = settled.tokens + pending.tokens
            if used + bound.total > budget.tokens:
                raise _reached(
                    plan,
                    run_id,
                    f"{whose} has used {used:,} of {budget.tokens:,} tokens, and the next request can take "
                    f"{bound.total:,}",
                )
        if budget.usd is not None:
            if cost is None or settled.unpriced or pending.unpriced:
                raise _reached(plan, run_id, f"{whose} is in dollars, and a model's price is not known")
            spent = to_usd(settled.nano_usd + pending.nano_usd)
            if spent + cost > budget.usd:
                raise _reached(
                    plan,
                    run_id,
                    f"{whose} has used ${spent:.4f} of ${budget.usd}, and the next request can cost "
                    f"${cost:.4f}",
                )


def _budgets(plan: Plan, phase_id: str) -> Iterator[tuple[str, Budget, tuple[str, ...] | None]]:
    """The budgets that a call for a phase counts against, with their words and phases (None: all)."""
    if plan.budget is not None:
        yield "The run's budget", plan.budget, None
    for tier in plan.tiers:
        ids = tuple(phase.id for phase in tier.phases)
        if phase_id not in ids:
            continue
        if tier.budget is not None:
            yield f"The budget of tier {tier.name}", tier.budget, ids
        for phase in tier.phases:
            if phase.id == phase_id and phase.budget is not None:
                yield f"The budget of phase {phase_id}", phase.budget, (phase_id,)


def _reached(plan: Plan, run_id: str, said: str) -> BudgetReached:
    fails = plan.on_budget == "fail"
    again = "retry" if fails else "resume"
    return BudgetReached(
        f"{said}: it was not made.",
        hint=f"Raise it with `autopack plan amend {run_id} FILE`, then `autopack {again} {run_id}`.",
        fails=fails,
    )
