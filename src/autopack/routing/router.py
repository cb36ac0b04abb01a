"""Which model does a piece of work, and why: the explained decision.

The most specific rule maps a role to a model: an override of the run, `category:complexity`, category,
complexity; helpers (`agent:planner`) have a mapping of their own. Two things can speak against the mapped
model: its quota (above its soft limit, used up, or left to rest), and its family (the Auditor's must not be
the Builder's). Where only the quota does, the fallbacks are tried: those of the category, then the default
ones. Where the family does, in this order:

    1. the less specific rules that also apply
    2. the same role's models of the same complexity, then of harder ones
    3. the other role's models of the same complexity, then of harder ones
    4. the fallbacks of the category, then the default ones
    5. both roles' models of easier complexities, the harder of them first

The first that nothing speaks against is taken. Without one it is the first above its soft limit, then one of
the family to be avoided; a model that can't be called now is none. Then the policy says: wait, or fail.

An override and a fail-fast category are never replaced: it is the mapped model, or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypedDict

from autopack.errors import InvalidInput
from autopack.plan import Complexity
from autopack.routing.decisions import NOT_NOW, AttemptModels, Decision, Judged, Question, Rule, Source
from autopack.routing.policy import ModelRef, Policy
from autopack.routing.quota import QuotaView
from autopack.routing.standings import OPEN, Standing

Overrides: TypeAlias = Mapping[str, Mapping[str, str]]
"""Role, then "category:complexity" ("*:*" for helpers), to the model of this run."""

ANY = "*"
"""Category and complexity of a helper, which has neither."""


class RunContext(TypedDict, total=False):
    """What a run brings along; the shape of its stored overrides."""

    model_overrides: Overrides


class ModelRouter:
    """Decides by one policy, one run's overrides and what the quotas have.

    The same question always has the same answer.
    """

    def __init__(
        self, policy: Policy, *, overrides: Overrides | None = None, quota: QuotaView | None = None
    ) -> None:
        """Without a `quota` it answers as if there were enough of all."""
        self._policy = policy
        self._overrides: Overrides = overrides or {}
        self._quota = quota

    def select_model(self, role: str, task_category: str, complexity: str, run_context: RunContext) -> str:
        """Name of the model for a role; the run context's `model_overrides` come before this router's own."""
        context = run_context.get("model_overrides") or {}
        overrides = {role: {**self._overrides.get(role, {}), **context.get(role, {})}}
        router = ModelRouter(self._policy, overrides=overrides, quota=self._quota)
        return router.decide(role=role, category=task_category, complexity=complexity).model.name

    def decide(
        self,
        *,
        role: str,
        category: str,
        complexity: Complexity | str,
        avoid_family: str | None = None,
        refused: Mapping[str, Standing] | None = None,
    ) -> Decision:
        """The model for `role` (builder, auditor, agent:<name>), of another family than `avoid_family`.

        `refused` are models whose reservation was refused since the quotas were looked at. Raises
        InvalidInput for a role, complexity or override that no model can be found for.
        """
        if role.startswith("agent:"):
            category = complexity = ANY
        rules = self._rules(role, category, complexity)
        known = refused or {}

        def judge(rule: Rule) -> Judged:
            model = self._policy.resolve(rule.model)
            standing = known.get(model.name) or self._standing(model, role, category)
            return Judged(rule, model, model.family != avoid_family, standing)

        mapped = judge(rules[0])
        decided = Question(role, category, str(complexity), mapped)
        if mapped.rank == 0:
            return decided.take(mapped, [mapped], rest=rules[1:])
        if (kept := self._kept(mapped.rule, category)) is not None:
            return self._decide_kept(decided, kept, category, rest=rules[1:])
        judged = [mapped]
        for name, where in self._substitutes(role, category, complexity, rules, mapped):
            if all(name != one.model.name for one in judged):
                judged.append(judge(Rule(mapped.rule.source, name, where)))
            if judged[-1].rank == 0:
                return decided.take(judged[-1], judged)
        best = min(judged, key=lambda one: one.rank)
        if best.rank < NOT_NOW:
            return decided.take(best, judged)
        return decided.refuse(judged, waits=self._policy.exhausted == "wait")

    def decide_attempt(self, *, category: str, complexity: Complexity | str) -> AttemptModels:
        """Who builds and who audits one attempt at a phase: of two families where the policy has two."""
        builder = self.decide(role="builder", category=category, complexity=complexity)
        family = builder.model.family
        auditor = self.decide(role="auditor", category=category, complexity=complexity, avoid_family=family)
        return AttemptModels(builder, auditor)

    def _standing(self, model: ModelRef, role: str, category: str) -> Standing:
        return OPEN if self._quota is None else self._quota.standing(model, role=role, category=category)

    def _kept(self, mapped: Rule, category: str) -> str | None:
        """Why the mapped model may not be replaced by another one."""
        if category in self._policy.fail_fast.categories:
            return f"{category} is a fail-fast category"
        if mapped.source == "run_override":
            return "an override is never replaced"
        return None

    def _decide_kept(self, decided: Question, kept: str, category: str, rest: list[Rule]) -> Decision:
        """The mapped model or none."""
        mapped, fail_fast = decided.mapped, self._policy.fail_fast
        critical = category in fail_fast.categories
        match mapped.standing.level:
            case "open":
                return decided.take(mapped, [mapped], rest=rest, kept=kept)
            case "soft":
                if critical and fail_fast.above_soft_limit == "fail":
                    return decided.refuse([mapped], waits=False, kept=f"{kept}, and above_soft_limit is fail")
                return decided.take(mapped, [mapped], rest=rest, kept=kept)
            case "cooling":  # no cap: its provider asked for a rest
                return decided.refuse([mapped], waits=True, kept=kept)
            case "spent" | "unpriced":
                waits = (fail_fast.at_cap if critical else self._policy.exhausted) == "wait"
                return decided.refuse([mapped], waits=waits, kept=kept)

    def _substitutes(
        self, role: str, category: str, complexity: str, rules: list[Rule], mapped: Judged
    ) -> Iterator[tuple[str, str]]:
        """Names in the order of the module's docstring, each with where the policy names it."""
        if mapped.other_family:
            yield from self._chain(category)
            return
        yield from ((rule.model, rule.why) for rule in rules[1:])
        steps = [] if complexity == ANY else list(Complexity)
        at = steps.index(Complexity(complexity)) if steps else 0
        roles = ("auditor", "builder") if role == "auditor" else ("builder", "auditor")
        for name in roles:
            yield from ((self._pair(step)[name], f"the {name} of complexity {step}") for step in steps[at:])
        yield from self._chain(category)
        for step in reversed(steps[:at]):
            yield from ((self._pair(step)[name], f"the {name} of complexity {step}") for name in roles)

    def _chain(self, category: str) -> Iterator[tuple[str, str]]:
        for key in (category, "default"):
            yield from ((name, f"a fallback of {key}") for name in self._policy.fallbacks.get(key, ()))

    def _rules(self, role: str, category: str, complexity: str) -> list[Rule]:
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
            Rule(source=source, model=model, why=f"{what} maps {role} to {model}")
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
