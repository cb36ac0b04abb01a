"""What shows a run while it is driven: a live display, plain lines, or JSON lines."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from autopack.cli.board import Board, Doing
from autopack.cli.lines import line, timed
from autopack.cli.out import console, emit_line, say
from autopack.cli.words import clean, count, one_line
from autopack.views.spend import Spend

if TYPE_CHECKING:
    from autopack.feed.schemas import Event
    from autopack.supervisor.activities import Activity

LASTING_SECONDS = 1.0
"""Commands that take longer are told of in plain lines while they run."""
_COMMANDS = ("baseline", "setup")


class Display(Protocol):
    """Shows one run. Called from one thread, but for `activity`."""

    live: bool
    """Wants to know what was used."""

    def begin(self, board: Board) -> None:
        """The run is there as far as the board knows it; its events follow."""
        ...

    def event(self, event: Event) -> None:
        """Something happened; the board knows it already."""
        ...

    def activity(self, activity: Activity) -> None:
        """The run is at something."""
        ...

    def refresh(self, total: Spend) -> None:
        """Called again and again: show what it is at now."""
        ...

    def cancelling(self) -> None:
        """The user asked to stop."""
        ...

    def end(self, *, last: bool = True) -> None:
        """Leave the terminal clean, with the last picture on it or without."""
        ...


class LineDisplay:
    """One line per event, for logs and pipes. A reader that goes away does not stop the run."""

    live = False

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._phases = 0
        self._unverified: frozenset[str] = frozenset()
        self._doing: Doing | None = None

    def begin(self, board: Board) -> None:
        """Know its phases; where it is gone on with, say how far it is."""
        self._phases = len(board.cards)
        self._unverified = frozenset(card.head.id for card in board.cards if not card.head.verified)
        if board.began is not None:
            self._since = datetime.now(UTC)
            done = f"{sum(card.done for card in board.cards)} of {count(self._phases, 'phase')} done"
            _say(timed(f"{board.run_id}: {clean(board.plan)}, {done}", self._since, since=self._since))

    def event(self, event: Event) -> None:
        """Print it; times count from the first event."""
        self._since = self._since or event.created_at
        if self._doing is not None and self._doing.since <= event.created_at:
            self._doing = None
        shown = line(event, since=self._since, phases=self._phases, unverified=self._unverified)
        if shown is not None:
            _say(shown)

    def activity(self, activity: Activity) -> None:
        """Kept: a line only where it lasts, and only commands that no event tells of."""
        self._doing = None
        if activity.what in _COMMANDS and activity.doing:
            of = f"{activity.phase_id}: " if activity.phase_id else ""
            self._doing = Doing(f"{of}{activity.what}", activity.doing, since=datetime.now(UTC))

    def refresh(self, total: Spend) -> None:
        """Say which commands run, once they have for a while."""
        doing, now = self._doing, datetime.now(UTC)
        if doing is not None and self._since and (now - doing.since).total_seconds() >= LASTING_SECONDS:
            self._doing = None
            _say(timed(f"{doing.what}: {one_line(doing.detail)}", now, since=self._since))

    def cancelling(self) -> None:
        """Said on standard error, so that it is seen at once."""
        with suppress(OSError):
            say("cancelling… (again: end at once)", stderr=True)

    def end(self, *, last: bool = True) -> None:
        """Nothing to clean."""


class JsonDisplay(LineDisplay):
    """One JSON object per event."""

    def begin(self, board: Board) -> None:
        """Nothing but events."""

    def refresh(self, total: Spend) -> None:
        """Nothing but events."""

    def event(self, event: Event) -> None:
        """Print it as it is in the feed."""
        from autopack.feed.messages import event_json

        try:
            emit_line(event_json(event))
        except OSError:
            _mute()


class LiveDisplay:
    """A picture that is drawn anew a few times a second."""

    live = True

    def __init__(self) -> None:
        from rich.live import Live

        self._console = console()
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._board: Board | None = None
        self._total = Spend()

    def begin(self, board: Board) -> None:
        """Take the screen over."""
        self._board = board
        self._console.print()
        self._live.start()
        self.refresh(self._total)

    def event(self, event: Event) -> None:
        """The board has it; drawn at the next refresh."""

    def activity(self, activity: Activity) -> None:
        """Kept for the next picture."""
        if self._board is not None:
            self._board.note(activity, datetime.now(UTC))

    def refresh(self, total: Spend) -> None:
        """Draw."""
        from autopack.cli.live import Screen

        self._total = total
        if self._board is not None:
            try:
                self._live.update(Screen(self._board, datetime.now(UTC), total), refresh=True)
            except OSError:
                _mute()

    def cancelling(self) -> None:
        """Said at once, before the run's owner has heeded it."""
        if self._board is not None:
            self._board.cancelling = True
            self.refresh(self._total)

    def end(self, *, last: bool = True) -> None:
        """Give the screen back."""
        from autopack.cli.live import Screen

        if not self._live.is_started:
            return
        self._live.stop()
        if last and self._board is not None:
            self._console.print(Screen(self._board, datetime.now(UTC), self._total))


def display_for(*, as_json: bool) -> Display:
    """What suits standard output."""
    if as_json:
        return JsonDisplay()
    terminal = sys.stdout.isatty() and not console().is_dumb_terminal
    return LiveDisplay() if terminal else LineDisplay()


def _say(text: str) -> None:
    try:
        say(text)
    except OSError:
        _mute()


def _mute() -> None:
    """Nobody reads any more, the pipe or the terminal is gone: the run goes on unseen."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
