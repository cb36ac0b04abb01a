from __future__ import annotations

import pytest

from autopack.errors import InvalidInput
from autopack.plan import Complexity
from autopack.routing.decisions import Candidate, Decision
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.router import ModelRouter

TEXT = """\
schema_version: 1
complexity_models:
  low: {builder: gpt-low, auditor: claude-low}
  medium: {builder: claude-medium, auditor: gpt-medium}
  high: {builder: claude-high, auditor: gpt-high}
category_models:
  security_auth_change: {builder: claude-strong, auditor: gpt-strong}
  docs: {builder: gpt-docs}
  "docs:low": {builder: gpt-docs-low}
  tests: {auditor: claude-tests}
agents: {planner: claude-planner}
fallbacks: {default: [gpt-fallback, other], frontend_ui: [o3-ui]}
providers: {mine: {kind: openai, base_url: "https://x.y", api_key_env: K}}
models: {other: {provider: mine}}
"""


def policy(text: str = TEXT) -> Policy:
    return parse_policy(text, source="models.yaml")


def decide(
    role: str = "builder",
    category: str = "core_backend",
    complexity: str = "medium",
    avoid: str | None = None,
) -> Decision:
    return ModelRouter(policy()).decide(
        role=role, category=category, complexity=complexity, avoid_family=avoid
    )


@pytest.mark.parametrize(
    ("category", "complexity", "model", "source", "reason"),
    [
        ("core_backend", "low", "gpt-low", "complexity", "complexity low maps builder to gpt-low"),
        (
            "a-word-of-the-plan",
            "high",
            "claude-high",
            "complexity",
            "complexity high maps builder to claude-high",
        ),
        ("docs", "high", "gpt-docs", "category", "category docs maps builder to gpt-docs"),
        (
            "docs",
            "low",
            "gpt-docs-low",
            "category_complexity",
            "category and complexity docs:low maps builder to gpt-docs-low",
        ),
        ("tests", "medium", "claude-medium", "complexity", "complexity medium maps builder to claude-medium"),
    ],
)
def test_the_most_specific_rule_decides_and_says_so(
    category: str, complexity: str, model: str, source: str, reason: str
) -> None:
    got = decide(category=category, complexity=complexity)
    assert (got.model.name, got.source, got.reason, got.same_family) == (model, source, reason, False)


def test_every_rule_that_applies_is_listed_with_why() -> None:
    assert decide(category="docs", complexity="low").candidates == (
        Candidate(
            model="gpt-docs-low",
            taken=True,
            why="category and complexity docs:low maps builder to gpt-docs-low",
        ),
        Candidate(model="gpt-docs", taken=False, why="category docs maps builder to gpt-docs, less specific"),
        Candidate(model="gpt-low", taken=False, why="complexity low maps builder to gpt-low, less specific"),
    )


def test_an_override_of_the_run_comes_first_for_its_role_category_and_complexity_only() -> None:
    router = ModelRouter(policy(), overrides={"builder": {"docs:low": "gpt-4o"}})
    got = router.decide(role="builder", category="docs", complexity=Complexity.LOW)
    assert (got.model.name, got.source) == ("gpt-4o", "run_override")
    assert got.reason == "the run's override for docs:low maps builder to gpt-4o"
    assert router.decide(role="builder", category="docs", complexity="high").model.name == "gpt-docs"
    assert router.decide(role="auditor", category="docs", complexity="low").model.name == "claude-low"


def test_select_model_has_the_seed_s_signature_and_reads_the_run_context() -> None:
    router = ModelRouter(policy())
    context = {"model_overrides": {"builder": {"core_backend:medium": "gpt-4o"}}}
    assert router.select_model("builder", "core_backend", "medium", {}) == "claude-medium"
    assert router.select_model(
        "builder", "core_backend", "medium", {"model_overrides": context["model_overrides"]}
    ) == ("gpt-4o")
    assert router.select_model("agent:planner", "any", "any", {}) == "claude-planner"


def test_a_helper_has_a_model_of_its_own_at_any_category() -> None:
    got = decide(role="agent:planner", category="docs", complexity="low")
    assert (got.model.name, got.category, got.complexity, got.source) == ("claude-planner", "*", "*", "agent")
    assert got.reason == "agents.planner maps agent:planner to claude-planner"


def test_a_helper_can_be_overridden_for_a_run() -> None:
    router = ModelRouter(policy(), overrides={"agent:planner": {"*:*": "gpt-4o"}})
    assert router.decide(role="agent:planner", category="*", complexity="*").model.name == "gpt-4o"


def test_an_auditor_of_another_family_needs_no_replacement() -> None:
    got = decide(role="auditor", avoid="claude")
    assert (got.model.name, got.same_family) == ("gpt-medium", False)
    assert len(got.candidates) == 1


