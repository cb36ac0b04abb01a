"""Model calls as tests record them."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from autopack.config import Settings
from autopack.db import Database
from autopack.routing.queries import lock_pool
from autopack.usage.recorder import LlmUsageEvent, record_usage
from autopack.usage.schemas import UsageStatus

_NUMBERS = itertools.count()


def call(*, age: timedelta = timedelta(), **values: Any) -> LlmUsageEvent:
    """One call of 100 + 10 tokens for a tenth of a cent, `age` before now; `values` differ."""
    usual: dict[str, Any] = {
        "provider": "openai",
        "model": "gpt-5",
        "run_id": "run_a",
        "phase_id": "store",
        "role": "builder",
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "created_at": datetime.now(UTC) - age,
        "call_id": f"call_{next(_NUMBERS)}",
        "attempt": 1,
        "cost_usd": Decimal("0.001"),
    }
    return LlmUsageEvent(**{**usual, **values})


def unknown(**values: Any) -> LlmUsageEvent:
    """A call of which nobody said what it took, at what was reserved for it."""
    return call(status=UsageStatus.UNKNOWN, **values)


async def record(database: Database, *calls: LlmUsageEvent) -> None:
    """Record calls as the meter does, each in a transaction of its own."""
    for one in calls:
        async with database.write() as session:
            await lock_pool(session, one.pool or one.provider)
            assert await record_usage(session, one)


def record_now(settings: Settings, *calls: LlmUsageEvent) -> None:
    """The same where there is no event loop."""

    async def recorded() -> None:
        database = Database(settings.database_url)
        await record(database, *calls)
        await database.close()

    asyncio.run(recorded())
