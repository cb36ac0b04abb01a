"""What was learned of a run's end: a model's account of it, and our own figures beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.feed import queries as feed
from autopack.runs import queries as runs
from autopack.runs.schemas import Lesson
from autopack.runs.states import PostmortemState
from autopack.runs.tables import PostmortemRow
from autopack.supervisor import postmortems, queries
from autopack.views.run_usage import PhaseUsage, RoleUsage, RunUsage, run_usage
from autopack.views.spend import Spend

_LEFT = {
    PostmortemState.DUE: "the process that drove the run ended before it wrote it",
    PostmortemState.WRITING: "the process that wrote it ended before it was done",
}


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class PhaseCost(_Shown):
    """What one phase took, its failed attempts included: from the ledger, never from a model."""

    index: int | None
    """Null: the plan has no such phase any more."""
    id: str
    name: str
    state: str | None
    attempts: int
    usage: Spend


class PostmortemView(_Shown):
    """What was learned of the last end of a run."""

    run_id: str
    state: Literal["none", "writing", "made", "not_made"]
    """`none`: the run has not ended, or did so before there were any."""
    reason: str
    """Why it was not made; empty where it was."""
    built: str
    """What was built, as the model has it. Empty where it is not made, as `failed` is."""
    failed: str
    """What failed, and why."""
    lessons: tuple[Lesson, ...]
    """At most five, in their order: the first is number 1."""
    model: str | None
    """Who wrote it."""
    simulated: bool
    written_at: datetime | None
    phases: tuple[PhaseCost, ...]
    """Of each phase that a call was made for."""
    beside: tuple[RoleUsage, ...]
    """Calls for no phase: the helpers', and so this account's own."""
    as_of: int
    """Id of the newest event of the feed that this holds: follow the feed from there."""


async def postmortem_view(session: ReadSession, run_id: str) -> PostmortemView:
    """What was learned of a run. Raises `NotFound`."""
    as_of = await feed.head(session)
    await runs.run_head(session, run_id)
    usage = await run_usage(session, run_id)
    row = await queries.latest_postmortem(session, run_id)
    state, reason = await _standing(session, row)
    made = row if row is not None and state == "made" else None
    return PostmortemView(
        run_id=run_id,
        state=state,
        reason=reason,
        built="" if made is None else made.built,
        failed="" if made is None else made.failed,
        lessons=() if made is None else lessons_of(made),
        model=None if made is None else made.model,
        simulated=made is not None and made.simulated,
        written_at=None if made is None else made.written_at,
        phases=tuple(_costs(usage)),
        beside=usage.beside,
        as_of=as_of,
    )


def lessons_of(row: PostmortemRow) -> tuple[Lesson, ...]:
    """The lessons of one, in their order."""
    return tuple(Lesson.model_validate(one) for one in row.lessons)


async def _standing(
    session: ReadSession, row: PostmortemRow | None
) -> tuple[Literal["none", "writing", "made", "not_made"], str]:
    if row is None:
        return "none", ""
    match PostmortemState(row.state):
        case PostmortemState.MADE:
            return "made", ""
        case PostmortemState.NOT_MADE:
            return "not_made", row.reason
        case PostmortemState.DUE | PostmortemState.WRITING as state:
            soon = state is PostmortemState.DUE and not postmortems.is_late(row)
            at_it = soon or await postmortems.being_written(session, row)
            return ("writing", "") if at_it else ("not_made", _LEFT[state])


def _costs(usage: RunUsage) -> Iterator[PhaseCost]:
    planned = [phase for tier in usage.tiers for phase in tier.phases]
    yield from (_cost(phase) for phase in (*planned, *usage.gone) if phase.booked.usage.calls)


def _cost(phase: PhaseUsage) -> PhaseCost:
    return PhaseCost(
        index=phase.index,
        id=phase.id,
        name=phase.name,
        state=phase.state,
        attempts=sum(one.outcome is not None for one in phase.attempts),
        usage=phase.booked.usage,
    )
