"""The meter around each request to a model: reserve, call, then settle, lose or release.

A reservation is committed before the request is sent, under a call id of ours, so that no crash can make
a call that nobody knows of. What is spent and what is open never pass a cap of the quota together.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from autopack.db import Database, WriteSession
from autopack.errors import AutopackError
from autopack.routing import queries
from autopack.routing.accounts import AccountUsage, believed, standing_of
from autopack.routing.limits import Limits
from autopack.routing.policy import ModelRef, Policy
from autopack.routing.queries import Amounts, Cooldown
from autopack.routing.quota import AccountFull, QuotaBusy, QuotaReached, bound_of, fits_at, over
from autopack.routing.remembered import remembered_of
from autopack.routing.schemas import allows_extra_usage
from autopack.routing.standings import at_words
from autopack.routing.tables import ReservationRow
from autopack.usage.money import to_nano, to_usd
from autopack.usage.prices import price
from autopack.usage.recorder import LlmUsageEvent, Recorded, record_usage
from autopack.usage.schemas import TokenUsage, UsageStatus


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """Who calls which model for what. A call of no run (`doctor --call`) has none of the first three."""

    run_id: str | None = None
    phase_id: str | None = None
    attempt: int | None = None
    role: str
    category: str = "*"
    model: ModelRef
    owner: str
    trial: bool = False
    """It is to find out whether the account answers, whatever it said of itself before."""


LONGEST_COOLDOWN = timedelta(days=31)
"""No quota rests for longer; what a provider says beyond it is not believed."""

Allow: TypeAlias = Callable[[WriteSession, TokenUsage, Decimal | None], Awaitable[None]]
"""Says no by raising: to a call of at most so many tokens, for at most so many dollars (None: unknown)."""


class Meter:
    """Books of the calls of one conversation: one reservation per request, closed exactly once."""

    def __init__(
        self,
        database: Database,
        context: CallContext,
        *,
        policy: Callable[[], Policy],
        allow: Allow | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`policy` gives the limits and prices as they are at the moment of a call, `clock` that moment.

        `allow` comes first in each reserving transaction, and raises where the call may not be made.
        """
        self._database = database
        self._context = context
        self._policy = policy
        self._allow = allow
        self._clock = clock
        self._remembered = remembered_of(database)

    async def reserve(self, *, bound: TokenUsage) -> str:
        """Commit to at most `bound` tokens before a request is sent; gives its call id.

        Raises what `allow` raises; QuotaReached where it would pass a cap, and QuotaBusy where it would only
        as long as others are open. Cancelled, it leaves nothing, also where its commit was on the way.
        """
        call_id = f"call_{secrets.token_hex(12)}"
        try:
            await self._reserve(call_id, bound)
        except asyncio.CancelledError:
            with contextlib.suppress(AutopackError):
                await asyncio.shield(self.withdraw(call_id))
            raise
        return call_id

    async def _reserve(self, call_id: str, bound: TokenUsage) -> None:
        policy = self._policy()
        configured, cost = policy.limits(self._pool), self._price(bound, self._clock())
        limits = self._remembered.limits_of(self._pool, configured)
        async with self._database.write() as session:
            if self._allow is not None:
                await self._allow(session, bound, cost)
            await queries.hold_pool(session, self._pool)
            now, most = self._clock(), bound_of(limits, bound, cost)
            await self._ask_the_account(session, configured, now)
            if await self._fits(
                session, limits, most, self._reservation(call_id, bound, cost, "open", None, now)
            ):
                return
            refused = await self._refusal(session, configured, most, now)
            state = "open" if refused is None else "refused"
            if not isinstance(refused, QuotaBusy):
                await queries.reserve(session, self._reservation(call_id, bound, cost, state, refused, now))
        if refused is not None:
            raise refused

    async def _ask_the_account(self, session: WriteSession, limits: Limits, now: datetime) -> None:
        """Raise AccountFull where what the account last said of itself leaves nothing for the call."""
        model = self._context.model
        if model.agent is None or self._context.trial:
            return
        told = await queries.account_windows(session, now=now, pool=self._pool)
        role, category = self._context.role, self._context.category
        standing = standing_of(told, limits, model, role=role, category=category)
        if not standing.usable:
            raise AccountFull(
                f"{standing.said}: the call was not made.",
                hint="Wait until then; `autopack doctor --call` finds out whether it has room again.",
                until=standing.until,
            )

    async def _fits(
        self, session: WriteSession, limits: Limits, bound: Amounts, reservation: dict[str, Any]
    ) -> bool:
        """Reserve at once, where what is remembered of the quota still holds; False: look closer."""
        role, category, now = self._context.role, self._context.category, reservation["created_at"]
        left = self._remembered.left_of(
            self._pool, limits, role=role, category=category, bound=bound, now=now
        )
        return left is not None and await queries.reserve_where_it_fits(
            session, reservation, limits, left.amounts, hour=left.hour, revision=left.revision
        )

    async def _refusal(
        self, session: WriteSession, limits: Limits, bound: Amounts, now: datetime
    ) -> QuotaReached | QuotaBusy | None:
        """Why the quota has no room for a call. The caller holds its lock."""
        if not limits.caps:
            return None
        limits, use = await self._remembered.use_of(session, self._pool, limits, now=now)
        role, category = self._context.role, self._context.category
        passed = over(limits, use, pool=self._pool, role=role, category=category, bound=bound)
        if passed is None:
            return None
        if passed.passing:
            return QuotaBusy(f"{passed.said}.", hint="It may fit once the calls that are open have ended.")
        until = await fits_at(
            session, self._pool, limits, use, role=role, category=category, bound=bound, now=now
        )
        hint = passed.hint
        if until is not None:
            hint += f"; it has room for the call again at {at_words(until)}"
        return QuotaReached(f"{passed.said}: it was not made.", hint=f"{hint}.", until=until)

    def _reservation(
        self,
        call_id: str,
        bound: TokenUsage,
        cost: Decimal | None,
        state: str,
        refused: QuotaReached | None,
        now: datetime,
    ) -> dict[str, Any]:
        return {
            "call_id": call_id,
            "pool": self._pool,
            "run_id": self._context.run_id,
            "phase_id": self._context.phase_id,
            "attempt": self._context.attempt,
            "role": self._context.role,
            "provider": self._context.model.provider,
            "model": self._context.model.name,
            "simulated": self._context.model.simulated,
            "owner": self._context.owner,
            "input_tokens": bound.input_tokens,
            "output_tokens": bound.output_tokens,
            "nano_usd": to_nano(cost),
            "state": state,
            "why": "" if refused is None else refused.message[:400],
            "created_at": now,
            "closed_at": None if refused is None else now,
        }

    async def settle(
        self,
        call_id: str,
        *,
        usage: TokenUsage,
        response_id: str | None,
        keep: Callable[[WriteSession], Awaitable[None]] | None = None,
    ) -> None:
        """The request was answered, and this is what the provider says it took.

        `keep` writes what was answered in the same transaction, and comes first: a run is locked before
        a pool. A call that was given up as unknown meanwhile is settled all the same.
        """
        cost = self._price(usage, self._clock())
        async with self._database.write() as session:
            if keep is not None:
                await keep(session)
            await queries.hold_pool(session, self._pool)
            hour = await queries.settle(session, call_id, pool=self._pool)
            now = await queries.book_at(session, self._pool, hour, now=self._clock())
            event = LlmUsageEvent(
                provider=self._context.model.provider,
                model=self._context.model.name,
                run_id=self._context.run_id,
                phase_id=self._context.phase_id,
                role=self._context.role,
                prompt_tokens=usage.input_tokens,
                completion_tokens=usage.output_tokens,
                created_at=now,
                call_id=call_id,
                response_id=response_id,
                pool=self._pool,
                attempt=self._context.attempt,
                cache_read_tokens=usage.cache_read_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                reasoning_tokens=usage.reasoning_tokens,
                cost_usd=cost,
                status=UsageStatus.REPORTED,
                simulated=self._context.model.simulated,
            )
            if await record_usage(session, event) is Recorded.REPLACED:
                await queries.lock_pool(session, self._pool)  # in an earlier hour

    async def lose(
        self,
        call_id: str,
        *,
        why: str,
        keep: Callable[[WriteSession], Awaitable[None]] | None = None,
    ) -> None:
        """The request went out and no usage came back: recorded as unknown at its reserved size."""
        async with self._database.write() as session:
            if keep is not None:
                await keep(session)
            await queries.hold_pool(session, self._pool)
            reservation = await queries.open_reservation(session, call_id)
            if reservation is not None:
                await _give_up(session, reservation, why=why, now=self._clock())

    async def release(self, call_id: str, *, why: str) -> None:
        """Nothing was bought: no connection, or an error answer. The reservation closes without usage."""
        async with self._database.write() as session:
            await queries.hold_pool(session, self._pool)
            await queries.close(session, call_id, state="released", why=why)

    async def withdraw(self, call_id: str) -> None:
        """No call was made after all: the reservation is gone."""
        async with self._database.write() as session:
            await queries.hold_pool(session, self._pool)
            await queries.withdraw(session, call_id)

    async def cool_down(self, *, seconds: float, why: str, whole_quota: bool) -> datetime:
        """The provider asked to be left alone: the model, or all of its quota. Gives until when.

        A longer rest that it asked for before, in the answer to another call, still counts.
        """
        until = self._clock() + timedelta(seconds=min(seconds, LONGEST_COOLDOWN.total_seconds()))
        model = "" if whole_quota else self._context.model.name
        async with self._database.write() as session:
            await queries.hold_pool(session, self._pool)
            kept = await queries.cool_down(session, Cooldown(self._pool, model, until, why))
        return kept.until

    async def account_says(self, told: AccountUsage) -> bool:
        """The account told how much of its own windows is used. Gives whether to go on.

        Not where it charges for more than it includes, and the pool does not say that it may.
        """
        now, agent = self._clock(), self._context.model.agent or ""
        async with self._database.write() as session:
            await queries.hold_pool(session, self._pool)
            before = await queries.account_resets(session, self._pool)
            former = await queries.account_resets(session, self._pool, agent=agent)
            for window in believed(told, former, now=now):
                await queries.keep_account_window(session, self._pool, agent, window, now=now)
            if await queries.account_resets(session, self._pool) != before:
                await queries.lock_pool(session, self._pool)  # its windows count since another instant now
        return not told.extra or allows_extra_usage(self._policy().limits(self._pool))

    async def end_rest(self) -> None:
        """The model answered: neither it nor its quota is to be left alone any more, whatever was said."""
        model = self._context.model.name
        async with self._database.write() as session:
            await queries.end_cooldown(session, pool=self._pool, model=model)

    @property
    def _pool(self) -> str:
        return self._context.model.pool

    def _price(self, usage: TokenUsage, at: datetime) -> Decimal | None:
        model = self._context.model
        prices = self._policy().prices()
        return price(model=model.name, provider=model.provider, usage=usage, at=at, overrides=prices)


