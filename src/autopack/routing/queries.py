# Over 400 lines because the statements of one ledger belong side by side: what is locked, and what it guards.
"""SQL of the quota ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    BigInteger,
    CursorResult,
    Table,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from autopack.db import AnySession, WriteSession, added, added_to, changed, put
from autopack.routing.accounts import KeptWindow, ToldWindow
from autopack.routing.limits import Limits, Unit
from autopack.routing.tables import AccountWindowRow, CooldownRow, PoolRow, ReservationRow
from autopack.routing.windows import HOUR, can_be, whole_hour
from autopack.usage.queries import Spent, whole
from autopack.usage.tables import UsageHourRow

SET_BACK_AT_MOST = timedelta(days=1)
"""A clock that was ahead by more was wrong then, and is believed now."""

_LAST = datetime(9999, 1, 1, tzinfo=UTC)


async def lock_pool(session: WriteSession, pool: str) -> None:
    """Take a pool's lock until the commit, to change what is kept of its earlier hours.

    Whoever remembers those reads them anew. A call's own books need `hold_pool` only.
    """
    await added_to(session, PoolRow, {"id": pool}, {"revision": 1})


async def hold_pool(session: WriteSession, pool: str) -> None:
    """Take a pool's lock until the commit, making the pool on its first call. On SQLite a writer has it."""
    if session.get_bind().dialect.name == "sqlite":
        return
    lock = select(PoolRow.id).where(PoolRow.id == pool).with_for_update(key_share=True)
    if await session.scalar(lock) is None:
        await added(session, PoolRow, {"id": pool, "revision": 0})
        await session.scalar(lock)


async def hour_at_hand(session: AnySession, pool: str) -> datetime | None:
    """The hour that calls of a pool are booked in; None before its first call."""
    return await session.scalar(select(PoolRow.hour).where(PoolRow.id == pool))


async def book_at(session: WriteSession, pool: str, hour: datetime | None, *, now: datetime) -> datetime:
    """The instant to book at, where `hour` is the one at hand: now, but in no earlier hour than that.

    A clock that is set back, and right again later, would take what was used meanwhile out of its window too
    soon. Where an hour has begun since, it is the one at hand from here on.
    """
    mine = whole_hour(now)
    if hour is not None and mine < hour <= mine + SET_BACK_AT_MOST:
        return hour
    if hour != mine:
        await put(session, PoolRow, {"id": pool}, {"hour": mine})
    return now


class Amounts(NamedTuple):
    """What calls take: thousandths of weighed tokens, billionths of a dollar, and how many have no price."""

    milli_tokens: int
    nano_usd: int
    unpriced: int

    def of(self, unit: Unit) -> int:
        """What a cap of this unit counts."""
        return self.milli_tokens if unit == "tokens" else self.nano_usd


class Use(NamedTuple):
    """What of a quota is used: in each window, and by calls that are open."""

    windows: dict[str, Amounts]
    open: Amounts


async def use_of(session: AnySession, pool: str, limits: Limits, *, now: datetime) -> Use:
    """What of a quota is used, in one statement: two would miss a call that is settled between them."""
    row = (await session.execute(_use(len(limits.spans)), _windows(pool, limits, now, before=_LAST))).one()
    amounts = _amounts(row)
    return Use(dict(zip(limits.spans, amounts, strict=False)), amounts[-1])


class AtHand(NamedTuple):
    """A pool at one moment: its hour at hand with what was used in it, and what open calls may take."""

    hour: datetime | None
    revision: int | None
    """Another one where hours before that were changed."""
    used: Amounts
    open: Amounts


async def at_hand(session: WriteSession, pool: str, limits: Limits) -> AtHand:
    """What changes with each call, in one statement. The caller holds the pool."""
    weights = limits.weights.milli.parameters()
    row: tuple[Any, ...] = tuple((await session.execute(_at_hand(), {"pool": pool, **weights})).one())
    hour, revision = row[:2]
    used, opened = _amounts(row[2:])
    return AtHand(hour, revision, used, opened)


async def used_before(
    session: WriteSession, pool: str, limits: Limits, *, now: datetime, hour: datetime
) -> tuple[Amounts, ...]:
    """What was used in each window before the hour at hand; the caller holds the pool."""
    parameters = _windows(pool, limits, now, before=hour)
    return _amounts((await session.execute(_spent(len(limits.spans)), parameters)).one())


def _windows(pool: str, limits: Limits, now: datetime, *, before: datetime) -> dict[str, Any]:
    since = [span.since(now) for span in limits.spans.values()]
    starts = {f"since_{index}": start for index, start in enumerate(since)}
    ends = {"earliest": min(since, default=now), "before": before}
    return {"pool": pool, **limits.weights.milli.parameters(), **starts, **ends}


