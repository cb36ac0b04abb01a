"""What a plan would take, in words: for `plan check`, and on one line before a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from autopack.cli.words import clean, count, duration, price, short_tokens

if TYPE_CHECKING:
    from autopack.db import ReadSession
    from autopack.runs.tables import RunRow
    from autopack.views.estimate import Outlook, PlanEstimate
    from autopack.views.needs import EstimatedNeed


def estimate_lines(outlook: Outlook) -> Iterator[str]:
    """The estimate, what it rests on, and what is less than it."""
    estimate = outlook.estimate
    if estimate is None:
        yield f"Estimate: none, {outlook.reason}."
        return
    yield f"Estimate: {_sums(estimate)}."
    yield f"From finished phases: {', '.join(_basis(estimate))}."
    yield from (clean(warning) for warning in outlook.warnings)


async def estimate_of_run(session: ReadSession, run: RunRow) -> Sequence[str]:
    """The line of a run that was just created; none where there is no estimate."""
    from autopack.plan import Plan
    from autopack.routing.policy import Policy
    from autopack.views.estimate import plan_outlook

    plan, policy = Plan.model_validate(run.plan), Policy.model_validate(run.policy)
    now = datetime.now(UTC)
    outlook = await plan_outlook(session, plan, policy, project_id=run.project_id, now=now)
    if outlook.estimate is None:
        return ()
    none = outlook.estimate.covered.none
    missing = f" (without {count(none, 'phase')} that nothing is known of)" if none else ""
    return (" ".join([f"Estimate: {_sums(outlook.estimate)}{missing}.", *outlook.warnings]),)


def _sums(estimate: PlanEstimate) -> str:
    marked = "~" if estimate.simulated else ""
    return f"{_need(estimate.expected, marked)}; high: {_need(estimate.high, marked)}"


def _need(need: EstimatedNeed, marked: str) -> str:
    cost = "unknown cost" if need.cost_usd is None else f"{marked}{price(need.cost_usd)}"
    return f"{short_tokens(need.tokens)} tokens, {cost}, {duration(need.minutes * 60)}"


def _basis(estimate: PlanEstimate) -> Iterator[str]:
    covered = estimate.covered
    for number, what in (
        (covered.category, "by category and complexity"),
        (covered.complexity, "by complexity"),
        (covered.any, "by any others"),
        (covered.none, "not at all, and not in the sums"),
    ):
        if number:
            yield f"{count(number, 'phase')} {what}"
