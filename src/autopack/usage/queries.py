"""SQL of usage events and their hourly sums."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from autopack.db import AnySession, WriteSession, changed
from autopack.usage.schemas import GroupBy, UsageSum
from autopack.usage.tables import UsageEventRow, UsageHourRow

_REPORTED = UsageEventRow.usage_status == "reported"


async def add_event(session: WriteSession, values: dict[str, Any]) -> None:
    """Insert one event. Its `call_id` is unique: a second insert of one call is an `IntegrityError`."""
    await session.execute(insert(UsageEventRow).values(values))


async def has_event(session: AnySession, call_id: str) -> bool:
    """Whether a call is already recorded."""
    query = select(UsageEventRow.id).where(UsageEventRow.call_id == call_id)
    return await session.scalar(query) is not None


async def add_to_hour(session: WriteSession, key: dict[str, Any], sums: dict[str, int]) -> None:
    """Add counts to the hour they belong to. The caller holds the pool's lock."""
    table = UsageHourRow.__table__.c
    added = await changed(
        session,
        update(UsageHourRow)
        .where(*(table[name] == value for name, value in key.items()))
        .values({name: table[name] + value for name, value in sums.items()}),
    )
    if added == 0:
        await session.execute(insert(UsageHourRow).values({**key, **sums}))


async def summary(
    session: AnySession,
    *,
    group_by: tuple[GroupBy, ...],
    since: datetime | None = None,
    until: datetime | None = None,
    run_id: str | None = None,
) -> list[UsageSum]:
    """Sums over events, one row per distinct value of `group_by`, largest first."""
    columns = [getattr(UsageEventRow, name) for name in group_by]

    def reported(column: ColumnElement[int] | Any) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((_REPORTED, column), else_=0)), 0)

    size = UsageEventRow.prompt_tokens + UsageEventRow.completion_tokens
    query = select(
        *columns,
        func.count().label("calls"),
        reported(UsageEventRow.prompt_tokens).label("prompt_tokens"),
        reported(UsageEventRow.completion_tokens).label("completion_tokens"),
        reported(UsageEventRow.cache_read_tokens).label("cache_read_tokens"),
        reported(UsageEventRow.cache_write_tokens).label("cache_write_tokens"),
        reported(UsageEventRow.reasoning_tokens).label("reasoning_tokens"),
        reported(UsageEventRow.nano_usd).label("nano_usd"),
        func.sum(case((_REPORTED & UsageEventRow.nano_usd.is_(None), 1), else_=0)).label("unpriced_calls"),
        func.sum(case((_REPORTED, 0), else_=1)).label("unknown_calls"),
        func.coalesce(func.sum(case((_REPORTED, 0), else_=size)), 0).label("unknown_tokens"),
        func.max(case((UsageEventRow.simulated, 1), else_=0)).label("simulated"),
    )
    if since is not None:
        query = query.where(UsageEventRow.created_at >= since)
    if until is not None:
        query = query.where(UsageEventRow.created_at < until)
    if run_id is not None:
        query = query.where(UsageEventRow.run_id == run_id)
    if columns:
        query = query.group_by(*columns)
    query = query.order_by(func.sum(size).desc())
    rows = (await session.execute(query)).mappings()
    return [_sum(dict(row), group_by) for row in rows if row["calls"]]


def _sum(row: dict[str, Any], group_by: tuple[GroupBy, ...]) -> UsageSum:
    key = {name: row.pop(name) for name in group_by}
    return UsageSum(**row, **key)
