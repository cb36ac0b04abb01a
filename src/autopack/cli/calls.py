"""`autopack doctor --call`: one tiny call to each model of models.yaml, made and recorded as a run's are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from autopack.cli.checkup import Finding, Grade
from autopack.cli.door import records
from autopack.cli.out import note
from autopack.cli.words import count, dollars, duration, tokens
from autopack.errors import AutopackError

if TYPE_CHECKING:
    from autopack.agents.base import Agent, AgentTask
    from autopack.config import Settings
    from autopack.db import Database
    from autopack.routing.meter import Meter
    from autopack.routing.policy import ModelRef, Policy
    from autopack.usage.schemas import TokenUsage, UsageSum
    from autopack.views.spend import Spend
    from autopack.workspace import Workspace

ROLE = "agent:doctor"
ANSWER_TOKENS = 512
"""Enough for a model that can't be kept from thinking before it says one word."""
ASKED_TOKENS = 8_000
"""More than the question and the schemas of the tools can be."""
_CALLS, _PROGRAM_CALLS = 1, 3
"""One word needs one call; a program that could make more has a reservation for the next one."""
_AT_A_TIME = 3


async def call_all(here: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """A finding for each model that models.yaml names, and one for what the calls took.

    None where models.yaml can't be used: another finding says so.
    """
    from autopack.routing.policy import parse_policy
    from autopack.routing.policyfile import default_policy_text, load_policy

    try:
        if here.policy_path.exists():
            policy = load_policy(here.policy_path)
        else:
            policy = parse_policy(default_policy_text(), source="models.yaml")
    except AutopackError:
        return []
    models = [policy.resolve(name) for name in policy.named_models()]
    called = [model for model in models if model.key_set(environ)]
    note(f"Calling {count(len(called), 'model')}: {_most(policy, called)}.")
    try:
        async with _opened(policy, environ) as caller:
            await caller.agent.warm_up(called)
            findings = await asyncio.gather(*(caller.call(model) for model in models))
            return [*findings, caller.bill()]
    except AutopackError as error:
        return [Finding(name="call", grade=Grade.MISSING, said=error.message, remedy=error.hint)]


def _most(policy: Policy, models: list[ModelRef]) -> str:
    """What the calls can cost, before they are made."""
    from autopack.agents.books import OWN_TOKENS
    from autopack.usage.prices import price
    from autopack.usage.schemas import TokenUsage

    now = datetime.now(UTC)

    def most(model: ModelRef) -> Decimal | None:
        asked = ASKED_TOKENS if model.agent is None else OWN_TOKENS
        usage = TokenUsage(input_tokens=asked, output_tokens=ANSWER_TOKENS)
        return price(
            model=model.name, provider=model.provider, usage=usage, at=now, overrides=policy.prices()
        )

    prices = [most(model) for model in models]
    known = [one for one in prices if one is not None]
    unpriced = f", and {count(len(prices) - len(known), 'call')} of unknown price" * (
        len(known) < len(prices)
    )
    return f"{ANSWER_TOKENS} tokens of answer each at most, ${sum(known, Decimal(0)):.2f} for all{unpriced}"


@asynccontextmanager
async def _opened(policy: Policy, environ: Mapping[str, str]) -> AsyncGenerator[_Caller]:
    from autopack.agents.agents import AnyAgent
    from autopack.agents.patience import Patience
    from autopack.supervisor.temporary import temporary_workspace
    from autopack.supervisor.workers import known_worker

    patience = Patience(
        read_seconds=60,
        request_seconds=120,
        silence_seconds=60,
        failing_seconds=20,
        program_seconds=120,
        retries=1,
        longest_wait_seconds=10,
    )
    async with (
        records() as kept,
        known_worker(kept.database) as owner,
        temporary_workspace(kept.settings, kept.redactor, owner=owner, top=kept.settings.home) as workspace,
    ):
        await workspace.create_empty()
        yield _Caller(
            policy=policy,
            environ=environ,
            owner=owner,
            agent=AnyAgent(environ=environ, patience=patience, redactor=kept.redactor),
            database=kept.database,
            workspace=workspace,
        )


@dataclass(frozen=True, kw_only=True)
class _Caller:
    policy: Policy
    environ: Mapping[str, str]
    agent: Agent
    owner: str
    """This process: a sweep must not take its open calls for those of a dead one."""
    database: Database
    workspace: Workspace
    answered: list[UsageSum] = field(default_factory=list["UsageSum"])
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_A_TIME))

    async def call(self, model: ModelRef) -> Finding:
        """Ask one model for a word."""
        from autopack.agents.base import AgentGaveUp
        from autopack.agents.unwatched import Unwatched

        if not model.key_set(self.environ):
            said = f"{model.name} was not called: {model.api_key_env} is not set"
            return Finding(name="call", grade=Grade.WARNING, said=said)
        async with self.room:
            began = time.monotonic()
            try:
                task, meter = await self._task(model), self._meter(model)
                result = await self.agent.run(task, meter=meter, watch=Unwatched())
                await meter.end_rest()
            except AutopackError as error:
                usual = self._is_usual(model) and not isinstance(error, AgentGaveUp)
                grade = Grade.MISSING if usual else Grade.WARNING
                remedy = error.hint.replace("resume the run", "try again")
                return Finding(name="call", grade=grade, said=error.message, remedy=remedy)
            took = duration(time.monotonic() - began)
        spend = self._add(model, result.usage)
        said = f"{model.name} answered in {took} ({tokens(spend)} tokens, {dollars(spend)})"
        return Finding(name="call", grade=Grade.OK, said=said)

    def bill(self) -> Finding:
        """What the answered calls took together."""
        from autopack.views.spend import spend_of

        if not self.answered:
            return Finding(
                name="calls", grade=Grade.WARNING, said="no model answered; nothing is known to be spent"
            )
        spend = spend_of(self.answered)
        said = f"{count(spend.calls, 'answer')}: {tokens(spend)} tokens, {dollars(spend)}; recorded as {ROLE}"
        return Finding(name="calls", grade=Grade.OK, said=said)

    def _add(self, model: ModelRef, usage: TokenUsage) -> Spend:
        from autopack.usage.prices import price
        from autopack.usage.single import answered_call
        from autopack.views.spend import spend_of

        now, prices = datetime.now(UTC), self.policy.prices()
        usd = price(model=model.name, provider=model.provider, usage=usage, at=now, overrides=prices)
        taken = answered_call(usage, usd, simulated=model.simulated)
        self.answered.append(taken)
        return spend_of([taken])

    def _meter(self, model: ModelRef) -> Meter:
        from autopack.routing.meter import CallContext, Meter

        context = CallContext(role=ROLE, model=model, owner=self.owner, trial=True)
        return Meter(self.database, context, policy=lambda: self.policy)

    def _is_usual(self, model: ModelRef) -> bool:
        from autopack.plan import Complexity

        pairs = [self.policy.complexity_models.of(complexity) for complexity in Complexity]
        return any(model.name in (pair.builder, pair.auditor) for pair in pairs)

    async def _task(self, model: ModelRef) -> AgentTask[str]:
        from autopack.agents.base import Access, AgentTask
        from autopack.supervisor.hold import bare_settings
        from autopack.supervisor.launch import confinement_for

        seat = None
        if model.agent is not None:
            settings = bare_settings(await confinement_for(unsandboxed=False), self.environ)
            seat = self.workspace.seat(model.agent, settings, which="build", may_write=False)

        return AgentTask(
            model=model,
            instructions="You are asked whether you can be reached. Call no tool.",
            prompt="Answer with the word ok.",
            checkout=self.workspace.build,
            access=Access.READ,
            output=str,
            max_requests=_CALLS if model.agent is None else _PROGRAM_CALLS,
            max_output_tokens=ANSWER_TOKENS,
            api_key=self.environ.get(model.api_key_env, "").strip(),
            seat=seat,
        )
