"""SQL of the processes that drive runs."""

from __future__ import annotations

from autopack.db import AnySession, WriteSession
from autopack.supervisor.tables import WorkerRow


async def worker(session: AnySession, executor_id: str) -> WorkerRow | None:
    """A process by its executor id."""
    return await session.get(WorkerRow, executor_id)


async def forget(session: WriteSession, executor_id: str) -> None:
    """A process is gone."""
    row = await session.get(WorkerRow, executor_id)
    if row is not None:
        await session.delete(row)
