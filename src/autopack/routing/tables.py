"""Rows of the quota ledger: the pools, and one reservation per model call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Float, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from autopack.db import Base, LargeInteger, ModelName


class PoolRow(Base):
    """What runs out: a provider's account, a subscription. The row is the lock of its ledger."""

    __tablename__ = "pools"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    hour: Mapped[datetime | None]
    """The latest hour in which it was used: a clock that is set back books no earlier."""
    revision: Mapped[int] = mapped_column(default=0)
    """Counts changes of earlier hours: a late answer, an import, a price that was mended."""


class CooldownRow(Base):
    """Until when a provider asked to be left alone, for one model or for all of a quota (model is empty)."""

    __tablename__ = "cooldowns"

    pool: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(ModelName, primary_key=True)
    until: Mapped[datetime]
    why: Mapped[str] = mapped_column(String(500))


class AccountWindowRow(Base):
    """What the account behind a quota last told of one of its own windows."""

    __tablename__ = "account_windows"

    pool: Mapped[str] = mapped_column(String(64), primary_key=True)
    agent: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The coding agent that passed it on: two in one pool have an account each."""
    hours: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Its length."""
    used: Mapped[float] = mapped_column(Float)
    """1 is all of it; what is used beside Autopack included."""
    resets_at: Mapped[datetime]
    turns_at: Mapped[datetime]
    """The reset at which caps of this length begin."""
    told_at: Mapped[datetime]


class ReservationRow(Base):
    """A model call before it is sent, at the most it can take, until it is closed exactly once."""

    __tablename__ = "reservations"
    __table_args__ = (
        Index("ix_reservations_pool_state", "pool", "state"),
        Index("ix_reservations_run_id", "run_id"),
    )

    call_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    pool: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[str | None] = mapped_column(String(40))
    phase_id: Mapped[str | None] = mapped_column(String(64))
    attempt: Mapped[int | None]
    role: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(ModelName)
    simulated: Mapped[bool]
    owner: Mapped[str] = mapped_column(String(64))
    input_tokens: Mapped[int] = mapped_column(LargeInteger)
    output_tokens: Mapped[int] = mapped_column(LargeInteger)
    nano_usd: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))
    """`open`, `settled`, `released`, `unknown`, or `refused`: it was never made, for lack of quota."""
    why: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
