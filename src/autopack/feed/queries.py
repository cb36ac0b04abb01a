"""SQL of the feed."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import func, insert, select, update

from autopack.db import AnySession, ReadSession, WriteSession, announce, changed
from autopack.errors import Unavailable
from autopack.feed.schemas import EVENT_BODY, SCHEMA_VERSION, Event, EventBody
from autopack.feed.tables import EventRow, FeedHead


def append(session: WriteSession, *, run_id: str, body: EventBody) -> None:
    """Add one event at the end of the transaction.

    The head row's lock is taken last and held to the commit, which is what makes ids gapless and in
    commit order on every database, whatever order a transaction does its work in.
    """
    session.at_end(partial(_append, session, run_id, body))


async def _append(session: WriteSession, run_id: str, body: EventBody) -> None:
    taken = await session.execute(
        update(FeedHead).where(FeedHead.row == 1).values(id=FeedHead.id + 1).returning(FeedHead.id)
    )
    await session.execute(
        insert(EventRow).values(
            id=taken.scalar_one(),
            run_id=run_id,
            kind=body.kind,
            schema_version=SCHEMA_VERSION,
            payload=_json(body),
            created_at=datetime.now(UTC),
        )
    )
    await announce(session)


def _json(body: EventBody) -> str:
    """Not Pydantic's, which refuses a file name that is no UTF-8; the session replaces what it can't keep."""
    return json.dumps(
        body.model_dump(), default=datetime.isoformat, ensure_ascii=False, separators=(",", ":")
    )


async def after(session: ReadSession, *, event_id: int, run_id: str | None, limit: int) -> list[Event]:
    """Events that came after an id, oldest first, of one run or of all."""
    query = select(EventRow).where(EventRow.id > event_id).order_by(EventRow.id).limit(limit)
    if run_id is not None:
        query = query.where(EventRow.run_id == run_id)
    return [_event(row) for row in await session.scalars(query)]


async def head(session: AnySession) -> int:
    """Id of the newest event; 0 before the first. What is read beside it holds all up to there."""
    return await session.scalar(select(FeedHead.id).where(FeedHead.row == 1)) or 0


class Bounds(NamedTuple):
    """The ids that the feed has given: the newest, and the oldest that is kept (one more where none is)."""

    head: int
    first: int


async def bounds(session: ReadSession) -> Bounds:
    """Newest and oldest id, without counting what is between them."""
    newest, first = await head(session), await session.scalar(select(func.min(EventRow.id)))
    return Bounds(head=newest, first=newest + 1 if first is None else first)


class Extent(NamedTuple):
    """What the head says, and what the feed holds; whole where all four are one."""

    head: int
    first: int
    last: int
    events: int


async def extent(session: AnySession) -> Extent:
    """How far the feed goes: head, first and last id, and number of its events."""
    row = (
        await session.execute(
            select(
                func.min(EventRow.id).label("first"),
                func.max(EventRow.id).label("last"),
                func.count().label("events"),
            )
        )
    ).one()
    return Extent(head=await head(session), first=row.first or 1, last=row.last or 0, events=row.events)


async def set_head(session: WriteSession, *, event_id: int) -> bool:
    """Move a head that is behind the last event up to it; False where it is not behind."""
    moved = update(FeedHead).where(FeedHead.row == 1, FeedHead.id < event_id).values(id=event_id)
    return await changed(session, moved) == 1


async def last_instants(session: ReadSession, run_ids: Sequence[str]) -> dict[str, datetime]:
    """When the newest event of each run was committed; a run that has none is not among them."""
    newest = select(func.max(EventRow.id)).where(EventRow.run_id.in_(run_ids)).group_by(EventRow.run_id)
    query = select(EventRow.run_id, EventRow.created_at).where(EventRow.id.in_(newest))
    return {row.run_id: row.created_at for row in await session.execute(query)}


class Turn(NamedTuple):
    """A run was moved into a state, or taken over by a process."""

    at: datetime
    moved_to: str | None
    """None: it was taken over."""
    before: datetime | None
    """When the event before it was committed; None: it is the first."""


async def turns(session: AnySession, run_ids: Collection[str]) -> dict[str, list[Turn]]:
    """Every turn of some runs, by run and in its order."""
    row = EventRow
    before = func.lag(row.created_at, type_=row.created_at.type).over(
        partition_by=row.run_id, order_by=row.id
    )
    every = (
        select(row.id, row.run_id, row.kind, row.payload, row.created_at, before.label("before"))
        .where(row.run_id.in_(run_ids))
        .subquery()
    )
    wanted = select(every).where(every.c.kind.in_(("run_moved", "run_claimed"))).order_by(every.c.id)
    found: dict[str, list[Turn]] = {}
    for one in await session.execute(wanted):
        moved_to = json.loads(one.payload)["after"] if one.kind == "run_moved" else None
        found.setdefault(one.run_id, []).append(Turn(one.created_at, moved_to, one.before))
    return found


def _event(row: EventRow) -> Event:
    if row.schema_version > SCHEMA_VERSION:
        raise Unavailable(
            f"Event {row.id} was written by a newer Autopack (schema {row.schema_version}).",
            hint="Upgrade Autopack to read this run.",
        )
    body = EVENT_BODY.validate_json(row.payload)
    return Event(
        id=row.id,
        run_id=row.run_id,
        created_at=row.created_at,
        schema_version=row.schema_version,
        body=body,
    )
