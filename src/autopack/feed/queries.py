"""SQL of the feed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from pydantic_core import from_json
from sqlalchemy import (
    JSON,
    String,
    Text,
    cast,
    column,
    func,
    insert,
    or_,
    select,
    text,
    type_coerce,
    update,
    values,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from autopack.db import AnySession, ReadSession, WriteSession, announce, changed
from autopack.errors import Unavailable
from autopack.feed.schemas import BY_PEOPLE, EVENT_BODY, SCHEMA_VERSION, Event, EventBody
from autopack.feed.tables import TURNS, EventRow, FeedHead


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
    """When whoever drove each run last told of it; a run that tells nothing is not among them."""
    if not run_ids:
        return {}
    named = values(column("run_id", String), name="asked").data([(run_id,) for run_id in run_ids])
    asked = named.cte("asked")
    newest = (
        select(EventRow.created_at)
        .where(EventRow.run_id == asked.c.run_id, _of_the_driver(EventRow))
        .order_by(EventRow.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await session.execute(select(asked.c.run_id, newest.label("told")).where(newest.is_not(None)))
    return {row.run_id: row.told for row in rows}


def _of_the_driver(event: type[EventRow]) -> ColumnElement[bool]:
    """Whether an event tells that its run was driven: not one that a person is the cause of."""
    stopped = [event.payload.endswith(f'"after":"{state}"}}') for state in ("cancelled", "skipped")]
    return event.kind.not_in(BY_PEOPLE) & ~((event.kind == "phase_moved") & or_(*stopped))


class Turn(NamedTuple):
    """An event that says whether a run works or waits."""

    kind: str
    body: dict[str, Any]
    """Its payload."""
    at: datetime
    told: datetime | None
    """When whoever drove the run before had last told of it."""


async def turns(session: ReadSession, run_ids: Collection[str]) -> dict[str, list[Turn]]:
    """Moves, claims and wishes of several runs, by run and in their order: few, however large a run is."""
    earlier = aliased(EventRow)
    told = (
        select(earlier.created_at)
        .where(earlier.run_id == EventRow.run_id, earlier.id < EventRow.id, _of_the_driver(earlier))
        .order_by(earlier.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(EventRow.run_id, EventRow.kind, EventRow.payload, EventRow.created_at, told)
        .where(EventRow.run_id.in_(run_ids), text(TURNS))
        .order_by(EventRow.run_id, EventRow.id)
    )
    found: dict[str, list[Turn]] = {run_id: [] for run_id in run_ids}
    for run_id, kind, payload, at, before in await session.execute(query):
        found[run_id].append(Turn(kind, from_json(payload), at, before))
    return found


class PhaseStep(NamedTuple):
    """A phase went into a state; `attempt` is 0 where none is meant."""

    at: datetime
    phase_index: int
    attempt: int
    after: str


_STEP = ("phase_index", "attempt", "after")


async def phase_steps(session: ReadSession, run_id: str) -> Iterator[PhaseStep]:
    """Every move of every phase of a run, in their order.

    Put into one text where they are stored: as rows they take four times as long, and hold up the event loop.
    """
    if session.get_bind().dialect.name == "postgresql":
        body = cast(EventRow.payload, JSON)
        fields = (body[name] for name in _STEP)
        all_of = func.json_agg(func.json_build_array(EventRow.id, EventRow.created_at, *fields))
        query = select(cast(all_of, Text))
    else:
        fields = (func.json_extract(EventRow.payload, f"$.{name}") for name in _STEP)
        at = type_coerce(EventRow.created_at, String) + "+00:00"
        query = select(func.json_group_array(func.json_array(EventRow.id, at, *fields), type_=Text))
    found = await session.scalar(query.where(EventRow.run_id == run_id, EventRow.kind == "phase_moved"))
    return (
        PhaseStep(datetime.fromisoformat(at), index, attempt, after)
        for _, at, index, attempt, after in sorted(from_json(found or "[]"))
    )


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
