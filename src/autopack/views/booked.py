"""A run's part of the ledger, cut into its smallest parts: each call is in exactly one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.routing import queries
from autopack.routing.queries import UnboughtCalls
from autopack.usage.recorder import get_usage_summary
from autopack.usage.schemas import UsageSum
from autopack.views.spend import Spend, spend_of


class Booked(BaseModel):
    """What some calls took, and how many beside them were not bought."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    usage: Spend
    refused_calls: int
    """Never made: a cap had no room for them."""
    released_calls: int
    """Nothing was bought: no connection, or an error for an answer."""
    open_calls: int
    """Under way, or left open by a process that died."""
    open_tokens: int
    """The most that those can take."""


@dataclass(frozen=True)
class Part:
    """Calls of one role to one model for one attempt (None: for no phase, or for no attempt at it)."""

    phase_id: str | None
    attempt: int | None
    role: str
    provider: str
    model: str
    simulated: bool
    calls: UsageSum | UnboughtCalls


async def parts_of(session: ReadSession, run_id: str) -> list[Part]:
    """All that the ledger has of a run, read at one moment."""
    sums = await get_usage_summary(
        session, None, ("phase_id", "attempt", "role", "provider", "model", "simulated"), run_id=run_id
    )
    rows: list[UsageSum | UnboughtCalls] = [*sums, *await queries.unbought(session, run_id)]
    return [
        Part(
            row.phase_id,
            row.attempt,
            str(row.role),
            str(row.provider),
            str(row.model),
            bool(row.simulated),
            row,
        )
        for row in rows
    ]


def booked(parts: Iterable[Part]) -> Booked:
    """All of the parts as one."""
    rows = [part.calls for part in parts]
    others = [row for row in rows if isinstance(row, UnboughtCalls)]
    return Booked(
        usage=spend_of(row for row in rows if isinstance(row, UsageSum)),
        refused_calls=_count(others, "refused"),
        released_calls=_count(others, "released"),
        open_calls=_count(others, "open"),
        open_tokens=sum(row.tokens for row in others if row.state == "open"),
    )


def _count(rows: Sequence[UnboughtCalls], state: str) -> int:
    return sum(row.calls for row in rows if row.state == state)
