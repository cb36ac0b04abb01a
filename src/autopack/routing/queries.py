"""SQL of the quota ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select, update

from autopack.db import AnySession, WriteSession, changed
from autopack.routing.tables import PoolRow, ReservationRow


async def lock_pool(session: WriteSession, pool: str) -> None:
    """Take a pool's lock until the commit, making the pool on its first call."""
    locked = await session.scalar(select(PoolRow).where(PoolRow.id == pool).with_for_update(key_share=True))
    if locked is None:
        session.add(PoolRow(id=pool))
        await session.flush()


async def open_reservation(session: AnySession, call_id: str) -> ReservationRow | None:
    """A reservation that is still open."""
    return await session.scalar(
        select(ReservationRow).where(ReservationRow.call_id == call_id, ReservationRow.state == "open")
    )


async def open_reservations(session: AnySession, *, run_id: str) -> list[ReservationRow]:
    """Calls of a run that were reserved and never closed: the process died in between."""
    query = (
        select(ReservationRow)
        .where(ReservationRow.run_id == run_id, ReservationRow.state == "open")
        .order_by(ReservationRow.pool)
    )
    return list(await session.scalars(query))


async def close(session: WriteSession, call_id: str, *, state: str, why: str = "") -> bool:
    """Close an open reservation; says whether it was open."""
    closed = await changed(
        session,
        update(ReservationRow)
        .where(ReservationRow.call_id == call_id, ReservationRow.state == "open")
        .values(state=state, why=why[:500], closed_at=datetime.now(UTC)),
    )
    return closed == 1
