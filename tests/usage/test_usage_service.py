from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from autopack.db import Database
from autopack.usage.recorder import get_usage_summary, record_usage
from autopack.usage.service import UsageService
from usage.calls import call, record


async def test_providers_are_summed_over_the_period(database: Database) -> None:
    await record(
        database,
        call(model="gpt-5"),
        call(model="gpt-5-mini", age=timedelta(days=3)),
        call(model="gpt-5", age=timedelta(days=20)),
        call(model="claude-opus-4-5", provider="anthropic"),
    )
    service = UsageService(database)
    assert await service.get_provider_usage_summary() == {
        "openai": {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220},
        "anthropic": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }
    assert (await service.get_provider_usage_summary("day"))["openai"]["total_tokens"] == 110
    assert (await service.get_provider_usage_summary("month"))["openai"]["total_tokens"] == 330


async def test_models_are_listed_largest_first(database: Database) -> None:
    await record(database, call(model="gpt-5-mini"), call(model="gpt-5"), call(model="gpt-5"))
    models = await UsageService(database).get_model_usage_summary("week")
    assert [(one["provider"], one["model"], one["prompt_tokens"]) for one in models] == [
        ("openai", "gpt-5", 200),
        ("openai", "gpt-5-mini", 100),
    ]


async def test_the_same_call_is_recorded_once(database: Database) -> None:
    once = call(model="gpt-5")
    await record(database, once)
    async with database.write() as session:
        assert not await record_usage(session, once)
    async with database.read() as session:
        (total,) = await get_usage_summary(session, None, ())
    assert total.calls == 1
    assert total.usd == Decimal("0.001")


async def test_an_empty_period_is_empty(database: Database) -> None:
    async with database.read() as session:
        assert await get_usage_summary(session, timedelta(days=1), ()) == []
