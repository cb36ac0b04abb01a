"""SQL of usage events and their hourly sums."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, assert_never

from sqlalchemy import BigInteger, Select, bindparam, case, cast, delete, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from autopack.db import AnySession, WriteSession, added, added_to
from autopack.usage.schemas import GroupBy, GroupHoursBy, SeriesBy, UsageSum
from autopack.usage.tables import UsageEventRow, UsageHourRow, UsageRunHourRow

_REPORTED = UsageEventRow.usage_status == "reported"


async def add_event(session: WriteSession, values: dict[str, Any]) -> bool:
    """Insert one event, unless one of its `call_id` is there; says whether it was inserted."""
    return await added(session, UsageEventRow, values)


async def event(session: AnySession, call_id: str) -> UsageEventRow:
    """The event of a call that has one."""
    query = select(UsageEventRow).where(UsageEventRow.call_id == call_id)
    row = (await session.scalars(query.execution_options(populate_existing=True))).one()
    session.expunge(row)
    return row


async def replace_event(session: WriteSession, values: dict[str, Any]) -> None:
    """Write other values into the event of a call."""
    replaced = update(UsageEventRow).where(UsageEventRow.call_id == values["call_id"]).values(values)
    await session.execute(replaced)


class HourOf(NamedTuple):
    """Which hour a call is in: the key of `usage_hourly`."""

    pool: str
    provider: str
    model: str
    role_class: str
    simulated: bool
    hour: datetime


class RunHourOf(NamedTuple):
    """Which hour of a run a call is in: the key of `usage_hourly_runs`."""

    pool: str
    hour: datetime
    run_id: str
    """Empty: of no run."""
    role: str
    simulated: bool


Hour: TypeAlias = HourOf | RunHourOf

_NO_SUMS = {column.name: 0 for column in UsageHourRow.__table__.c if not column.primary_key}


def _row_of(hour: type[Hour]) -> type[UsageHourRow | UsageRunHourRow]:
    return UsageHourRow if hour is HourOf else UsageRunHourRow


async def add_to_hour(session: WriteSession, hour: Hour, sums: Mapping[str, int]) -> None:
    """Add counts to the hour they belong to. The caller holds the pool's lock."""
    await added_to(session, _row_of(type(hour)), hour._asdict(), {**_NO_SUMS, **sums})


async def events(session: AnySession, *, pool: str | None = None) -> AsyncGenerator[UsageEventRow]:
    """Every event (of one pool), one by one."""
    query = select(UsageEventRow).order_by(UsageEventRow.id)
    if pool is not None:
        query = query.where(UsageEventRow.pool == pool)
    async for row in await session.stream_scalars(query.execution_options(yield_per=1000)):
        session.expunge(row)
        yield row


class Priceable(NamedTuple):
    """Which calls are to be priced anew."""

    unpriced: bool
    """Only those without a known price."""
    model: str | None
    since: datetime | None


async def to_price(session: AnySession, which: Priceable, *, after: int, limit: int) -> list[tuple[int, str]]:
    """Row ids, and pools, of the calls to be priced whose row id is beyond `after`, in their order."""
    query = select(UsageEventRow.id, UsageEventRow.pool).where(UsageEventRow.id > after)
    if which.unpriced:
        query = query.where(UsageEventRow.nano_usd.is_(None))
    if which.model is not None:
        query = query.where(UsageEventRow.model == which.model)
    if which.since is not None:
        query = query.where(UsageEventRow.created_at >= which.since)
    rows = await session.execute(query.order_by(UsageEventRow.id).limit(limit))
    return [(row.id, row.pool) for row in rows]


async def events_of_rows(session: AnySession, row_ids: Sequence[int]) -> list[UsageEventRow]:
    """The events of some rows."""
    query = select(UsageEventRow).where(UsageEventRow.id.in_(row_ids)).order_by(UsageEventRow.id)
    rows = list(await session.scalars(query.execution_options(populate_existing=True)))
    for row in rows:
        session.expunge(row)
    return rows


async def events_of_calls(session: AnySession, call_ids: Sequence[str]) -> dict[str, UsageEventRow]:
    """The events of those of some calls that have one, by call id."""
    query = select(UsageEventRow).where(UsageEventRow.call_id.in_(call_ids))
    rows = list(await session.scalars(query.execution_options(populate_existing=True)))
    for row in rows:
        session.expunge(row)
    return {row.call_id: row for row in rows}


async def add_events(session: WriteSession, values: Sequence[dict[str, Any]]) -> None:
    """Insert events of calls that have none; the caller adds them to their hours."""
    await session.execute(insert(UsageEventRow), values)


