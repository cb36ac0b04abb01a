"""`autopack doctor`: is everything here that a run needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from autopack.cli.door import Json, in_loop, settings
from autopack.cli.out import emit, say, show
from autopack.cli.words import clean, one_line

if TYPE_CHECKING:
    from autopack.cli.checkup import Finding


def doctor(as_json: Json = False) -> int:
    """Look whether all is here that a run needs.

    git, sandbox, database, disk, models.yaml, keys (by name only) and model servers (reached without a
    key). Exit code 1 where a run can't work.
    """
    from autopack.cli.checkup import Grade, check_all

    found = in_loop(check_all(settings(), os.environ))
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
