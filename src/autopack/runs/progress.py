"""How far a run is: the seed's `RunProgress`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autopack.runs.states import DONE
from autopack.runs.tables import PhaseRow


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


def progress_of(run_id: str, phases: Sequence[PhaseRow], *, ended: bool) -> RunProgress:
    """Progress from a run's phases in their order."""
    current = next((phase for phase in phases if phase.state not in DONE), None)
    tiers = {phase.tier_index for phase in phases}
    open_tiers = {phase.tier_index for phase in phases if phase.state not in DONE}
    return RunProgress(
        run_id=run_id,
        total_tiers=len(tiers),
        total_phases=len(phases),
        completed_tiers=len(tiers - open_tiers),
        completed_phases=sum(phase.state in DONE for phase in phases),
        current_tier_index=None if ended or current is None else current.tier_index,
        current_phase_index=None if ended or current is None else current.phase_index,
    )
