"""The routing policy: models.yaml, validated. Which model a name stands for, and what may be used of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from autopack import userfiles
from autopack.errors import InvalidInput
from autopack.plan import Complexity
from autopack.routing.limits import Limits, Section
from autopack.routing.schemas import (
    KNOWN_CATEGORIES,
    Category,
    CategoryModels,
    CodingAgent,
    ComplexityModels,
    FailFast,
    ModelEntry,
    ModelName,
    Pool,
    Provider,
    ProviderKind,
    Slug,
    agent_of,
)
from autopack.usage.prices import PriceTable, price
from autopack.usage.schemas import TokenUsage
from autopack.userfiles import Loc, Misfits, nearest

__all__ = [
    "CodingAgent",
    "ModelRef",
    "Policy",
    "ProviderKind",
    "parse_policy",
    "policy_schema",
]

_SPOKEN = {
    CodingAgent.CLAUDE_CODE: (ProviderKind.ANTHROPIC,),
    CodingAgent.CODEX: (ProviderKind.OPENAI_RESPONSES, ProviderKind.OPENAI),
    CodingAgent.CURSOR: (),
}
"""The protocols of the accounts that a coding agent can be given, instead of its own login."""
_BUILT_IN = {
    "openai": (ProviderKind.OPENAI, "OPENAI_API_KEY"),
    "anthropic": (ProviderKind.ANTHROPIC, "ANTHROPIC_API_KEY"),
    "glm": (ProviderKind.ZAI, "ZAI_API_KEY"),
}
_OWN_KEYS = {"CURSOR_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "AUTOPACK_CODEX_KEY"}
"""Variables that coding agents log in by."""
_PROVIDER_BY_NAME = (
    (re.compile(r"gpt-|o[134](-|$)"), "openai"),
    (re.compile(r"claude-|opus-"), "anthropic"),
    (re.compile(r"glm-"), "glm"),
)
_FAMILY_BY_NAME = (
    (re.compile(r"gpt-|codex|o[134](-|$)"), "gpt"),
    (re.compile(r"claude-|opus-"), "claude"),
    (re.compile(r"glm-"), "glm"),
)


class ModelRef(BaseModel):
    """A model that can be called: what its name in models.yaml stands for."""

    model_config = ConfigDict(frozen=True)

    name: str
    provider: str
    kind: ProviderKind
    family: str
    base_url: str | None = None
    api_key_env: str
    """Empty for a coding agent that is logged in by itself."""
    simulated: bool = False
    pool: str = Field(default_factory=lambda said: said["provider"])
    """The quota that its calls count against."""
    agent: CodingAgent | None = None
    """The program that it is called through; None: its provider's API."""

    @property
    def called(self) -> str:
        """What its provider or its program calls it."""
        return agent_of(self.name)[1]

    def key_set(self, environ: Mapping[str, str]) -> bool:
        """Whether the key that it needs is set in an environment; one that needs none has it."""
        return not self.api_key_env or bool(environ.get(self.api_key_env, "").strip())


class _Unresolved(ValueError):
    """No model can be called by this name; the text says why and what to do."""


