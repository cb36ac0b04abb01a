"""Giving work to another model: in models.yaml, for runs to come, or in one run, for its phases to come."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from autopack.db import Database
from autopack.errors import InvalidInput
from autopack.feed import queries as feed
from autopack.feed.schemas import ModelOverridden
from autopack.plan import Plan
from autopack.routing import edits
from autopack.routing.cells import Cell, check_cell, check_choice, written
from autopack.routing.policy import Policy
from autopack.routing.policyfile import LivePolicy, load_policy, policy_of_run
from autopack.routing.router import ModelRouter
from autopack.runs import queries, service
from autopack.runs.tables import RunRow
from autopack.supervisor.budgets import check_priced
from autopack.supervisor.control import refuse_discarded, refuse_succeeded

Scope: TypeAlias = Literal["global", "run"]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which cell is to have which model, and where."""

    cell: Cell
    model: str | None
    """None: what it would have if nobody had changed it."""
    scope: Scope
    run_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Overridden:
    """What became of a wish."""

    cell: Cell
    scope: Scope
    run_id: str | None
    model: str | None
    """What the cell has now; None: no model of its own, a less specific cell counts."""
    changed: bool
    """False: it was so already."""
    notices: tuple[str, ...]
    """What its user should know."""


async def override(
    database: Database, policy: LivePolicy, environ: Mapping[str, str], wish: Wish, *, by: str
) -> Overridden:
    """Do what is wished: for the phases that a run begins from now on, or for runs that are created later.

    Raises `InvalidInput` where there is no such cell or no such model, or where models.yaml is broken;
    `NotFound` where there is no such run; `Conflict` where it has ended, or where the file can't be changed
    without its owner; `Unavailable`.
    """
    if wish.scope == "global":
        return await _for_new_runs(database, policy, environ, wish)
    if wish.run_id is None:
        raise InvalidInput("A change for one run has to say for which.", hint="Send its run_id.")
    return await _for_one_run(database, policy, environ, wish, wish.run_id, by=by)


async def _for_new_runs(
    database: Database, live: LivePolicy, environ: Mapping[str, str], wish: Wish
) -> Overridden:
    cell = wish.cell
    async with database.read() as session:
        planned = await queries.categories(session)
    check_cell(cell, load_policy(live.path), planned=planned, of_run=False)
    changed = await asyncio.to_thread(edits.change, live.path, cell, wish.model)
    policy = load_policy(live.path)
    model = written(policy, cell)
    return Overridden(
        cell=cell,
        scope="global",
        run_id=None,
        model=model,
        changed=changed,
        notices=_notices(policy, model, environ),
    )


async def _for_one_run(
    database: Database, live: LivePolicy, environ: Mapping[str, str], wish: Wish, run_id: str, *, by: str
) -> Overridden:
    cell = wish.cell
    async with database.write() as session:
        run = await service.locked(session, run_id)
        refuse_discarded(run)
        refuse_succeeded(run)
        policy, plan = policy_of_run(run.policy, live), Plan.model_validate(run.plan)
        planned = [phase.category for _, _, _, phase in plan.phases()]
        check_cell(cell, policy, planned=planned, of_run=True)
        if wish.model is not None:
            check_priced(plan, policy, [check_choice(wish.model, policy)])
        if changed := _set(run, cell, wish.model):
            body = ModelOverridden(
                by=by, role=cell.role, category=cell.category, complexity=cell.complexity, model=wish.model
            )
            feed.append(session, run_id=run_id, body=body)
        router = ModelRouter(policy, overrides=run.model_overrides)
    model = _mapped(router, cell)
    return Overridden(
        cell=cell,
        scope="run",
        run_id=run_id,
        model=model,
        changed=changed,
        notices=_notices(policy, model, environ),
    )


def _set(run: RunRow, cell: Cell, model: str | None) -> bool:
    """Change a run's overrides; says whether that made a difference."""
    of_role = {**run.model_overrides.get(cell.role, {})}
    if of_role.get(cell.key) == model:
        return False
    if model is None:
        del of_role[cell.key]
    else:
        of_role[cell.key] = model
    others = {role: models for role, models in run.model_overrides.items() if role != cell.role}
    run.model_overrides = {**others, cell.role: of_role} if of_role else others
    return True


def _mapped(router: ModelRouter, cell: Cell) -> str | None:
    try:
        return router.decide(role=cell.role, category=cell.category, complexity=cell.complexity).model.name
    except InvalidInput:  # a helper that nothing maps
        return None


def _notices(policy: Policy, name: str | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    if name is None:
        return ()
    model, said = policy.resolve(name), list[str]()
    if not model.key_set(environ):
        said.append(f"{model.api_key_env} is not set here: {name} can't be called without it.")
    if not policy.is_priced(model):
        said.append(f"No price of {name} is known: what it costs will be shown as unknown.")
    return tuple(said)
