"""Which run or phase a person means: a whole name, its beginning or its end."""

from __future__ import annotations

from collections.abc import Sequence

from autopack.db import ReadSession
from autopack.errors import InvalidInput, NotFound
from autopack.runs import queries

_PREFIX = "run_"


async def find_run(session: ReadSession, said: str | None) -> str:
    """Id of the run that a whole id, its beginning or its end names; None means the newest one.

    Raises `NotFound` where there is none, `InvalidInput` where several are meant.
    """
    if said is None:
        newest = await queries.recent(session, limit=1)
        if not newest:
            raise NotFound("There is no run yet.", hint="Start one with `autopack run PLAN`.")
        return newest[0].id
    found = await queries.matching(session, said) if said else []
    if said in found:
        return said
    if said and not found:
        found = await queries.matching(session, _PREFIX + said)
    if not found:
        raise NotFound(f"There is no run {said}.", hint="`autopack runs` lists them.")
    if len(found) > 1:
        raise InvalidInput(
            f"{said} could be any of {', '.join(found[:4])}{', …' if len(found) > 4 else ''}.",
            hint="Write more of the id.",
        )
    return found[0]


def find_phase(ids: Sequence[str], said: str) -> int:
    """Index (1-based) of the phase that an id, its beginning or a number names. Raises `NotFound`."""
    if said in ids:
        return ids.index(said) + 1
    if said.isdecimal() and 1 <= int(said) <= len(ids):
        return int(said)
    found = [index for index, one in enumerate(ids, start=1) if said and one.startswith(said)]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(ids[:12]) + (", …" if len(ids) > 12 else "")
    raise NotFound(f"There is no phase {said} in this run.", hint=f"Its phases: {shown}.")