def _amounts(row: Sequence[int]) -> tuple[Amounts, ...]:
    return tuple(Amounts(*row[at : at + 3]) for at in range(0, len(row), 3))


@lru_cache
def _spent(windows: int) -> Any:
    hour = UsageHourRow
    kind = hour.hour.type
    counted = [
        whole(case((hour.hour >= bindparam(f"since_{index}", type_=kind), amount), else_=0))
        for index in range(windows)
        for amount in (_tokens(), _nano_usd(), _unpriced())
    ]
    return select(*(one.label(f"amount_{index}") for index, one in enumerate(counted))).where(
        hour.pool == bindparam("pool"),
        hour.hour >= bindparam("earliest", type_=kind),
        hour.hour < bindparam("before", type_=kind),
    )


@lru_cache
def _use(windows: int) -> Any:
    if not windows:
        return _opened()
    left, right = _spent(windows).subquery(), _opened().subquery()
    return select(*left.c, *right.c).select_from(left.join(right, true()))


@lru_cache
def _at_hand() -> Any:
    hour, pool = UsageHourRow, bindparam("pool", type_=UsageHourRow.pool.type)
    mark = select(PoolRow.hour).where(PoolRow.id == pool).scalar_subquery()
    revision = select(PoolRow.revision).where(PoolRow.id == pool).scalar_subquery()
    sums = [whole(amount) for amount in (_tokens(), _nano_usd(), _unpriced())]
    used = select(*(one.label(f"used_{index}") for index, one in enumerate(sums))).where(
        hour.pool == pool, hour.hour >= mark
    )
    left, right = used.subquery(), _opened().subquery()
    return select(mark.label("mark"), revision.label("revision"), *left.c, *right.c).select_from(
        left.join(right, true())
    )


def _opened() -> Any:
    return select(
        whole(_bound()).label("open_tokens"),
        whole(ReservationRow.nano_usd).label("open_usd"),
        whole(case((ReservationRow.nano_usd.is_(None), 1), else_=0)).label("open_unpriced"),
    ).where(ReservationRow.pool == bindparam("pool"), ReservationRow.state == "open")


async def hours_of(
    session: AnySession, pool: str, limits: Limits, *, since: datetime
) -> list[tuple[datetime, Amounts]]:
    """What of a quota was used in each hour since an instant, in their order."""
    hour = UsageHourRow
    query = (
        select(hour.hour, whole(_tokens()), whole(_nano_usd()), whole(_unpriced()))
        .where(hour.pool == bindparam("pool"), hour.hour >= since)
        .group_by(hour.hour)
        .order_by(hour.hour)
    )
    rows = await session.execute(query, {"pool": pool, **limits.weights.milli.parameters()})
    return [(row[0], Amounts(*row[1:])) for row in rows]


def _weight(name: str) -> Any:
    return bindparam(name, type_=BigInteger)


def _tokens() -> Any:
    """Thousandths of weighed tokens of an hour; what is unknown counts as it was reserved."""
    hour = UsageHourRow
    unknown_input = hour.unknown_tokens - hour.unknown_output_tokens
    plain = hour.prompt_tokens - hour.cache_read_tokens - hour.cache_write_tokens
    return (
        plain * _weight("weight_input")
        + hour.cache_read_tokens * _weight("weight_cache_read")
        + hour.cache_write_tokens * _weight("weight_cache_write")
        + (hour.completion_tokens + hour.unknown_output_tokens) * _weight("weight_output")
        + unknown_input * _weight("weight_most")
    )


def _nano_usd() -> Any:
    return UsageHourRow.nano_usd + UsageHourRow.unknown_nano_usd


def _unpriced() -> Any:
    return UsageHourRow.unpriced_calls + UsageHourRow.unknown_unpriced_calls


def _bound() -> Any:
    inputs, outputs = ReservationRow.input_tokens, ReservationRow.output_tokens
    return inputs * _weight("weight_most") + outputs * _weight("weight_output")


class Cooldown(NamedTuple):
    """Until when a model of a quota, or all of them (model is empty), is to be left alone, and why."""

    pool: str
    model: str
    until: datetime
    why: str


async def cooldowns(session: AnySession, *, now: datetime) -> list[Cooldown]:
    """Those that are not over."""
    rows = await session.scalars(select(CooldownRow).where(CooldownRow.until > now))
    return [Cooldown(row.pool, row.model, row.until, row.why) for row in rows]