async def lose_open_calls(
    database: Database,
    run_id: str | None,
    *,
    why: str,
    owner: str | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Record as unknown the calls of a run (or of no run) that a process left open which died; how many."""
    async with database.write() as session:
        reservations = await queries.open_reservations(session, run_id=run_id, owner=owner)
        for reservation in reservations:
            await queries.hold_pool(session, reservation.pool)
            await _give_up(session, reservation, why=why, now=clock())
    return len(reservations)


async def _give_up(session: WriteSession, reservation: ReservationRow, *, why: str, now: datetime) -> None:
    """Record a call as unknown at its reserved size, and close it. The caller holds its pool."""
    hour = await queries.hour_at_hand(session, reservation.pool)
    booked = await queries.book_at(session, reservation.pool, hour, now=now)
    await record_usage(session, _unknown(reservation, booked))
    await queries.close(session, reservation.call_id, state="unknown", why=why)


def _unknown(reservation: ReservationRow, now: datetime) -> LlmUsageEvent:
    return LlmUsageEvent(
        provider=reservation.provider,
        model=reservation.model,
        run_id=reservation.run_id,
        phase_id=reservation.phase_id,
        role=reservation.role,
        prompt_tokens=reservation.input_tokens,
        completion_tokens=reservation.output_tokens,
        created_at=now,
        call_id=reservation.call_id,
        response_id=None,
        pool=reservation.pool,
        attempt=reservation.attempt,
        cost_usd=to_usd(reservation.nano_usd),
        status=UsageStatus.UNKNOWN,
        simulated=reservation.simulated,
    )
