"""SQL of the quota ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import case, select, update

from autopack.db import AnySession, WriteSession, added, changed
from autopack.routing.tables import PoolRow, ReservationRow
from autopack.usage.queries import Spent, whole


async def lock_pool(session: WriteSession, pool: str) -> None:
    """Take a pool's lock until the commit, making the pool on its first call."""
    lock = select(PoolRow.id).where(PoolRow.id == pool).with_for_update(key_share=True)
    if await session.scalar(lock) is None:
        await added(session, PoolRow, {"id": pool})
        await session.scalar(lock)


async def open_reservation(session: AnySession, call_id: str) -> ReservationRow | None:
    """A reservation that is still open."""
    return await session.scalar(
        select(ReservationRow).where(ReservationRow.call_id == call_id, ReservationRow.state == "open")
    )


async def open_reservations(
    session: AnySession, *, run_id: str | None, owner: str | None = None
) -> list[ReservationRow]:
    """Calls of a run (or of one process for it) that were reserved and never closed: it died in between."""
    query = (
        select(ReservationRow)
        .where(ReservationRow.run_id == run_id, ReservationRow.state == "open")
        .order_by(ReservationRow.pool)
    )
    if owner is not None:
        query = query.where(ReservationRow.owner == owner)
    return list(await session.scalars(query))


class Holder(NamedTuple):
    """A process that has calls open for a run."""

    owner: str
    run_id: str | None


async def holders(session: AnySession) -> list[Holder]:
    """Who has calls open, and for which runs."""
    columns = ReservationRow.owner, ReservationRow.run_id
    query = select(*columns).where(ReservationRow.state == "open").group_by(*columns).order_by(*columns)
    return [Holder(row.owner, row.run_id) for row in await session.execute(query)]


async def close(
    session: WriteSession, call_id: str, *, state: str, why: str = "", also: tuple[str, ...] = ()
) -> bool:
    """Close a reservation that is open, or in one of the states of `also`; says whether it was."""
    closed = await changed(
        session,
        update(ReservationRow)
        .where(ReservationRow.call_id == call_id, ReservationRow.state.in_(("open", *also)))
        .values(state=state, why=why[:400], closed_at=datetime.now(UTC)),
    )
    return closed == 1


async def pending(session: AnySession, run_id: str, *, phases: Sequence[str] | None) -> Spent:
    """The most that calls of a run, or of some of its phases, can have taken whose usage is not known."""
    size = ReservationRow.input_tokens + ReservationRow.output_tokens
    query = select(
        whole(size).label("tokens"),
        whole(ReservationRow.nano_usd).label("nano_usd"),
        whole(case((ReservationRow.nano_usd.is_(None), 1), else_=0)).label("unpriced"),
    ).where(ReservationRow.run_id == run_id, ReservationRow.state.in_(("open", "unknown")))
    if phases is not None:
        query = query.where(ReservationRow.phase_id.in_(phases))
    row = (await session.execute(query)).one()
    return Spent(row.tokens, row.nano_usd, row.unpriced)
