"""Hourly sums of events: how one event counts, and whether what is kept is still their sum."""

from __future__ import annotations

from datetime import UTC

from autopack.db import AnySession, WriteSession
from autopack.usage import queries
from autopack.usage.queries import Hour, HourOf, RunHourOf
from autopack.usage.schemas import UsageStatus
from autopack.usage.tables import UsageEventRow

CORE_ROLES = frozenset({"builder", "auditor"})
"""Roles that work on phases; every other one (`agent:planner`, …) is auxiliary."""


def hours_of(event: UsageEventRow) -> tuple[HourOf, RunHourOf]:
    """The hours in which an event is counted: with others of its model, and of its run."""
    hour = event.created_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return (
        HourOf(
            pool=event.pool,
            provider=event.provider,
            model=event.model,
            role_class="core" if event.role in CORE_ROLES else "aux",
            simulated=event.simulated,
            hour=hour,
        ),
        RunHourOf(
            pool=event.pool,
            hour=hour,
            run_id=event.run_id or "",
            role=event.role,
            simulated=event.simulated,
        ),
    )


def sums_of(event: UsageEventRow) -> dict[str, int]:
    """What an event adds to its hours; what is not among them, it leaves as it is."""
    if event.usage_status != UsageStatus.REPORTED:
        size = event.prompt_tokens + event.completion_tokens
        return {
            "calls": 1,
            "unknown_calls": 1,
            "unknown_tokens": size,
            "unknown_output_tokens": event.completion_tokens,
            "unknown_nano_usd": event.nano_usd or 0,
            "unknown_unpriced_calls": int(event.nano_usd is None),
        }
    return {
        "calls": 1,
        "prompt_tokens": event.prompt_tokens,
        "completion_tokens": event.completion_tokens,
        "cache_read_tokens": event.cache_read_tokens,
        "cache_write_tokens": event.cache_write_tokens,
        "reasoning_tokens": event.reasoning_tokens,
        "nano_usd": event.nano_usd or 0,
        "unpriced_calls": int(event.nano_usd is None),
    }


async def differing_hours(
    session: AnySession, *, pool: str | None = None
) -> dict[Hour, dict[str, int] | None]:
    """Hours (of one pool) whose kept sums are not those of their events, with what they should be.

    None: there are no events in it.
    """
    counted: dict[Hour, dict[str, int]] = {}
    async for event in queries.events(session, pool=pool):
        added = sums_of(event)
        for hour in hours_of(event):
            sums = counted.setdefault(hour, {})
            for name, value in added.items():
                sums[name] = sums.get(name, 0) + value
    kept = await queries.hours(session, pool=pool)
    return {
        key: counted.get(key)
        for key in {**kept, **counted}
        if _sums(kept.get(key)) != _sums(counted.get(key))
    }


async def rebuild(session: WriteSession, *, pool: str) -> int:
    """Make a pool's hours the sums of their events; how many were not. The caller holds the pool's lock."""
    differing = await differing_hours(session, pool=pool)
    for key, sums in differing.items():
        await queries.replace_hour(session, key, sums)
    return len(differing)


def _sums(hour: dict[str, int] | None) -> dict[str, int] | None:
    """Without zeros, which are not written for an hour that never had any."""
    return None if hour is None else {name: value for name, value in hour.items() if value}
