"""SQL of the processes that drive runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select, type_coerce, update

from autopack.db import AnySession, UtcDateTime, WriteSession, changed
from autopack.supervisor.tables import WorkerRow


async def known(session: AnySession, executor_ids: Iterable[str]) -> list[WorkerRow]:
    """Those of several processes that are registered."""
    query = select(WorkerRow).where(WorkerRow.executor_id.in_(set(executor_ids)))
    return list(await session.scalars(query))


async def every(session: AnySession) -> list[WorkerRow]:
    """Every process that is registered."""
    return list(await session.scalars(select(WorkerRow).order_by(WorkerRow.executor_id)))


async def seen(session: WriteSession, executor_id: str, *, at: datetime) -> bool:
    """A process said that it is alive. False where it was given up for dead and forgotten."""
    beat = update(WorkerRow).where(WorkerRow.executor_id == executor_id).values(seen_at=at)
    return await changed(session, beat) == 1


async def now(session: AnySession) -> datetime:
    """The database's clock, which is one for all hosts that share it; to the second on SQLite."""
    return (await session.scalars(select(type_coerce(func.current_timestamp(), UtcDateTime)))).one()


async def forget(session: WriteSession, executor_id: str) -> None:
    """A process is gone."""
    await session.execute(delete(WorkerRow).where(WorkerRow.executor_id == executor_id))
