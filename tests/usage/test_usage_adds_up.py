"""The parts sum to the whole, whatever was called, lost, settled late, priced anew, or moved elsewhere."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from autopack.config import Settings
from autopack.db import Database
from autopack.redaction import Redactor
from autopack.routing import queries as ledger
from autopack.routing.importing import import_calls
from autopack.routing.policyfile import LivePolicy
from autopack.routing.queries import lock_pool
from autopack.routing.repricing import reprice
from autopack.routing.tables import PoolRow, ReservationRow
from autopack.usage import queries
from autopack.usage.money import to_nano
from autopack.usage.prices import PriceTable
from autopack.usage.queries import Hour, Priceable
from autopack.usage.recorder import LlmUsageEvent, get_usage_summary, record_usage
from autopack.usage.records import csv_header, csv_line, json_line, read_records, record_of
from autopack.usage.rollups import differing_hours
from autopack.usage.schemas import GroupBy, GroupHoursBy, SeriesBy, UsageStatus, UsageSum
from autopack.usage.tables import UsageEventRow, UsageHourRow, UsageRunHourRow
from autopack.views.booked import Booked
from autopack.views.run_usage import run_usage
from autopack.views.spend import Spend
from autopack.views.usage_periods import usage_of_period
from autopack.views.usage_series import usage_series
from views.recorded import record_run

MODELS = {"mine": "local", "nobodys": "local", "gpt-5": "openai", "claude-opus-4-5": "anthropic"}
PRICES = {"mine": PriceTable(input=Decimal(2), output=Decimal(10), cache_read=Decimal("0.5"))}
RUN = "the run"
numbers = itertools.count()


@st.composite
def calls(draw: st.DrawFn) -> tuple[LlmUsageEvent, LlmUsageEvent | None]:
    """A call as it is first recorded; and what its provider says after all where it was lost, if it does."""
    model = draw(st.sampled_from([*MODELS]))
    phase = draw(st.sampled_from(["store", "cli", "taken-out", None]))
    status = draw(st.sampled_from(UsageStatus))
    cached = draw(st.integers(0, 50)) if status is UsageStatus.REPORTED else 0
    values: dict[str, Any] = {
        "provider": MODELS[model],
        "model": model,
        "pool": draw(st.sampled_from([None, "max"])),
        "run_id": draw(st.sampled_from([RUN, RUN, "run_other", None])),
        "phase_id": phase,
        "attempt": None if phase is None else draw(st.sampled_from([None, 1, 2, 7])),
        "role": draw(st.sampled_from(["builder", "auditor", "agent:planner"])),
        "prompt_tokens": cached + draw(st.integers(0, 10**6)),
        "cache_read_tokens": cached,
        "completion_tokens": draw(st.integers(0, 10**6)),
        "cost_usd": draw(st.none() | st.decimals(0, 10, places=9)),
        "created_at": datetime.now(UTC) - timedelta(hours=draw(st.integers(0, 1000))),
        "call_id": f"call_{next(numbers)}",
        "simulated": draw(st.booleans()),
    }
    first = LlmUsageEvent(**values, status=status)
    if status is UsageStatus.REPORTED or draw(st.booleans()):
        return first, None
    late: dict[str, Any] = {
        "prompt_tokens": draw(st.integers(0, 10**6)),
        "cost_usd": draw(st.none() | st.just(Decimal(1))),
        "created_at": datetime.now(UTC),
    }
    return first, LlmUsageEvent(**{**values, **late})


@pytest.fixture
async def run_id(database: Database, settings: Settings, tmp_path: Path) -> str:
    """A run whose phases and attempts are recorded."""
    return await record_run(settings, repository=tmp_path)


async def forget(database: Database) -> None:
    async with database.write() as session:
        for row in (UsageEventRow, UsageHourRow, UsageRunHourRow, ReservationRow, PoolRow):
            await session.execute(delete(row))


async def book(
    database: Database,
    run_id: str,
    found: list[tuple[LlmUsageEvent, LlmUsageEvent | None]],
    unbought: list[str],
) -> None:
    """Record calls as the meter does, and reservations that came to nothing."""
    for first, late in found:
        for one in (first, late):
            if one is not None:
                event = replace(one, run_id=run_id if one.run_id == RUN else one.run_id)
                async with database.write() as session:
                    await lock_pool(session, event.pool or event.provider)
                    assert await record_usage(session, event)
    async with database.write() as session:
        for state in unbought:
            await ledger.reserve(
                session,
                {
                    "call_id": f"call_{next(numbers)}",
                    "pool": "openai",
                    "run_id": run_id,
                    "phase_id": "store",
                    "attempt": 1,
                    "role": "builder",
                    "provider": "openai",
                    "model": "gpt-5",
                    "simulated": False,
                    "owner": "me",
                    "input_tokens": 10,
                    "output_tokens": 1,
                    "state": state,
                    "created_at": datetime.now(UTC),
                },
            )


def counted(sums: Iterable[UsageSum]) -> Counter[str]:
    """Every number of some sums, added up."""
    total: Counter[str] = Counter()
    for one in sums:
        total.update({name: value for name, value in one.model_dump().items() if _adds_up(name, value)})
    return +total


def _adds_up(name: str, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and name != "attempt"


def spent(spends: Iterable[Spend | None]) -> Counter[str]:
    """The same of what is shown, with its dollars; what is unknown of several has no sum in dollars."""
    total: Counter[str] = Counter()
    for one in spends:
        if one is not None:
            total.update({name: value for name, value in one.model_dump().items() if _adds_up(name, value)})
            total["nano_usd"] += to_nano(one.cost_usd) or 0
    return +total


def booked(parts: Iterable[Booked]) -> Counter[str]:
    """The same with the calls that were not bought."""
    whole = [*parts]
    total = spent(part.usage for part in whole)
    for part in whole:
        total.update({name: value for name, value in part.model_dump().items() if _adds_up(name, value)})
    return +total


async def adds_up(database: Database, live: LivePolicy, run_id: str) -> None:
    """Every breakdown there is sums to the whole, which is what the events say."""
    async with database.read() as session:
        assert await differing_hours(session) == {}
        whole = counted(await get_usage_summary(session, None, ()))
        for name in get_args(GroupBy):
            assert counted(await get_usage_summary(session, None, (name,))) == whole, name
        for name in get_args(GroupHoursBy):
            assert counted(await queries.hourly_summary(session, group_by=(name,))) == whole, name
        everything = datetime(2000, 1, 1, tzinfo=UTC)
        assert counted(await queries.hourly_summary(session, group_by=(), since=everything)) == whole
        of_run = counted(await get_usage_summary(session, None, (), run_id=run_id))
        run = await run_usage(session, run_id)
        period = await usage_of_period(session, live, None)
        month = await usage_of_period(session, live, "month")
        every_series = [await usage_series(session, "month", by) for by in get_args(SeriesBy)]
    assert spent([run.booked.usage])["nano_usd"] == of_run["nano_usd"]
    assert run.booked.usage.calls == of_run["calls"]
    assert spent([run.real, run.simulated]) == spent([run.booked.usage])
    phases = [*run.gone, *(phase for tier in run.tiers for phase in tier.phases)]
    run_whole = booked([run.booked])
    assert booked(
        [*(tier.booked for tier in run.tiers), *(one.booked for one in (*run.gone, *run.beside))]
    ) == (run_whole)
    assert booked([phase.booked for phase in phases] + [one.booked for one in run.beside]) == run_whole
    assert booked(one.booked for one in run.roles) == run_whole
    for phase in phases:
        assert booked(attempt.booked for attempt in phase.attempts) == booked([phase.booked])
        for attempt in phase.attempts:
            assert booked(one.booked for one in attempt.roles) == booked([attempt.booked])
    for response in (period, month):
        shown = spent([response.real, response.simulated])
        assert spent(one.usage for one in response.providers) == shown
        assert spent(one.usage for one in response.models) == shown
        assert spent(one.usage for one in response.role_classes) == shown
        assert spent(one for pool in response.pools for one in (pool.real, pool.simulated)) == shown
    for series in every_series:
        parts = [part for bucket in series.buckets for part in bucket.parts]
        for simulated, whole_month in ((False, month.real), (True, month.simulated)):
            shown = spent(part.usage for part in parts if part.simulated == simulated)
            assert shown == spent([whole_month]), series.by
    assert spent([period.real, period.simulated])["nano_usd"] == whole["nano_usd"]


async def kept(database: Database) -> tuple[list[dict[str, Any]], dict[Hour, dict[str, int]]]:
    """All that is recorded, but the numbers of rows."""
    names = [column.name for column in UsageEventRow.__table__.c if column.name != "id"]
    async with database.read() as session:
        rows = await session.scalars(select(UsageEventRow).order_by(UsageEventRow.id))
        return [{name: getattr(row, name) for name in names} for row in rows], await queries.hours(session)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    found=st.lists(calls(), max_size=12),
    unbought=st.lists(st.sampled_from(["refused", "released", "open"]), max_size=4),
    which=st.builds(
        Priceable, unpriced=st.booleans(), model=st.sampled_from([None, "mine"]), since=st.none()
    ),
    as_csv=st.booleans(),
)
async def test_the_parts_sum_to_the_whole(
    database: Database,
    run_id: str,
    settings: Settings,
    found: list[tuple[LlmUsageEvent, LlmUsageEvent | None]],
    unbought: list[str],
    which: Priceable,
    as_csv: bool,
) -> None:
    live = LivePolicy(settings.policy_path)
    await forget(database)
    await book(database, run_id, found, unbought)
    await adds_up(database, live, run_id)

    before, _ = await kept(database)
    done = await reprice(database, which, PRICES)
    await adds_up(database, live, run_id)
    after, hours = await kept(database)
    difference = sum(one.after - one.before for one in done.models.values())
    assert sum((one["nano_usd"] or 0) for one in after) - sum((one["nano_usd"] or 0) for one in before) == (
        difference
    )
    again = await reprice(database, which, PRICES)
    assert sum(one.calls for one in again.models.values()) == 0

    async with database.read() as session:
        lines = [(csv_line if as_csv else json_line)(record_of(row)) async for row in queries.events(session)]
    written = "".join(f"{line}\n" for line in ([csv_header()] if as_csv else []) + lines)
    await forget(database)
    taken = (
        await import_calls(
            database,
            lambda: read_records(written.splitlines(keepends=True), redact=Redactor().text),
            source="x",
        )
        if lines
        else None
    )
    assert taken is None or (taken.added, taken.known, taken.settled) == (len(lines), 0, 0)
    await adds_up(database, live, run_id)
    events, its_hours = await kept(database)
    assert events == after
    assert {key: +Counter(sums) for key, sums in its_hours.items()} == {
        key: +Counter(sums) for key, sums in hours.items() if sums["calls"]
    }
