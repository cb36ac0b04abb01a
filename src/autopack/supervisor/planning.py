"""Calling the Planner: which model it is, the books of its calls, and who is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from autopack.agents.agents import check_installed
from autopack.agents.base import AgentGaveUp, Keep, ProviderRefused, ProviderUnreachable, Seat
from autopack.agents.unwatched import Unwatched
from autopack.roles import planner
from autopack.roles.briefs import Call
from autopack.roles.drafts import Draft
from autopack.roles.planner import PlannerBrief
from autopack.routing.accounts import AccountUsage
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policy import ModelRef
from autopack.routing.quota import QuotaReached, read_view
from autopack.routing.router import ANY, ModelRouter
from autopack.routing.standings import Standing, at_words
from autopack.supervisor.choosing import NoModel
from autopack.supervisor.conversations import OUTPUT_TOKENS
from autopack.supervisor.launch import check_keys
from autopack.supervisor.services import Services
from autopack.usage.prices import price
from autopack.usage.schemas import TokenUsage, UsageSum
from autopack.usage.single import answered_call, lost_call

ROLE = "agent:planner"
PLANNER_REQUESTS = 60
"""Requests one round's Planner may make."""

Tell = Callable[[str], None]
"""Says how it goes, a sentence at a time."""
SeatOf = Callable[[str], Seat]
"""Where a coding agent works on the draft."""


@dataclass
class Spending:
    """What the calls of one draft took, as far as they have ended."""

    calls: list[UsageSum] = field(default_factory=list[UsageSum])


class Planning:
    """Has the conversations of one draft, with the model that is to be had."""

    def __init__(self, services: Services, *, owner: str, spending: Spending, tell: Tell) -> None:
        """`owner` is this process as a worker that is known to live: its open calls are not swept."""
        self._services = services
        self._owner = owner
        self._spending = spending
        self._tell = tell
        self._refused: dict[str, Standing] = {}
        """Models whose call was refused since the quotas were looked at."""

    async def choose(self) -> ModelRef:
        """The model that the policy and the quotas give, with its key.

        Raises `InvalidInput` where none is mapped or its key is not set, and `NoModel` where none may be
        called now.
        """
        services, now = self._services, datetime.now(UTC)
        policy = services.policy.now()
        async with services.database.read() as session:
            view = await read_view(session, policy, roles=(ROLE,), category=ANY)
        refused = {name: one for name, one in self._refused.items() if one.until is None or one.until > now}
        decision = ModelRouter(policy, quota=view).decide(
            role=ROLE, category=ANY, complexity=ANY, refused=refused
        )
        if decision.verdict != "go":
            until = decision.until if decision.verdict == "wait" else None
            hint = "Raise the cap in models.yaml, or add a fallback there."
            if until is not None:
                hint = f"Draft it after {at_words(until)}, or add a fallback in models.yaml."
            raise NoModel(f"No model may be called as {ROLE} now: {decision.reason}.", hint=hint, until=until)
        model = decision.model
        remedy = "or map `agents: {planner: …}` to another model in models.yaml."
        check_keys({model.name: model}, services.environ, remedy=remedy)
        check_installed([model], services.environ)
        return model

    async def ask(self, brief: PlannerBrief, *, seat: SeatOf) -> tuple[Draft, ModelRef]:
        """Have a plan drafted, by another model where one was refused for its quota.

        `seat` is for a model that is called through a coding agent. Raises what `choose` and `Agent.run`
        raise.
        """
        while True:
            model = await self.choose()
            simulated = " (simulated)" if model.simulated else ""
            self._tell(f"{model.name}{simulated} reads the repository, round {brief.number}.")
            try:
                return await self._converse(brief, model, seat), model
            except (QuotaReached, ProviderUnreachable) as refusal:
                if isinstance(refusal, ProviderUnreachable) and refusal.until is None:
                    raise _for_a_draft(refusal) from refusal
                level = refusal.level if isinstance(refusal, QuotaReached) else "cooling"
                self._refused[model.name] = Standing(level=level, said=refusal.message, until=refusal.until)
                self._tell(f"{model.name} can't be used: {refusal.message}")
            except (ProviderRefused, AgentGaveUp) as error:
                raise _for_a_draft(error) from error

    async def _converse(self, brief: PlannerBrief, model: ModelRef, seat: SeatOf) -> Draft:
        services = self._services
        call = Call(
            model=model,
            api_key=services.environ.get(model.api_key_env, "").strip(),
            max_requests=PLANNER_REQUESTS,
            max_output_tokens=OUTPUT_TOKENS,
            seat=None if model.agent is None else seat(model.agent),
        )
        context = CallContext(role=ROLE, model=model, owner=self._owner)
        meter = _TallyingMeter(Meter(services.database, context, policy=services.policy.now), model, self)
        return await planner.plan(services.agent, brief, call=call, meter=meter, watch=_Watch(self._tell))

    def add(self, call: UsageSum) -> None:
        """A call has ended."""
        self._spending.calls.append(call)

    def price(self, model: ModelRef, usage: TokenUsage) -> Decimal | None:
        """Dollars of one call, by the prices of now."""
        prices = self._services.policy.now().prices()
        now = datetime.now(UTC)
        return price(model=model.name, provider=model.provider, usage=usage, at=now, overrides=prices)


