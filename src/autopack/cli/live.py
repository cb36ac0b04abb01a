"""The live display of a run on a terminal: a pure rendering of a board, for any width and height."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from autopack.cli.board import Board, Card, Doing
from autopack.cli.words import clean, clock, count, dollars, one_line, tokens
from autopack.runs.states import PhaseState, RunState

if TYPE_CHECKING:
    from autopack.views.spend import Spend

_WIDE = 84
_WIDEST = 120
"""Beyond it the numbers would be too far from their names."""
_MONEY_FROM = 66
_ID_WIDTH = 22
_NOTHING = "nothing to verify (verify: none)"
_AROUND = 11
"""Lines of header, footer and the shell's prompt, around the list of phases."""


@dataclass(frozen=True)
class Marks:
    """Signs that tell states apart without colour."""

    done: str = "✓"
    failed: str = "✗"
    skipped: str = "»"
    stopped: str = "■"
    current: str = "▶"
    pending: str = "·"
    full: str = "━"
    rest: str = "─"


ASCII = Marks("+", "x", ">", "#", "*", ".", "=", "-")


def marks_for(encoding: str) -> Marks:
    """Signs that an encoding can write."""
    try:
        "".join(vars(Marks()).values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return Marks()


@dataclass(frozen=True)
class Screen:
    """One picture of a board. Rich renders it as wide and as high as the terminal is at that moment."""

    board: Board
    now: datetime
    total: Spend

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Header, phases, what goes on, and how to stop it."""
        width, height = min(options.max_width, _WIDEST), options.height or console.height
        marks = marks_for(options.encoding)
        yield self._header(width, marks)
        yield Text()
        yield self._phases(width, height, marks)
        if footer := self._footer():
            yield Text()
            yield from footer

    def _header(self, width: int, marks: Marks) -> Table:
        board = self.board
        table = Table.grid(expand=True)
        table.width = width
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True)
        name = Text(clean(board.plan), style="bold")
        name.append(f"  {board.run_id}", style="dim")
        table.add_row(name, Text("simulated" if board.simulated else "", style="reverse"))
        if width >= _MONEY_FROM:
            table.add_row(Text(f"branch {board.branch}", style="dim"), "")
        done = sum(card.done for card in board.cards)
        numbers = f"{done}/{len(board.cards)} phases  {clock(board.elapsed(self.now))}"
        used = "no call yet"
        if self.total.calls:
            used = f"{tokens(self.total, short=width < _WIDE)} tokens  {dollars(self.total)}"
        line = Text(numbers + "  ")
        line.append_text(
            _bar(done, len(board.cards), min(30, max(4, width - len(numbers + used) - 6)), marks)
        )
        table.add_row(line, used)
        return table

    def _phases(self, width: int, height: int, marks: Marks) -> Text:
        cards = self.board.cards
        ids = min(_ID_WIDTH, max((len(card.head.id) for card in cards), default=0), width // 3)
        rows = [
            self._row(row, width, ids, marks) if isinstance(row, Card) else _cell(row, width)
            for row in _window(cards, self.board.current, height)
        ]
        return Text("\n").join(rows)

    def _row(self, card: Card, width: int, ids: int, marks: Marks) -> Text:
        style = _style(card.state)
        spend = self.board.usage.get(card.head.id)
        took = "" if card.began is None else clock(((card.ended or self.now) - card.began).total_seconds())
        used = "" if spend is None else tokens(spend, short=True)
        cost = "" if spend is None or width < _MONEY_FROM else dollars(spend)
        state = _state(card)
        right = [(state, 15, "dim" if card.done else style)] if state else []
        right += [(used, 8, ""), (cost, 10 if width >= _MONEY_FROM else 0, ""), (took, 7, "dim")]
        left = width - sum(cells for _, cells, _ in right)
        row = Text(f"{_mark(card.state, marks)} ", style=style)
        row.append_text(_cell(Text(card.head.id, style="" if card.done else style), ids))
        if left >= ids + 16:
            row.append("  ")
            row.append_text(_cell(Text(clean(card.head.name), style=_quiet(card.state)), left - ids - 6))
        row = _cell(row, left - 1)
        for text, cells, look in right:
            row.append_text(_cell(Text(f"{text:>{cells}}", style=look), cells))
        return row

    def _footer(self) -> list[Text]:
        board, current = self.board, self.board.current
        lines: list[Text] = []
        if board.state is RunState.IN_PROGRESS and current is not None:
            lines += self._going_on(current)
        elif board.state is RunState.QUEUED:
            lines.append(Text("Waiting for its start"))
        elif board.state is RunState.SCHEDULED:
            lines.append(Text(f"Scheduled · {board.resumes}  {one_line(board.detail)}"))
        if not board.state.ended:
            stop = "Ctrl-C stops it; what is committed stays."
            if board.pausing:
                stop = "Pausing before its next step or request… (Ctrl-C stops it at once)"
            if board.cancelling:
                stop = "Cancelling… (Ctrl-C again ends at once)"
            lines.append(Text(stop, style="yellow" if board.pausing or board.cancelling else "dim"))
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return lines

    def _going_on(self, card: Card) -> list[Text]:
        board = self.board
        if card.state is PhaseState.PENDING and board.baseline in ("", "checking"):
            if board.doing is not None:
                return [self._doing(board.doing)]
            words = "Cloning the repository" if not board.baseline else "Checking the untouched commit"
            return [Text(f"{words}…", style="cyan")]
        who = f"builder {clean(card.builder)}, auditor {clean(card.auditor)}" if card.builder else ""
        who += " (one family)" if card.same_family else ""
        first = Text(
            f"{card.head.id}, attempt {card.attempt or 1} of {card.head.attempts_allowed}", style="bold"
        )
        first.append(f": {who}" if who else "", style="not bold")
        lines = [first]
        if card.setbacks:
            lines.append(Text(one_line(card.setbacks[-1]), style="yellow"))
        if board.doing is not None:
            lines.append(self._doing(board.doing))
        elif card.entered is not None:
            since = clock((self.now - card.entered).total_seconds())
            nothing = card.state is PhaseState.VERIFYING and not card.head.verified
            lines.append(Text(_NOTHING if nothing else f"{card.state} {since}", style="cyan"))
        return lines

    def _doing(self, doing: Doing) -> Text:
        if doing.what == "verify" and not doing.detail:
            return Text(_NOTHING, style="cyan")
        since = clock((self.now - doing.since).total_seconds())
        return Text(f"{doing.what} {since}  {one_line(doing.detail)}".rstrip(), style="cyan")


def _window(cards: list[Card], current: Card | None, height: int) -> list[Card | Text]:
    """Tiers and their phases, around the current phase where not all fit."""
    rows: list[Card | Text] = []
    tier = 0
    for card in cards:
        if card.head.tier_index != tier:
            tier = card.head.tier_index
            own = [one.done for one in cards if one.head.tier_index == tier]
            title = Text(clean(card.head.tier_name), style="bold")
            rows.append(title.append(f"  {sum(own)}/{len(own)}", style="not bold dim"))
        rows.append(card)
    room = max(3, height - _AROUND)
    if len(rows) <= room:
        return rows
    at = len(rows) - 1 if current is None else rows.index(current)
    first = max(0, min(at - room // 3, len(rows) - room))
    shown = rows[first : first + room]
    if first:
        shown = shown[1:]
        above = sum(isinstance(row, Card) for row in rows[: first + 1])
        shown.insert(0, Text(f"  … {count(above, 'phase')} before", style="dim"))
    if first + room < len(rows):
        shown = shown[:-1]
        below = sum(isinstance(row, Card) for row in rows[first + room - 1 :])
        shown.append(Text(f"  … {count(below, 'phase')} more", style="dim"))
    return shown


def _cell(text: Text, cells: int) -> Text:
    """The text in exactly so many cells."""
    text = text.copy()
    text.truncate(max(0, cells), overflow="ellipsis", pad=True)
    return text


def _bar(done: int, total: int, width: int, marks: Marks) -> Text:
    full = 0 if total == 0 else done * width // total
    bar = Text(marks.full * full, style="green")
    return bar.append(marks.rest * (width - full), style="dim")


def _state(card: Card) -> str:
    if card.state is PhaseState.COMPLETED:
        if not card.head.verified:
            return "unverified"
        return "" if card.attempt <= 1 else count(card.attempt, "attempt")
    if card.state is PhaseState.PENDING:
        return ""
    tries = f" {card.attempt}/{card.head.attempts_allowed}" if card.attempt > 1 else ""
    return card.state + tries


def _mark(state: PhaseState, marks: Marks) -> str:
    match state:
        case PhaseState.COMPLETED:
            return marks.done
        case PhaseState.FAILED:
            return marks.failed
        case PhaseState.SKIPPED:
            return marks.skipped
        case PhaseState.CANCELLED:
            return marks.stopped
        case PhaseState.PENDING:
            return marks.pending
        case PhaseState.BUILDING | PhaseState.VERIFYING | PhaseState.AUDITING | PhaseState.COMMITTING:
            return marks.current


def _quiet(state: PhaseState) -> str:
    return "dim" if state is PhaseState.PENDING else ""


def _style(state: PhaseState) -> str:
    match state:
        case PhaseState.COMPLETED:
            return "green"
        case PhaseState.FAILED:
            return "red"
        case PhaseState.CANCELLED | PhaseState.SKIPPED:
            return "yellow"
        case PhaseState.PENDING:
            return "dim"
        case PhaseState.BUILDING | PhaseState.VERIFYING | PhaseState.AUDITING | PhaseState.COMMITTING:
            return "bold cyan"
