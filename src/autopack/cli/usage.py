"""`autopack usage`: tokens and cost by role and model."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import Json, MaybeRun, in_loop, records
from autopack.cli.out import console, emit, say, show, tell
from autopack.cli.words import clean, dollars, tokens, unknowns

if TYPE_CHECKING:
    from rich.table import Table

    from autopack.views.spend import Spend
    from autopack.views.usage import UsageReport

_WIDE = 84
"""Columns from which input, cached input and output have theirs."""


class Span(StrEnum):
    """Which calls are looked at: rolling windows that end now."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


def usage(
    run: MaybeRun = None,
    period: Annotated[Span, typer.Option("--period", help="How far back, without RUN.")] = Span.ALL,
    as_json: Json = False,
) -> None:
    """Show tokens and cost by role and model."""
    in_loop(_usage(run, period, as_json=as_json))


async def _usage(said: str | None, span: Span, *, as_json: bool) -> None:
    from autopack.views.find import find_run
    from autopack.views.usage import usage_report

    async with records() as here, here.read() as session:
        run_id = None if said is None else await find_run(session, said)
        period = None if span is Span.ALL or run_id is not None else span.value
        report = await usage_report(session, run_id=run_id, period=period)
    if as_json:
        emit(report)
        return
    if not report.models:
        say("No model was called." if run_id else "No model was called yet.")
        return
    print_usage(report)
    if len({one.provider for one in report.providers}) > 1:
        say()
        show(_by_provider(report))


def print_usage(report: UsageReport) -> None:
    """The table by role and model with its sums, and what is not known, in words."""
    show(_by_model(report))
    for spend, simulated in ((report.real, False), (report.simulated, True)):
        if spend is not None and (missing := unknowns(spend)):
            tell(f"Not known{' (simulated)' if simulated else ''}: {missing}.")
    if report.simulated is not None:
        tell("~ simulated: a script answered. Dollars are list prices; nobody was charged.")


def _by_model(report: UsageReport) -> Table:
    table = _table("ROLE", "MODEL")
    for one in report.models:
        table.add_row(clean(one.role), clean(one.model), *_numbers(one.usage))
    sums = [spend for spend in (report.real, report.simulated) if spend is not None]
    for spend in sums:
        name = "total" if len(sums) == 1 else "total simulated" if spend.simulated else "total real"
        table.add_row(name, "", *_numbers(spend), style="bold")
    return table


def _by_provider(report: UsageReport) -> Table:
    table = _table("PROVIDER", "")
    for one in report.providers:
        table.add_row(clean(one.provider), "simulated" if one.usage.simulated else "", *_numbers(one.usage))
    return table


def _wide() -> bool:
    return console().width >= _WIDE


def _table(*names: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for name in ("CALLS", *(("INPUT", "CACHED", "OUTPUT") if _wide() else ()), "TOKENS", "COST"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _numbers(spend: Spend) -> tuple[str, ...]:
    known = spend.calls > spend.unknown_calls
    more = "+" if spend.unknown_calls else ""
    parts = (spend.prompt_tokens, spend.cache_read_tokens, spend.completion_tokens)
    shown = tuple(f"{part:,}{more}" if known else "unknown" for part in parts) if _wide() else ()
    return (f"{spend.calls:,}", *shown, tokens(spend), dollars(spend))
