"""Where a run stands: what `advance` decides by. Read in one transaction, changed by no one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from autopack.plan import Complexity
from autopack.roles.schemas import Verdict
from autopack.runs.schemas import Evidence
from autopack.runs.states import AttemptOutcome, Intent, PhaseState, RunState
from autopack.runs.tables import AttemptRow, PhaseRow, RunRow

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Position:
    """A run, the phase it is at, and the attempt at it."""

    run: RunRow
    phase: PhaseRow | None
    """The first phase that is not behind the run; None when all are."""
    attempts: tuple[AttemptRow, ...]
    """Attempts at that phase, oldest first."""

    @property
    def run_state(self) -> RunState:
        """The run's state."""
        return RunState(self.run.state)

    @property
    def asked(self) -> Intent:
        """What someone asked of the run."""
        return Intent(self.run.intent)

    @property
    def committing(self) -> bool:
        """Whether the point of no return is behind: a commit is finished, whatever was asked."""
        return self.phase is not None and self.phase.state == PhaseState.COMMITTING

    @property
    def at(self) -> At:
        """The phase and its open attempt. Only while there is a phase."""
        if self.phase is None:
            raise LookupError("the run is past its last phase")
        last = self.attempts[-1] if self.attempts else None
        attempt = last if last is not None and last.outcome == AttemptOutcome.OPEN else None
        return At(
            phase=self.phase, attempt=attempt, earlier=tuple(a for a in self.attempts if a is not attempt)
        )


@dataclass(frozen=True, kw_only=True)
class At:
    """A phase of a run that is not done."""

    phase: PhaseRow
    attempt: AttemptRow | None
    """The open attempt."""
    earlier: tuple[AttemptRow, ...]
    """Attempts that failed, oldest first."""

    @property
    def state(self) -> PhaseState:
        """The phase's state."""
        return PhaseState(self.phase.state)

    @property
    def open(self) -> AttemptRow:
        """The open attempt, where the phase's state says that there is one."""
        if self.attempt is None:
            raise LookupError(f"phase {self.phase.phase_id} is {self.state} without an open attempt")
        return self.attempt

    @property
    def routed(self) -> bool:
        """Whether the router has chosen this attempt's models."""
        return self.attempt is not None and self.attempt.builder_decision is not None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an attempt's change is not accepted."""

    outcome: AttemptOutcome
    detail: str
    """One line for people."""
    evidence: str
    """What the next attempt's Builder is told."""
    fingerprint: str
    """The same for the same failure."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a step, to be recorded in one transaction. None: this step has nothing to say of it."""

    to: PhaseState
    """Where the phase goes unless there is a failure."""
    failure: Failure | None = None
    tree: str | None = None
    summary: str = ""
    diff_sha: str | None = None
    verdict: Verdict | None = None
    commit_message: str | None = None
    commit_time: datetime | None = None
    commit_id: str | None = None
    evidence: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict[str, tuple[Evidence, ...]])
    """By step: `setup`, `verify`."""


@dataclass(frozen=True, kw_only=True)
class Retry:
    """The next attempt at a phase."""

    complexity: Complexity
    escalated: bool


def known(value: T | None) -> T:
    """A value that the state of the run guarantees; without it the tables contradict themselves."""
    if value is None:
        raise LookupError("a record that this state guarantees is missing")
    return value
