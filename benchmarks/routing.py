"""What choosing a model and keeping its books costs, with few events in the ledger and with many.

In one run, with 1,000 events and with 1,000,000 (90 days, 8 models): a decision by a picture of the quotas
that is at hand, and the durable reserve and settle of a call under a daily, a weekly and a monthly cap.
Beside those, two commits of one row each through the same SQLAlchemy driver and database file.

Bars: a decision's p50 is at most 20 µs, and grows by at most 20 %; reserve and settle take at most 2.2 times
as long as the two commits (2.0 before each call was also added to the hour of its run, for the charts by role
and run: one more statement, of which each costs three changes of thread in the driver). `--peer litellm`
times LiteLLM's router choosing a deployment beside it (it has to be installed: `uv pip install litellm`); we
stay ahead. Prints one JSON line; exits 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from autopack.config import Settings
from autopack.db import Database, prepare_database
from autopack.db.engines import open_schema
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.quota import QuotaView, read_view
from autopack.routing.router import ModelRouter
from autopack.usage.schemas import TokenUsage
from autopack.usage.tables import UsageEventRow

FEW, MANY, QUICK = 1_000, 1_000_000, 100_000
DECISIONS, CALLS = 3_000, 150
GROWTH_BAR, DECISION_BAR_MICROSECONDS, LEDGER_BAR = 1.2, 20.0, 2.2
MODELS = ("gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol", "gpt-5", "gpt-5-mini", "gpt-5.1", "gpt-4o", "o3-mini")
CAPS = "{daily_cap_tokens: 10_000_000_000, weekly_cap_tokens: 50_000_000_000, monthly_cap_usd: 1_000_000}"
BOUND, TAKEN = (
    TokenUsage(input_tokens=8_000, output_tokens=2_000),
    TokenUsage(input_tokens=4_000, output_tokens=500),
)


def capped() -> Policy:
    providers = f"providers: {{openai: {CAPS}, anthropic: {CAPS}}}"
    return parse_policy(default_policy_text().replace("providers: {}", providers), source="models.yaml")


def fill(url: str, events: int) -> None:
    """Events over 90 days, and their hours."""
    now, engine = datetime.now(UTC), open_schema(url, write=True)
    with engine.begin() as connection:
        for start in range(0, events, 50_000):
            rows = [_event(number, events, now) for number in range(start, min(events, start + 50_000))]
            connection.execute(insert(UsageEventRow), rows)
        connection.execute(text(_HOURS))
        connection.execute(text(_RUN_HOURS))
    engine.dispose()


def _event(number: int, events: int, now: datetime) -> dict[str, Any]:
    return {
        "provider": "openai",
        "model": MODELS[number % len(MODELS)],
        "run_id": f"run_{number // 500}",
        "phase_id": "store",
        "role": "builder" if number % 3 else "auditor",
        "prompt_tokens": 4_000,
        "completion_tokens": 500,
        "created_at": now - timedelta(days=90) * (number / events),
        "call_id": f"call_{number}",
        "response_id": None,
        "pool": "openai",
        "attempt": 1,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "reasoning_tokens": 0,
        "nano_usd": 10_000_000,
        "usage_status": "reported",
        "simulated": False,
    }


_HOURS = """
INSERT INTO usage_hourly (pool, provider, model, role_class, simulated, hour, calls, prompt_tokens,
  completion_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, nano_usd, unpriced_calls,
  unknown_calls, unknown_tokens, unknown_output_tokens, unknown_nano_usd, unknown_unpriced_calls)
SELECT pool, provider, model, 'core', simulated, strftime('%Y-%m-%d %H:00:00.000000', created_at), COUNT(*),
  SUM(prompt_tokens), SUM(completion_tokens), 0, 0, 0, SUM(nano_usd), 0, 0, 0, 0, 0, 0
FROM llm_usage_events GROUP BY 1, 2, 3, 4, 5, 6
"""

_RUN_HOURS = """
INSERT INTO usage_hourly_runs (pool, hour, run_id, role, simulated, calls, prompt_tokens,
  completion_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, nano_usd, unpriced_calls,
  unknown_calls, unknown_tokens, unknown_output_tokens, unknown_nano_usd, unknown_unpriced_calls)
SELECT pool, strftime('%Y-%m-%d %H:00:00.000000', created_at), run_id, role, simulated, COUNT(*),
  SUM(prompt_tokens), SUM(completion_tokens), 0, 0, 0, SUM(nano_usd), 0, 0, 0, 0, 0, 0
