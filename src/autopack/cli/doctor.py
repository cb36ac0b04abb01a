"""`autopack doctor`: is everything here that a run needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import Json, in_loop, settings
from autopack.cli.out import emit, say, show
from autopack.cli.words import clean, one_line
from autopack.errors import InvalidInput

if TYPE_CHECKING:
    from autopack.cli.checkup import Finding

Call = Annotated[bool, typer.Option("--call", help="Call each model once, for one word; costs a little.")]


Repair = Annotated[
    bool, typer.Option("--repair", help="Mend what crashes left behind, and say what was mended.")
]


def doctor(as_json: Json = False, call: Call = False, repair: Repair = False) -> int:
    """Look whether all is here that a run needs.

    git, sandbox, database, disk, models.yaml, keys (by name only) and model servers (reached without a
    key), and whether the records are whole. `--call` makes one tiny call to each model too. `--repair` mends
    records and leftovers instead. Exit code 1 where a run can't work, or something is left to mend by hand.
    """
    from autopack.cli import mending
    from autopack.cli.checkup import Grade, check_all

    if repair:
        if call:
            raise InvalidInput("--repair calls no model.", hint="Leave out --repair or --call.")
        return in_loop(mending.repair(as_json=as_json))
    found = in_loop(check_all(settings(), os.environ))
    if not any(one.name == "database" and one.grade is Grade.MISSING for one in found):
        found += in_loop(mending.look_at_records(settings()))
    if call:
        from autopack.cli.calls import call_all

        found += in_loop(call_all(settings(), os.environ))
    missing = sum(one.grade is Grade.MISSING for one in found)
    if as_json:
        emit({"ok": not missing, "findings": [one.model_dump() for one in found]})
    else:
        _print(found)
        say()
        say(_conclusion(found))
    return 1 if missing else 0


def _conclusion(found: list[Finding]) -> str:
    from autopack.cli.checkup import Grade

    if missing := [one for one in found if one.grade is Grade.MISSING]:
        return f"Not ready: {'; '.join(one_line(one.said).removesuffix('.') for one in missing)}."
    servers = [one for one in found if one.name == "server"]
    if servers and all(one.grade is not Grade.OK for one in servers):
        return "Ready, but no model server answered: see above."
    return "Ready to run."


def _print(found: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from autopack.cli.checkup import Grade

    styles = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.MISSING: "red"}
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in found:
        said = Text(clean(one.said))
        if one.remedy:
            said.append(f"\n{clean(one.remedy)}", style="dim")
        table.add_row(Text(one.grade, style=styles[one.grade]), one.name, said)
    show(table)
