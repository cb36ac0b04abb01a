"""What is less than a plan's estimate: its own budgets, and what is left of the quotas of its models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from autopack.db import ReadSession
from autopack.plan import Budget, Plan
from autopack.routing import queries
from autopack.routing.limits import MILLI, Cap, Limits, Unit, in_words
from autopack.routing.policy import Policy
from autopack.routing.queries import Use
from autopack.usage.money import to_nano
from autopack.views.history import Part
from autopack.views.needs import Basis, PhaseEstimate, known, middle, total, upper


def short_budgets(plan: Plan, bases: Sequence[Basis], estimates: Sequence[PhaseEstimate]) -> Iterator[str]:
    """Budgets of the plan, its tiers and phases that are less than what is estimated, each as a sentence."""
    yield from _short("The plan's budget", plan.budget, estimates)
    for index, tier in enumerate(plan.tiers, start=1):
        own = [one for basis, one in zip(bases, estimates, strict=True) if basis.tier_index == index]
        yield from _short(f"The budget of the tier {tier.name}", tier.budget, own)
    for basis, one in zip(bases, estimates, strict=True):
        yield from _short(f"The budget of the phase {basis.phase.id}", basis.phase.budget, [one])


def _short(what: str, budget: Budget | None, estimates: Sequence[PhaseEstimate]) -> Iterator[str]:
    if budget is None or not estimates:
        return
    expected, high = total(one.expected for one in estimates), total(one.high for one in estimates)
    needs: list[tuple[Unit, int | None, int | None, int | None]] = [
        ("tokens", _milli(budget.tokens), _milli(expected.tokens), _milli(high.tokens)),
        ("usd", to_nano(budget.usd), to_nano(expected.cost_usd), to_nano(high.cost_usd)),
    ]
    for unit, allowed, middling, most in needs:
        if allowed is not None and (more := _more(allowed, middling, most, unit)):
            yield f"{what} of {in_words(allowed, unit)} is below {more}."


def _milli(tokens: int | None) -> int | None:
    return None if tokens is None else tokens * MILLI


def _more(room: int, expected: int | None, high: int | None, unit: Unit) -> str:
    """The need that does not fit, in words: the expected one where that does not; empty: none is known to."""
    for name, need in (("expected need", expected), ("high estimate", high)):
        if need is not None and need > room:
            return f"the {name} of {in_words(need, unit)}"
    return ""


async def short_quotas(
    session: ReadSession, policy: Policy, bases: Sequence[Basis], *, now: datetime
) -> list[str]:
    """Quotas of the models that would be taken of which less is left than is estimated, as sentences.

    What is left counts as it is now: that a window begins anew meanwhile is not foreseen.
    """
    drawn: dict[str, list[tuple[str, Basis]]] = {}
    for basis in bases:
        for decision in basis.models:
            drawn.setdefault(decision.model.pool, []).append((decision.role, basis))
    found: list[str] = []
    for pool, draws in drawn.items():
        limits = policy.limits(pool).turned(await queries.account_resets(session, pool))
        if limits.caps:
            use = await queries.use_of(session, pool, limits, now=now)
            found += _short_caps(pool, limits, use, draws)
    return found


def _short_caps(pool: str, limits: Limits, use: Use, draws: Sequence[tuple[str, Basis]]) -> Iterator[str]:
    for index, cap in enumerate(limits.caps):
        used = use.windows[cap.window]
        if cap.unit == "usd" and (used.unpriced or use.open.unpriced):
            continue  # it lets no call pass, whatever is left of it
        limit = max(limits.levels(role, basis.phase.category)[index].limit for role, basis in draws)
        left = max(0, limit - used.of(cap.unit) - use.open.of(cap.unit))
        expected, high = (_drawn(draws, cap, limits, of) for of in (middle, upper))
        if more := _more(left, expected, high, cap.unit):
            part = int(left * 100 / cap.amount) if cap.amount else 0
            yield f"{pool}: {part} % of {cap.words} is left, less than {more}."


def _drawn(
    draws: Sequence[tuple[str, Basis]], cap: Cap, limits: Limits, of: Callable[[Iterable[float]], float]
) -> int | None:
    """What the roles that draw on a quota would take of it; None where it is not known."""
    drawn = 0
    for (role, similar), phases in Counter((role, basis.similar) for role, basis in draws).items():
        taken = known(_taken(sample.of(role), cap, limits) for sample in similar.samples)
        if taken is None:
            return None
        drawn += round(of(taken)) * phases
    return drawn


def _taken(part: Part, cap: Cap, limits: Limits) -> int | None:
    return part.milli_tokens(limits.weights.milli) if cap.unit == "tokens" else part.nano_usd
