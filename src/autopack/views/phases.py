"""The phases of a run as a list to follow: what they are called and where they stand."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.runs import queries


class PhaseHead(BaseModel):
    """What stays the same of a phase while it runs."""

    model_config = ConfigDict(frozen=True)

    index: int
    id: str
    name: str
    tier_index: int
    tier_name: str
    attempts_allowed: int
    verified: bool = True
    """Whether any command verifies it; not where the plan says `verify: none`."""


async def phase_heads(session: ReadSession, run_id: str) -> tuple[PhaseHead, ...]:
    """Every phase of a run in its order."""
    await queries.run(session, run_id)
    return tuple(
        PhaseHead(
            index=phase.phase_index,
            id=phase.phase_id,
            name=phase.name,
            tier_index=phase.tier_index,
            tier_name=phase.tier_name,
            attempts_allowed=phase.attempts_allowed,
            verified=phase.verified,
        )
        for phase in await queries.phases(session, run_id)
    )
