"""A run as one picture: every phase and attempt with its stages and cost, and the waits between.

Small enough to be read again whenever something happened, also for a run of thousands of phases. Why, what
was said and what was changed: that is in the detail of a phase.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import ClassVar, Literal, TypeAlias, cast, get_args

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.feed import queries as feed
from autopack.feed.queries import PhaseStep
from autopack.runs import queries
from autopack.runs.states import DONE
from autopack.usage.recorder import get_usage_summary
from autopack.usage.schemas import UsageSum
from autopack.views import queries as stored
from autopack.views.queries import AttemptLine, PhaseLine
from autopack.views.spend import Spend, spend_of
from autopack.views.waits import Wait, run_waits

StageName: TypeAlias = Literal["building", "verifying", "auditing", "committing"]
_STAGES = frozenset(get_args(StageName))


# Plain dataclasses: of 20,000 models the collector alone would take longer than all the rest.

_DOCUMENTED = ConfigDict(use_attribute_docstrings=True)


@dataclass(slots=True, kw_only=True)
class Stage:
    """What an attempt was at, and when. The run may have waited meanwhile: see its `waits`."""

    __pydantic_config__: ClassVar[ConfigDict] = _DOCUMENTED
    stage: StageName
    started_at: datetime
    ended_at: datetime | None
    """Null: it is at it."""


@dataclass(slots=True, kw_only=True)
class AttemptOutline:
    """One try at a phase."""

    __pydantic_config__: ClassVar[ConfigDict] = _DOCUMENTED
    number: int
    outcome: str
    builder: str | None
    """Name of the model in effect; null before routing."""
    auditor: str | None
    started_at: datetime
    ended_at: datetime | None
    stages: tuple[Stage, ...]
    """In their order; one that was gone on with after a stop has a stage more than once."""


@dataclass(slots=True, kw_only=True)
class PhaseOutline:
    """One phase and its attempts."""

    __pydantic_config__: ClassVar[ConfigDict] = _DOCUMENTED
    index: int
    id: str
    name: str
    category: str
    complexity: str
    state: str
    verified: bool
    """Whether any command verifies it; not where the plan says `verify: none`."""
    started_at: datetime | None
    ended_at: datetime | None
    usage: Spend
    attempts: tuple[AttemptOutline, ...]


@dataclass(slots=True, kw_only=True)
class TierOutline:
    """One tier and its phases."""

    __pydantic_config__: ClassVar[ConfigDict] = _DOCUMENTED
    index: int
    name: str
    completed: int
    """Phases that are done, skipped ones included."""
    usage: Spend
    phases: tuple[PhaseOutline, ...]


class RunOutline(BaseModel):
    """A run from its creation to now."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    run_id: str
    tiers: tuple[TierOutline, ...]
    waits: tuple[Wait, ...]
    """When it did not work, in their order; none overlaps another. What is between them was work."""
    as_of: int
    """Id of the newest event of the feed that this holds: follow the feed from there."""


async def run_outline(session: ReadSession, run_id: str) -> RunOutline:
    """The outline of a run, in as many queries for thousands of phases as for one. Raises `NotFound`."""
    run = await queries.run_head(session, run_id)
    sums = defaultdict[str | None, list[UsageSum]](list)
    for one in await get_usage_summary(session, None, ("phase_id",), run_id=run_id):
        sums[one.phase_id].append(one)
    attempts = _attempts(
        await stored.attempt_lines(session, run_id), _stages(await feed.phase_steps(session, run_id))
    )
    phases = await stored.phase_lines(session, run_id)
    return RunOutline(
        run_id=run_id,
        tiers=tuple(
            _tier(list(of), sums, attempts) for _, of in groupby(phases, key=lambda one: one.tier_index)
        ),
        waits=tuple(await run_waits(session, run)),
        as_of=await feed.head(session),
    )


def _tier(
    phases: Sequence[PhaseLine],
    sums: Mapping[str | None, list[UsageSum]],
    attempts: Mapping[int, list[AttemptOutline]],
) -> TierOutline:
    return TierOutline(
        index=phases[0].tier_index,
        name=phases[0].tier_name,
        completed=sum(phase.state in DONE for phase in phases),
        usage=spend_of(one for phase in phases for one in sums.get(phase.phase_id, ())),
        phases=tuple(
            PhaseOutline(
                index=phase.phase_index,
                id=phase.phase_id,
                name=phase.name,
                category=phase.category,
                complexity=phase.complexity,
                state=phase.state,
                verified=phase.verified,
                started_at=phase.started_at,
                ended_at=phase.ended_at,
                usage=spend_of(sums.get(phase.phase_id, ())),
                attempts=tuple(attempts.get(phase.phase_index, ())),
            )
            for phase in phases
        ),
    )


def _attempts(
    lines: Iterable[AttemptLine], stages: Mapping[tuple[int, int], list[Stage]]
) -> Mapping[int, list[AttemptOutline]]:
    found = defaultdict[int, list[AttemptOutline]](list)
    for line in lines:
        attempt = AttemptOutline(
            number=line.number,
            outcome=line.outcome,
            builder=line.builder,
            auditor=line.auditor,
            started_at=line.started_at,
            ended_at=line.ended_at,
            stages=tuple(stages.get((line.phase_index, line.number), ())),
        )
        found[line.phase_index].append(attempt)
    return found


def _stages(steps: Iterable[PhaseStep]) -> Mapping[tuple[int, int], list[Stage]]:
    """By phase and attempt. Any move of a phase ends the stage that it was in."""
    found = defaultdict[tuple[int, int], list[Stage]](list)
    begun: dict[int, PhaseStep] = {}
    for step in steps:
        if (former := begun.pop(step.phase_index, None)) is not None:
            found[former.phase_index, former.attempt].append(_stage(former, step.at))
        if step.after in _STAGES:
            begun[step.phase_index] = step
    for step in begun.values():
        found[step.phase_index, step.attempt].append(_stage(step, None))
    return found


def _stage(step: PhaseStep, ended_at: datetime | None) -> Stage:
    return Stage(stage=cast("StageName", step.after), started_at=step.at, ended_at=ended_at)