def test_a_less_specific_rule_of_another_family_is_the_first_substitute() -> None:
    got = decide(role="auditor", category="tests", complexity="high", avoid="claude")
    assert (got.model.name, got.source, got.same_family) == ("gpt-high", "category", False)
    assert got.reason == (
        "category tests maps auditor to claude-tests (of the family claude, to be avoided); "
        "took gpt-high, complexity high maps auditor to gpt-high"
    )


def test_then_auditors_of_harder_complexities_are_tried() -> None:
    got = decide(role="auditor", complexity="low", avoid="claude")
    assert got.model.name == "gpt-medium"
    assert got.candidates == (
        Candidate(
            model="claude-low",
            taken=False,
            why="complexity low maps auditor to claude-low; of the family claude, to be avoided",
        ),
        Candidate(model="gpt-medium", taken=True, why="the auditor of complexity medium"),
    )


def test_then_builders_of_the_same_or_a_harder_complexity_are_tried() -> None:
    got = decide(role="auditor", complexity="medium", avoid="gpt")
    assert got.model.name == "claude-medium"
    assert [candidate.model for candidate in got.candidates] == ["gpt-medium", "gpt-high", "claude-medium"]


ONE_FAMILY = TEXT.replace("claude-", "gpt-")


def test_then_the_fallbacks_of_the_category_and_the_default_ones_are_tried() -> None:
    router = ModelRouter(policy(ONE_FAMILY))
    got = router.decide(role="auditor", category="frontend_ui", complexity="high", avoid_family="gpt")
    assert [candidate.model for candidate in got.candidates] == [
        *("gpt-high", "o3-ui", "gpt-fallback", "other"),
    ]
    assert (got.model.name, got.model.family, got.same_family) == ("other", "mine", False)
    assert got.reason.endswith("took other, a fallback of default")


def test_then_models_of_easier_complexities_are_tried() -> None:
    text = ONE_FAMILY.replace(", other]", "]").replace("auditor: gpt-low", "auditor: claude-low")
    got = ModelRouter(policy(text)).decide(
        role="auditor", category="x", complexity="high", avoid_family="gpt"
    )
    assert (got.model.name, got.same_family) == ("claude-low", False)


def test_of_easier_complexities_the_harder_one_is_tried_first() -> None:
    text = ONE_FAMILY.replace(", other]", "]").replace("auditor: gpt-low", "auditor: claude-low")
    text = text.replace("builder: gpt-medium", "builder: claude-medium")
    got = ModelRouter(policy(text)).decide(
        role="auditor", category="x", complexity="high", avoid_family="gpt"
    )
    assert (got.model.name, got.same_family) == ("claude-medium", False)


def test_where_only_the_same_family_is_left_that_is_said() -> None:
    text = ONE_FAMILY.replace(", other]", "]")
    got = ModelRouter(policy(text)).decide(
        role="auditor", category="x", complexity="medium", avoid_family="gpt"
    )
    assert (got.model.name, got.same_family) == ("gpt-medium", True)
    assert got.reason == (
        "complexity medium maps auditor to gpt-medium (of the family gpt, to be avoided); "
        "kept: the policy has nothing better"
    )
    assert [candidate.model for candidate in got.candidates if candidate.taken] == ["gpt-medium"]


def test_a_fail_fast_category_keeps_its_model_and_says_so() -> None:
    got = decide(role="auditor", category="security_auth_change", avoid="gpt")
    assert (got.model.name, got.same_family) == ("gpt-strong", True)
    assert got.reason == (
        "category security_auth_change maps auditor to gpt-strong (of the family gpt, to be avoided); "
        "kept: security_auth_change is a fail-fast category"
    )


def test_an_override_is_kept_even_where_it_is_of_the_same_family() -> None:
    router = ModelRouter(policy(), overrides={"auditor": {"core_backend:medium": "claude-mine"}})
    got = router.decide(role="auditor", category="core_backend", complexity="medium", avoid_family="claude")
    assert (got.model.name, got.same_family) == ("claude-mine", True)
    assert got.reason.endswith("kept: an override is never replaced")


def test_a_decision_goes_through_json_and_back_unchanged() -> None:
    got = decide(role="auditor", avoid="gpt")
    assert Decision.model_validate_json(got.model_dump_json()) == got


@pytest.mark.parametrize(
    ("role", "complexity", "message", "hint"),
    [
        ("tester", "low", "'tester' is not a role", "use builder, auditor or agent:<name>"),
        ("builder", "hard", "'hard' is not a complexity", "use low, medium or high"),
        (
            "agent:poet",
            "*",
            "no model is mapped for agent:poet",
            "add 'poet: <model>' under agents: in models.yaml",
        ),
    ],
)
def test_a_question_without_an_answer_says_what_to_do(
    role: str, complexity: str, message: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        decide(role=role, complexity=complexity)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_an_override_to_an_unknown_model_is_refused() -> None:
    router = ModelRouter(policy(), overrides={"builder": {"docs:low": "llama3"}})
    with pytest.raises(InvalidInput, match="no provider is known for model 'llama3'"):
        router.decide(role="builder", category="docs", complexity="low")
