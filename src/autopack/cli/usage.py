"""`autopack usage`: tokens and cost of a run, or of all of them and every quota."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from autopack.cli.door import Json, MaybeRun, in_loop, records
from autopack.cli.out import emit, note, say, show, tell
from autopack.cli.repricing import reprice
from autopack.cli.usage_files import export, import_
from autopack.cli.usage_tables import numbers, print_period, print_phases, print_quotas, usage_table
from autopack.cli.words import clean, unknowns

if TYPE_CHECKING:
    from rich.table import Table

    from autopack.views.usage import UsageReport


class Span(StrEnum):
    """Which calls are looked at: rolling windows that end now."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


class _ShowsUnlessNamed(TyperGroup):
    """A group that shows usage where the first word is none of its commands: `autopack usage ab12`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `show` in front of what is no command."""
        named = bool(args) and args[0] in (*self.commands, *ctx.help_option_names)
        return super().parse_args(ctx, args if named or ctx.resilient_parsing else ["show", *args])


app = typer.Typer(
    cls=_ShowsUnlessNamed,
    help="Tokens and cost. `autopack usage [RUN]` alone is `autopack usage show [RUN]`.",
    rich_markup_mode=None,
)


@app.command("show")
def show_usage(
    run: MaybeRun = None,
    period: Annotated[Span, typer.Option("--period", help="How far back, without RUN.")] = Span.ALL,
    as_json: Json = False,
) -> None:
    """Show what a run used, by role, model, phase and attempt; without RUN, what was used of every quota."""
    in_loop(_of_period(period, as_json=as_json) if run is None else _of_run(run, as_json=as_json))


app.command("reprice")(reprice)
app.command("export")(export)
app.command("import")(import_)


async def _of_run(said: str, *, as_json: bool) -> None:
    from autopack.views.find import find_run
    from autopack.views.run_usage import run_usage
    from autopack.views.usage import usage_report

    async with records() as here, here.read() as session:
        run_id = await find_run(session, said)
        found = await run_usage(session, run_id)
        report = await usage_report(session, run_id=run_id)
    if as_json:
        emit(found)
        return
    if not report.models:
        say("No model was called.")
    else:
        print_usage(report)
        if len(report.providers) > 1:
            say()
            show(_by_provider(report))
    print_phases(found)


async def _of_period(span: Span, *, as_json: bool) -> None:
    from autopack.routing.policyfile import LivePolicy
    from autopack.views.usage_periods import usage_of_period

    async with records() as here, here.read() as session:
        live = LivePolicy(here.settings.policy_path)
        found = await usage_of_period(session, live, None if span is Span.ALL else span.value)
    if as_json:
        emit(found)
        return
    if found.models:
        print_period(found)
    else:
        say("No model was called yet." if span is Span.ALL else f"No model was called in this {span.value}.")
    print_quotas(found)
    if found.policy_problem:
        note(found.policy_problem)


def print_usage(report: UsageReport) -> None:
    """The table by role and model with its sums, and what is not known, in words."""
    show(_by_model(report))
    for spend, simulated in ((report.real, False), (report.simulated, True)):
        if spend is not None and (missing := unknowns(spend)):
            tell(f"Not known{' (simulated)' if simulated else ''}: {missing}.")
    if report.simulated is not None:
        tell("~ simulated: a script answered. Dollars are list prices; nobody was charged.")


def _by_model(report: UsageReport) -> Table:
    table = usage_table("ROLE", "MODEL")
    for one in report.models:
        table.add_row(clean(one.role), clean(one.model), *numbers(one.usage))
    sums = [spend for spend in (report.real, report.simulated) if spend is not None]
    for spend in sums:
        name = "total" if len(sums) == 1 else "total simulated" if spend.simulated else "total real"
        table.add_row(name, "", *numbers(spend), style="bold")
    return table


def _by_provider(report: UsageReport) -> Table:
    table = usage_table("PROVIDER", "")
    for one in report.providers:
        table.add_row(clean(one.provider), "simulated" if one.usage.simulated else "", *numbers(one.usage))
    return table