FROM llm_usage_events GROUP BY 1, 2, 3, 4, 5
"""


def decision_seconds(policy: Policy, view: QuotaView) -> list[float]:
    """Times of single decisions: the mapped model is to be had, with its reasons."""
    router, taken = ModelRouter(policy, quota=view), list[float]()
    for _ in range(200):
        router.decide(role="builder", category="core_backend", complexity="medium")
    gc.disable()
    for _ in range(DECISIONS):
        began = time.perf_counter()
        router.decide(role="builder", category="core_backend", complexity="medium")
        taken.append(time.perf_counter() - began)
    gc.enable()
    return taken


async def timed(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


class Place:
    """A home with so many events."""

    def __init__(self, folder: Path, events: int) -> None:
        self.policy, settings = capped(), Settings(home=folder)
        folder.mkdir()
        prepare_database(settings.database_url, home=folder)
        fill(settings.database_url, events)
        self.database = Database(settings.database_url)
        model = self.policy.resolve("gpt-6-luna")
        context = CallContext(
            role="builder", category="core_backend", model=model, owner="benchmark", run_id="run_benchmark"
        )
        self.meter = Meter(self.database, context, policy=lambda: self.policy)

    async def view(self) -> QuotaView:
        """The picture that a decision is made by."""
        async with self.database.read() as session:
            return await read_view(
                session, self.policy, roles=("builder", "auditor"), category="core_backend"
            )

    async def book(self) -> None:
        """One call."""
        call_id = await self.meter.reserve(bound=BOUND)
        await self.meter.settle(call_id, usage=TAKEN, response_id=None)

    async def commit_twice(self) -> None:
        """What two durable writes cost at the least."""
        for _ in range(2):
            async with self.database.write() as session:
                await session.execute(text("INSERT INTO bare (word) VALUES ('x')"))


async def measure(folder: Path, many: int) -> dict[str, Any]:
    places = [Place(folder / str(events), events) for events in (FEW, many)]
    for place in places:
        async with place.database.write() as session:
            await session.execute(text("CREATE TABLE bare (word TEXT)"))
        for _ in range(10):
            await place.book()
            await place.commit_twice()
    views = [await place.view() for place in places]
    pairs = [
        [decision_seconds(place.policy, view) for place, view in zip(places, views, strict=True)]
        for _ in range(3)
    ]
    decisions = [min(statistics.median(pair[index]) for pair in pairs) for index in (0, 1)]
    booked: list[list[float]] = [[], []]
    bare: list[list[float]] = [[], []]
    for _ in range(CALLS):
        for index, place in enumerate(places):
            booked[index].append(await timed(place.book))
            bare[index].append(await timed(place.commit_twice))
    looks = [[await timed(lambda place=place: _look(place)) for _ in range(30)] for place in places]
    for place in places:
        await place.database.close()
    ratios = [statistics.median(booked[index]) / statistics.median(bare[index]) for index in (0, 1)]
    return {
        "events": [FEW, many],
        "decision_p50_us": [round(one * 1e6, 2) for one in decisions],
        "decision_growth": round(decisions[1] / decisions[0], 3),
        "book_p50_ms": [round(statistics.median(one) * 1e3, 3) for one in booked],
        "bare_p50_ms": [round(statistics.median(one) * 1e3, 3) for one in bare],
        "book_to_bare": [round(one, 3) for one in ratios],
        "look_p50_ms": [round(statistics.median(one) * 1e3, 3) for one in looks],
    }


async def _look(place: Place) -> None:
    await place.view()


async def peer_seconds() -> float:
    """LiteLLM's router choosing one of four deployments, by usage: its p50."""
    import importlib
    import os

    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # it asks a network at its import

    models = [
        {
            "model_name": "builder",
            "litellm_params": {"model": f"openai/{name}", "api_key": "x", "tpm": 10_000_000, "rpm": 10_000},
        }
        for name in MODELS[:4]
    ]
    peer: Any = importlib.import_module("litellm").Router  # an extra of this benchmark only
    router: Any = peer(model_list=models, routing_strategy="usage-based-routing-v2")
    messages, taken = [{"role": "user", "content": "Say hello."}], list[float]()
    for _ in range(600):
        began = time.perf_counter()
        await router.async_get_available_deployment(model="builder", messages=messages, request_kwargs={})
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[100:])


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help=f"{QUICK:,} events for the many")
    asked.add_argument("--peer", choices=["litellm"], help="time another router beside it")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="autopack-routing-") as folder:
        found = asyncio.run(measure(Path(folder), QUICK if options.quick else MANY))
    met = (
        found["decision_growth"] <= GROWTH_BAR
        and max(found["decision_p50_us"]) <= DECISION_BAR_MICROSECONDS
        and max(found["book_to_bare"]) <= LEDGER_BAR
    )
    if options.peer is not None:
        peer = asyncio.run(peer_seconds()) * 1e6
        found |= {"peer": options.peer, "peer_p50_us": round(peer, 2)}
        met = met and max(found["decision_p50_us"]) < peer
    bars = {"growth": GROWTH_BAR, "decision_us": DECISION_BAR_MICROSECONDS, "book_to_bare": LEDGER_BAR}
    print(json.dumps({"benchmark": "routing", **found, "bars": bars, "met": met}))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
