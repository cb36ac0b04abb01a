"""What phases of earlier runs took: the samples that an estimate is made of, real and simulated apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from autopack.db import ReadSession
from autopack.feed import queries as feed
from autopack.feed.queries import Turn
from autopack.routing.limits import MilliWeights
from autopack.usage.queries import summary
from autopack.usage.schemas import UsageSum
from autopack.views import queries
from autopack.views.queries import FinishedPhase
from autopack.views.waits import seconds_of, waits_of

NEWEST = 200
"""So many samples at least are looked for, of a project and of all; what is older says less."""
MOST = 2_000
"""So many phases are looked at for them: the rest may be of the other kind, real or simulated."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One phase that was worked on to its end, its failed attempts included."""

    category: str
    complexity: str
    seconds: float
    """In which its run was in progress."""
    roles: Sequence[UsageSum]
    """What each role used."""

    @property
    def tokens(self) -> int:
        """Input and output; calls of unknown usage at the most that they can have taken."""
        return sum(one.total_tokens + one.unknown_tokens for one in self.roles)

    @property
    def nano_usd(self) -> int | None:
        """Billionths of a dollar; None where that of any call is not known."""
        return _nano_usd(self.roles)

    def of(self, role: str) -> Part:
        """What one role used."""
        return Part([one for one in self.roles if one.role == role])


@dataclass(frozen=True)
class Part:
    """What calls took of a quota."""

    sums: Sequence[UsageSum]

    def milli_tokens(self, weights: MilliWeights) -> int:
        """As caps count them: thousandths of weighed tokens."""
        return sum(_weighed(one, weights) for one in self.sums)

    @property
    def nano_usd(self) -> int | None:
        """Billionths of a dollar; None where that of any call is not known."""
        return _nano_usd(self.sums)


def _nano_usd(sums: Iterable[UsageSum]) -> int | None:
    rows = list(sums)
    known = all(one.unpriced_calls == 0 and one.unknown_calls == 0 for one in rows)
    return sum(one.nano_usd for one in rows) if known else None


def _weighed(one: UsageSum, weights: MilliWeights) -> int:
    plain = one.prompt_tokens - one.cache_read_tokens - one.cache_write_tokens
    return (
        plain * weights.input
        + one.cache_read_tokens * weights.cache_read
        + one.cache_write_tokens * weights.cache_write
        + one.completion_tokens * weights.output
        + one.unknown_tokens * max(weights.most, weights.output)
    )


async def history(session: ReadSession, *, project_id: int | None, simulated: bool) -> list[Sample]:
    """The newest samples of one project or of all, newest first.

    Phases without a call are none, nor are those whose calls were real and simulated ones.
    """
    found: list[Sample] = []
    offset = 0
    while len(found) < NEWEST and offset < MOST:
        page = await queries.finished_phases(session, project_id=project_id, limit=NEWEST, offset=offset)
        found += await _samples(session, page, simulated=simulated)
        if len(page) < NEWEST:
            break
        offset += NEWEST
    return found


async def _samples(
    session: ReadSession, phases: Sequence[FinishedPhase], *, simulated: bool
) -> Iterator[Sample]:
    runs = {phase.run_id for phase in phases}
    by_phase: dict[tuple[str | None, str | None], list[UsageSum]] = {}
    for one in await summary(session, group_by=("run_id", "phase_id", "role", "simulated"), run_ids=runs):
        by_phase.setdefault((one.run_id, one.phase_id), []).append(one)
    turns = await feed.turns(session, runs)
    used = ((phase, by_phase.get((phase.run_id, phase.phase_id), [])) for phase in phases)
    return (
        Sample(
            category=phase.category,
            complexity=phase.complexity,
            seconds=worked(phase.started_at, phase.ended_at, turns[phase.run_id]),
            roles=sums,
        )
        for phase, sums in used
        if sums and all(one.simulated is simulated for one in sums)
    )


def worked(start: datetime, end: datetime, turns: Sequence[Turn]) -> float:
    """Seconds between two instants of the past in which a run worked, as its turns tell."""
    waits = waits_of(turns, created_at=turns[0].at, driven=True, last=None) if turns else []
    return (end - start).total_seconds() - seconds_of(waits, start, end)
