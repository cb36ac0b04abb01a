"""`autopack runs` and `autopack status`: which runs there are, and where one stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import Json, MaybeRun, in_loop, records
from autopack.cli.out import console, emit, say, show
from autopack.cli.words import (
    clean,
    clock,
    count,
    dollars,
    duration,
    instant,
    one_line,
    tokens,
    unknowns,
    words,
)
from autopack.runs.states import RunState, Waiting

if TYPE_CHECKING:
    from autopack.views.status import DashboardRunStatus

_SHORTEST_PLAN = 10
"""Columns that a plan's name keeps on a narrow terminal."""


def runs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest runs."""
    in_loop(_runs(limit, as_json=as_json))


async def _runs(limit: int, *, as_json: bool) -> None:
    from autopack.views.status import run_list

    async with records() as here, here.read() as session:
        found = await run_list(session, limit=limit)
    if as_json:
        emit(list(found))
    elif not found:
        say("No run yet. Start one with `autopack run PLAN`, or see `autopack demo`.")
    else:
        _table(found)


def _table(found: list[DashboardRunStatus]) -> None:
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("RUN", no_wrap=True, overflow="fold")
    table.add_column("PLAN", no_wrap=True)
    table.add_column("STATE", no_wrap=True)
    table.add_column("PHASES", justify="right", no_wrap=True)
    table.add_column("TIME", justify="right", no_wrap=True)
    table.add_column("TOKENS", justify="right", no_wrap=True)
    table.add_column("COST", justify="right", no_wrap=True)
    rows: list[tuple[str, ...]] = []
    for one in found:
        state = words(one.state) + (", interrupted" if one.interrupted else "")
        if one.merged_at or one.discarded_at:
            state += ", merged" if one.merged_at else ", discarded"
        row = (
            one.run_id,
            clean(one.plan),
            state,
            f"{one.completed_phases}/{one.total_phases}",
            clock(one.elapsed_seconds) if one.elapsed_seconds is not None else "-",
            tokens(one.usage, short=True),
            dollars(one.usage),
        )
        rows.append(row)
    heads = [str(column.header) for column in table.columns]
    widths = [max(map(cell_len, column)) + 2 for column in zip(heads, *rows, strict=True)]
    others = sum(widths) - widths[1]
    plans = max(_SHORTEST_PLAN, console().width - others)
    for row in rows:
        plan = Text(row[1])
        plan.truncate(plans - 2, overflow="ellipsis")
        table.add_row(row[0], plan, *row[2:])
    show(table, least=others + min(plans, widths[1]))
    if any(one.usage.simulated for one in found):
        say("~ simulated: list prices, nobody was charged")
    if any(not one.usage.whole for one in found):
        say("+ and more that is not known: `autopack usage RUN` says what")


def status(run: MaybeRun = None, as_json: Json = False) -> None:
    """Show where a run stands, the newest without RUN."""
    in_loop(_status(run, as_json=as_json))


async def _status(said: str | None, *, as_json: bool) -> None:
    from autopack.views.find import find_run
    from autopack.views.status import run_status

    async with records() as here, here.read() as session:
        found = await run_status(session, await find_run(session, said))
    if as_json:
        emit(found)
        return
    for name, value in _facts(found):
        say(f"{name:<11} {value}")


def _facts(run: DashboardRunStatus) -> list[tuple[str, str]]:
    state = words(run.state)
    if run.interrupted:
        state += f" (interrupted: no process works on it; autopack resume {run.run_id})"
    elif run.driven:
        state += " (a process is working on it)"
    elif run.state in (RunState.QUEUED, RunState.IN_PROGRESS):
        state += " (a service takes it when it has a hand free)"
    facts = [
        ("run", run.run_id),
        ("plan", f"{clean(run.plan)} ({clean(run.plan_path)})"),
        ("repository", clean(run.repository)),
        ("branch", run.branch + (" (deleted)" if run.discarded_at else "")),
        ("state", state),
    ]
    if run.state != "succeeded" and (run.end_reason or run.end_detail):
        why = ": ".join(
            part for part in (words(run.end_reason or ""), one_line(run.end_detail, limit=2_000)) if part
        )
        facts.append(("why", why))
    if run.waits_for == Waiting.ASKED:
        facts.append(("waits for", f"autopack resume {run.run_id}"))
    elif run.waits_for:
        facts.append(("waits for", words(run.waits_for)))
    if run.resumes_at is not None:
        facts.append(("goes on", f"{instant(run.resumes_at)}; `autopack resume {run.run_id}` tries at once"))
    if run.merged_at:
        facts.append(("merged", instant(run.merged_at)))
    if run.discarded_at:
        facts.append(("discarded", instant(run.discarded_at)))
    percent = f"{run.percent_complete:.0%}" + (
        f", {run.skipped_phases:,} skipped" if run.skipped_phases else ""
    )
    facts.append(("progress", f"{run.completed_phases} of {count(run.total_phases, 'phase')} ({percent})"))
    if run.current_phase_id is not None:
        where = f"tier {run.current_tier_index}, phase {run.current_phase_index}"
        facts.append(("at", f"{where}: {run.current_phase_id}, {clean(run.current_phase_name or '')}"))
    facts += [
        ("attempts", f"{run.attempts:,}"),
        ("started", instant(run.started_at)),
        ("time", duration(run.elapsed_seconds)),
        ("tokens", tokens(run.usage)),
        ("cost", dollars(run.usage) + (" (simulated: nobody was charged)" if run.usage.simulated else "")),
    ]
    if missing := unknowns(run.usage):
        facts.append(("not known", missing))
    if not run.sandboxed:
        facts.append(("sandbox", "none: commands that a model wrote ran with your rights"))
    return facts
