"""Findings of `autopack doctor` about coding agents: which are installed, which version, whose account."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autopack.cli.checkup import Finding, Grade
from autopack.cli.words import clean
from autopack.errors import AutopackError

if TYPE_CHECKING:
    from autopack.agents.told import Adapter
    from autopack.routing.policy import CodingAgent, ModelRef

_VERSION_SECONDS = 20.0
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9})+")


async def check_programs(models: Iterable[ModelRef], environ: Mapping[str, str]) -> list[Finding]:
    """One finding for each coding agent that a model is called through."""
    from autopack.agents.agents import ADAPTERS

    through: dict[CodingAgent, list[ModelRef]] = {}
    for model in models:
        if model.agent is not None:
            through.setdefault(model.agent, []).append(model)
    return [await _check(ADAPTERS[agent], found, environ) for agent, found in through.items()]


async def _check(adapter: Adapter, models: list[ModelRef], environ: Mapping[str, str]) -> Finding:
    from autopack.agents.installed import find_program
    from autopack.processes import Command, run

    try:
        program = find_program(adapter, environ)
    except AutopackError as error:
        return Finding(name=adapter.name, grade=Grade.MISSING, said=error.message, remedy=error.hint)
    env = {name: environ[name] for name in ("PATH", "HOME") if name in environ}
    asked = Command(
        argv=(str(program), "--version"),
        cwd=Path.home(),
        env=env,
        timeout_seconds=_VERSION_SECONDS,
        separate_errors=True,
    )
    finished = await run(asked)
    lines = finished.output.decode(errors="replace").strip().splitlines()
    said = clean(lines[0]) if lines else ""
    if finished.exit_code != 0 or not said:
        remedy = f"Run `{program.name} --version` in a terminal, and install it anew."
        return Finding(
            name=adapter.name, grade=Grade.MISSING, said=f"{program} does not say its version", remedy=remedy
        )
    keys = sorted({model.api_key_env for model in models})
    account = " and ".join(key or "its own login (--call tries it)" for key in keys)
    pools = ", ".join(sorted({model.pool for model in models}))
    caps = "; its caps are advisory, as it tells what it took at its end only" * adapter.advisory
    compared, older = _compared(said, adapter.tried)
    return Finding(
        name=adapter.name,
        grade=Grade.WARNING if older else Grade.OK,
        said=f"{said}{compared}, by {account}, counted against {pools}{caps}",
        remedy=f"Update {program.name}." if older else "",
    )


def _compared(said: str, tried: str) -> tuple[str, bool]:
    """How a version compares with the one that was tried, in words, and whether it is older."""
    if not tried:
        return " (no version of it was tried)", False
    found = _VERSION.search(said)
    if found is None:
        return f" (tried with {tried})", False
    this, that = [[int(part) for part in version.split(".")] for version in (found[0], tried)]
    if this == that:
        return "", False
    return f" (tried with {tried}; this one is {'older' if this < that else 'newer'})", this < that
