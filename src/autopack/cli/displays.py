"""What shows a run while it is driven: a live display, plain lines, or JSON lines."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from autopack.cli.board import Board, Doing
from autopack.cli.lines import line
from autopack.cli.out import console, emit_line, plain, say
from autopack.views.spend import Spend

if TYPE_CHECKING:
    from autopack.feed.schemas import Event
    from autopack.supervisor.services import Activity


class Display(Protocol):
    """Shows one run. Called from one thread, but for `activity`."""

    live: bool
    """Wants to be refreshed, with usage, while nothing happens."""

    def begin(self, board: Board) -> None:
        """The run is there; its events follow."""
        ...

    def event(self, event: Event) -> None:
        """Something happened; the board knows it already."""
        ...

    def activity(self, activity: Activity) -> None:
        """A model is at something."""
        ...

    def refresh(self, total: Spend) -> None:
        """Show the board as it is now."""
        ...

    def cancelling(self) -> None:
        """The user asked to stop."""
        ...

    def end(self) -> None:
        """Leave the terminal clean."""
        ...


class LineDisplay:
    """One line per event, for logs and pipes. A reader that goes away does not stop the run."""

    live = False

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._phases = 0

    def begin(self, board: Board) -> None:
        """Know how many phases there are."""
        self._phases = len(board.cards)

    def event(self, event: Event) -> None:
        """Print it; times count from the first event."""
        self._since = self._since or event.created_at
        shown = line(event, since=self._since, phases=self._phases)
        if shown is not None:
            _say(shown)

    def activity(self, activity: Activity) -> None:
        """Not a line."""

    def refresh(self, total: Spend) -> None:
        """Nothing to refresh."""

    def cancelling(self) -> None:
        """Said on standard error, so that it is seen at once."""
        say("cancelling… (again: end at once)", stderr=True)

    def end(self) -> None:
        """Nothing to clean."""


class JsonDisplay(LineDisplay):
    """One JSON object per event."""

    def event(self, event: Event) -> None:
        """Print it as it is in the feed."""
        try:
            emit_line(event_json(event))
        except BrokenPipeError:
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
        """Kept for the next picture, unless it comes too late for the phase."""
        board = self._board
        if board is None or board.current is None or board.current.head.id != activity.phase_id:
            return
        if board.doing is None or (board.doing.role, board.doing.what) != (activity.role, activity.doing):
            board.doing = Doing(role=activity.role, what=activity.doing, since=datetime.now(UTC))

    def refresh(self, total: Spend) -> None:
        """Draw."""
        from autopack.cli.live import Screen

        self._total = total
        if self._board is not None:
            self._live.update(Screen(self._board, datetime.now(UTC), total), refresh=True)

    def cancelling(self) -> None:
        """Said at once, before the run's owner has heeded it."""
        if self._board is not None:
            self._board.cancelling = True
            self.refresh(self._total)

    def end(self) -> None:
        """Give the screen back, with the last picture on it."""
        from autopack.cli.live import Screen

        if not self._live.is_started:
            return
        self._live.stop()
        if self._board is not None:
            self._console.print(Screen(self._board, datetime.now(UTC), self._total))


def display_for(*, as_json: bool) -> Display:
    """What suits standard output."""
    if as_json:
        return JsonDisplay()
    terminal = sys.stdout.isatty() and not console().is_dumb_terminal
    return LiveDisplay() if terminal else LineDisplay()


def event_json(event: Event) -> dict[str, Any]:
    """An event as one flat JSON object: id, run_id, created_at, kind, and its fields."""
    head = {"id": event.id, "run_id": event.run_id, "created_at": event.created_at, "kind": event.body.kind}
    return plain({**head, **event.body.model_dump(exclude={"kind"})})


def _say(text: str) -> None:
    try:
        say(text)
    except BrokenPipeError:
        _mute()


def _mute() -> None:
    """Nobody reads any more: the run goes on unseen."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
