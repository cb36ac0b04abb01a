"""The sections of models.yaml, each validated on its own; policy.py puts them together."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from autopack.plan import Complexity
from autopack.routing.addresses import checked_base_url
from autopack.routing.limits import Limits, Section, Tokens
from autopack.usage.prices import PriceTable

KNOWN_CATEGORIES = (
    "core_backend",
    "frontend_ui",
    "tests",
    "docs",
    "external_feature_reuse",
    "security_auth_change",
    "schema_contract_change",
)
"""Categories that need no entry under `categories`; the last three fail fast if the file does not say."""


class ProviderKind(StrEnum):
    """The wire protocol that a provider speaks."""

    OPENAI = "openai"
    OPENAI_RESPONSES = "openai-responses"
    ANTHROPIC = "anthropic"
    ZAI = "zai"


class CodingAgent(StrEnum):
    """A program that works on code by itself; `codex/gpt-5.1` is a model that is called through it."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    CURSOR = "cursor"


def agent_of(name: str) -> tuple[CodingAgent | None, str]:
    """The coding agent that a model's name says it is called through, and the name without it."""
    agent, slash, rest = name.partition("/")
    return (CodingAgent(agent), rest) if slash and agent in _CODING_AGENTS else (None, name)


_CODING_AGENTS = frozenset(CodingAgent)


def _model_name(name: str) -> str:
    if not name or not name.isprintable() or " " in name:
        raise ValueError(
            f"{name!r} is not a model's name; write it as its provider does, such as gpt-6.1-sol"
        )
    return name


def _key(pattern: str, what: str) -> AfterValidator:
    def check(key: str) -> str:
        if len(key) > 64 or not re.fullmatch(pattern, key):
            raise ValueError(f"{key[:70]!r} is not {what}")
        return key

    return AfterValidator(check)


def _key_variable(name: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,63}", name):  # what stands here may be a key: it is never shown
        raise ValueError(
            "must name a variable of the environment in capitals, such as OPENAI_API_KEY; "
            "the key itself is never written into this file"
        )
    return name


ModelName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_model_name)]
Category = Annotated[str, _key(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "one word; write it like core_backend")]
Slug = Annotated[str, _key(r"[a-z0-9][a-z0-9_-]*", "a name; write a-z, 0-9, - and _")]


class RoleModels(Section):
    """The two roles' models of one complexity."""

    builder: ModelName
    """Writes the change."""
    auditor: ModelName
    """Reviews it; of another family than the Builder."""


class ComplexityModels(Section):
    """Models by complexity: what applies where no category says more."""

    low: RoleModels
    medium: RoleModels
    high: RoleModels

    def of(self, complexity: Complexity) -> RoleModels:
        """The pair of one complexity."""
        match complexity:
            case Complexity.LOW:
                return self.low
            case Complexity.MEDIUM:
                return self.medium
            case Complexity.HIGH:
                return self.high


class CategoryModels(Section):
    """Models of one category or `category:complexity`; a role left out keeps the complexity's model."""

    builder: ModelName | None = None
    """Writes the change."""
    auditor: ModelName | None = None
    """Reviews it."""

    @model_validator(mode="after")
    def _says_something(self) -> CategoryModels:
        if self.builder is None and self.auditor is None:
            raise ValueError("names no model; write builder, auditor or both, or remove it")
        return self


class FailFast(Section):
    """Categories where a substitute would be worse than no answer."""

    categories: tuple[Category, ...] = KNOWN_CATEGORIES[-3:]
    """Never another model than the mapped one."""
    above_soft_limit: Literal["keep_primary", "fail"] = "keep_primary"
    """Above the soft limit: go on with the mapped model, or fail."""
    at_cap: Literal["fail", "wait"] = "fail"
    """At the cap: fail, or wait for the reset."""


class Provider(Limits):
    """One provider: its limits, and where and how it is reached."""

    kind: ProviderKind | None = None
    """The protocol it speaks; known for openai, anthropic and glm."""
    base_url: Annotated[str, Field(max_length=2_000), AfterValidator(checked_base_url)] | None = None
    """A proxy, gateway or server of your own. Plain http only on this machine."""
    api_key_env: Annotated[str, AfterValidator(_key_variable)] | None = None
    """Name of the variable that holds the key."""
    simulated: bool = False
    """Its answers come from a script, and are labelled simulated wherever they are shown."""


class Pool(Limits):
    """A quota that is not a provider's API account, such as a subscription."""

    billing: Literal["api", "subscription"]
    """A subscription's dollars are list-price equivalents."""
    extra_usage: bool = False
    """Go on where the account has used up what it includes, and charges for more."""


def allows_extra_usage(limits: Limits) -> bool:
    """Whether calls may go on where the account charges for more than it includes."""
    return isinstance(limits, Pool) and limits.extra_usage


class ModelEntry(Section):
    """What can't be known from a model's name. What is said here wins over what the name suggests."""

    provider: Slug | None = None
    """openai, anthropic, glm or a name under providers."""
    pool: Slug | None = None
    """The quota that its calls count against, if not its provider's: a name under pools."""
    price: PriceTable | None = None
    """US dollars per million tokens; wins over the list prices."""
    context_limit: Tokens | None = None
    """Tokens of its context window."""
    output_limit: Tokens | None = None
    """Tokens of one answer."""
    family: Slug | None = None
    """Models of one family do not audit each other, where the policy leaves a choice."""
