from __future__ import annotations

import itertools

import pytest

from autopack.errors import IllegalMove
from autopack.runs.states import (
    PHASE_MOVES,
    RUN_MOVES,
    PhaseState,
    RunState,
    check_phase_move,
    check_run_move,
)

LEGAL_RUN_MOVES = {
    ("queued", "in_progress"),
    ("queued", "paused"),
    ("queued", "cancelled"),
    ("in_progress", "paused"),
    ("in_progress", "scheduled"),
    ("in_progress", "succeeded"),
    ("in_progress", "failed"),
    ("in_progress", "cancelled"),
    ("paused", "queued"),
    ("paused", "in_progress"),
    ("paused", "cancelled"),
    ("scheduled", "queued"),
    ("scheduled", "in_progress"),
    ("scheduled", "paused"),
    ("scheduled", "cancelled"),
    ("failed", "queued"),
    ("cancelled", "queued"),
}

LEGAL_PHASE_MOVES = {
    ("pending", "building"),
    ("pending", "skipped"),
    ("pending", "cancelled"),
    ("building", "building"),
    ("building", "verifying"),
    ("verifying", "building"),
    ("verifying", "auditing"),
    ("auditing", "building"),
    ("auditing", "committing"),
    ("committing", "completed"),
    ("failed", "pending"),
    ("failed", "skipped"),
    ("cancelled", "pending"),
    ("cancelled", "skipped"),
    *(
        (state, end)
        for state in ("building", "verifying", "auditing", "committing")
        for end in ("failed", "cancelled")
    ),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(RunState, RunState)))
def test_a_run_moves_as_the_table_says_and_not_otherwise(before: RunState, after: RunState) -> None:
    if (before.value, after.value) in LEGAL_RUN_MOVES:
        check_run_move(before, after)
    else:
        with pytest.raises(IllegalMove, match=f"{before} can't become {after}"):
            check_run_move(before, after)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(PhaseState, PhaseState)))
def test_a_phase_moves_as_the_table_says_and_not_otherwise(before: PhaseState, after: PhaseState) -> None:
    if (before.value, after.value) in LEGAL_PHASE_MOVES:
        check_phase_move(before, after)
    else:
        with pytest.raises(IllegalMove, match=f"{before} can't become {after}"):
            check_phase_move(before, after)


def test_every_state_has_its_row() -> None:
    assert set(RUN_MOVES) == set(RunState)
    assert set(PHASE_MOVES) == set(PhaseState)


def test_ended_states_are_those_that_only_a_person_leaves() -> None:
    assert {state for state in RunState if state.ended} == {
        RunState.SUCCEEDED,
        RunState.FAILED,
        RunState.CANCELLED,
    }
