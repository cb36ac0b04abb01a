"""`autopack diff`: what a run, or one phase of it, changed."""

from __future__ import annotations

import sys

from autopack.cli.door import MaybePhase, RunArgument, in_loop, records
from autopack.cli.out import console
from autopack.cli.words import clean


def diff(run: RunArgument, phase: MaybePhase = None) -> None:
    """Print what a run or a phase changed, as a diff.

    Of a phase: the change of its last attempt, committed or not. Piped, it is exact enough for git apply.
    """
    data = in_loop(_diff(run, phase))
    if sys.stdout.isatty():
        _show(data)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


async def _diff(run: str, phase: str | None) -> bytes:
    from autopack.views.change import change_of
    from autopack.views.find import find_run

    async with records() as here:
        async with here.read() as session:
            run_id = await find_run(session, run)
        return await change_of(here.database, run_id, phase, settings=here.settings, artifacts=here.artifacts)


def _show(data: bytes) -> None:
    """On a terminal: what could steer it is shown escaped, added and removed lines are coloured."""
    out = console()
    coloured = out.color_system is not None and not out.no_color
    for line in data.decode(errors="replace").removesuffix("\n").split("\n"):
        start = _colour(line) if coloured else ""
        sys.stdout.write(f"{start}{clean(line)}{_PLAIN if start else ''}\n")
    sys.stdout.flush()


_PLAIN = "\x1b[0m"


def _colour(line: str) -> str:
    """What begins the line's style (ECMA-48 SGR), if it has one."""
    if line.startswith(("+++", "---", "diff ", "index ", "new file", "deleted file")):
        return "\x1b[1m"
    return {"@": "\x1b[36m", "+": "\x1b[32m", "-": "\x1b[31m"}.get(line[:1], "")
