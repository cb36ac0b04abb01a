"""The mapping: which model each role has at each category and complexity, and which it could have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.errors import InvalidInput
from autopack.plan import Complexity, Plan
from autopack.routing.cells import Cell, categories_of, written
from autopack.routing.decisions import Source
from autopack.routing.policy import ROLES, ModelRef, Policy
from autopack.routing.policyfile import LivePolicy, default_policy, policy_of_run
from autopack.routing.router import ANY, ModelRouter
from autopack.runs import queries
from autopack.usage.prices import listed_names

_LISTED = ("anthropic", "glm", "openai")
"""Providers whose models are on the bundled list of prices."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class ModelMapping(_Frozen):
    """The model of one cell. What quotas and families make of it is in the decisions, not here."""

    role: str
    """`builder`, `auditor` or `agent:NAME`."""
    category: str
    """`*` for a helper."""
    complexity: str
    """`low`, `medium` or `high`; `*` for a helper."""
    model: str
    scope: Literal["global", "run"]
    """`run` where an override of the run says it."""
    source: Source
    """The rule that says it."""
    overridden: bool
    """Whether it was set for exactly this cell, so that a reset takes it back."""
    fail_fast: bool
    """Whether the category never gets another model than this one."""


class ModelChoice(_Frozen):
    """A model that a cell may be given."""

    model: str
    provider: str
    family: str
    pool: str
    """The quota that its calls count against."""
    priced: bool
    """Whether a price of it is known."""
    key_set: bool
    """Whether the key of its provider is set where this was asked."""


class ModelChoices(_Frozen):
    """The models that may be chosen: those of models.yaml, then known ones of providers whose key is set."""

    models: tuple[ModelChoice, ...]


async def mapping(session: ReadSession, live: LivePolicy, *, run_id: str | None = None) -> list[ModelMapping]:
    """Every cell as models.yaml has it for runs to come, or as a run has it for its phases to come.

    Raises `NotFound`, and `InvalidInput` where models.yaml can't be used.
    """
    if run_id is None:
        policy = live.now()
        return [*_rows(policy, ModelRouter(policy), ())]
    run = await queries.run(session, run_id)
    policy = policy_of_run(run.policy, live)
    planned = [phase.category for _, _, _, phase in Plan.model_validate(run.plan).phases()]
    return [*_rows(policy, ModelRouter(policy, overrides=run.model_overrides), planned)]


def _rows(policy: Policy, router: ModelRouter, planned: Sequence[str]) -> Iterator[ModelMapping]:
    for role in ROLES:
        for category in dict.fromkeys((*categories_of(policy), *planned)):
            for complexity in Complexity:
                yield _row(policy, router, Cell(role, category, complexity.value))
    for name in policy.agents:
        yield _row(policy, router, Cell(f"agent:{name}", ANY, ANY))


def _row(policy: Policy, router: ModelRouter, cell: Cell) -> ModelMapping:
    decided = router.decide(role=cell.role, category=cell.category, complexity=cell.complexity)
    of_run = decided.source == "run_override"
    return ModelMapping(
        role=cell.role,
        category=cell.category,
        complexity=cell.complexity,
        model=decided.model.name,
        scope="run" if of_run else "global",
        source=decided.source,
        overridden=of_run or decided.source == "category_complexity" or _of_its_own(policy, cell),
        fail_fast=cell.category in policy.fail_fast.categories,
    )


def _of_its_own(policy: Policy, cell: Cell) -> bool:
    """Whether a helper has another model than the one that ships."""
    return cell.agent is not None and written(policy, cell) != written(default_policy(), cell)


def choices(live: LivePolicy, environ: Mapping[str, str]) -> ModelChoices:
    """The models that may be chosen. Raises `InvalidInput` where models.yaml can't be used."""
    policy = live.now()
    found: dict[str, ModelChoice] = {}
    for name in (*policy.named_models(), *_own(policy)):
        found.setdefault(name, _choice(policy, policy.resolve(name), environ))
    for model in _listed(policy):
        one = _choice(policy, model, environ)
        if one.key_set and one.priced:
            found.setdefault(one.model, one)
    return ModelChoices(models=tuple(found.values()))


def _own(policy: Policy) -> Iterator[str]:
    """Names under `models` that can be called."""
    for name in policy.models:
        try:
            yield policy.resolve(name).name
        except InvalidInput:
            continue


def _listed(policy: Policy) -> Iterator[ModelRef]:
    """Models of the bundled list of prices that their names alone lead to."""
    for provider in _LISTED:
        for name in listed_names(provider):
            try:
                model = policy.resolve(name)
            except InvalidInput:
                continue
            if model.provider == provider:
                yield model


def _choice(policy: Policy, model: ModelRef, environ: Mapping[str, str]) -> ModelChoice:
    return ModelChoice(
        model=model.name,
        provider=model.provider,
        family=model.family,
        pool=model.pool,
        priced=policy.is_priced(model),
        key_set=model.key_set(environ),
    )
