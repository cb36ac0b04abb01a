"""The live display, rendered at the sizes that people have."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from rich.cells import cell_len
from rich.console import Console

from autopack.cli.board import Board, Doing, new_board
from autopack.cli.live import Screen, marks_for
from autopack.feed.schemas import (
    AttemptFailed,
    BaselineChecked,
    CancelAsked,
    Event,
    EventBody,
    ModelsChosen,
    PauseAsked,
    PhaseCommitted,
    PhaseMoved,
    ResumeAsked,
    RunMoved,
    WorkspaceReady,
)
from autopack.supervisor.activities import Activity
from autopack.views.phases import PhaseHead
from autopack.views.spend import Spend

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW = START + timedelta(minutes=3)


class _Course:
    """Applies events to a board, one second apart."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._id = 0

    def happened(self, *bodies: EventBody) -> _Course:
        for body in bodies:
            self._id += 1
            at = START + timedelta(seconds=self._id)
            self.board.apply(Event(id=self._id, run_id=self.board.run_id, created_at=at, body=body))
        return self

    def moved(self, phase: str, *states: str, attempt: int = 1) -> _Course:
        card = self.board.card(phase)
        for state in states:
            body = PhaseMoved(
                phase_id=phase, phase_index=card.head.index, attempt=attempt, before=card.state, after=state
            )
            self.happened(body)
        return self


def _board(phases: int = 6, tiers: int = 2) -> Board:
    heads = [
        PhaseHead(
            index=index,
            id=f"phase-{index}",
            name=f"The {index}. thing to build, told at some length",
            tier_index=(index - 1) * tiers // phases + 1,
            tier_name=f"Tier {(index - 1) * tiers // phases + 1}",
            attempts_allowed=3,
        )
        for index in range(1, phases + 1)
    ]
    return new_board(run_id="run_20260102_030405_ab12", plan="todo", branch="autopack/run_x", heads=heads)


def _chosen(phase: str, attempt: int, *, same_family: bool = False) -> ModelsChosen:
    return ModelsChosen(
        phase_id=phase,
        attempt=attempt,
        complexity="low",
        builder="claude-sonnet-5-5",
        builder_reason="",
        auditor="gpt-6.1-terra",
        auditor_reason="",
        same_family=same_family,
        simulated=True,
    )


def _started(board: Board) -> _Course:
    return _Course(board).happened(
        RunMoved(before="queued", after="in_progress"),
        WorkspaceReady(base_commit="b" * 40),
        BaselineChecked(passed=True, commands=1),
    )


def _middle() -> Board:
    board = _board()
    course = _started(board).moved("phase-1", "building", "verifying", "auditing", "committing", "completed")
    course.moved("phase-2", "building").happened(_chosen("phase-2", 1))
    failed = AttemptFailed(
        phase_id="phase-2", attempt=1, outcome="rejected", detail="the Auditor said no", attempts_left=2
    )
    course.happened(failed).moved("phase-2", "building", attempt=2).happened(_chosen("phase-2", 2))
    board.usage = {"phase-1": Spend(calls=3, tokens=24_123, cost_usd=Decimal("0.0712"), simulated=True)}
    board.doing = Doing(what="builder", detail="shell: pytest -q", since=NOW - timedelta(seconds=12))
    return board


