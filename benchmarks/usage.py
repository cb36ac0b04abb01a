"""The usage of a week after 10,000 calls and after 10,000,000: it is read from hourly sums, not from calls.

Two homes in this process, each with its calls spread over the working hours of 90 days, 8 models of 3
providers, one reservation per call, and caps for every provider. The summary is the whole view behind
`GET /dashboard/usage`, quotas and forecasts included, in turns on both. Beside it the same totals by a GROUP
BY over the calls themselves, as the first sketch of Autopack had it; and a chart of a month by run, which
takes as long as there were runs at work.

Bar: the summary takes at most 1.3 times as long on the large home. Prints one JSON line; exits 1 where the
bar is not met. `--quick` takes 1,000,000 calls.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autopack.config import Settings
from autopack.db import Database, prepare_database
from autopack.routing.policyfile import LivePolicy
from autopack.usage.recorder import get_usage_summary
from autopack.usage.rollups import differing_hours
from autopack.usage.service import PERIODS
from autopack.views.usage_periods import usage_of_period
from autopack.views.usage_series import MOST_NAMES, usage_series

SMALL = 10_000
LARGE = 10_000_000
QUICK = 1_000_000
BAR = 1.3
TIMES = 200
TIMES_OF_CHART = 10
TIMES_OVER_CALLS = 3
DAYS = 90
HOURS_A_DAY = 10
MODELS = {
    "gpt-5.1": "openai",
    "gpt-5": "openai",
    "gpt-5-mini": "openai",
    "claude-opus-4-5": "anthropic",
    "claude-sonnet-4-5": "anthropic",
    "claude-haiku-4-5": "anthropic",
    "glm-4.6": "glm",
    "glm-4.5-air": "glm",
}
POLICY = """\
schema_version: 1
complexity_models:
  low: {builder: gpt-5-mini, auditor: claude-haiku-4-5}
  medium: {builder: claude-sonnet-4-5, auditor: gpt-5}
  high: {builder: claude-opus-4-5, auditor: gpt-5.1}
fallbacks: {default: [glm-4.6, glm-4.5-air]}
providers:
  openai: {daily_cap_tokens: 900_000_000, weekly_cap_tokens: 9_000_000_000}
  anthropic: {weekly_cap_tokens: 9_000_000_000, autopack_share: 0.5, resets: {zone: Europe/Vienna}}
  glm: {weekly_cap_usd: 900_000}
"""
CALLS = f"""
INSERT INTO llm_usage_events (provider, model, run_id, phase_id, role, prompt_tokens, completion_tokens,
  created_at, call_id, response_id, pool, attempt, cache_read_tokens, cache_write_tokens, reasoning_tokens,
  nano_usd, usage_status, simulated)
WITH RECURSIVE
  numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < :count),
  drawn AS (SELECT i, (i * 2654435761 % 4294967296) >> 8 AS h, i * {DAYS * HOURS_A_DAY} / :count AS busy,
    i * {DAYS * HOURS_A_DAY} % :count * 3600 / :count AS second FROM numbers)
SELECT provider, models.model, printf('run_%06d', i / 200), printf('phase-%d', i / 20 % 10),
  CASE WHEN h / 8 % 100 < 70 THEN 'builder' WHEN h / 8 % 100 < 95 THEN 'auditor' ELSE 'agent:planner' END,
  1000 + h % 50000, 100 + h % 4000,
  strftime('%Y-%m-%d %H:%M:%S', :midnight + busy / {HOURS_A_DAY} * 86400
    + (8 + busy % {HOURS_A_DAY}) * 3600 + second, 'unixepoch') || '.000000',
  printf('call_%012d', i), NULL, provider, 1, 1000, 0, 0, 1000000 + h % 90000000,
  CASE WHEN h / 800 % 1000 = 0 THEN 'unknown' ELSE 'reported' END, 0
FROM drawn JOIN models ON models.number = h % {len(MODELS)}
"""
RESERVATIONS = """
INSERT INTO reservations (call_id, pool, run_id, phase_id, attempt, role, provider, model, simulated, owner,
  input_tokens, output_tokens, nano_usd, state, why, created_at, closed_at)
SELECT call_id, pool, run_id, phase_id, attempt, role, provider, model, simulated, 'benchmark', prompt_tokens,
  completion_tokens, nano_usd, CASE usage_status WHEN 'reported' THEN 'settled' ELSE 'unknown' END, '',
  created_at, created_at FROM llm_usage_events
"""
HOURS = """
INSERT INTO usage_hourly
SELECT pool, provider, model, CASE WHEN role IN ('builder', 'auditor') THEN 'core' ELSE 'aux' END, simulated,
  substr(created_at, 1, 13) || ':00:00.000000', count(*), sum(known * prompt_tokens),
  sum(known * completion_tokens), sum(known * cache_read_tokens), sum(known * cache_write_tokens),
  sum(known * reasoning_tokens), sum(known * nano_usd), 0, sum(1 - known),
  sum((1 - known) * (prompt_tokens + completion_tokens)), sum((1 - known) * completion_tokens),
  sum((1 - known) * nano_usd), 0
