"""The phases of a run as a list to follow: what they are called and where they stand."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.plan import Plan
from autopack.runs import queries
from autopack.runs.tables import RunRow


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


def unverified_ids(run: RunRow) -> frozenset[str]:
    """Ids of the phases of which the plan says that no command verifies them."""
    plan = Plan.model_validate(run.plan)
    return frozenset(phase.id for _, _, _, phase in plan.phases() if not plan.commands(phase))


async def phase_heads(session: ReadSession, run_id: str) -> tuple[PhaseHead, ...]:
    """Every phase of a run in its order."""
    unverified = unverified_ids(await queries.run(session, run_id))
    return tuple(
        PhaseHead(
            index=phase.phase_index,
            id=phase.phase_id,
            name=phase.name,
            tier_index=phase.tier_index,
            tier_name=phase.tier_name,
            attempts_allowed=phase.attempts_allowed,
            verified=phase.phase_id not in unverified,
        )
        for phase in await queries.phases(session, run_id)
    )
