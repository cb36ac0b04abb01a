"""SQL of the feed."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, insert, select, text, update

from autopack.db import ReadSession, WriteSession
from autopack.errors import Unavailable
from autopack.feed.schemas import EVENT_BODY, SCHEMA_VERSION, Event, EventBody
from autopack.feed.tables import EventRow, FeedHead


async def append(session: WriteSession, *, run_id: str, body: EventBody) -> int:
    """Add one event and return its id.

    Call it last in a transaction: the head row's lock is held from here to the commit, which is what
    makes ids gapless and in commit order on every database.
    """
    taken = await session.execute(
        update(FeedHead).where(FeedHead.row == 1).values(id=FeedHead.id + 1).returning(FeedHead.id)
    )
    event_id = taken.scalar_one()
    await session.execute(
        insert(EventRow).values(
            id=event_id,
            run_id=run_id,
            kind=body.kind,
            schema_version=SCHEMA_VERSION,
            payload=body.model_dump_json(exclude={"kind"}),
            created_at=datetime.now(UTC),
        )
    )
    return event_id


async def after(session: ReadSession, *, event_id: int, run_id: str | None, limit: int) -> list[Event]:
    """Events that came after an id, oldest first, of one run or of all."""
    query = select(EventRow).where(EventRow.id > event_id).order_by(EventRow.id).limit(limit)
    if run_id is not None:
        query = query.where(EventRow.run_id == run_id)
    return [_event(row) for row in await session.scalars(query)]


async def head(session: ReadSession) -> int:
    """Id of the newest event, 0 where there is none."""
    return (await session.scalar(select(func.max(EventRow.id)))) or 0


async def last_instant(session: ReadSession, run_id: str) -> datetime | None:
    """When a run's newest event was committed; None where it has none."""
    query = select(EventRow.created_at).where(EventRow.run_id == run_id).order_by(EventRow.id.desc()).limit(1)
    return await session.scalar(query)


async def data_version(session: ReadSession) -> int:
    """A number that changes whenever another connection commits (SQLite's `PRAGMA data_version`)."""
    return (await session.execute(text("PRAGMA data_version"))).scalar_one()


def _event(row: EventRow) -> Event:
    if row.schema_version > SCHEMA_VERSION:
        raise Unavailable(
            f"Event {row.id} was written by a newer Autopack (schema {row.schema_version}).",
            hint="Upgrade Autopack to read this run.",
        )
    body = EVENT_BODY.validate_json(f'{{"kind": "{row.kind}", {row.payload[1:]}')
    return Event(id=row.id, run_id=row.run_id, created_at=row.created_at, body=body)
