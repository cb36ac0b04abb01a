"""Usage for people: tables of calls, tokens and cost, the phases of a run, and the quotas."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from autopack.cli.out import console, say, show, tell
from autopack.cli.words import clean, count, dollars, instant, price, tokens, unknowns, words

if TYPE_CHECKING:
    from rich.table import Table

    from autopack.views.booked import Booked
    from autopack.views.quotas import Amount, PoolUsage, WindowUsage
    from autopack.views.run_usage import PhaseUsage, RunUsage
    from autopack.views.spend import Spend
    from autopack.views.usage_periods import UsageResponse

_WIDE = 84
"""Columns from which input, cached input and output have theirs."""


def print_period(found: UsageResponse) -> None:
    """What each model was used for, and the sums, with what is not known in words."""
    table = usage_table("MODEL", "PROVIDER")
    for one in found.models:
        table.add_row(clean(one.model), clean(one.provider), *numbers(one.usage))
    for part in found.role_classes:
        name = "builder, auditor" if part.role_class == "core" else "helpers"
        table.add_row(name, "simulated" if part.simulated else "", *numbers(part.usage), style="dim")
    sums = [spend for spend in (found.real, found.simulated) if spend is not None]
    for spend in sums:
        name = "total" if len(sums) == 1 else "total simulated" if spend.simulated else "total real"
        table.add_row(name, "", *numbers(spend), style="bold")
    show(table)
    for spend in sums:
        if missing := unknowns(spend):
            tell(f"Not known{' (simulated)' if spend.simulated else ''}: {missing}.")
    if found.simulated is not None:
        tell("~ simulated: a script answered. Dollars are list prices; nobody was charged.")


def print_quotas(found: UsageResponse) -> None:
    """Each quota that has a window, or that calls are under way on."""
    for pool in found.pools:
        lines = [*_quota(pool)]
        if lines:
            say()
            billing = " (subscription: dollars are list-price equivalents)" * (pool.billing == "subscription")
            say(f"{clean(pool.pool)}{billing}")
        for line in lines:
            tell(line, indent=2)


def _quota(pool: PoolUsage) -> Iterator[str]:
    for window in pool.windows:
        yield f"{window.window}: {'; '.join(_window(window))}"
    for agent in dict.fromkeys(one.agent for one in pool.account):
        told = (
            f"{one.window} {one.percent:.0f}% used, resets {instant(one.resets_at)}"
            for one in pool.account
            if one.agent == agent
        )
        yield f"the account of {agent} says: {'; '.join(told)}"
    if pool.reserved.calls:
        yield f"{count(pool.reserved.calls, 'call')} under way, of at most {pool.reserved.tokens:,} tokens"


def _window(window: WindowUsage) -> Iterator[str]:
    reserved = f", {_amount(window.reserved, window)} reserved" if window.reserved else ""
    if window.cap is None:
        yield f"{_amount(window.spent, window)} used{reserved}"
    else:
        spent = _amount(window.spent, window).removesuffix(" tokens")
        yield f"{spent} of {_amount(window.cap, window)} used ({window.percent:.0f}%){reserved}"
    if window.unit == "usd" and window.unpriced_calls:
        yield f"{count(window.unpriced_calls, 'call')} without a known price: no call passes this cap"
    if window.burn_per_hour:
        yield f"{_amount(window.burn_per_hour, window)} an hour over {window.burn_hours:.0f} h"
    if window.exhausted_at is not None:
        yield f"at this rate exhausted {instant(window.exhausted_at)}"
    if window.resets_at is not None:
        yield f"resets {instant(window.resets_at)}"
    elif window.oldest_leaves_at is not None:
        yield f"the oldest usage leaves it {instant(window.oldest_leaves_at)}"


def _amount(amount: Amount, window: WindowUsage) -> str:
    return price(Decimal(amount)) if window.unit == "usd" else f"{amount:,} tokens"


def print_phases(found: RunUsage) -> None:
    """What each phase and attempt used, what an accepted phase costs, and what was not bought."""
    phases = [phase for tier in found.tiers for phase in tier.phases]
    called = [phase for phase in (*phases, *found.gone) if _anything(phase.booked)]
    if called:
        table = usage_table("PHASE", "STATE")
        for phase in called:
            _add_phase(table, phase)
        say()
        show(table)
    if found.failed_attempts.usage.calls:
        usage = found.failed_attempts.usage
        tell(f"Of this, attempts that failed: {tokens(usage)} tokens, {dollars(usage)}.")
    accepted = found.accepted
    if accepted.phases:
        more = "" if accepted.whole else "+"
        cost = accepted.cost_usd_per_phase
        said = "an unknown cost" if cost is None else f"{price(cost)}{more}"
        tell(
            f"Per accepted phase ({accepted.phases:,} of {len(phases):,}, all attempts counted): "
            f"{accepted.tokens_per_phase:,}{more} tokens, {said}."
        )
    for line in _unbought(found.booked):
        tell(line)


def _add_phase(table: Table, phase: PhaseUsage) -> None:
    state = "not in the plan any more" if phase.state is None else words(phase.state)
    table.add_row(clean(phase.id), state, *numbers(phase.booked.usage))
    for attempt in phase.attempts if len(phase.attempts) > 1 else ():
        name = "no attempt" if attempt.number is None else f"attempt {attempt.number}"
        row = (f"  {name}", words(attempt.outcome or ""), *numbers(attempt.booked.usage))
        table.add_row(*row, style="dim")


def _anything(part: Booked) -> bool:
    return bool(part.usage.calls or part.refused_calls or part.released_calls or part.open_calls)


def _unbought(whole: Booked) -> Iterator[str]:
    if whole.refused_calls:
        yield f"{count(whole.refused_calls, 'call')} not made: a cap had no room."
    if whole.released_calls:
        yield f"{count(whole.released_calls, 'call')} that bought nothing: no connection, or an error."
    if whole.open_calls:
        yield f"{count(whole.open_calls, 'call')} under way, of at most {whole.open_tokens:,} tokens."


def usage_table(*names: str) -> Table:
    """A table whose rows begin with these columns and end with `numbers`."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for name in ("CALLS", *(("INPUT", "CACHED", "OUTPUT") if _wide() else ()), "TOKENS", "COST"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def numbers(spend: Spend) -> tuple[str, ...]:
    """Calls, tokens and cost of a row; a `+` says that more was used than is known."""
    known = spend.calls > spend.unknown_calls
    more = "+" if spend.unknown_calls else ""
    parts = (spend.prompt_tokens, spend.cache_read_tokens, spend.completion_tokens)
    shown = tuple(f"{part:,}{more}" if known else "unknown" for part in parts) if _wide() else ()
    return (f"{spend.calls:,}", *shown, tokens(spend), dollars(spend))


def _wide() -> bool:
    return console().width >= _WIDE
