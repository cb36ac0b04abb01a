from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autopack.plan import Complexity
from autopack.routing.decisions import Decision
from autopack.routing.policy import Policy
from autopack.routing.router import ModelRouter
from autopack.routing.schemas import KNOWN_CATEGORIES

NAMES = st.sampled_from(["gpt-a", "gpt-b", "o3-c", "claude-a", "claude-b", "opus-c", "mine-a", "mine-b"])
CATEGORIES = st.sampled_from([*KNOWN_CATEGORIES, "unheard_of"])
COMPLEXITIES = st.sampled_from(list(Complexity))
ROLES = st.sampled_from(["builder", "auditor"])
FAMILIES = st.sampled_from([None, "gpt", "claude", "mine", "nobody"])
PAIR = st.fixed_dictionaries({"builder": NAMES, "auditor": NAMES})
SOME = st.one_of(PAIR, st.fixed_dictionaries({"builder": NAMES}), st.fixed_dictionaries({"auditor": NAMES}))
KEYS = st.one_of(
    st.sampled_from(KNOWN_CATEGORIES),
    st.builds("{}:{}".format, st.sampled_from(KNOWN_CATEGORIES), COMPLEXITIES),
)
FALLBACKS = st.dictionaries(
    st.sampled_from([*KNOWN_CATEGORIES, "default"]), st.lists(NAMES, max_size=3), max_size=3
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    return Policy.model_validate(
        {
            "schema_version": 1,
            "complexity_models": {complexity: draw(PAIR) for complexity in Complexity},
            "category_models": draw(st.dictionaries(KEYS, SOME, max_size=4)),
            "fallbacks": draw(FALLBACKS),
            "fail_fast": {"categories": draw(st.lists(st.sampled_from(KNOWN_CATEGORIES), max_size=3))},
            "providers": {"mine": {"kind": "openai", "base_url": "https://x.y", "api_key_env": "K"}},
            "models": {"mine-a": {"provider": "mine"}, "mine-b": {"provider": "mine"}},
        }
    )


OVERRIDES = st.dictionaries(
    ROLES, st.dictionaries(st.builds("{}:{}".format, CATEGORIES, COMPLEXITIES), NAMES, max_size=6), max_size=2
)


def mapped(
    policy: Policy, overrides: dict[str, dict[str, str]], role: str, category: str, complexity: str
) -> str:
    """The seed's precedence, spelled out anew."""
    if override := overrides.get(role, {}).get(f"{category}:{complexity}"):
        return override
    for key in (f"{category}:{complexity}", category):
        models = policy.category_models.get(key)
        if models and (name := getattr(models, role)):
            return name
    return getattr(policy.complexity_models.of(Complexity(complexity)), role)


def ask(
    policy: Policy,
    overrides: dict[str, dict[str, str]],
    role: str,
    category: str,
    complexity: Complexity,
    avoid: str | None = None,
) -> Decision:
    router = ModelRouter(policy, overrides=overrides)
    return router.decide(role=role, category=category, complexity=complexity, avoid_family=avoid)


QUESTION = (policies(), OVERRIDES, ROLES, CATEGORIES, COMPLEXITIES)


@given(*QUESTION)
def test_without_a_family_to_avoid_precedence_alone_decides(
    policy: Policy, overrides: dict[str, dict[str, str]], role: str, category: str, complexity: Complexity
) -> None:
    got = ask(policy, overrides, role, category, complexity)
    assert got.model.name == mapped(policy, overrides, role, category, complexity)
    context = ModelRouter(policy).select_model(role, category, complexity, {"model_overrides": overrides})
    assert context == got.model.name


@given(*QUESTION, FAMILIES)
def test_a_fail_fast_category_or_an_override_never_gets_another_model(
    policy: Policy,
    overrides: dict[str, dict[str, str]],
    role: str,
    category: str,
    complexity: Complexity,
    avoid: str | None,
) -> None:
    got = ask(policy, overrides, role, category, complexity, avoid)
    if category in policy.fail_fast.categories or got.source == "run_override":
        assert got.model.name == mapped(policy, overrides, role, category, complexity)
    assert got.same_family == (got.model.family == avoid)


@given(*QUESTION, FAMILIES)
def test_every_model_is_one_that_the_policy_or_an_override_names(
    policy: Policy,
    overrides: dict[str, dict[str, str]],
    role: str,
    category: str,
    complexity: Complexity,
    avoid: str | None,
) -> None:
    got = ask(policy, overrides, role, category, complexity, avoid)
    named = {*policy.named_models(), *(name for models in overrides.values() for name in models.values())}
    assert {candidate.model for candidate in got.candidates} <= named
    assert [candidate.model for candidate in got.candidates if candidate.taken] == [got.model.name]
    assert got.reason
    assert all(candidate.why for candidate in got.candidates)


@given(*QUESTION, FAMILIES)
def test_the_same_question_has_the_same_answer(
    policy: Policy,
    overrides: dict[str, dict[str, str]],
    role: str,
    category: str,
    complexity: Complexity,
    avoid: str | None,
) -> None:
    again = Policy.model_validate_json(policy.model_dump_json())
    first = ask(policy, overrides, role, category, complexity, avoid)
    assert first == ask(again, overrides, role, category, complexity, avoid)


@given(*QUESTION, FAMILIES)
def test_the_same_family_is_used_only_where_the_policy_leaves_no_other(
    policy: Policy,
    overrides: dict[str, dict[str, str]],
    role: str,
    category: str,
    complexity: Complexity,
    avoid: str | None,
) -> None:
    got = ask(policy, overrides, role, category, complexity, avoid)
    if got.same_family and category not in policy.fail_fast.categories and got.source != "run_override":
        pairs = [policy.complexity_models.of(step) for step in Complexity]
        left = [name for pair in pairs for name in (pair.builder, pair.auditor)]
        left += [*policy.fallbacks.get(category, ()), *policy.fallbacks.get("default", ())]
        assert {policy.resolve(name).family for name in left} == {avoid}
        assert got.model.name == mapped(policy, overrides, role, category, complexity)