class _TallyingMeter:
    """The books of a conversation, and what its calls took beside them."""

    def __init__(self, meter: Meter, model: ModelRef, planning: Planning) -> None:
        self._meter = meter
        self._model = model
        self._planning = planning
        self._bounds: dict[str, TokenUsage] = {}

    async def reserve(self, *, bound: TokenUsage) -> str:
        call_id = await self._meter.reserve(bound=bound)
        self._bounds[call_id] = bound
        return call_id

    async def cool_down(self, *, seconds: float, why: str, whole_quota: bool) -> datetime:
        return await self._meter.cool_down(seconds=seconds, why=why, whole_quota=whole_quota)

    async def account_says(self, told: AccountUsage) -> bool:
        return await self._meter.account_says(told)

    async def settle(
        self, call_id: str, *, usage: TokenUsage, response_id: str | None, keep: Keep | None = None
    ) -> None:
        await self._meter.settle(call_id, usage=usage, response_id=response_id, keep=keep)
        usd = self._planning.price(self._model, usage)
        self._planning.add(answered_call(usage, usd, simulated=self._model.simulated))

    async def lose(self, call_id: str, *, why: str, keep: Keep | None = None) -> None:
        await self._meter.lose(call_id, why=why, keep=keep)
        bound = self._bounds[call_id]
        usd = self._planning.price(self._model, bound)
        self._planning.add(lost_call(bound, usd, simulated=self._model.simulated))

    async def release(self, call_id: str, *, why: str) -> None:
        await self._meter.release(call_id, why=why)

    async def withdraw(self, call_id: str) -> None:
        await self._meter.withdraw(call_id)


class _Watch(Unwatched):
    """A draft is not resumed: nothing of its conversation is kept, and only what takes long is told."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    async def retrying(self, *, why: str, wait_seconds: float, tries: int) -> None:
        self._tell(f"Asked again in {wait_seconds:.0f} s: {why}")


def _for_a_draft(
    error: ProviderUnreachable | ProviderRefused | AgentGaveUp,
) -> ProviderUnreachable | ProviderRefused | AgentGaveUp:
    """The same error with what to do about it here, where there is no run and no phase."""
    if isinstance(error, AgentGaveUp):
        hint = "Ask for less at once, or map `agents: {planner: …}` to a stronger model in models.yaml."
        return AgentGaveUp(error.message, hint=hint)
    return type(error)(error.message, hint=error.hint.replace("resume the run", "draft it again"))