def _picture(board: Board, *, width: int, height: int = 40, encoding: str = "utf-8") -> list[str]:
    total = Spend(calls=5, tokens=128_402, cost_usd=Decimal("0.4312"), simulated=True)
    raw = io.BytesIO()
    console = Console(
        file=io.TextIOWrapper(raw, encoding=encoding),
        force_terminal=True,
        no_color=True,
        width=width,
        height=height,
        highlight=False,
    )
    with console.capture() as captured:
        console.print(Screen(board, NOW, total))
    from rich.text import Text

    return [Text.from_ansi(line).plain.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = _picture(_middle(), width=width)
    assert max(cell_len(line) for line in lines) <= width
    assert sum("phase-" in line for line in lines) >= 7


@pytest.mark.parametrize("width", [60, 100, 160])
def test_the_essentials_are_there_at_every_width(width: int) -> None:
    told = "\n".join(_picture(_middle(), width=width))
    for word in (
        "todo", "run_20260102_030405_ab12", "1/6 phases", "2:59", "~$0.4312", "simulated", "Tier 1  1/3",
        "building 2/3", "24.1k", "phase-2, attempt 2 of 3", "claude-sonnet-5-5", "the Auditor said no",
        "builder 0:12  shell: pytest -q", "Ctrl-C",
    ):  # fmt: skip
        assert word in told


def test_a_wide_terminal_shows_names_and_money_per_phase() -> None:
    (row,) = [line for line in _picture(_middle(), width=120) if "phase-1" in line]
    assert row.startswith("✓ phase-1  The 1. thing to build, told at some length  ")
    assert row.split()[-3:] == ["24.1k", "~$0.0712", "0:04"]


def test_a_name_takes_the_room_that_a_state_leaves() -> None:
    (row,) = [line for line in _picture(_middle(), width=80) if "phase-3" in line]
    assert row.endswith("The 3. thing to build, told at some length")
    (row,) = [line for line in _picture(_middle(), width=80) if "▶ phase-2" in line]
    assert "building 2/3" in row


def test_a_phase_that_nothing_verifies_says_so_while_and_after_it_is_built() -> None:
    board = _board()
    card = board.card("phase-1")
    card.head = card.head.model_copy(update={"verified": False})
    course = _started(board).moved("phase-1", "building", "verifying")
    assert "nothing to verify (verify: none)" in _picture(board, width=80)
    board.note(_activity("verify", "", phase_id="phase-1"), NOW)
    assert "nothing to verify (verify: none)" in _picture(board, width=80)
    course.moved("phase-1", "auditing", "committing", "completed")
    (row,) = [line for line in _picture(board, width=80) if "phase-1" in line]
    assert "unverified" in row


def test_before_its_first_attempt_a_phase_is_said_to_be_at_it() -> None:
    board = _board()
    _started(board)
    assert any(line.startswith("phase-1, attempt 1 of 3") for line in _picture(board, width=80))


def test_states_are_told_apart_without_colour() -> None:
    board = _middle()
    marks = {line.split()[1]: line.split()[0] for line in _picture(board, width=100) if "phase-" in line[:9]}
    assert (marks["phase-1"], marks["phase-2"], marks["phase-3"]) == ("✓", "▶", "·")
    _Course(board).moved("phase-2", "failed")
    assert any(line.startswith("✗ phase-2") and "failed" in line for line in _picture(board, width=100))
    _Course(board).moved("phase-3", "building", "cancelled")
    assert any(line.startswith("■ phase-3") and "cancelled" in line for line in _picture(board, width=100))


def test_an_encoding_without_the_signs_gets_plain_ones() -> None:
    assert marks_for("ascii").done == "+"
    lines = _picture(_middle(), width=100, encoding="ascii")
    assert any(line.startswith("+ phase-1") for line in lines)


@pytest.mark.parametrize("at", [1, 2, 150, 299, 300])
@pytest.mark.parametrize("height", [12, 24, 50])
def test_hundreds_of_phases_are_windowed_around_the_current_one(at: int, height: int) -> None:
    board = _board(300, tiers=7)
    course = _started(board)
    for index in range(1, at):
        course.moved(f"phase-{index}", "building", "verifying", "auditing", "committing", "completed")
    course.moved(f"phase-{at}", "building")
    lines = _picture(board, width=100, height=height)
    assert len(lines) < height or height == 12
    assert any(line.startswith(f"▶ phase-{at} ") for line in lines)
    shown = sum(line[:1] in "✓▶·" and "phase-" in line for line in lines if line)
    left_out = sum(int(line.split()[1]) for line in lines if line.strip().startswith("… "))
    assert shown + left_out == 300


def test_before_the_first_phase_it_says_what_is_being_done() -> None:
    board = _board()
    assert "Waiting for its start" in _picture(board, width=80)
    course = _Course(board).happened(RunMoved(before="queued", after="in_progress"))
    assert "Cloning the repository…" in _picture(board, width=80)
    course.happened(WorkspaceReady(base_commit="b" * 40))
    assert "Checking the untouched commit…" in _picture(board, width=80)


def _activity(what: str, doing: str, *, phase_id: str = "") -> Activity:
    return Activity(run_id="run_20260102_030405_ab12", phase_id=phase_id, what=what, doing=doing)


def test_what_goes_on_before_the_first_phase_is_shown_until_the_run_moves_on() -> None:
    board = _board()
    course = _Course(board).happened(RunMoved(before="queued", after="in_progress"))
    board.note(_activity("clone", "cloning the repository"), START)
    assert "clone 3:00  cloning the repository" in _picture(board, width=80)
    course.happened(WorkspaceReady(base_commit="b" * 40))
    assert "Checking the untouched commit…" in _picture(board, width=80)
    board.note(_activity("baseline", "python -m pytest -q"), NOW - timedelta(seconds=3))
    board.note(_activity("baseline", "python -m pytest -q"), NOW)
    assert "baseline 0:03  python -m pytest -q" in _picture(board, width=80)
    body = BaselineChecked(passed=True, commands=1)
    board.apply(Event(id=9, run_id=board.run_id, created_at=NOW, body=body))
    assert board.doing is None


def test_news_of_another_phase_are_dropped_and_those_of_this_one_outlast_its_late_events() -> None:
    board = _board()
    course = _started(board).moved("phase-1", "building")
    board.note(_activity("builder", "thinking", phase_id="phase-2"), NOW)
    assert board.doing is None
    board.note(_activity("builder", "thinking", phase_id="phase-1"), START)
    board.note(_activity("verify", "python -m pytest -q", phase_id="phase-1"), NOW)
    course.moved("phase-1", "verifying")
    assert any(line.startswith("verify 0:00  python -m pytest") for line in _picture(board, width=80))


def test_cancelling_is_shown_and_forgotten_when_the_run_goes_on() -> None:
    board = _middle()
    course = _Course(board).happened(CancelAsked(by="Ctrl-C"))
    assert any(line.startswith("Cancelling…") for line in _picture(board, width=80))
    course.happened(RunMoved(before="in_progress", after="cancelled", reason="cancelled"))
    told = "\n".join(_picture(board, width=80))
    assert "Cancelling" not in told
    assert "Ctrl-C" not in told
    course.happened(RunMoved(before="queued", after="in_progress"))
    assert "Ctrl-C stops it" in "\n".join(_picture(board, width=80))


def test_pausing_is_shown_until_it_is_taken_back_or_done() -> None:
    board = _middle()
    course = _Course(board).happened(PauseAsked(by="ada"))
    assert any(line.startswith("Pausing before its next step") for line in _picture(board, width=80))
    course.happened(CancelAsked(by="Ctrl-C"))
    assert any(line.startswith("Cancelling…") for line in _picture(board, width=80))
    board.cancelling = False
    course.happened(ResumeAsked(by="ada"))
    assert "Pausing" not in "\n".join(_picture(board, width=80))


def test_what_a_model_is_at_is_forgotten_when_the_phase_moves() -> None:
    board = _middle()
    board.doing = Doing(what="builder", detail="shell: pytest -q", since=START)
    _Course(board).moved("phase-2", "verifying", attempt=2)
    assert board.doing is None
    assert any(line.startswith("verifying ") for line in _picture(board, width=80))


def test_nothing_that_is_shown_can_steer_the_terminal() -> None:
    board = _middle()
    board.plan = "todo\x1b[2J"
    board.doing = Doing(what="builder", detail="shell: printf '\x1b]0;x\x07'\nmore", since=NOW)
    board.card("phase-2").setbacks.append("attempt 9: \x1b[31m\u202ered")
    told = "\n".join(_picture(board, width=100))
    assert "todo\\x1b[2J" in told
    assert "\\x1b[31m\\u202ered" in told
    assert "\\x1b]0;x\\x07' more" in told


def test_models_of_one_family_are_said_where_they_are_at_work() -> None:
    board = _middle()
    _Course(board).happened(_chosen("phase-2", 2, same_family=True))
    assert "(one family)" in "\n".join(_picture(board, width=120))


def test_a_commit_is_kept_on_its_card() -> None:
    board = _middle()
    body = PhaseCommitted(phase_id="phase-1", attempt=1, commit="c" * 40, branch="b", summary="")
    _Course(board).happened(body)
    assert board.card("phase-1").commit == "c" * 40
