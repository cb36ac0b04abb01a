from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from autopack.db import Database
from autopack.usage.recorder import LlmUsageEvent, get_usage_summary, record_usage
from autopack.usage.schemas import UsageStatus
from autopack.usage.service import UsageService


def event(
    number: int, *, model: str, age: timedelta = timedelta(), provider: str = "openai"
) -> LlmUsageEvent:
    return LlmUsageEvent(
        provider=provider,
        model=model,
        run_id="run_a",
        phase_id="store",
        role="builder",
        prompt_tokens=100,
        completion_tokens=10,
        created_at=datetime.now(UTC) - age,
        call_id=f"call_{number}",
        response_id=None,
        pool=provider,
        attempt=1,
        cost_usd=Decimal("0.001"),
        status=UsageStatus.REPORTED,
        simulated=False,
    )


async def record(database: Database, *events: LlmUsageEvent) -> None:
    async with database.write() as session:
        for one in events:
            assert await record_usage(session, one)


async def test_providers_are_summed_over_the_period(database: Database) -> None:
    await record(
        database,
        event(1, model="gpt-5"),
        event(2, model="gpt-5-mini", age=timedelta(days=3)),
        event(3, model="gpt-5", age=timedelta(days=20)),
        event(4, model="claude-opus-4-5", provider="anthropic"),
    )
    service = UsageService(database)
    assert await service.get_provider_usage_summary() == {
        "openai": {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220},
        "anthropic": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }
    assert (await service.get_provider_usage_summary("day"))["openai"]["total_tokens"] == 110
    assert (await service.get_provider_usage_summary("month"))["openai"]["total_tokens"] == 330


async def test_models_are_listed_largest_first(database: Database) -> None:
    await record(database, event(1, model="gpt-5-mini"), event(2, model="gpt-5"), event(3, model="gpt-5"))
    models = await UsageService(database).get_model_usage_summary("week")
    assert [(one["provider"], one["model"], one["prompt_tokens"]) for one in models] == [
        ("openai", "gpt-5", 200),
        ("openai", "gpt-5-mini", 100),
    ]


async def test_the_same_call_is_recorded_once(database: Database) -> None:
    await record(database, event(1, model="gpt-5"))
    async with database.write() as session:
        assert not await record_usage(session, event(1, model="gpt-5"))
    async with database.read() as session:
        (total,) = await get_usage_summary(session, None, ())
    assert total.calls == 1
    assert total.usd == Decimal("0.001")


async def test_an_empty_period_is_empty(database: Database) -> None:
    async with database.read() as session:
        assert await get_usage_summary(session, timedelta(days=1), ()) == []