async def set_price(session: WriteSession, row_id: int, nano_usd: int) -> None:
    """Write another price into an event; the caller corrects its hour."""
    await session.execute(update(UsageEventRow).where(UsageEventRow.id == row_id).values(nano_usd=nano_usd))


async def hours(session: AnySession, *, pool: str | None = None) -> dict[Hour, dict[str, int]]:
    """The sums that are kept of each hour (of one pool)."""
    found: dict[Hour, dict[str, int]] = {}
    for kind in (HourOf, RunHourOf):
        row = _row_of(kind)
        query = select(row)
        if pool is not None:
            query = query.where(row.pool == pool)
        for kept in await session.scalars(query.execution_options(populate_existing=True)):
            hour = kind(*(getattr(kept, name) for name in kind._fields))
            found[hour] = {name: getattr(kept, name) for name in _NO_SUMS}
    return found


async def replace_hour(session: WriteSession, hour: Hour, sums: dict[str, int] | None) -> None:
    """Keep these sums of an hour instead of what is there; None: none. The caller holds the pool's lock."""
    row, key = _row_of(type(hour)), hour._asdict()
    mine = [row.__table__.c[name] == value for name, value in key.items()]
    await session.execute(delete(row).where(*mine))
    if sums is not None:
        await session.execute(insert(row).values({**key, **sums}))


async def summary(
    session: AnySession,
    *,
    group_by: tuple[GroupBy, ...],
    since: datetime | None = None,
    until: datetime | None = None,
    run_id: str | None = None,
    phase_id: str | None = None,
    run_ids: Collection[str] | None = None,
) -> list[UsageSum]:
    """Sums over events (of one run, or of some), one row per distinct value of `group_by`, largest first."""
    columns = [getattr(UsageEventRow, name) for name in group_by]

    def reported(column: ColumnElement[int] | Any) -> ColumnElement[int]:
        return whole(case((_REPORTED, column), else_=0))

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
        whole(case((_REPORTED, 0), else_=size)).label("unknown_tokens"),
        whole(case((_REPORTED, 0), else_=UsageEventRow.nano_usd)).label("unknown_nano_usd"),
        whole(case((_REPORTED, 0), (UsageEventRow.nano_usd.is_(None), 1), else_=0)).label(
            "unknown_unpriced_calls"
        ),
        func.max(case((UsageEventRow.simulated, 1), else_=0)).label("simulated"),
    )
    if since is not None:
        query = query.where(UsageEventRow.created_at >= since)
    if until is not None:
        query = query.where(UsageEventRow.created_at < until)
    if run_id is not None:
        query = query.where(UsageEventRow.run_id == run_id)
    if phase_id is not None:
        query = query.where(UsageEventRow.phase_id == phase_id)
    if run_ids is not None:
        query = query.where(UsageEventRow.run_id.in_(run_ids))
    if columns:
        query = query.group_by(*columns)
    query = query.order_by(func.sum(size).desc())
    rows = (await session.execute(query)).mappings()
    return [_sum(dict(row), group_by) for row in rows if row["calls"]]


async def hourly_summary(
    session: AnySession, *, group_by: tuple[GroupHoursBy, ...], since: datetime | None = None
) -> list[UsageSum]:
    """Sums over whole hours since the first instant of one, one row per distinct value of `group_by`.

    Takes as long as there are hours with usage, however many calls there were in them.
    """
    query = _hourly(group_by, whole_time=since is None)
    rows = (await session.execute(query, {} if since is None else {"since": since})).mappings()
    return [UsageSum(**row) for row in rows if row["calls"]]


@lru_cache
def _hourly(group_by: tuple[GroupHoursBy, ...], *, whole_time: bool) -> Any:
    hour = UsageHourRow
    columns = [_in_no_order(getattr(hour, name)).label(name) for name in group_by]
    sums = _sums(hour)
    simulated = func.max(case((hour.simulated, 1), else_=0)).label("simulated")
    query = select(*columns, *sums, *(() if "simulated" in group_by else (simulated,)))
    if not whole_time:
        query = query.where(*_since(hour))
    if columns:
        query = query.group_by(*columns)
    return query.order_by((func.sum(hour.prompt_tokens + hour.completion_tokens)).desc(), *columns)


