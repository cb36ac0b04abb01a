"""What a run used, by tier, phase, attempt, role and model. The parts are the ledger, to the token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.runs import queries
from autopack.runs.states import AttemptOutcome, PhaseState
from autopack.runs.tables import AttemptRow, PhaseRow
from autopack.usage.money import to_nano, to_usd
from autopack.views.booked import Booked, Part, booked, parts_of
from autopack.views.spend import Spend, Usd


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class RoleUsage(_Shown):
    """What one role used of one model; real and simulated calls apart."""

    role: str
    provider: str
    model: str
    simulated: bool
    """A script answered."""
    booked: Booked


class AttemptUsage(_Shown):
    """What one try at a phase used."""

    number: int | None
    """Null: calls for the phase that are of no attempt."""
    outcome: str | None
    """Null: no such attempt is recorded."""
    booked: Booked
    roles: tuple[RoleUsage, ...]


class PhaseUsage(_Shown):
    """What one phase used, its failed attempts included."""

    id: str
    index: int | None
    """Null: the plan has no such phase any more."""
    name: str
    state: str | None
    booked: Booked
    attempts: tuple[AttemptUsage, ...]


class TierUsage(_Shown):
    """What one tier used."""

    index: int
    name: str
    booked: Booked
    phases: tuple[PhaseUsage, ...]


class AcceptedPhases(_Shown):
    """What a phase costs until it is accepted: all that the run used, over its completed phases."""

    phases: int
    """Completed ones."""
    tokens_per_phase: int | None
    """Null where none is completed."""
    cost_usd_per_phase: Usd | None
    """Null where none is completed, or no price is known."""
    whole: bool
    """Tokens and dollars of every call are known; otherwise it is more than what is said."""


class RunUsage(_Shown):
    """All of a run's part of the ledger. Tiers, gone phases and what is beside them sum to the whole."""

    run_id: str
    booked: Booked
    real: Spend | None
    """All calls to real providers; null where there was none."""
    simulated: Spend | None
    """All calls that a script answered; null where there was none."""
    tiers: tuple[TierUsage, ...]
    gone: tuple[PhaseUsage, ...]
    """Phases that the plan had when they were worked on, and has no more."""
    beside: tuple[RoleUsage, ...]
    """Calls for no phase: the helpers'."""
    roles: tuple[RoleUsage, ...]
    """The whole by role and model, largest first."""
    failed_attempts: Booked
    """The part of the whole that went into attempts that were not accepted."""
    accepted: AcceptedPhases


async def run_usage(session: ReadSession, run_id: str) -> RunUsage:
    """Usage of one run. Raises `NotFound`."""
    await queries.run(session, run_id)
    parts = await parts_of(session, run_id)
    phases = await queries.phases(session, run_id)
    attempts = await queries.attempts(session, run_id)
    whole, known = booked(parts), {phase.phase_id for phase in phases}
    gone = dict.fromkeys(part.phase_id for part in parts if part.phase_id not in (None, *known))
    return RunUsage(
        run_id=run_id,
        booked=whole,
        real=_spend(part for part in parts if not part.simulated),
        simulated=_spend(part for part in parts if part.simulated),
        tiers=tuple(_tiers(phases, attempts, parts)),
        gone=tuple(_phase(str(phase_id), None, [], parts) for phase_id in gone),
        beside=_roles([part for part in parts if part.phase_id is None]),
        roles=_roles(parts),
        failed_attempts=_failed(phases, attempts, parts),
        accepted=_accepted(whole.usage, sum(phase.state == PhaseState.COMPLETED for phase in phases)),
    )


def _spend(parts: Iterable[Part]) -> Spend | None:
    usage = booked(parts).usage
    return usage if usage.calls else None


def _tiers(
    phases: Sequence[PhaseRow], attempts: Sequence[AttemptRow], parts: Sequence[Part]
) -> Iterator[TierUsage]:
    for index, name in {phase.tier_index: phase.tier_name for phase in phases}.items():
        own = [phase for phase in phases if phase.tier_index == index]
        ids = {phase.phase_id for phase in own}
        yield TierUsage(
            index=index,
            name=name,
            booked=booked(part for part in parts if part.phase_id in ids),
            phases=tuple(
                _phase(
                    phase.phase_id,
                    phase,
                    [one for one in attempts if one.phase_index == phase.phase_index],
                    parts,
                )
                for phase in own
            ),
        )


def _phase(
    phase_id: str, phase: PhaseRow | None, attempts: Sequence[AttemptRow], parts: Sequence[Part]
) -> PhaseUsage:
    own = [part for part in parts if part.phase_id == phase_id]
    outcomes = {attempt.number: attempt.outcome for attempt in attempts}
    numbers = sorted({*outcomes, *(part.attempt for part in own)}, key=lambda number: number or 0)
    return PhaseUsage(
        id=phase_id,
        index=None if phase is None else phase.phase_index,
        name=phase_id if phase is None else phase.name,
        state=None if phase is None else phase.state,
        booked=booked(own),
        attempts=tuple(
            _attempt(number, outcomes.get(number or 0), [part for part in own if part.attempt == number])
            for number in numbers
        ),
    )


def _attempt(number: int | None, outcome: str | None, parts: Sequence[Part]) -> AttemptUsage:
    return AttemptUsage(number=number, outcome=outcome, booked=booked(parts), roles=_roles(parts))


def _roles(parts: Sequence[Part]) -> tuple[RoleUsage, ...]:
    keys = dict.fromkeys((part.role, part.provider, part.model, part.simulated) for part in parts)
    found = [
        RoleUsage(
            role=key[0],
            provider=key[1],
            model=key[2],
            simulated=key[3],
            booked=booked(
                part for part in parts if (part.role, part.provider, part.model, part.simulated) == key
            ),
        )
        for key in keys
    ]
    return tuple(sorted(found, key=lambda one: (-one.booked.usage.tokens, one.role, one.model)))


_NOT_FAILED = (AttemptOutcome.OPEN, AttemptOutcome.COMMITTED)


def _failed(phases: Sequence[PhaseRow], attempts: Sequence[AttemptRow], parts: Sequence[Part]) -> Booked:
    ids = {phase.phase_index: phase.phase_id for phase in phases}
    failed = {
        (ids[attempt.phase_index], attempt.number)
        for attempt in attempts
        if attempt.outcome not in _NOT_FAILED and attempt.phase_index in ids
    }
    return booked(part for part in parts if (part.phase_id, part.attempt) in failed)


def _accepted(usage: Spend, phases: int) -> AcceptedPhases:
    return AcceptedPhases(
        phases=phases,
        tokens_per_phase=usage.tokens // phases if phases else None,
        cost_usd_per_phase=_each(usage.cost_usd, phases),
        whole=usage.whole,
    )


def _each(cost: Decimal | None, phases: int) -> Decimal | None:
    return to_usd(to_nano(cost / phases)) if cost is not None and phases else None