FROM (SELECT *, usage_status = 'reported' AS known FROM llm_usage_events) GROUP BY 1, 2, 3, 4, 5, 6
"""
RUN_HOURS = """
INSERT INTO usage_hourly_runs
SELECT pool, substr(created_at, 1, 13) || ':00:00.000000', run_id, role, simulated, count(*),
  sum(known * prompt_tokens), sum(known * completion_tokens), sum(known * cache_read_tokens),
  sum(known * cache_write_tokens), sum(known * reasoning_tokens), sum(known * nano_usd), 0, sum(1 - known),
  sum((1 - known) * (prompt_tokens + completion_tokens)), sum((1 - known) * completion_tokens),
  sum((1 - known) * nano_usd), 0
FROM (SELECT *, usage_status = 'reported' AS known FROM llm_usage_events) GROUP BY 1, 2, 3, 4, 5
"""


def home_of(folder: Path, calls: int) -> Settings:
    """A home with so many calls, written straight into its tables."""
    settings = Settings(home=folder)
    prepare_database(settings.database_url, home=settings.home)
    settings.policy_path.write_text(POLICY)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = int((today - timedelta(days=DAYS)).timestamp())
    with closing(sqlite3.connect(settings.home / "autopack.db")) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("CREATE TEMP TABLE models (number INTEGER PRIMARY KEY, model TEXT, provider TEXT)")
        rows = [(number, *one) for number, one in enumerate(MODELS.items())]
        connection.executemany("INSERT INTO models VALUES (?, ?, ?)", rows)
        connection.execute(CALLS, {"count": calls, "midnight": midnight})
        connection.execute(RESERVATIONS)
        connection.execute(HOURS)
        connection.execute(RUN_HOURS)
        connection.execute("INSERT INTO pools (id) SELECT DISTINCT provider FROM models")
        connection.commit()
        connection.execute("PRAGMA journal_mode = WAL")
    return settings


class Home:
    """An open home, and how long its summary took each time."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.database_url)
        self.live = LivePolicy(settings.policy_path)
        self.summary_ms: list[float] = []
        self.chart_ms: list[float] = []
        self.over_calls_ms: list[float] = []

    async def summary(self) -> None:
        """What the endpoint answers."""
        async with self.database.read() as session:
            found = await usage_of_period(session, self.live, "week")
        if len(found.models) != len(MODELS) or not found.pools[0].windows:
            raise RuntimeError("the summary lacks a model or a cap")

    async def chart(self) -> None:
        """What the endpoint answers of a month, by run."""
        async with self.database.read() as session:
            found = await usage_series(session, "month", "run")
        if len(found.names) != MOST_NAMES:
            raise RuntimeError("the chart lacks a run")

    async def over_calls(self) -> None:
        """The totals by provider and by model, from the calls."""
        async with self.database.read() as session:
            await get_usage_summary(session, PERIODS["week"], ("provider",))
            await get_usage_summary(session, PERIODS["week"], ("provider", "model"))

    async def is_true(self) -> bool:
        """Whether the sums that were filled in are those of the calls."""
        async with self.database.read() as session:
            return not await differing_hours(session)


async def timed(work: Callable[[], Awaitable[None]], into: list[float]) -> None:
    begun = time.perf_counter()
    await work()
    into.append((time.perf_counter() - begun) * 1000)


async def measure(small: Home, large: Home) -> dict[str, float]:
    if not await small.is_true():
        raise RuntimeError("the hours are not the sums of the calls")
    for home in (small, large):
        await home.summary()
    for _ in range(TIMES):
        for home in (small, large):
            await timed(home.summary, home.summary_ms)
    for _ in range(TIMES_OF_CHART):
        for home in (small, large):
            await timed(home.chart, home.chart_ms)
    for _ in range(TIMES_OVER_CALLS):
        for home in (small, large):
            await timed(home.over_calls, home.over_calls_ms)
    for home in (small, large):
        await home.database.close()
    (before, after), (before_calls, after_calls) = (
        [statistics.median(times) for times in (few, many)]
        for few, many in (
            (small.summary_ms, large.summary_ms),
            (small.over_calls_ms, large.over_calls_ms),
        )
    )
    return {
        "small_p50_ms": round(before, 2),
        "large_p50_ms": round(after, 2),
        "growth": round(after / before, 3),
        "chart_by_run_small_ms": round(statistics.median(small.chart_ms), 1),
        "chart_by_run_large_ms": round(statistics.median(large.chart_ms), 1),
        "over_calls_small_ms": round(before_calls, 1),
        "over_calls_large_ms": round(after_calls, 1),
        "over_calls_growth": round(after_calls / before_calls, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000,000 calls")
    calls = QUICK if parser.parse_args().quick else LARGE
    with tempfile.TemporaryDirectory() as folder:
        small = home_of(Path(folder) / "small", SMALL)
        large = home_of(Path(folder) / "large", calls)
        figures = asyncio.run(measure(Home(small), Home(large)))
    sizes = {"small_calls": SMALL, "large_calls": calls}
    print(json.dumps({"benchmark": "usage", **sizes, **figures, "bar_growth": BAR}))
    return int(figures["growth"] > BAR)


if __name__ == "__main__":
    raise SystemExit(main())
