"""`autopack models` and `autopack route`: which model does what, another one, and why this one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autopack.cli.door import Json, in_loop, records, writing
from autopack.cli.out import emit, note, say, show, tell
from autopack.cli.steer import user
from autopack.cli.words import clean, instant

if TYPE_CHECKING:
    from autopack.cli.door import Records
    from autopack.routing.decisions import Decision
    from autopack.supervisor.overriding import Overridden
    from autopack.views.mapping import ModelMapping

app = typer.Typer(help="Which model does what; change it.", rich_markup_mode=None)

Role = Annotated[str, typer.Argument(metavar="ROLE", help="builder, auditor or agent:NAME.")]
Category = Annotated[str, typer.Argument(metavar="CATEGORY", help="A category, or * for all.")]
Complexity = Annotated[str, typer.Argument(metavar="COMPLEXITY", help="low, medium, high, or * for all.")]
OfRun = Annotated[
    str | None,
    typer.Option("--run", metavar="RUN", help="For this run only, and its phases that begin later."),
]
_MARKS: dict[Literal["run", "own"], str] = {"run": " [run]", "own": " [own]"}


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="As this run has them, its own changes included."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show which model each role has at each category and complexity."""
    if context.invoked_subcommand is None:
        in_loop(_models(run, as_json=as_json))


async def _models(said: str | None, *, as_json: bool) -> None:
    from autopack.routing.policyfile import LivePolicy
    from autopack.views.mapping import mapping

    async with records() as here:
        run_id = await _run_of(here, said)
        async with here.read() as session:
            policy = LivePolicy(here.settings.policy_path)
            rows = await mapping(session, policy, run_id=run_id)
    if policy.problem:
        note(policy.problem)
    if as_json:
        emit(rows)
        return
    _table(rows)
    if any(one.scope == "run" for one in rows):
        tell(f"{_MARKS['run'].strip()}: changed for this run; counts for phases that begin later.")
    if any(one.scope == "global" and one.overridden for one in rows):
        tell(f"{_MARKS['own'].strip()}: set for exactly this cell; `autopack models reset` takes it back.")
    if critical := dict.fromkeys(one.category for one in rows if one.fail_fast):
        tell(f"Never another model than these (fail-fast): {', '.join(critical)}.")


def _table(rows: list[ModelMapping]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("ROLE", "CATEGORY", "LOW", "MEDIUM", "HIGH"):
        table.add_column(name, overflow="fold")
    cells: dict[tuple[str, str], list[str]] = {}
    for one in rows:
        mark = _MARKS["run"] if one.scope == "run" else _MARKS["own"] if one.overridden else ""
        cells.setdefault((one.role, one.category), []).append(clean(one.model) + mark)
    for (role, category), names in cells.items():
        table.add_row(clean(role), clean(category), *(names if len(names) > 1 else names * 3))
    show(table)


@app.command("set")
def set_(
    role: Role,
    category: Category,
    complexity: Complexity,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name, as in models.yaml.")],
    run: OfRun = None,
    as_json: Json = False,
) -> None:
    """Give a role another model.

    Without --run it changes models.yaml, whose comments and order stay, and counts for new runs only. With
    --run it counts for the phases that the run begins later; the one in hand keeps its models.
    """
    in_loop(_override((role, category, complexity), model, run, as_json=as_json))


@app.command("reset")
def reset(
    role: Role, category: Category, complexity: Complexity, run: OfRun = None, as_json: Json = False
) -> None:
    """Take a change back.

    Without --run the cell is again as the models.yaml that ships has it; with --run, as the run began.
    """
    in_loop(_override((role, category, complexity), None, run, as_json=as_json))


async def _override(
    cell: tuple[str, str, str], model: str | None, said: str | None, *, as_json: bool
) -> None:
    from autopack.routing.cells import Cell
    from autopack.routing.policyfile import LivePolicy
    from autopack.supervisor.overriding import Wish, override

    async with writing() as here:
        run_id = await _run_of(here, said)
        scope = "global" if run_id is None else "run"
        wish = Wish(cell=Cell(*cell), model=model, scope=scope, run_id=run_id)
        policy = LivePolicy(here.settings.policy_path)
        done = await override(here.database, policy, os.environ, wish, by=user())
    if as_json:
        emit(_told(done))
        return
    _say(done)
    for notice in done.notices:
        note(notice)


def _told(done: Overridden) -> dict[str, object]:
    return {
        **done.cell._asdict(),
        "model": done.model,
        "scope": done.scope,
        "run_id": done.run_id,
        "changed": done.changed,
        "notices": list(done.notices),
    }


def _say(done: Overridden) -> None:
    has = "nothing of its own" if done.model is None else clean(done.model)
    if not done.changed:
        say(f"{clean(str(done.cell))} has {has} already.")
    elif done.run_id is None:
        say(f"{clean(str(done.cell))} has {has}, in runs that are created from now on.")
    else:
        say(f"{clean(str(done.cell))} has {has}, in phases that {done.run_id} begins from now on.")


def route(
    role: Role, category: Category, complexity: Complexity, run: OfRun = None, as_json: Json = False
) -> None:
    """Show which model a call would get now, and why; none is made.

    An Auditor avoids the family of the Builder that would be chosen, as it does in a run.
    """
    in_loop(_route(role, category, complexity, run, as_json=as_json))


async def _route(role: str, category: str, complexity: str, said: str | None, *, as_json: bool) -> None:
    from autopack.routing.policyfile import LivePolicy
    from autopack.views.explaining import explain

    async with records() as here:
        run_id = await _run_of(here, said)
        policy = LivePolicy(here.settings.policy_path)
        async with here.read() as session:
            decision = await explain(
                session,
                policy,
                role=role,
                category=category,
                complexity=complexity,
                run_id=run_id,
            )
    if policy.problem:
        note(policy.problem)
    if as_json:
        emit(decision)
        return
    _explain(decision)


def _explain(decision: Decision) -> None:
    match decision.verdict:
        case "go":
            say(f"{clean(decision.model.name)}, by {clean(decision.model.provider)}")
        case "wait":
            until = "later" if decision.until is None else f"from {instant(decision.until)} on"
            say(f"none now; {clean(decision.model.name)} {until}")
        case "fail":
            say(f"none: {clean(decision.model.name)} can't be used, and the policy says to fail")
    tell(clean(decision.reason))
    if decision.same_family:
        tell("It is of the Builder's family: the policy has no other that could be called.")
    say()
    for one in decision.candidates:
        tell(f"{'*' if one.taken else '-'} {clean(one.model)}: {clean(one.why)}")


async def _run_of(here: Records, said: str | None) -> str | None:
    from autopack.views.find import find_run

    if said is None:
        return None
    async with here.read() as session:
        return await find_run(session, said)
