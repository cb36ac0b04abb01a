"""Which model does what, and why: the mapping, what it could be, changes of it, and decisions explained."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from autopack.dashboard.access import Here, MaybeRun, Reading
from autopack.dashboard.problems import OF_POST, answers
from autopack.dashboard.run_endpoints import BY
from autopack.dashboard.schemas import ExplainRequest, OverrideAnswer, OverrideRequest
from autopack.errors import Conflict, InvalidInput, NotFound
from autopack.routing.cells import Cell
from autopack.routing.decisions import Decision
from autopack.supervisor.overriding import Overridden, Scope, Wish, override
from autopack.views.explaining import explain
from autopack.views.mapping import ModelChoices, ModelMapping, choices, mapping

router = APIRouter(tags=["Models"])

Word = Annotated[str, Query(min_length=1, max_length=200)]


@router.get("/dashboard/models", responses=answers(NotFound, InvalidInput))
async def get_models(here: Here, session: Reading, run_id: MaybeRun = None) -> list[ModelMapping]:
    """The model of each role at each category and complexity, and of each helper.

    As models.yaml has it for runs to come, or as a run has it for the phases that it has not begun.
    """
    return await mapping(session, here.policy, run_id=run_id)


@router.get("/dashboard/models/choices", responses=answers(InvalidInput))
async def get_choices(here: Here) -> ModelChoices:
    """The models that may be chosen."""
    return choices(here.policy, here.environ)


@router.post("/dashboard/models/override", responses=answers(*OF_POST, NotFound, Conflict))
async def override_model(here: Here, asked: OverrideRequest) -> OverrideAnswer:
    """Give a role another model at a category and complexity.

    `global` changes models.yaml, whose comments and order stay, and counts for runs that are created later.
    `run` counts for the phases that the run begins later; one in hand keeps its models, also in later
    attempts.
    """
    wish = Wish(
        cell=Cell(asked.role, asked.category, asked.complexity),
        model=asked.model,
        scope=asked.scope,
        run_id=asked.run_id,
    )
    return _answer(await override(here.database, here.policy, here.environ, wish, by=BY))


@router.delete("/dashboard/models/override", responses=answers(NotFound, Conflict, InvalidInput))
async def reset_model(
    here: Here, role: Word, category: Word, complexity: Word, scope: Scope, run_id: MaybeRun = None
) -> OverrideAnswer:
    """Take such a change back: the run's own mapping counts again, or what models.yaml has as it ships."""
    wish = Wish(cell=Cell(role, category, complexity), model=None, scope=scope, run_id=run_id)
    return _answer(await override(here.database, here.policy, here.environ, wish, by=BY))


@router.post("/routing/explain", responses=answers(*OF_POST, NotFound))
async def explain_routing(here: Here, session: Reading, asked: ExplainRequest) -> Decision:
    """The model that a call would get now, with every candidate and why; no call is made."""
    return await explain(
        session,
        here.policy,
        role=asked.role,
        category=asked.category,
        complexity=asked.complexity,
        run_id=asked.run_id,
        avoid_family=asked.avoid_family,
    )


def _answer(done: Overridden) -> OverrideAnswer:
    role, category, complexity = done.cell
    return OverrideAnswer(
        role=role,
        category=category,
        complexity=complexity,
        model=done.model,
        scope=done.scope,
        run_id=done.run_id,
        changed=done.changed,
        notices=done.notices,
    )
