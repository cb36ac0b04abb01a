"""Rows of what calls cost: one event per model call, and hourly sums kept in the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from autopack.db import Base, LargeInteger, ModelName


class UsageEventRow(Base):
    """One model call. The seed's columns, then this house's additions.

    `prompt_tokens` includes cache, `completion_tokens` includes reasoning. Where `usage_status` is
    `unknown` the counts and the cost are what was reserved: an upper bound, never a zero.
    """

    __tablename__ = "llm_usage_events"
    __table_args__ = (
        Index("idx_usage_provider_created", "provider", "created_at"),
        Index("idx_usage_model_created", "model", "created_at"),
        Index("idx_usage_run_id", "run_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(ModelName)
    run_id: Mapped[str | None] = mapped_column(String(40))
    phase_id: Mapped[str | None] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(64))
    prompt_tokens: Mapped[int] = mapped_column(LargeInteger)
    completion_tokens: Mapped[int] = mapped_column(LargeInteger)
    created_at: Mapped[datetime]

    call_id: Mapped[str] = mapped_column(String(40), unique=True)
    """Ours, made before the request was sent."""
    response_id: Mapped[str | None] = mapped_column(String(128))
    """The provider's; absent where the answer was cut."""
    pool: Mapped[str] = mapped_column(String(64))
    attempt: Mapped[int | None]
    cache_read_tokens: Mapped[int] = mapped_column(LargeInteger)
    cache_write_tokens: Mapped[int] = mapped_column(LargeInteger)
    reasoning_tokens: Mapped[int] = mapped_column(LargeInteger)
    nano_usd: Mapped[int | None] = mapped_column(BigInteger)
    """Billionths of a dollar; NULL where no price is known."""
    usage_status: Mapped[str] = mapped_column(String(10))
    simulated: Mapped[bool]


class _Sums:
    """What some calls of an hour (UTC) took.

    Only calls whose usage was reported are in the token and cost sums; the unknown ones hold the reserved
    size of the others, of which `unknown_output_tokens` are a part of `unknown_tokens`.
    """

    calls: Mapped[int] = mapped_column(default=0)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    completion_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cache_read_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cache_write_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    nano_usd: Mapped[int] = mapped_column(BigInteger, default=0)
    unpriced_calls: Mapped[int] = mapped_column(default=0)
    unknown_calls: Mapped[int] = mapped_column(default=0)
    unknown_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    unknown_output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    unknown_nano_usd: Mapped[int] = mapped_column(BigInteger, default=0)
    unknown_unpriced_calls: Mapped[int] = mapped_column(default=0)


class UsageHourRow(_Sums, Base):
    """Sums of one hour, by pool, provider, model and role class. `hour` is its first instant.

    Caps and summaries read these: there are as many as there are models in use, however many runs.
    """

    __tablename__ = "usage_hourly"
    __table_args__ = (Index("ix_usage_hourly_pool_hour", "pool", "hour"),)

    pool: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(ModelName, primary_key=True)
    role_class: Mapped[str] = mapped_column(String(10), primary_key=True)
    simulated: Mapped[bool] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)


class UsageRunHourRow(_Sums, Base):
    """Sums of the same calls by pool, run and role, for charts alone: there are as many as runs at work.

    On SQLite the key is the table: an hour's rows lie side by side, and adding to one writes one tree.
    """

    __tablename__ = "usage_hourly_runs"
    __table_args__ = ({"sqlite_with_rowid": False},)

    pool: Mapped[str] = mapped_column(String(64), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    """Empty where a call is of no run."""
    role: Mapped[str] = mapped_column(String(64), primary_key=True)
    simulated: Mapped[bool] = mapped_column(primary_key=True)
