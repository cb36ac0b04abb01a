"""Cells of the mapping: the model of one role at one category and complexity, as models.yaml has it.

builder  core_backend  medium    category_models["core_backend:medium"].builder
builder  core_backend  *         category_models.core_backend.builder
builder  *             medium    complexity_models.medium.builder
agent:planner  *       *         agents.planner
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from autopack.errors import InvalidInput
from autopack.plan import Complexity
from autopack.routing.policy import ROLES, ModelRef, Policy
from autopack.routing.router import ANY
from autopack.routing.schemas import KNOWN_CATEGORIES, ModelName

AGENTS = ("planner", "postmortem")
"""Helpers that Autopack knows, beside those that models.yaml names."""
_AGENT = "agent:"
_NAME: TypeAdapter[str] = TypeAdapter(ModelName)


class Cell(NamedTuple):
    """Which model: a role, and what it is for. `*` stands for all that no other cell is more specific for."""

    role: str
    category: str
    complexity: str

    def __str__(self) -> str:
        return f"{self.role} of {self.key}" if self.agent is None else self.role

    @property
    def key(self) -> str:
        """The key of a run's override."""
        return f"{self.category}:{self.complexity}"

    @property
    def agent(self) -> str | None:
        """The helper's name; None for a role that works on phases."""
        return self.role.removeprefix(_AGENT) if self.role.startswith(_AGENT) else None

    @property
    def path(self) -> tuple[str, ...]:
        """Where models.yaml has it."""
        if self.agent is not None:
            return ("agents", self.agent)
        if self.category == ANY:
            return ("complexity_models", self.complexity, self.role)
        return ("category_models", self.category if self.complexity == ANY else self.key, self.role)


def written(policy: Policy, cell: Cell) -> str | None:
    """The model that a policy's file has in exactly this cell."""
    if cell.agent is not None:
        return policy.agents.get(cell.agent)
    if cell.category == ANY:
        models = policy.complexity_models.of(Complexity(cell.complexity))
    else:
        models = policy.category_models.get(cell.path[1])
    if models is None:
        return None
    return models.builder if cell.role == "builder" else models.auditor


def categories_of(policy: Policy) -> tuple[str, ...]:
    """The categories that a policy's file uses, and those that Autopack knows, each once."""
    keyed = (key.partition(":")[0] for key in policy.category_models)
    return tuple(dict.fromkeys((*policy.categories, *keyed, *KNOWN_CATEGORIES)))


def check_cell(cell: Cell, policy: Policy, *, planned: Iterable[str], of_run: bool) -> None:
    """Raise `InvalidInput` where there is no such cell.

    `planned` are the categories of the plans that count. An override `of_run` is of one category and one
    complexity.
    """
    if cell.agent is not None:
        _check_agent(cell, policy)
        return
    if cell.role not in ROLES:
        raise InvalidInput(
            f"{cell.role!r} is not a role.", hint=f"Roles: {', '.join(ROLES)} and agent:NAME, the helpers."
        )
    known = tuple(dict.fromkeys((*categories_of(policy), *planned)))
    steps = [*Complexity]
    if cell.category != ANY and cell.category not in known:
        where = "the run's plan" if of_run else "any run's plan"
        raise InvalidInput(
            f"{cell.category!r} is not a category: neither models.yaml nor {where} has it.",
            hint=f"Categories: {', '.join(known)}.",
        )
    if cell.complexity != ANY and cell.complexity not in steps:
        raise InvalidInput(
            f"{cell.complexity!r} is not a complexity.", hint=f"Complexities: {', '.join(steps)}."
        )
    if of_run and ANY in (cell.category, cell.complexity):
        raise InvalidInput(
            "An override of a run is for one category and one complexity, not for *.",
            hint="Name both; for all of them change models.yaml, which counts for new runs.",
        )
    if (cell.category, cell.complexity) == (ANY, ANY):
        raise InvalidInput(
            f"The {cell.role} of every category and complexity is no one cell.",
            hint="Name a category, a complexity or both.",
        )


def check_choice(name: str, policy: Policy) -> ModelRef:
    """The model that a name stands for. Raises `InvalidInput` where none can be called by it."""
    try:
        _NAME.validate_python(name)
    except ValidationError as invalid:
        raise InvalidInput(
            f"{name[:60]!r} is not a model's name.", hint=str(invalid.errors()[0]["msg"])
        ) from None
    return policy.resolve(name)


def _check_agent(cell: Cell, policy: Policy) -> None:
    known = tuple(dict.fromkeys((*policy.agents, *AGENTS)))
    if cell.agent not in known:
        raise InvalidInput(
            f"There is no helper {cell.agent!r}.",
            hint=f"Helpers: {', '.join(f'{_AGENT}{name}' for name in known)}.",
        )
    if (cell.category, cell.complexity) != (ANY, ANY):
        raise InvalidInput(
            f"{cell.role} works on no phase: its category and complexity are * and *.",
            hint="Write * for both.",
        )
