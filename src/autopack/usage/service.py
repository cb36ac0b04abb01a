"""Summaries of usage over the periods that the dashboard knows: the seed's `UsageService`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict

from autopack.db import Database
from autopack.usage.queries import hourly_summary

Period = Literal["day", "week", "month"]

PERIODS: dict[Period, timedelta] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
"""Rolling windows that end now."""


def begins(period: Period, *, now: datetime) -> datetime:
    """The first instant of a period: usage is kept by the hour, so the whole of its oldest hour counts."""
    return (now.astimezone(UTC) - PERIODS[period]).replace(minute=0, second=0, microsecond=0)


class ProviderTokens(TypedDict):
    """Reported tokens of one provider."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ModelTokens(ProviderTokens):
    """Reported tokens of one model."""

    provider: str
    model: str


class UsageService:
    """Answers what was used, from Autopack's own records (the seed: never from provider pages)."""

    def __init__(self, db_connection: Database) -> None:
        self.db = db_connection

    async def get_provider_usage_summary(self, period: Period = "week") -> dict[str, ProviderTokens]:
        """Reported tokens by provider over a rolling period."""
        since = begins(period, now=datetime.now(UTC))
        async with self.db.read() as session:
            sums = await hourly_summary(session, group_by=("provider",), since=since)
        return {
            str(one.provider): ProviderTokens(
                prompt_tokens=one.prompt_tokens,
                completion_tokens=one.completion_tokens,
                total_tokens=one.total_tokens,
            )
            for one in sums
        }

    async def get_model_usage_summary(self, period: Period = "week") -> list[ModelTokens]:
        """Reported tokens by provider and model over a rolling period, largest first."""
        since = begins(period, now=datetime.now(UTC))
        async with self.db.read() as session:
            sums = await hourly_summary(session, group_by=("provider", "model"), since=since)
        return [
            ModelTokens(
                provider=str(one.provider),
                model=str(one.model),
                prompt_tokens=one.prompt_tokens,
                completion_tokens=one.completion_tokens,
                total_tokens=one.total_tokens,
            )
            for one in sums
        ]
