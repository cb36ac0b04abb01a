"""The recorder of every model call: the seed's `LlmUsageEvent`, `record_usage` and `get_usage_summary`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from autopack.db import AnySession, WriteSession
from autopack.usage import queries
from autopack.usage.money import to_nano
from autopack.usage.rollups import hours_of, sums_of
from autopack.usage.schemas import GroupBy, UsageStatus, UsageSum
from autopack.usage.tables import UsageEventRow

RESPONSE_ID_LENGTH = 128
"""A provider's id of a response is there to look things up by; what is beyond this is cut."""


@dataclass(frozen=True, kw_only=True)
class LlmUsageEvent:
    """One model call as it is recorded: the seed's fields, then this house's additions.

    `prompt_tokens` includes cache reads and writes, `completion_tokens` includes reasoning; `cost_usd` is
    None where no price is known.
    """

    provider: str
    model: str
    run_id: str | None
    phase_id: str | None
    role: str
    prompt_tokens: int
    completion_tokens: int
    created_at: datetime

    call_id: str = field(default_factory=lambda: f"call_{secrets.token_hex(12)}")
    response_id: str | None = None
    pool: str | None = None
    """None: the provider's own."""
    attempt: int | None = None
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: Decimal | None = None
    status: UsageStatus = UsageStatus.REPORTED
    simulated: bool = False


class Recorded(StrEnum):
    """What recording a call changed. Only `NOTHING` is false."""

    NOTHING = ""
    """It is recorded already."""
    ADDED = "added"
    """It is new, and in the hour of its `created_at`."""
    REPLACED = "replaced"
    """It took the place of one of unknown usage, in the hour of that."""


async def record_usage(session: WriteSession, event: LlmUsageEvent) -> Recorded:
    """Record a call and add it to its hours, in the caller's transaction (which holds the pool's lock).

    Recording a `call_id` again changes nothing, but for one that was given up as unknown: what the provider
    reports after all takes its place, in the same hour.
    """
    values = values_of(event)
    row = UsageEventRow(**values)
    if await queries.add_event(session, values):
        await _add(session, row)
        return Recorded.ADDED
    former = await queries.event(session, event.call_id)
    if event.status is not UsageStatus.REPORTED or former.usage_status != UsageStatus.UNKNOWN:
        return Recorded.NOTHING
    row.created_at = former.created_at
    await _add(session, former, times=-1)
    await _add(session, row)
    await queries.replace_event(session, {**values, "created_at": former.created_at})
    return Recorded.REPLACED


async def _add(session: WriteSession, row: UsageEventRow, *, times: int = 1) -> None:
    sums = {name: value * times for name, value in sums_of(row).items()}
    for hour in hours_of(row):
        await queries.add_to_hour(session, hour, sums)


def values_of(event: LlmUsageEvent) -> dict[str, Any]:
    """What the row of an event holds."""
    return {
        "provider": event.provider,
        "model": event.model,
        "run_id": event.run_id,
        "phase_id": event.phase_id,
        "role": event.role,
        "prompt_tokens": event.prompt_tokens,
        "completion_tokens": event.completion_tokens,
        "created_at": event.created_at,
        "call_id": event.call_id,
        "response_id": (event.response_id or "")[:RESPONSE_ID_LENGTH] or None,
        "pool": event.pool or event.provider,
        "attempt": event.attempt,
        "cache_read_tokens": event.cache_read_tokens,
        "cache_write_tokens": event.cache_write_tokens,
        "reasoning_tokens": event.reasoning_tokens,
        "nano_usd": to_nano(event.cost_usd),
        "usage_status": event.status,
        "simulated": event.simulated,
    }


async def get_usage_summary(
    session: AnySession,
    time_window: timedelta | None,
    group_by: tuple[GroupBy, ...],
    *,
    run_id: str | None = None,
    phase_id: str | None = None,
) -> list[UsageSum]:
    """Sums of the calls of the last `time_window` (None: of all time), by provider, model, role, run …"""
    since = None if time_window is None else datetime.now(UTC) - time_window
    return await queries.summary(session, group_by=group_by, since=since, run_id=run_id, phase_id=phase_id)
