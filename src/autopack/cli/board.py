"""What a run looks like while it is followed: the feed's events, and what it is at in this moment. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from autopack.cli.words import instant
from autopack.feed.schemas import (
    AttemptFailed,
    BaselineChecked,
    CancelAsked,
    Event,
    ModelReplaced,
    ModelsChosen,
    PauseAsked,
    PhaseCommitted,
    PhaseMoved,
    ResumeAsked,
    RunMoved,
    WorkspaceReady,
)
from autopack.runs.states import DONE, PhaseState, RunState

if TYPE_CHECKING:
    from autopack.supervisor.activities import Activity
    from autopack.views.phases import PhaseHead
    from autopack.views.spend import Spend


@dataclass
class Card:
    """One phase as far as the events tell."""

    head: PhaseHead
    state: PhaseState = PhaseState.PENDING
    attempt: int = 0
    builder: str = ""
    auditor: str = ""
    same_family: bool = False
    commit: str = ""
    setbacks: list[str] = field(default_factory=list[str])
    """Why its attempts failed, oldest first."""
    began: datetime | None = None
    ended: datetime | None = None
    entered: datetime | None = None
    """When it came into its state."""

    @property
    def done(self) -> bool:
        """Whether the run is past it."""
        return self.state in DONE


@dataclass
class Doing:
    """What the run is at, and since when."""

    what: str
    """`builder`, `verify`, …, as `Activity` has it."""
    detail: str
    since: datetime


@dataclass
class Board:
    """A run as far as the events tell. `apply` takes them in their order; the rest only reads."""

    run_id: str
    plan: str
    branch: str
    cards: list[Card]
    simulated: bool = False
    state: RunState = RunState.QUEUED
    cancelling: bool = False
    pausing: bool = False
    baseline: str = ""
    """Empty until the workspace is there, then `checking`, then `passed` or `red`."""
    reason: str = ""
    detail: str = ""
    resumes: str = ""
    """When a scheduled run goes on, in words."""
    began: datetime | None = None
    ended: datetime | None = None
    doing: Doing | None = None
    usage: dict[str, Spend] = field(default_factory=dict[str, "Spend"])
    """By phase id."""

    @property
    def current(self) -> Card | None:
        """The first phase that is not behind the run."""
        return next((card for card in self.cards if not card.done), None)

    def card(self, phase_id: str) -> Card:
        """A phase by its id."""
        return next(card for card in self.cards if card.head.id == phase_id)

    def take_over(self, heads: Sequence[PhaseHead]) -> None:
        """The plan was amended: these are its phases now."""
        known = {card.head.id: card for card in self.cards}
        self.cards = [known.get(head.id, Card(head)) for head in heads]
        for card, head in zip(self.cards, heads, strict=True):
            card.head = head

    def apply(self, event: Event) -> None:
        """Take in what happened."""
        match event.body:
            case RunMoved() as moved:
                self._run_moved(moved, event.created_at)
            case PhaseMoved() as moved:
                self._phase_moved(moved, event.created_at)
            case ModelsChosen() as chosen:
                card = self.card(chosen.phase_id)
                card.builder, card.auditor = chosen.builder, chosen.auditor
                card.same_family = chosen.same_family
                card.attempt = chosen.attempt
                self.simulated = self.simulated or chosen.simulated
            case ModelReplaced() as replaced:
                setattr(self.card(replaced.phase_id), replaced.role, replaced.after)
                self.simulated = self.simulated or replaced.simulated
            case AttemptFailed() as failed:
                self.card(failed.phase_id).setbacks.append(f"attempt {failed.attempt}: {failed.detail}")
            case PhaseCommitted() as committed:
                self.card(committed.phase_id).commit = committed.commit
            case CancelAsked():
                self.cancelling = True
            case PauseAsked():
                self.pausing = True
            case ResumeAsked():
                self.pausing = False
            case WorkspaceReady():
                self.baseline = "checking"
                self._moved_on(event.created_at)
            case BaselineChecked() as checked:
                self.baseline = "passed" if checked.passed else "red"
                self._moved_on(event.created_at)
            case _:
                pass

    def _run_moved(self, moved: RunMoved, at: datetime) -> None:
        self.state = RunState(moved.after)
        self.reason, self.detail = moved.reason, moved.detail
        self.resumes = "" if moved.resumes_at is None else f"resumes {instant(moved.resumes_at)}"
        if self.state is RunState.IN_PROGRESS:
            self.began = self.began or at
            self.cancelling = False
        if self.state is not RunState.QUEUED:
            self.pausing = False
        self.ended = at if self.state.ended else None
        if self.state is not RunState.IN_PROGRESS:
            self.doing = None

    def _phase_moved(self, moved: PhaseMoved, at: datetime) -> None:
        card = self.card(moved.phase_id)
        card.state, card.entered = PhaseState(moved.after), at
        card.attempt = moved.attempt or card.attempt
        if card.state is PhaseState.BUILDING:
            card.began = card.began or at
        card.ended = at if card.state.ended else None
        self._moved_on(at)

    def note(self, activity: Activity, at: datetime) -> None:
        """Take in what the run is at, unless that comes too late for its phase."""
        current = self.current
        if activity.phase_id and (current is None or current.head.id != activity.phase_id):
            return
        doing = Doing(what=activity.what, detail=activity.doing, since=at)
        if self.doing is None or (self.doing.what, self.doing.detail) != (doing.what, doing.detail):
            self.doing = doing

    def _moved_on(self, at: datetime) -> None:
        """Forget what was done before that moment. Events come later than the news of what is done since."""
        if self.doing is not None and self.doing.since <= at:
            self.doing = None

    def elapsed(self, now: datetime) -> float:
        """Seconds from the start to the end, or to now."""
        return 0.0 if self.began is None else max(0.0, ((self.ended or now) - self.began).total_seconds())


def new_board(*, run_id: str, plan: str, branch: str, heads: Sequence[PhaseHead]) -> Board:
    """A board before the first event."""
    return Board(run_id=run_id, plan=plan, branch=branch, cards=[Card(head) for head in heads])
