"""`autopack plan`: drafts plans, looks at plan files, and gives a run another plan."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from autopack.cli import draft
from autopack.cli.door import RunArgument, in_loop, named, settings
from autopack.cli.out import emit, say
from autopack.cli.planned import show_estimate, show_plan
from autopack.cli.steer import user
from autopack.cli.words import clean
from autopack.errors import InvalidInput

app = typer.Typer(
    help="Draft and look at plans; give a run another one.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("check")
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan.yaml.")]) -> None:
    """Say what is wrong with a plan, or what it holds and would take."""
    from autopack.supervisor.planfiles import read_plan

    plan = read_plan(named(file))
    show_plan(plan)
    in_loop(show_estimate(plan, named(file).absolute()))


app.command("draft")(draft.draft)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of plan.yaml, for editors."""
    from autopack.plan import plan_schema

    emit(plan_schema())


@app.command("amend")
def amend(
    run: RunArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new plan.yaml.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> int:
    """Change what a run has not started yet.

    FILE is the whole plan as it is to be. Phases that are done or in hand stay as they were; others, failed
    ones too, and what stands beside the phases (budget, limits, verify, …) may change. A run that is under
    way goes on with it after the step in hand. The difference is shown first.
    """
    return in_loop(_amend(run, named(file), yes=yes))


async def _amend(said: str, file: Path, *, yes: bool) -> int:
    from autopack.cli.starter import read_plan
    from autopack.supervisor import amend as amending
    from autopack.supervisor.machines import refuse_second_machine
    from autopack.supervisor.services import open_services
    from autopack.views.find import find_run

    plan = read_plan(file)
    async with open_services(settings(), environ=os.environ) as services:
        await refuse_second_machine(services.settings, services.database)
        async with services.database.read() as session:
            run_id = await find_run(session, said)
        amendment = await amending.compare(services, run_id, plan)
        if amendment.empty:
            say(f"Nothing differs from the plan of {run_id}.")
            return 0
        say("\n".join(clean(line) for line in amendment.diff.splitlines()))
        say()
        if not yes and not _agreed(run_id):
            say("Nothing was changed.")
            return 1
        await amending.amend(services, run_id, plan, by=user())
    say(f"The plan of {run_id} is amended.")
    return 0


def _agreed(run_id: str) -> bool:
    if not sys.stdin.isatty():
        raise InvalidInput(f"This changes the plan of {run_id}.", hint="Say so with --yes.")
    return typer.confirm(f"Change the plan of {run_id}?")
