"""The meter around each request to a model: reserve, call, then settle, lose or release.

A reservation is committed before the request is sent, under a call id of ours, so that no crash can make
a call that nobody knows of. No cap is checked yet, only what the caller allows.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from autopack.db import Database, WriteSession
from autopack.routing import queries
from autopack.routing.policy import ModelRef
from autopack.routing.tables import ReservationRow
from autopack.usage.money import to_nano
from autopack.usage.prices import PriceTable, price
from autopack.usage.recorder import LlmUsageEvent, record_usage
from autopack.usage.schemas import TokenUsage, UsageStatus


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """Who calls which model for what. A call of no run (`doctor --call`) has none of the first three."""

    run_id: str | None = None
    phase_id: str | None = None
    attempt: int | None = None
    role: str
    model: ModelRef
    owner: str


Allow: TypeAlias = Callable[[WriteSession, TokenUsage, Decimal | None], Awaitable[None]]
"""Says no by raising: to a call of at most so many tokens, for at most so many dollars (None: unknown)."""


class Meter:
    """Books of the calls of one conversation: one reservation per request, closed exactly once."""

    def __init__(
        self,
        database: Database,
        context: CallContext,
        *,
        prices: Mapping[str, PriceTable],
        allow: Allow | None = None,
    ) -> None:
        """`allow` comes first in each reserving transaction, and raises where the call may not be made."""
        self._database = database
        self._context = context
        self._prices = prices
        self._allow = allow

    async def reserve(self, *, bound: TokenUsage) -> str:
        """Commit to at most `bound` tokens before a request is sent; gives its call id.

        Raises what `allow` raises.
        """
        call_id, now = f"call_{secrets.token_hex(12)}", datetime.now(UTC)
        cost = self._price(bound, now)
        async with self._database.write() as session:
            if self._allow is not None:
                await self._allow(session, bound, cost)
            await queries.lock_pool(session, self._pool)
            session.add(
                ReservationRow(
                    call_id=call_id,
                    pool=self._pool,
                    run_id=self._context.run_id,
                    phase_id=self._context.phase_id,
                    attempt=self._context.attempt,
                    role=self._context.role,
                    provider=self._context.model.provider,
                    model=self._context.model.name,
                    simulated=self._context.model.simulated,
                    owner=self._context.owner,
                    input_tokens=bound.input_tokens,
                    output_tokens=bound.output_tokens,
                    nano_usd=to_nano(cost),
                    state="open",
                    created_at=now,
                )
            )
        return call_id

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
        now = datetime.now(UTC)
        cost = self._price(usage, now)
        async with self._database.write() as session:
            if keep is not None:
                await keep(session)
            await queries.lock_pool(session, self._pool)
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
            await record_usage(session, event)
            await queries.close(session, call_id, state="settled", also=("unknown",))

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
            await queries.lock_pool(session, self._pool)
            reservation = await queries.open_reservation(session, call_id)
            if reservation is not None:
                await record_usage(session, _unknown(reservation))
                await queries.close(session, call_id, state="unknown", why=why)

    async def release(self, call_id: str, *, why: str) -> None:
        """Nothing was bought: no connection, or an error answer. The reservation closes without usage."""
        async with self._database.write() as session:
            await queries.lock_pool(session, self._pool)
            await queries.close(session, call_id, state="released", why=why)

    @property
    def _pool(self) -> str:
        return self._context.model.provider

    def _price(self, usage: TokenUsage, at: datetime) -> Decimal | None:
        model = self._context.model
        return price(model=model.name, provider=model.provider, usage=usage, at=at, overrides=self._prices)


async def lose_open_calls(
    database: Database, run_id: str | None, *, why: str, owner: str | None = None
) -> int:
    """Record as unknown the calls of a run (or of no run) that a process left open which died; how many."""
    async with database.write() as session:
        reservations = await queries.open_reservations(session, run_id=run_id, owner=owner)
        for reservation in reservations:
            await queries.lock_pool(session, reservation.pool)
            await record_usage(session, _unknown(reservation))
            await queries.close(session, reservation.call_id, state="unknown", why=why)
    return len(reservations)


def _unknown(reservation: ReservationRow) -> LlmUsageEvent:
    return LlmUsageEvent(
        provider=reservation.provider,
        model=reservation.model,
        run_id=reservation.run_id,
        phase_id=reservation.phase_id,
        role=reservation.role,
        prompt_tokens=reservation.input_tokens,
        completion_tokens=reservation.output_tokens,
        created_at=datetime.now(UTC),
        call_id=reservation.call_id,
        response_id=None,
        pool=reservation.pool,
        attempt=reservation.attempt,
        cost_usd=None,
        status=UsageStatus.UNKNOWN,
        simulated=reservation.simulated,
    )
