"""SQL of the processes that drive runs, and of what they write at a run's end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select, type_coerce, update

from autopack.db import AnySession, UtcDateTime, WriteSession, changed
from autopack.runs.states import PostmortemState
from autopack.runs.tables import PostmortemRow, RunRow
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


async def latest_postmortem(session: AnySession, run_id: str) -> PostmortemRow | None:
    """That of the last end of a run; None where it has not ended, or did so before there were any."""
    query = select(PostmortemRow).where(PostmortemRow.run_id == run_id)
    query = query.order_by(PostmortemRow.epoch.desc()).limit(1)
    return await session.scalar(query.execution_options(populate_existing=True))


async def postmortems_due(session: AnySession) -> list[PostmortemRow]:
    """Those that nobody has begun, oldest first."""
    query = select(PostmortemRow).where(PostmortemRow.state == PostmortemState.DUE)
    query = query.order_by(PostmortemRow.due_at, PostmortemRow.run_id)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def postmortem_with(session: AnySession, run_id: str, lesson_id: str) -> PostmortemRow | None:
    """The one of a run that has a lesson: that of its last end, or an earlier one."""
    query = select(PostmortemRow).where(PostmortemRow.run_id == run_id).order_by(PostmortemRow.epoch.desc())
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return next((row for row in rows if any(one["id"] == lesson_id for one in row.lessons)), None)


async def postmortems_of_project(session: AnySession, project_id: int, *, limit: int) -> list[PostmortemRow]:
    """Those of the last ends of a project's runs that were made, newest first."""
    last = select(PostmortemRow.run_id, func.max(PostmortemRow.epoch).label("epoch"))
    ends = last.group_by(PostmortemRow.run_id).subquery()
    query = select(PostmortemRow).join(RunRow, RunRow.id == PostmortemRow.run_id)
    query = query.join(ends, (ends.c.run_id == RunRow.id) & (ends.c.epoch == PostmortemRow.epoch))
    query = query.where(RunRow.project_id == project_id, PostmortemRow.state == PostmortemState.MADE)
    query = query.order_by(PostmortemRow.written_at.desc(), PostmortemRow.run_id).limit(limit)
    return list(await session.scalars(query.execution_options(populate_existing=True)))
