"""Stretches in which a run did not work, from its events: so that waiting is told apart from working."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.feed import queries as feed
from autopack.feed.queries import Turn
from autopack.runs.states import EndReason, RunState, Waiting
from autopack.runs.tables import RunRow
from autopack.supervisor import workers

INTERRUPTED = "interrupted"
_BY_WISH = {(RunState.PAUSED, Waiting.ASKED), (RunState.CANCELLED, EndReason.CANCELLED)}
"""Moves that whoever drives a run makes only where it was asked for them."""


class Wait(BaseModel):
    """A stretch in which a run did not work."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    what: str
    """`queued`, `paused`, `scheduled`; `failed` or `cancelled` where it was gone on with later; or
    `interrupted`: nobody drove it. Those begin and end with a move of the run, to the instant. An interrupted
    one ends when a process took the run up, or someone stopped it; it begins with the last event of whoever
    drove it before, which may have worked on for up to one step, such as a Builder's, after that."""
    reason: str
    """Why, as the run's move had it: such as `asked`, `quota_reset`, `budget_reached`; else empty."""
    started_at: datetime
    ended_at: datetime | None
    """Null: it lasts."""


async def run_waits(session: ReadSession, run: RunRow) -> list[Wait]:
    """Every wait of one run."""
    driven = not RunState(run.state).ended and await workers.is_alive(session, run.owner)
    last = None if driven else (await feed.last_instants(session, [run.id])).get(run.id)
    turns = await feed.turns(session, [run.id])
    return waits_of(turns[run.id], created_at=run.created_at, driven=driven, last=last)


def waits_of(
    turns: Iterable[Turn], *, created_at: datetime, driven: bool, last: datetime | None
) -> list[Wait]:
    """Every wait of a run in its order, from its creation on.

    `driven`: whether a live process works on it; `last`: when whoever drove it last told of it.
    """
    found: list[Wait] = []
    state, since, why, asked = RunState.QUEUED, created_at, "", False
    for turn in turns:
        match turn.kind:
            case "pause_asked" | "cancel_asked":
                asked = True
            case "resume_asked":
                asked = False
            case "run_claimed":
                if state is RunState.IN_PROGRESS:
                    found += _interrupted(turn.told, turn.at)
            case _:
                after, reason = RunState(turn.body["after"]), turn.body["reason"]
                if state is not RunState.IN_PROGRESS:
                    found.append(Wait(what=state, reason=why, started_at=since, ended_at=turn.at))
                elif (after, reason) in _BY_WISH and not asked:
                    found += _interrupted(turn.told, turn.at)
                state, since, why, asked = after, turn.at, reason, False
    if state is RunState.IN_PROGRESS and not driven:
        found += _interrupted(last, None)
    elif state in {RunState.QUEUED, RunState.PAUSED, RunState.SCHEDULED}:
        found.append(Wait(what=state, reason=why, started_at=since, ended_at=None))
    return found


def _interrupted(told: datetime | None, until: datetime | None) -> list[Wait]:
    if told is None or (until is not None and until <= told):
        return []
    return [Wait(what=INTERRUPTED, reason="", started_at=told, ended_at=until)]


def within(waits: Iterable[Wait], started_at: datetime | None, ended_at: datetime | None) -> list[Wait]:
    """The parts of waits that are in a stretch; None: it has not begun, or it lasts."""
    if started_at is None:
        return []
    found: list[Wait] = []
    for wait in waits:
        start = max(wait.started_at, started_at)
        end = min((at for at in (wait.ended_at, ended_at) if at is not None), default=None)
        if end is None or start < end:
            found.append(wait.model_copy(update={"started_at": start, "ended_at": end}))
    return found


def seconds_of(waits: Sequence[Wait], started_at: datetime, ended_at: datetime) -> float:
    """How much of a stretch was waited."""
    parts = within(waits, started_at, ended_at)
    return sum(((part.ended_at or ended_at) - part.started_at for part in parts), timedelta()).total_seconds()