async def cool_down(session: WriteSession, cooldown: Cooldown) -> Cooldown:
    """Keep the longer of this cooldown and a former one of its model, and give it.

    The caller holds the pool's lock.
    """
    former = await session.get(CooldownRow, (cooldown.pool, cooldown.model))
    if former is not None and former.until >= cooldown.until:
        return Cooldown(former.pool, former.model, former.until, former.why)
    values = {"until": cooldown.until, "why": cooldown.why[:500]}
    await put(session, CooldownRow, {"pool": cooldown.pool, "model": cooldown.model}, values)
    return cooldown


async def end_cooldown(session: WriteSession, *, pool: str, model: str) -> None:
    """A model was reached: neither it nor its quota as a whole is to be left alone any more."""
    over = delete(CooldownRow).where(CooldownRow.pool == pool, CooldownRow.model.in_((model, "")))
    await session.execute(over)


async def keep_account_window(
    session: WriteSession, pool: str, agent: str, told: KeptWindow, *, now: datetime
) -> None:
    """Keep what an account told of a window."""
    key = {"pool": pool, "agent": agent, "hours": told.length // HOUR}
    values = {"used": told.used, "resets_at": told.resets_at, "turns_at": told.turns_at, "told_at": now}
    await put(session, AccountWindowRow, key, values)


async def account_resets(
    session: AnySession, pool: str, *, agent: str | None = None
) -> Mapping[timedelta, datetime]:
    """The last reset of each window of an account at which caps begin, by the window's length.

    Without an agent, of the lengths that one account alone tells of.
    """
    row = AccountWindowRow
    found: dict[timedelta, list[datetime]] = {}
    for one in await session.scalars(select(row).where(row.pool == pool)):
        if agent in (None, one.agent):
            found.setdefault(one.hours * HOUR, []).append(one.turns_at)
    return {length: resets[0] for length, resets in found.items() if len(resets) == 1}


async def account_windows(
    session: AnySession, *, now: datetime, pool: str | None = None
) -> dict[str, list[ToldWindow]]:
    """What is known to hold now of each account's windows, by pool, the shortest first."""
    row = AccountWindowRow
    query = select(row).where(row.resets_at > now).order_by(row.pool, row.agent, row.hours)
    found: dict[str, list[ToldWindow]] = {}
    for one in await session.scalars(query if pool is None else query.where(row.pool == pool)):
        window = ToldWindow(
            length=one.hours * HOUR,
            used=one.used,
            resets_at=one.resets_at,
            agent=one.agent,
            told_at=one.told_at,
        )
        if can_be(window.resets_at, window.length, now):
            found.setdefault(one.pool, []).append(window)
    return found


async def reserve(session: WriteSession, values: dict[str, Any]) -> None:
    """Insert a reservation; its `call_id` is new."""
    await session.execute(insert(cast("Table", ReservationRow.__table__)), values)


async def reserve_where_it_fits(
    session: WriteSession,
    values: dict[str, Any],
    limits: Limits,
    left: Sequence[int],
    *,
    hour: datetime,
    revision: int | None,
) -> bool:
    """Insert a reservation if it passes no cap, in one statement; says whether it did.

    `left` is what each cap has for what is used in the hour at hand and for open calls beside this one. It
    holds for one hour at hand and one revision of the pool, which the caller holds.
    """
    statement = _fitting(tuple(cap.unit for cap in limits.caps))
    lefts = {f"left_{index}": amount for index, amount in enumerate(left)}
    parameters = {**values, **lefts, **limits.weights.milli.parameters(), "mark": hour, "kept": revision}
    return cast("CursorResult[Any]", await session.execute(statement, parameters)).rowcount == 1


@lru_cache
def _fitting(units: tuple[str, ...]) -> Any:
    table = cast("Table", ReservationRow.__table__)
    hour, row, names = UsageHourRow, ReservationRow, [column.name for column in table.c]
    pool = bindparam("pool", type_=row.pool.type)
    used = [
        select(whole(amount)).where(hour.pool == pool, hour.hour >= bindparam("mark", type_=hour.hour.type))
        for amount in (_tokens(), _nano_usd(), _unpriced())
    ]
    unpriced = whole(case((row.nano_usd.is_(None), 1), else_=0))
    opened = [
        select(amount).where(row.pool == pool, row.state == "open")
        for amount in (whole(_bound()), whole(row.nano_usd), unpriced)
    ]
    taken = [one.scalar_subquery() + two.scalar_subquery() for one, two in zip(used, opened, strict=True)]
    fits = [
        taken[0 if unit == "tokens" else 1] <= bindparam(f"left_{index}", type_=BigInteger)
        for index, unit in enumerate(units)
    ]
    priced = [taken[2] == 0] if "usd" in units else []
    as_remembered = (
        select(PoolRow.id)
        .where(PoolRow.id == pool, PoolRow.hour == bindparam("mark"), PoolRow.revision == bindparam("kept"))
        .exists()
    )
    new = select(*(bindparam(column.name, type_=column.type) for column in table.c))
    fitting = insert(table).from_select(names, new.where(as_remembered, *fits, *priced))
    return fitting.execution_options(preserve_rowcount=True)


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


class OpenCalls(NamedTuple):
    """Calls of a quota that are open, and the most that they can take."""

    calls: int
    tokens: int
    nano_usd: int
    unpriced: int


async def open_calls(session: AnySession, pools: Collection[str]) -> dict[str, OpenCalls]:
    """The calls that are open, of those of some quotas that have any."""
    row = ReservationRow
    query = (
        select(
            row.pool,
            func.count(),
            whole(row.input_tokens + row.output_tokens),
            whole(row.nano_usd),
            whole(case((row.nano_usd.is_(None), 1), else_=0)),
        )
        .where(row.pool.in_(pools), row.state == "open")
        .group_by(row.pool)
    )
    return {found[0]: OpenCalls(*found[1:]) for found in await session.execute(query)}


class UnboughtCalls(NamedTuple):
    """Calls of a run that the ledger has no event of: open, released (nothing was bought) or refused."""

    phase_id: str | None
    attempt: int | None
    role: str
    provider: str
    model: str
    simulated: bool
    state: str
    calls: int
    tokens: int
    """The most that they can take or could have taken."""


async def unbought(session: AnySession, run_id: str) -> list[UnboughtCalls]:
    """Calls of a run without an event, by who made them for what, which model, and what became of them."""
    row = ReservationRow
    columns = (row.phase_id, row.attempt, row.role, row.provider, row.model, row.simulated, row.state)
    query = (
        select(*columns, func.count(), whole(row.input_tokens + row.output_tokens))
        .where(row.run_id == run_id, row.state.in_(("open", "released", "refused")))
        .group_by(*columns)
    )
    return [UnboughtCalls(*found) for found in await session.execute(query)]


async def pools(session: AnySession) -> list[str]:
    """Every quota that was ever called."""
    return list(await session.scalars(select(PoolRow.id).order_by(PoolRow.id)))


class Holder(NamedTuple):
    """A process that has calls open for a run."""

    owner: str
    run_id: str | None


async def holders(session: AnySession) -> list[Holder]:
    """Who has calls open, and for which runs."""
    columns = ReservationRow.owner, ReservationRow.run_id
    query = select(*columns).where(ReservationRow.state == "open").group_by(*columns).order_by(*columns)
    return [Holder(row.owner, row.run_id) for row in await session.execute(query)]


async def close(session: WriteSession, call_id: str, *, state: str, why: str = "") -> bool:
    """Close a reservation that is open; says whether it was."""
    closing = update(ReservationRow).where(ReservationRow.call_id == call_id, ReservationRow.state == "open")
    values = {"state": state, "why": why[:400], "closed_at": datetime.now(UTC)}
    return await changed(session, closing.values(values)) == 1


async def withdraw(session: WriteSession, call_id: str) -> None:
    """Remove a reservation that is open: its call was never made."""
    row = ReservationRow
    await session.execute(delete(row).where(row.call_id == call_id, row.state == "open"))


async def settle(session: WriteSession, call_id: str, *, pool: str) -> datetime | None:
    """Close the reservation of an answered call, in the same statement that gives its pool's hour at hand.

    One that was given up as unknown is settled all the same; one that is settled already stays so.
    """
    values = {"id": call_id, "of_pool": pool, "now": datetime.now(UTC)}
    found = (await session.execute(_settling(), values)).first()
    return await hour_at_hand(session, pool) if found is None else found[0]


@lru_cache
def _settling() -> Any:
    table = cast("Table", ReservationRow.__table__)
    hour = select(PoolRow.hour).where(PoolRow.id == bindparam("of_pool")).scalar_subquery()
    open_or_unknown = table.c.state.in_(("open", "unknown"))
    settled: dict[str, Any] = {"state": "settled", "why": "", "closed_at": bindparam("now")}
    return (
        update(table)
        .where(table.c.call_id == bindparam("id"), open_or_unknown)
        .values(settled)
        .returning(hour)
    )


async def price_lost(session: WriteSession, call_id: str, nano_usd: int) -> None:
    """Write another price into the reservation of a call whose usage was lost: budgets count that."""
    lost = (ReservationRow.call_id == call_id) & (ReservationRow.state == "unknown")
    await session.execute(update(ReservationRow).where(lost).values(nano_usd=nano_usd))


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
