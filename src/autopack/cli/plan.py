"""`autopack plan`: looks at plan files without running them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autopack.cli.door import named
from autopack.cli.out import emit, say
from autopack.cli.words import clean, count

app = typer.Typer(help="Look at plans without running them.", no_args_is_help=True, rich_markup_mode=None)


@app.command("check")
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan.yaml.")]) -> None:
    """Say what is wrong with a plan, or what it holds."""
    from autopack.supervisor.planfiles import read_plan

    plan = read_plan(named(file))
    phases = [phase for _, _, _, phase in plan.phases()]
    unchecked = [phase.id for phase in phases if not plan.commands(phase)]
    size = f"{count(len(plan.tiers), 'tier')}, {count(len(phases), 'phase')}"
    say(f"{clean(plan.name)}: {size}. The plan is valid.")
    for tier in plan.tiers:
        say(f"  {clean(tier.name)}")
        width = max(len(phase.id) for phase in tier.phases)
        for phase in tier.phases:
            kind = f"{phase.category}, {phase.complexity}"
            say(f"    {phase.id:<{width}}  {clean(phase.name)} ({kind})")
    if unchecked:
        say(f"Verified by nothing: {', '.join(unchecked)}")


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of plan.yaml, for editors."""
    from autopack.plan import plan_schema

    emit(plan_schema())
