"""The page has words for every reason that a run ends or waits for, and a look for every state of a phase."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import autopack.dashboard
from autopack.runs.states import EndReason, PhaseState, Waiting

SOURCES = Path(autopack.dashboard.__file__).parent / "frontend" / "src"


def _keys(file: str, constant: str) -> set[str]:
    """The keys of a table in a TypeScript file."""
    text = (SOURCES / file).read_text(encoding="utf-8")
    table = re.search(rf"^const {constant}: Record<.*?> = \{{\n(.*?)^\}};", text, re.DOTALL | re.MULTILINE)
    assert table, f"{file} has no {constant}"
    return set(re.findall(r"^  (\w+):", table[1], re.MULTILINE))


@pytest.mark.parametrize(
    ("constant", "reasons"), [("ENDED", EndReason), ("WAITING", Waiting)], ids=["ended", "waiting"]
)
def test_each_reason_has_a_sentence_of_its_own(
    constant: str, reasons: type[EndReason] | type[Waiting]
) -> None:
    assert _keys("words/states.ts", constant) == set(reasons)


def test_each_state_of_a_phase_that_is_not_work_has_a_sign() -> None:
    work = {PhaseState.BUILDING, PhaseState.VERIFYING, PhaseState.AUDITING, PhaseState.COMMITTING}
    assert _keys("components/run/PhaseRow.tsx", "ICONS") == set(PhaseState) - work
    assert _keys("components/run/Track.tsx", "LOOKS") == work