def _in_no_order(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """The column's value. Grouped by the key's own columns, SQLite walks every hour of a pool in their order.

    Grouped by what has no index, it takes the range of hours that is asked for.
    """
    return func.coalesce(column, column)


def _sums(row: type[UsageHourRow | UsageRunHourRow]) -> list[Any]:
    return [whole(getattr(row, name)).label(name) for name in _NO_SUMS]


def _pools() -> Select[Any]:
    """Every pool, each found by one look into the index of the hours: a range of hours is one per pool."""
    hour = UsageHourRow
    first = select(func.min(hour.pool).label("pool")).cte("every_pool", recursive=True)
    after = select(func.min(hour.pool)).where(hour.pool > first.c.pool).scalar_subquery()
    every = first.union_all(select(after).where(first.c.pool.is_not(None)))
    return select(every.c.pool).where(every.c.pool.is_not(None))


async def largest(session: AnySession, by: SeriesBy, *, since: datetime, most: int) -> list[str]:
    """Names of what used the most tokens in whole hours since the first instant of one, largest first.

    Real calls come before simulated ones, which are never added to them. Calls of no run have no name.
    """
    rows = await session.scalars(_largest(by), {"since": since, "most": most})
    return list(rows)


@lru_cache
def _largest(by: SeriesBy) -> Any:
    row, name = _named(by)
    tokens = row.prompt_tokens + row.completion_tokens
    real, simulated = (whole(case((row.simulated == which, tokens), else_=0)) for which in (False, True))
    query = select(_in_no_order(name).label("name")).where(*_since(row), name != "").group_by("name")
    query = query.having(func.sum(row.calls) > 0)
    return query.order_by(real.desc(), simulated.desc(), "name").limit(bindparam("most"))


class SeriesSum(NamedTuple):
    """What one name, or all that are not named, took in an hour: real or simulated calls."""

    hour: datetime
    name: str
    """Empty: calls of no run."""
    other: bool
    """Calls of all that are not named, which have no name here."""
    sum: UsageSum


async def over_time(
    session: AnySession, by: SeriesBy, *, since: datetime, names: Sequence[str]
) -> list[SeriesSum]:
    """What these names took in each whole hour since the first instant of one, and all others together."""
    rows = (await session.execute(_over_time(by), {"since": since, "names": names})).mappings()
    found: list[SeriesSum] = []
    for row in rows:
        of = dict(row)
        hour, name, other = of.pop("at"), of.pop("name"), bool(of.pop("other"))
        if of["calls"]:
            found.append(SeriesSum(hour, name, other, UsageSum(**of)))
    return found


@lru_cache
def _over_time(by: SeriesBy) -> Any:
    row, column = _named(by)
    is_named = (column == "") | column.in_(bindparam("names", expanding=True))
    name, other = case((is_named, column), else_=""), case((is_named, 0), else_=1)
    at = _in_no_order(row.hour).label("at")
    query = select(at, name.label("name"), other.label("other"), row.simulated, *_sums(row))
    return query.where(*_since(row)).group_by("at", "name", "other", row.simulated)


def _named(by: SeriesBy) -> tuple[type[UsageHourRow | UsageRunHourRow], InstrumentedAttribute[str]]:
    """Where the sums of a series are, and which of their columns has its names."""
    match by:
        case "run":
            return UsageRunHourRow, UsageRunHourRow.run_id
        case "role":
            return UsageRunHourRow, UsageRunHourRow.role
        case "provider" | "model" | "role_class":
            return UsageHourRow, getattr(UsageHourRow, by)
        case _:
            assert_never(by)


def _since(row: type[UsageHourRow | UsageRunHourRow]) -> list[ColumnElement[bool]]:
    return [row.pool.in_(_pools()), row.hour >= bindparam("since", type_=row.hour.type)]


class Spent(NamedTuple):
    """What calls took: tokens, billionths of a dollar, and how many of them have no known price."""

    tokens: int
    nano_usd: int
    unpriced: int


async def spent(session: AnySession, run_id: str, *, phases: Sequence[str] | None) -> Spent:
    """What the calls of a run, or of some of its phases, took as providers reported it."""
    size = UsageEventRow.prompt_tokens + UsageEventRow.completion_tokens
    query = select(
        whole(size).label("tokens"),
        whole(UsageEventRow.nano_usd).label("nano_usd"),
        whole(case((UsageEventRow.nano_usd.is_(None), 1), else_=0)).label("unpriced"),
    ).where(UsageEventRow.run_id == run_id, _REPORTED)
    if phases is not None:
        query = query.where(UsageEventRow.phase_id.in_(phases))
    row = (await session.execute(query)).one()
    return Spent(row.tokens, row.nano_usd, row.unpriced)


def whole(counts: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """A sum that is 0 over nothing, and an integer: PostgreSQL's sum over BIGINT is a NUMERIC."""
    return cast(func.coalesce(func.sum(counts), 0), BigInteger)


def _sum(row: dict[str, Any], group_by: tuple[GroupBy, ...]) -> UsageSum:
    key = {name: row.pop(name) for name in group_by}
    return UsageSum(**row, **key)
