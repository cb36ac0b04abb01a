"""Which model does a piece of work, and why: the explained decision.

The most specific rule maps a role to a model: an override of the run, `category:complexity`, category,
complexity; helpers (`agent:planner`) have a mapping of their own. Where the mapped model is of a family to
avoid (the Auditor's must not be the Builder's), the policy's others are tried in this order:

    1. the less specific rules that also apply
    2. the same role's models of the same complexity, then of harder ones
    3. the other role's models of the same complexity, then of harder ones
    4. the fallbacks of the category, then the default ones
    5. both roles' models of easier complexities, the harder of them first

An override and a fail-fast category are never replaced: the same family is then used, and recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, TypedDict

from pydantic import BaseModel, ConfigDict

from autopack.errors import InvalidInput
from autopack.plan import Complexity
from autopack.routing.policy import ModelRef, Policy

Overrides: TypeAlias = Mapping[str, Mapping[str, str]]
"""Role, then "category:complexity" ("*:*" for helpers), to the model of this run."""

Source: TypeAlias = Literal["run_override", "category_complexity", "category", "complexity", "agent"]

ANY = "*"
"""Category and complexity of a helper, which has neither."""


class RunContext(TypedDict, total=False):
    """What a run brings along; the shape of its stored overrides."""

    model_overrides: Overrides


class Candidate(BaseModel):
    """A model that was considered."""

    model_config = ConfigDict(frozen=True)

    model: str
    taken: bool
    why: str


class Decision(BaseModel):
    """The model for one piece of work, the rule that mapped it, and everything that was considered."""

    model_config = ConfigDict(frozen=True)

    role: str
    category: str
    complexity: str
    model: ModelRef
    source: Source
    """The rule that mapped the role; `model` is another one where the mapped one's family was to avoid."""
    same_family: bool
    """The model is of the family that was to be avoided."""
    reason: str
    candidates: tuple[Candidate, ...]


class AttemptModels(NamedTuple):
    """The two decisions of one attempt."""

    builder: Decision
    auditor: Decision


@dataclass(frozen=True)
class _Rule:
    source: Source
    model: str
    why: str


