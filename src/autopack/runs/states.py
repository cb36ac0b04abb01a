"""The states of runs and phases and every legal move between them. Nothing else changes a state.

A tier's state is derived from its phases. The tables are docs/architecture.md's "States".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from autopack.errors import IllegalMove


class RunState(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    SCHEDULED = "scheduled"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens unless someone asks for it."""
        return self in {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}


class PhaseState(StrEnum):
    """Where a phase is."""

    PENDING = "pending"
    BUILDING = "building"
    VERIFYING = "verifying"
    AUDITING = "auditing"
    COMMITTING = "committing"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether the run goes past this phase, or stopped at it."""
        return self in {PhaseState.COMPLETED, PhaseState.FAILED, PhaseState.SKIPPED, PhaseState.CANCELLED}


DONE: Final = frozenset({PhaseState.COMPLETED, PhaseState.SKIPPED})
"""States in which a phase is behind the run. A skipped phase counts as done, or 100 % were out of reach."""


class Intent(StrEnum):
    """What someone asked of a run; its owner heeds it at the next step, or at once for a cancel."""

    NONE = "none"
    PAUSE = "pause"
    CANCEL = "cancel"


class AttemptOutcome(StrEnum):
    """How an attempt at a phase ended."""

    OPEN = "open"
    COMMITTED = "committed"
    BUILDER_GAVE_UP = "builder_gave_up"
    EMPTY_CHANGE = "empty_change"
    OUT_OF_SCOPE = "out_of_scope"
    NESTED_REPOSITORY = "nested_repository"
    UNREADABLE = "unreadable"
    SETUP_FAILED = "setup_failed"
    VERIFICATION_FAILED = "verification_failed"
    DIFF_TOO_LARGE = "diff_too_large"
    AUDITOR_GAVE_UP = "auditor_gave_up"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    """Its phase was skipped while it was open."""


class EndReason(StrEnum):
    """Why a run ended; `runs.end_detail` says the particulars."""

    COMPLETED = "completed"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    BASELINE_RED = "baseline_red"
    SETUP_FAILED = "setup_failed"
    PROVIDER_REFUSED = "provider_refused"
    UNAVAILABLE = "unavailable"
    BRANCH_MOVED = "branch_moved"
    BUDGET_REACHED = "budget_reached"
    QUOTA_REACHED = "quota_reached"
    TIME_LIMIT = "time_limit"
    STALLED = "stalled"
    CANCELLED = "cancelled"
    INTERNAL_ERROR = "internal_error"


class Waiting(StrEnum):
    """Why a run is paused, until a person has it go on, or scheduled."""

    ASKED = "asked"
    """Someone asked for it; the others mean that a person is needed."""
    BUDGET_REACHED = "budget_reached"
    QUOTA_RESET = "quota_reset"
    """It goes on by itself, when a quota has room again."""
    CANNOT_START = "cannot_start"
    """A key or the sandbox is missing where it was to be driven."""
    BRANCH_CHECKED_OUT = "branch_checked_out"
    PROVIDER_UNREACHABLE = "provider_unreachable"
    DISK_FULL = "disk_full"
    DISK_UNUSABLE = "disk_unusable"
    DATABASE_LOCKED = "database_locked"
    DATABASE_UNREACHABLE = "database_unreachable"
    REPOSITORY_UNREACHABLE = "repository_unreachable"


class PostmortemState(StrEnum):
    """Where the account of one end of a run is."""

    DUE = "due"
    """Whoever drove the run to its end writes it next."""
    WRITING = "writing"
    MADE = "made"
    NOT_MADE = "not_made"
    """`postmortems.reason` says why; a person can have it made."""


_R, _P = RunState, PhaseState

RUN_MOVES: Final[Mapping[RunState, frozenset[RunState]]] = {
    _R.QUEUED: frozenset({_R.IN_PROGRESS, _R.PAUSED, _R.CANCELLED}),
    _R.IN_PROGRESS: frozenset({_R.PAUSED, _R.SCHEDULED, _R.SUCCEEDED, _R.FAILED, _R.CANCELLED}),
    _R.PAUSED: frozenset({_R.QUEUED, _R.IN_PROGRESS, _R.CANCELLED}),
    _R.SCHEDULED: frozenset({_R.QUEUED, _R.IN_PROGRESS, _R.PAUSED, _R.CANCELLED}),
    _R.SUCCEEDED: frozenset(),
    _R.FAILED: frozenset({_R.QUEUED}),
    _R.CANCELLED: frozenset({_R.QUEUED}),
}

_GOING_ON = frozenset({_P.FAILED, _P.CANCELLED})

PHASE_MOVES: Final[Mapping[PhaseState, frozenset[PhaseState]]] = {
    _P.PENDING: frozenset({_P.BUILDING, _P.SKIPPED, _P.CANCELLED}),
    _P.BUILDING: frozenset({_P.BUILDING, _P.VERIFYING}) | _GOING_ON,
    _P.VERIFYING: frozenset({_P.BUILDING, _P.AUDITING}) | _GOING_ON,
    _P.AUDITING: frozenset({_P.BUILDING, _P.COMMITTING}) | _GOING_ON,
    _P.COMMITTING: frozenset({_P.COMPLETED}) | _GOING_ON,
    _P.COMPLETED: frozenset(),
    _P.FAILED: frozenset({_P.PENDING, _P.SKIPPED}),
    _P.SKIPPED: frozenset(),
    _P.CANCELLED: frozenset({_P.PENDING, _P.SKIPPED}),
}


def check_run_move(before: RunState, after: RunState) -> None:
    """Raise `IllegalMove` unless a run may go from one state to the other."""
    if after not in RUN_MOVES[before]:
        raise IllegalMove(f"A run that is {before} can't become {after}.")


def check_phase_move(before: PhaseState, after: PhaseState) -> None:
    """Raise `IllegalMove` unless a phase may go from one state to the other."""
    if after not in PHASE_MOVES[before]:
        raise IllegalMove(f"A phase that is {before} can't become {after}.")
