"""How far a run is: the seed's `RunProgress`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class TierCount(NamedTuple):
    """The phases of one tier, counted."""

    tier_index: int
    phases: int
    done: int
    """Completed or skipped."""
    skipped: int
    unverified: int
    """Completed, and no command verified them."""
    first_open: int | None
    """Index over the whole run of the first phase that is not done."""


@dataclass
class RunProgress:
    """Counts and position of a run. Indexes are 1-based, None before the start and after the end."""

    run_id: str
    total_tiers: int
    total_phases: int
    completed_tiers: int
    completed_phases: int
    current_tier_index: int | None
    current_phase_index: int | None

    @property
    def percent_complete(self) -> float:
        """Share of completed phases, 0 to 1."""
        if self.total_phases == 0:
            return 0.0
        return self.completed_phases / self.total_phases


def progress_of(run_id: str, tiers: Sequence[TierCount], *, ended: bool) -> RunProgress:
    """Progress from a run's tiers in their order."""
    current = None if ended else next((tier for tier in tiers if tier.first_open is not None), None)
    return RunProgress(
        run_id=run_id,
        total_tiers=len(tiers),
        total_phases=sum(tier.phases for tier in tiers),
        completed_tiers=sum(tier.first_open is None for tier in tiers),
        completed_phases=sum(tier.done for tier in tiers),
        current_tier_index=None if current is None else current.tier_index,
        current_phase_index=None if current is None else current.first_open,
    )