class ModelRouter:
    """Decides by one policy and one run's overrides; the same question always has the same answer."""

    def __init__(self, policy: Policy, *, overrides: Overrides | None = None) -> None:
        self._policy = policy
        self._overrides: Overrides = overrides or {}

    def select_model(self, role: str, task_category: str, complexity: str, run_context: RunContext) -> str:
        """Name of the model for a role; the run context's `model_overrides` come before this router's own."""
        context = run_context.get("model_overrides") or {}
        overrides = {role: {**self._overrides.get(role, {}), **context.get(role, {})}}
        router = ModelRouter(self._policy, overrides=overrides)
        return router.decide(role=role, category=task_category, complexity=complexity).model.name

    def decide(
        self, *, role: str, category: str, complexity: Complexity | str, avoid_family: str | None = None
    ) -> Decision:
        """The model for `role` (builder, auditor, agent:<name>), of another family than `avoid_family`.

        Raises InvalidInput for a role, complexity or override that no model can be found for.
        """
        if role.startswith("agent:"):
            category = complexity = ANY
        rules = self._rules(role, category, complexity)
        mapped, *rest = rules
        model, reason = self._policy.resolve(mapped.model), mapped.why
        considered = [Candidate(model=mapped.model, taken=True, why=mapped.why)]
        considered += [Candidate(model=r.model, taken=False, why=f"{r.why}, less specific") for r in rest]
        if avoid_family is not None and model.family == avoid_family:
            reason += f", whose family {avoid_family} is to be avoided"
            if kept := self._kept(mapped, category):
                reason += f"; kept: {kept}"
            else:
                considered = self._replacement(role, category, complexity, rules, avoid_family)
                taken = next(candidate for candidate in considered if candidate.taken)
                model = self._policy.resolve(taken.model)
                kept = taken.model == mapped.model
                reason += "; kept: the policy has no other" if kept else f"; took {taken.model}, {taken.why}"
        return Decision(
            role=role,
            category=category,
            complexity=complexity,
            model=model,
            source=mapped.source,
            same_family=model.family == avoid_family,
            reason=reason,
            candidates=tuple(considered),
        )

    def decide_attempt(self, *, category: str, complexity: Complexity | str) -> AttemptModels:
        """Who builds and who audits one attempt at a phase: of two families where the policy has two."""
        builder = self.decide(role="builder", category=category, complexity=complexity)
        auditor = self.decide(
            role="auditor", category=category, complexity=complexity, avoid_family=builder.model.family
        )
        return AttemptModels(builder, auditor)

    def _kept(self, mapped: _Rule, category: str) -> str | None:
        """Why the mapped model may not be replaced by another one."""
        if mapped.source == "run_override":
            return "an override is never replaced"
        if category in self._policy.fail_fast.categories:
            return f"{category} is a fail-fast category"
        return None

    def _replacement(
        self, role: str, category: str, complexity: str, rules: list[_Rule], avoid_family: str
    ) -> list[Candidate]:
        """Candidates up to the first of another family, which is taken; without one, the mapped model is."""
        mapped = rules[0].model
        passed: dict[str, str] = {}
        for name, where in self._substitutes(role, category, complexity, rules):
            taken = self._policy.resolve(name).family != avoid_family
            if taken or name not in passed:
                passed[name] = where if taken else f"{where}, of the family to be avoided"
            if taken:
                return [Candidate(model=model, taken=model == name, why=why) for model, why in passed.items()]
        return [Candidate(model=model, taken=model == mapped, why=why) for model, why in passed.items()]

    def _substitutes(
        self, role: str, category: str, complexity: str, rules: list[_Rule]
    ) -> Iterator[tuple[str, str]]:
        """Names in the order of the module's docstring, each with where the policy names it."""
        yield from ((rule.model, rule.why) for rule in rules)
        steps = [] if complexity == ANY else list(Complexity)
        at = steps.index(Complexity(complexity)) if steps else 0
        roles = ("auditor", "builder") if role == "auditor" else ("builder", "auditor")
        for name in roles:
            yield from ((self._pair(step)[name], f"the {name} of complexity {step}") for step in steps[at:])
        for key in (category, "default"):
            yield from ((name, f"a fallback of {key}") for name in self._policy.fallbacks.get(key, ()))
        for step in reversed(steps[:at]):
            yield from ((self._pair(step)[name], f"the {name} of complexity {step}") for name in roles)

    def _rules(self, role: str, category: str, complexity: str) -> list[_Rule]:
        """Every rule that maps this question, the most specific first. There is always one."""
        key = f"{category}:{complexity}"
        if role.startswith("agent:"):
            name = role.removeprefix("agent:")
            mapped: list[tuple[Source, str | None, str]] = [
                ("agent", self._policy.agents.get(name), f"agents.{name}")
            ]
        elif role not in ("builder", "auditor"):
            raise InvalidInput(f"{role!r} is not a role", hint="use builder, auditor or agent:<name>")
        elif complexity not in list(Complexity):
            raise InvalidInput(f"{complexity!r} is not a complexity", hint="use low, medium or high")
        else:
            mapped = [
                ("category_complexity", self._by_category(key, role), f"category and complexity {key}"),
                ("category", self._by_category(category, role), f"category {category}"),
                ("complexity", self._pair(Complexity(complexity))[role], f"complexity {complexity}"),
            ]
        override = self._overrides.get(role, {}).get(key)
        mapped.insert(0, ("run_override", override, f"the run's override for {key}"))
        rules = [
            _Rule(source=source, model=model, why=f"{what} maps {role} to {model}")
            for source, model, what in mapped
            if model is not None
        ]
        if not rules:
            raise InvalidInput(
                f"no model is mapped for {role}",
                hint=f"add '{role.removeprefix('agent:')}: <model>' under agents: in models.yaml",
            )
        return rules

    def _by_category(self, key: str, role: str) -> str | None:
        models = self._policy.category_models.get(key)
        if models is None:
            return None
        return models.builder if role == "builder" else models.auditor

    def _pair(self, complexity: Complexity) -> dict[str, str]:
        pair = self._policy.complexity_models.of(complexity)
        return {"builder": pair.builder, "auditor": pair.auditor}
