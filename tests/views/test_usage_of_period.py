"""What was used in a period, and where every quota stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlalchemy import event

from autopack.config import Settings
from autopack.db import Database
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policyfile import LivePolicy
from autopack.usage.recorder import LlmUsageEvent
from autopack.usage.schemas import SeriesBy, TokenUsage
from autopack.usage.service import Period
from autopack.views.quotas import PoolUsage
from autopack.views.usage_periods import UsageResponse, usage_of_period
from autopack.views.usage_series import UsageSeries, usage_series
from usage.calls import call, record, unknown
from views.recorded import record_run

HOUR = timedelta(hours=1)
POLICY = """\
schema_version: 1
complexity_models:
  low: &all {builder: gpt-5, auditor: claude-opus-4-5}
  medium: *all
  high: *all
providers:
  openai: {weekly_cap_tokens: 2_000, autopack_share: 0.5, soft_limit: 0.7, reserve_for: {auditor: 0.25}}
  anthropic: {daily_cap_usd: 3, monthly_cap_tokens: 10_000, resets: {zone: Europe/Vienna, at: "06:00"}}
pools:
  max: {billing: subscription, windows: [{hours: 5}]}
models:
  claude-haiku-4-5: {pool: max}
"""


@pytest.fixture
def live(settings: Settings) -> LivePolicy:
    settings.policy_path.write_text(POLICY)
    return LivePolicy(settings.policy_path)


async def look(
    database: Database, live: LivePolicy, period: Period | None = "week", *, now: datetime | None = None
) -> UsageResponse:
    async with database.read() as session:
        return await usage_of_period(session, live, period, now=now)


def pool_of(response: UsageResponse, name: str) -> PoolUsage:
    return next(pool for pool in response.pools if pool.pool == name)


async def test_providers_have_the_seeds_fields_with_a_share_of_the_cap_of_that_period(
    database: Database, live: LivePolicy
) -> None:
    await record(database, call(), call(prompt_tokens=200), call(age=timedelta(days=8)))
    openai = (await look(database, live)).providers[0]
    assert (openai.provider, openai.period) == ("openai", "week")
    assert (openai.prompt_tokens, openai.completion_tokens, openai.total_tokens) == (300, 20, 320)
    assert (openai.cap_tokens, openai.percent_of_cap) == (1_000, 32.0)
    daily = (await look(database, live, "day")).providers[0]
    assert (daily.total_tokens, daily.cap_tokens, daily.percent_of_cap) == (320, None, None)


async def test_unknown_and_unpriced_calls_are_said_and_not_counted_as_nothing(
    database: Database, live: LivePolicy
) -> None:
    await record(
        database,
        call(),
        call(cost_usd=None),
        unknown(cost_usd=Decimal("0.5")),
        unknown(model="gpt-x", cost_usd=None),
    )
    response = await look(database, live)
    (known, other) = (one.usage for one in response.models)
    assert (known.tokens, known.cost_usd, known.unpriced_calls) == (220, Decimal("0.001"), 1)
    assert (known.unknown_calls, known.unknown_tokens, known.unknown_cost_usd) == (1, 110, Decimal("0.5"))
    assert (other.cost_usd, other.unknown_calls, other.unknown_cost_usd) == (None, 1, None)
    assert response.real is not None
    assert (response.real.unknown_calls, response.real.unknown_cost_usd) == (2, None)
    (window,) = pool_of(response, "openai").windows
    assert (window.spent, window.percent) == (440, 44.0), "a cap counts what is unknown as it was reserved"


async def test_simulated_calls_and_role_classes_have_rows_of_their_own(
    database: Database, live: LivePolicy
) -> None:
    await record(
        database, call(), call(simulated=True, prompt_tokens=300), call(role="agent:planner", model="gpt-6")
    )
    response = await look(database, live)
    assert [(one.simulated, one.total_tokens) for one in response.providers] == [(True, 310), (False, 220)]
    assert [(one.model, one.simulated) for one in response.models] == [
        ("gpt-5", True),
        ("gpt-5", False),
        ("gpt-6", False),
    ]
    classes = {(one.role_class, one.simulated): one.usage.calls for one in response.role_classes}
    assert classes == {("core", False): 1, ("core", True): 1, ("aux", False): 1}
    assert response.simulated is not None
    assert response.real is not None
    assert (response.simulated.calls, response.real.calls) == (1, 2)
    pool = pool_of(response, "openai")
    assert (pool.real, pool.simulated) == (response.real, response.simulated)


async def test_a_pool_says_what_is_reserved_and_what_is_kept_free(
    database: Database, live: LivePolicy
) -> None:
    model = live.now().resolve("gpt-5")
    context = CallContext(role="builder", model=model, owner="me")
    meter = Meter(database, context, policy=live.now)
    await meter.reserve(bound=TokenUsage(input_tokens=90, output_tokens=10))
    pool = pool_of(await look(database, live), "openai")
    assert (pool.reserved.calls, pool.reserved.tokens) == (1, 100)
    assert pool.reserved.cost_usd is not None
    assert pool.reserved.cost_usd > 0
    assert (pool.billing, pool.soft_limit_percent, pool.kept_free_percent) == ("api", 70.0, 25.0)
    (window,) = pool.windows
    assert (window.reserved, window.percent_reserved, window.spent) == (100, 10.0, 0)
    assert (window.cap, window.account_cap) == (1_000, 2_000)


async def test_a_rolling_window_says_when_its_oldest_usage_leaves_and_when_it_is_exhausted(
    database: Database, live: LivePolicy
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + HOUR / 2
    await record(database, call(created_at=now - 30 * HOUR), call(created_at=now - HOUR, prompt_tokens=235))
    (window,) = pool_of(await look(database, live, now=now), "openai").windows
    assert (window.rolling, window.resets_at) == (True, None)
    assert window.oldest_leaves_at == now - 30 * HOUR - HOUR / 2 + HOUR + timedelta(days=7)
    assert (window.burn_hours, window.burn_per_hour) == (24.5, 10)
    assert window.exhausted_at == now + (1_000 - 355) / 10 * HOUR


async def test_a_named_window_says_when_it_resets(database: Database, live: LivePolicy) -> None:
    now = datetime(2025, 3, 5, 12, 30, tzinfo=UTC)
    await record(database, call(provider="anthropic", model="claude-opus-4-5", created_at=now - HOUR))
    await record(database, call(provider="anthropic", created_at=now - HOUR, cost_usd=Decimal(2)))
    pool = pool_of(await look(database, live, now=now), "anthropic")
    day, month = pool.windows
    assert (day.window, day.unit, day.rolling) == ("day", "usd", False)
    assert (day.cap, day.spent, day.percent) == (Decimal(3), Decimal("2.001"), 66.7)
    assert day.resets_at == datetime(2025, 3, 6, 5, 0, tzinfo=UTC), "six o'clock in Vienna"
    left = now + timedelta(hours=float((3 - Decimal("2.001")) / day.burn_per_hour))
    assert day.exhausted_at is not None
    assert abs(day.exhausted_at - left) < timedelta(seconds=1)
    assert day.oldest_leaves_at is None
    assert (month.window, month.unit, month.cap) == ("month", "tokens", 10_000)
    assert month.resets_at == datetime(2025, 4, 1, 4, 0, tzinfo=UTC), "summer time has begun"


async def test_a_cap_in_dollars_says_which_calls_it_can_not_count(
    database: Database, live: LivePolicy
) -> None:
    await record(database, call(provider="anthropic", cost_usd=None))
    assert pool_of(await look(database, live), "anthropic").windows[0].unpriced_calls == 1


async def test_a_subscription_is_labelled_and_its_window_is_shown_without_a_cap(
    database: Database, live: LivePolicy
) -> None:
    await record(database, call(provider="anthropic", model="claude-haiku-4-5", pool="max"))
    response = await look(database, live)
    pool = pool_of(response, "max")
    (window,) = pool.windows
    assert (pool.billing, window.window, window.unit) == ("subscription", "5 hours", "tokens")
    assert (window.cap, window.percent, window.exhausted_at, window.spent) == (None, None, None, 110)
    (month,) = (await look(database, live, "month")).providers
    assert (month.provider, month.cap_tokens, month.percent_of_cap) == ("anthropic", 10_000, 0.0)


async def test_a_quota_that_the_policy_no_longer_has_is_shown_while_it_is_used(
    database: Database, live: LivePolicy
) -> None:
    await record(database, call(provider="gone", age=timedelta(days=2)))
    assert pool_of(await look(database, live), "gone").windows == ()
    assert "gone" not in {pool.pool for pool in (await look(database, live, "day")).pools}


async def test_a_broken_policy_is_said_and_its_last_good_version_counts(
    database: Database, live: LivePolicy, settings: Settings
) -> None:
    await record(database, call())
    assert (await look(database, live)).policy_problem is None
    settings.policy_path.write_text("schema_version: 1\n")
    response = await look(database, live)
    assert "complexity_models" in str(response.policy_problem)
    assert response.providers[0].cap_tokens == 1_000
    settings.policy_path.with_name(".models.last-good.yaml").unlink()
    response = await look(database, LivePolicy(settings.policy_path))
    assert "complexity_models" in str(response.policy_problem)
    assert (response.providers[0].total_tokens, response.providers[0].cap_tokens) == (110, None)


async def test_all_time_has_what_is_older_than_every_period(database: Database, live: LivePolicy) -> None:
    await record(database, call(age=timedelta(days=400)), call())
    response = await look(database, live, None)
    assert (response.period, response.since, response.providers[0].total_tokens) == ("all", None, 220)


@pytest.mark.sqlite
async def test_a_period_is_read_from_its_own_hours_and_from_no_call(
    database: Database, live: LivePolicy
) -> None:
    await record(database, call())
    said: list[tuple[str, Any]] = []

    def hear(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        said.append((statement, values))

    async with database.read() as session:
        connection = await session.connection()
        assert connection.sync_connection is not None
        event.listen(connection.sync_connection, "before_cursor_execute", hear)
        await usage_of_period(session, live, "week")
        for by in get_args(SeriesBy):
            await usage_series(session, "month", by)
        event.remove(connection.sync_connection, "before_cursor_execute", hear)
        plans: list[str] = []
        for statement, values in said:
            assert "llm_usage_events" not in statement
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans += [row["detail"] for row in rows.mappings()]
    looks = [plan for plan in plans if "usage_hourly" in plan and "COVERING INDEX" not in plan]
    assert looks
    assert not [plan for plan in looks if "(pool=? AND hour>?" not in plan], looks


async def test_a_fresh_home_has_empty_buckets_and_its_quotas(database: Database, live: LivePolicy) -> None:
    response = await look(database, live)
    assert (response.real, response.simulated, response.providers) == (None, None, ())
    assert [pool.pool for pool in response.pools] == ["openai", "anthropic", "max"]
    async with database.read() as session:
        series = await usage_series(session, "day", "model")
    assert {bucket.parts for bucket in series.buckets} == {()}


async def test_a_series_has_every_bucket_and_its_parts_are_the_whole(
    database: Database, live: LivePolicy
) -> None:
    now = datetime(2025, 3, 5, 12, 30, tzinfo=UTC)
    await record(
        database,
        call(created_at=now),
        call(created_at=now - 2 * HOUR, model="gpt-6", simulated=True),
        call(created_at=now - timedelta(days=6), role="agent:planner"),
    )
    whole = await look(database, live, "week", now=now)
    for by in get_args(SeriesBy):
        async with database.read() as session:
            series = await usage_series(session, "week", by, now=now)
        assert len(series.buckets) == 29
        assert series.buckets[0].start == datetime(2025, 2, 26, 12, tzinfo=UTC)
        assert series.buckets[-1].end == datetime(2025, 3, 5, 18, tzinfo=UTC)
        parts = [part for bucket in series.buckets for part in bucket.parts]
        assert sum(part.usage.tokens for part in parts) == 330
        assert sum(part.usage.calls for part in parts if not part.simulated) == whole.providers[0].usage.calls
    counts: dict[Period, int] = {"day": 25, "month": 31}
    for period, count in counts.items():
        async with database.read() as session:
            assert len((await usage_series(session, period, "model", now=now)).buckets) == count


async def look_at_series(
    database: Database, by: SeriesBy, period: Period = "day", *, now: datetime | None = None
) -> UsageSeries:
    async with database.read() as session:
        return await usage_series(session, period, by, now=now)


def names_of(series: UsageSeries) -> tuple[str, ...]:
    return tuple(one.name for one in series.names)


def parts_of(series: UsageSeries) -> list[tuple[str | None, bool, bool, int]]:
    """Name, whether it is the rest, whether it is simulated, and tokens of each part, bucket by bucket."""
    parts = [part for bucket in series.buckets for part in bucket.parts]
    return [(part.name, part.other, part.simulated, part.usage.tokens) for part in parts]


@pytest.mark.parametrize(("by", "field"), [("run", "run_id"), ("model", "model"), ("role", "role")])
async def test_a_series_names_the_eight_largest_and_sums_the_rest(
    database: Database, by: SeriesBy, field: str
) -> None:
    def used(size: int, tokens: int, *, simulated: bool = False) -> LlmUsageEvent:
        values: dict[str, Any] = {field: f"name-{size:02}", "prompt_tokens": tokens, "completion_tokens": 0}
        return call(**values, simulated=simulated)

    await record(
        database,
        *(used(size, size) for size in range(11)),
        used(1, 5, simulated=True),
        used(10, 7, simulated=True),
    )
    series = await look_at_series(database, by)
    largest = [f"name-{size:02}" for size in range(10, 2, -1)]
    assert names_of(series) == tuple(largest)
    real = [(name, False, False, int(name[-2:])) for name in largest]
    assert parts_of(series) == [
        real[0],
        ("name-10", False, True, 7),
        *real[1:],
        ("", True, False, 0 + 1 + 2),
        ("", True, True, 5),
    ]


async def test_a_series_by_run_has_calls_of_no_run_apart_however_many_runs_there_were(
    database: Database,
) -> None:
    runs = [call(run_id=f"run_{number}", prompt_tokens=100 - number) for number in range(9)]
    await record(database, *runs, *(call(run_id=None, prompt_tokens=500) for _ in range(2)))
    series = await look_at_series(database, "run")
    assert names_of(series) == tuple(f"run_{number}" for number in range(8))
    assert parts_of(series)[-2:] == [(None, False, False, 1_020), ("", True, False, 102)]


async def test_a_name_is_the_largest_over_the_whole_period_and_not_of_a_bucket(database: Database) -> None:
    now = datetime(2025, 3, 5, 12, 30, tzinfo=UTC)
    many = [call(run_id=f"run_{size}", prompt_tokens=size, created_at=now) for size in range(100, 108)]
    often = [call(run_id="run_often", prompt_tokens=99, created_at=now - number * HOUR) for number in (0, 9)]
    gone = call(run_id="run_gone", prompt_tokens=999, created_at=now - timedelta(days=2))
    await record(database, *many, *often, gone)
    series = await look_at_series(database, "run", now=now)
    assert names_of(series) == ("run_often", *(f"run_{size}" for size in range(107, 100, -1)))
    assert parts_of(series)[0] == ("run_often", False, False, 109), "the order of the whole, in each bucket"
    assert parts_of(series)[1] == ("run_often", False, False, 109)
    assert parts_of(series)[-1] == ("", True, False, 110)


async def test_real_calls_come_first_and_simulated_ones_of_a_name_do_not_add_to_them(
    database: Database,
) -> None:
    await record(
        database,
        call(run_id="run_small", prompt_tokens=1),
        call(run_id="run_large", prompt_tokens=2),
        call(run_id="run_small", prompt_tokens=9_000, simulated=True),
        call(run_id="run_script", prompt_tokens=9_999, simulated=True),
    )
    assert names_of(await look_at_series(database, "run")) == ("run_large", "run_small", "run_script")


async def test_a_run_on_several_quotas_is_one_part(database: Database) -> None:
    await record(database, call(), call(provider="anthropic"), call(pool="max"), call(role="auditor"))
    assert parts_of(await look_at_series(database, "run")) == [("run_a", False, False, 440)]
    assert parts_of(await look_at_series(database, "role")) == [
        ("builder", False, False, 330),
        ("auditor", False, False, 110),
    ]


async def test_a_late_answer_stays_in_the_part_and_hour_of_its_call(database: Database) -> None:
    now = datetime(2025, 3, 5, 12, 30, tzinfo=UTC)
    lost = unknown(created_at=now - 5 * HOUR, call_id="call_late")
    await record(database, lost, call(call_id="call_late", created_at=now, prompt_tokens=40))
    series = await look_at_series(database, "run", now=now)
    (used,) = [bucket for bucket in series.buckets if bucket.parts]
    assert used.start == now - 5 * HOUR - HOUR / 2
    (part,) = used.parts
    assert (part.usage.tokens, part.usage.unknown_calls) == (50, 0)


async def test_a_run_of_a_series_is_shown_by_the_name_of_its_plan(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    await record(database, call(run_id="run_of_elsewhere", prompt_tokens=1))
    series = await look_at_series(database, "run")
    assert [(one.name, one.title) for one in series.names] == [
        (run_id, "todo"),
        ("run_of_elsewhere", "run_of_elsewhere"),
    ]