class Policy(Section):
    """A whole models.yaml. Every model it names can be called; it goes through JSON and back unchanged."""

    schema_version: Literal[1]
    """Version of this format."""
    categories: tuple[Category, ...] = KNOWN_CATEGORIES
    """Words that the other sections may use, beside the ones that Autopack knows. Plans may use any word."""
    complexity_models: ComplexityModels
    """Models by complexity."""
    category_models: Mapping[str, CategoryModels] = Field(default_factory=dict[str, CategoryModels])
    """Models by category, or by "category:complexity"; beat the complexity's."""
    agents: Mapping[Slug, ModelName] = Field(default_factory=dict[str, str])
    """Models of the helpers beside the phases, by the helper's name."""
    fallbacks: Mapping[str, tuple[ModelName, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Substitutes by category, best first; default is for all others."""
    exhausted: Literal["wait", "fail"] = "wait"
    """When every candidate is over its limit."""
    fail_fast: FailFast = FailFast()
    """Categories that never get a substitute."""
    providers: Mapping[Slug, Provider] = Field(default_factory=dict[str, Provider])
    """Limits and addresses by provider."""
    pools: Mapping[Slug, Pool] = Field(default_factory=dict[str, Pool])
    """Quotas that are not a provider's API account."""
    agent_pools: Mapping[CodingAgent, Slug] = Field(default_factory=dict[CodingAgent, str])
    """Which pool a coding agent's calls count against; else one of the agent's name. A provider's name: it
    is given that provider's key and address, and is billed like it."""
    models: Mapping[ModelName, ModelEntry] = Field(default_factory=dict[str, ModelEntry])
    """What can't be known from a model's name."""

    @model_validator(mode="after")
    def _fits_together(self) -> Policy:
        providers = list(self._misfit_providers())
        told = {loc[1] for loc, _ in providers}
        found = [*self._misfit_categories(), *providers, *self._misfit_pools(), *self._misfit_models(told)]
        if found:
            raise Misfits(found)
        return self

    @cached_property
    def _refs(self) -> dict[str, ModelRef]:
        """Models that were asked for, by name."""
        return {}

    @cached_property
    def _priced(self) -> dict[str, bool]:
        """Whether a price is known, by name."""
        return {}

    def resolve(self, name: str) -> ModelRef:
        """The model that `name` stands for. Raises InvalidInput where none can be called by it."""
        if (known := self._refs.get(name)) is not None:
            return known
        try:
            return self._refs.setdefault(name, self._ref(name))
        except _Unresolved as unresolved:
            problem, _, hint = str(unresolved).partition("; ")
            raise InvalidInput(f"{name}: {problem}", hint=hint) from None

    def named_models(self) -> tuple[str, ...]:
        """Every model that the policy maps or falls back to, once each, in the order of the file."""
        return tuple(dict.fromkeys(name for _, name in self._named()))

    def key_names(self) -> frozenset[str]:
        """Names of all variables that hold a key: none of them may reach a command of a plan."""
        own = {provider.api_key_env for provider in self.providers.values() if provider.api_key_env}
        return frozenset(own | {key for _, key in _BUILT_IN.values()} | _OWN_KEYS)

    def prices(self) -> Mapping[str, PriceTable]:
        """The policy's own prices by model name."""
        return {name: entry.price for name, entry in self.models.items() if entry.price is not None}

    def unpriced(self, models: Iterable[ModelRef]) -> list[str]:
        """Names of the models of which no price is known, neither here nor in the bundled list."""
        usage, now, own = TokenUsage(input_tokens=1, output_tokens=1), datetime.now(UTC), self.prices()
        return [
            one.name
            for one in models
            if price(model=one.name, provider=one.provider, usage=usage, at=now, overrides=own) is None
        ]

    def is_priced(self, model: ModelRef) -> bool:
        """Whether a price is known for a model, here or in the bundled list."""
        if model.name not in self._priced:
            self._priced[model.name] = not self.unpriced([model])
        return self._priced[model.name]

    def limits(self, pool: str) -> Limits:
        """What may be used of a quota; a provider that is not set up has no limit."""
        return self.pools.get(pool) or self.providers.get(pool) or NO_LIMITS

    def quotas(self) -> tuple[str, ...]:
        """Every quota that a model named here counts against or that has limits, in the order of the file."""
        named = (self.resolve(name).pool for name in self.named_models())
        return tuple(dict.fromkeys((*named, *self.providers, *self.pools)))

    def of_now(self, live: Policy) -> Policy:
        """This policy of a run with what is always live: addresses, limits and prices.

        Its mappings, fallbacks and fail-fast categories stay. Raises InvalidInput where what it maps to is
        no longer set up.
        """
        kept, new = (one.model_dump(mode="json", exclude_none=True) for one in (self, live))
        always = {name: new[name] for name in ("providers", "pools", "agent_pools")}
        now = {**kept, **always, "models": {**kept["models"], **new["models"]}}
        return userfiles.parse_document(now, source="models.yaml", shape=Policy)

    def _entry(self, name: str) -> ModelEntry:
        return self.models.get(name, ModelEntry())

    def _provider_of(self, name: str) -> str | None:
        agent, called = agent_of(name)
        known = self._entry(name).provider or _first(_PROVIDER_BY_NAME, called)
        return agent.value if known is None and agent is not None else known

    def _agent_ref(self, agent: CodingAgent, name: str, called: str) -> ModelRef:
        """A model that is called through a program: with its own login, or with the account of its pool."""
        if not called:
            raise _Unresolved(f"names no model; write {agent}/ and the name that {agent} knows it by")
        entry, provider = self._entry(name), self._provider_of(name) or agent.value
        pool = entry.pool or entry.provider or self.agent_pools.get(agent) or agent.value
        account, key, whose = Provider(), "", entry.provider or pool
        kind, *_ = _SPOKEN[agent] or (ProviderKind.OPENAI,)
        if whose in _BUILT_IN or whose in self.providers:
            account = self.providers.get(whose, Provider())
            usual, usual_key = _BUILT_IN.get(whose, (None, ""))
            its, key = account.kind or usual, account.api_key_env or usual_key
            if its not in _SPOKEN[agent]:
                raise _Unresolved(
                    f"{agent} can't use the account of {whose!r}; map it to a pool under pools:"
                )
        return ModelRef(
            name=name,
            provider=provider,
            kind=kind,
            family=entry.family or _first(_FAMILY_BY_NAME, called) or provider,
            base_url=account.base_url,
            api_key_env=key,
            simulated=account.simulated,
            pool=pool,
            agent=agent,
        )

    def _ref(self, name: str) -> ModelRef:
        agent, called = agent_of(name)
        if agent is not None:
            return self._agent_ref(agent, name, called)
        provider = self._provider_of(name)
        if provider is None:
            raise _Unresolved(
                f"no provider is known for model {name!r}; write a name that starts with gpt-, o1, o3, o4-, "
                f"claude-, opus- or glm-, or add it with its provider under models:"
            )
        settings = self.providers.get(provider, Provider())
        kind, key = _BUILT_IN.get(provider, (None, None))
        kind, key = settings.kind or kind, settings.api_key_env or key
        if kind is None or key is None:
            raise _Unresolved(f"its provider {provider!r} is not set up; add it under providers:")
        return ModelRef(
            name=name,
            provider=provider,
            kind=kind,
            family=self._entry(name).family or _first(_FAMILY_BY_NAME, name) or provider,
            base_url=settings.base_url,
            api_key_env=key,
            simulated=settings.simulated,
            pool=self._entry(name).pool or provider,
        )

    def _named(self) -> Iterator[tuple[Loc, str]]:
        for complexity in Complexity:
            pair = self.complexity_models.of(complexity)
            yield ("complexity_models", complexity.value, "builder"), pair.builder
            yield ("complexity_models", complexity.value, "auditor"), pair.auditor
        for key, models in self.category_models.items():
            if models.builder is not None:
                yield ("category_models", key, "builder"), models.builder
            if models.auditor is not None:
                yield ("category_models", key, "auditor"), models.auditor
        for agent, name in self.agents.items():
            yield ("agents", agent), name
        for key, chain in self.fallbacks.items():
            for index, name in enumerate(chain):
                yield ("fallbacks", key, index), name

    def _misfit_models(self, told: set[str | int]) -> Iterator[tuple[Loc, str]]:
        """Names that no model can be called by, but for those whose provider's problem is told already."""
        unknown = {name for name, entry in self.models.items() if not self._is_provider(entry.provider)}
        for name in self.models:
            if name in unknown:
                yield ("models", name, "provider"), self._no_provider(str(self.models[name].provider))
            elif self._provider_of(name) is None:
                yield ("models", name), "says no provider, and the name does not tell; add 'provider: ...'"
        for loc, name in self._named():
            if name not in unknown and self._provider_of(name) not in told:
                try:
                    self._ref(name)
                except _Unresolved as unresolved:
                    yield loc, str(unresolved)

    def _is_provider(self, name: str | None) -> bool:
        return name is None or name in _BUILT_IN or name in self.providers

    def _no_provider(self, name: str) -> str:
        known = [*_BUILT_IN, *self.providers]
        guess = nearest(name, known)
        return f"{name!r} is not a provider; " + (
            f"did you mean '{guess}'?"
            if guess
            else f"add it under providers:, or write one of {', '.join(known)}"
        )

    def _misfit_providers(self) -> Iterator[tuple[Loc, str]]:
        for name, provider in self.providers.items():
            loc: Loc = ("providers", name)
            usual, _ = _BUILT_IN.get(name, (None, None))
            if usual is None:
                for needed in ("kind", "base_url", "api_key_env"):
                    if getattr(provider, needed) is None:
                        yield loc, _NEEDED[needed]
            elif provider.base_url is None and provider.kind not in (None, *_same_address(usual)):
                yield loc, f"speaks {usual} unless it has another address; add base_url, or remove kind"

    def _misfit_pools(self) -> Iterator[tuple[Loc, str]]:
        for name in self.pools:
            if self._is_provider(name):
                yield ("pools", name), "is a provider's name; write its limits under providers:"
        for agent, pool in self.agent_pools.items():
            if pool not in self.pools and not self._is_provider(pool):
                yield ("agent_pools", agent), f"{pool!r} is not a pool; add it under pools:"
        for model, entry in self.models.items():
            if entry.pool is not None and entry.pool not in self.pools:
                yield ("models", model, "pool"), f"{entry.pool!r} is not a pool; add it under pools:"
        for section, quotas in (("providers", self.providers), ("pools", self.pools)):
            for name, limits in quotas.items():
                for key in limits.reserve_for:
                    if key not in ROLES and not key.startswith("agent:"):
                        yield from self._category(key, (section, name, "reserve_for", key))

    def _misfit_categories(self) -> Iterator[tuple[Loc, str]]:
        for key in self.category_models:
            category, colon, complexity = key.partition(":")
            if colon and complexity not in list(Complexity):
                yield (
                    ("category_models", key),
                    f"{complexity!r} is not one of low, medium, high; write one of them",
                )
            yield from self._category(category, ("category_models", key))
        for key in self.fallbacks:
            if key != "default":
                yield from self._category(key, ("fallbacks", key))
        for index, category in enumerate(self.fail_fast.categories):
            yield from self._category(category, ("fail_fast", "categories", index))

    def _category(self, category: str, loc: Loc) -> Iterator[tuple[Loc, str]]:
        known = {*self.categories, *KNOWN_CATEGORIES}
        if category not in known:
            guess = nearest(category, known)
            remedy = f"did you mean '{guess}'?" if guess else "add it there"
            yield loc, f"{category!r} is not one of categories; {remedy}"


NO_LIMITS = Limits()
ROLES = ("builder", "auditor")
"""Roles that work on phases; helpers are `agent:<name>`."""

_NEEDED = {
    "kind": "is not a provider that Autopack knows; add kind: openai, openai-responses, anthropic or zai",
    "base_url": "is not a provider that Autopack knows; add base_url with its address",
    "api_key_env": "is not a provider that Autopack knows; add api_key_env with the name of the variable "
    "that holds its key (a server that wants no key takes any value in it)",
}


def _same_address(kind: ProviderKind) -> tuple[ProviderKind, ...]:
    """Kinds that the usual address of `kind` speaks."""
    both = (ProviderKind.OPENAI, ProviderKind.OPENAI_RESPONSES)
    return both if kind in both else (kind,)


def _first(by_name: tuple[tuple[re.Pattern[str], str], ...], name: str) -> str | None:
    return next((said for pattern, said in by_name if pattern.match(name)), None)


def parse_policy(text: str, *, source: str) -> Policy:
    """The policy in the YAML `text` of the file `source`. Raises InvalidInput, one line per problem."""
    return userfiles.parse(text, source=source, shape=Policy)


def policy_schema() -> dict[str, Any]:
    """JSON Schema of models.yaml, as published in docs/models.schema.json."""
    return userfiles.published_schema(Policy, title="Autopack models")
