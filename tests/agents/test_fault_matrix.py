"""Every fault of docs/faults.md, on every protocol, for Builder and Auditor: the page is what is tested."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

from agents.conversing import KEY, Books, Notes, model_at, path_of, simulated, task_for
from agents.faulty import gate_to
from agents.provoking import ANSWERS, PROVOKED, VERDICT, Provoked, Spoiled
from autopack.agents.api import ApiAgent
from autopack.agents.base import Access, AgentGaveUp, ProviderRefused, ProviderUnreachable, ShellResult
from autopack.errors import AutopackError
from autopack.roles.schemas import Verdict
from autopack.routing.policy import ModelRef, ProviderKind
from autopack.simulator import serve

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
LONGEST_SECONDS = 30
TRIES = 3


class Deed(StrEnum):
    """What Autopack does, in the words of the page."""

    TRIED = "tried again"
    TOLD = "told to the model"
    TAKEN = "taken as it is"
    FAILS = "the attempt fails"
    WAITS = "the run waits"
    PAUSES = "the run pauses"
    ENDS = "the run ends"


ERRORS: dict[Deed, type[AutopackError]] = {
    Deed.FAILS: AgentGaveUp,
    Deed.WAITS: ProviderUnreachable,
    Deed.PAUSES: ProviderUnreachable,
    Deed.ENDS: ProviderRefused,
}


@dataclass(frozen=True)
class Row:
    """One row of the page."""

    fault: str
    does: Deed
    lasts: Deed
    sees: str
    recorded: str


def rows() -> dict[str, Row]:
    lines = re.findall(r"^\| (?!Fault)(.+) \|$", PAGE.read_text(), re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return {
        fault: Row(fault, deed(does), deed(lasts), sees.strip("`"), recorded)
        for fault, does, lasts, sees, recorded in cells
    }


def deed(said: str) -> Deed:
    (found,) = [one for one in Deed if said.startswith(one)]
    return found


ROWS = rows()


@dataclass(frozen=True)
class Case:
    """A fault where it can happen."""

    row: Row
    kind: ProviderKind
    role: str

    @property
    def provoked(self) -> Provoked:
        return PROVOKED[self.row.fault]


def cases(*, once: bool) -> list[ParameterSet]:
    return [
        pytest.param(Case(row, kind, role), id=f"{row.fault}-{kind}-{role}")
        for row in ROWS.values()
        if row.fault in PROVOKED and not (once and row.fault == "No connection")
        for kind in PROVOKED[row.fault].kinds
        for role in PROVOKED[row.fault].roles
    ]


def test_the_page_and_the_matrix_name_the_same_faults() -> None:
    assert list(ROWS) == list(PROVOKED)


@dataclass
class Had:
    """A conversation that is over."""

    outcome: object
    books: Books
    notes: Notes
    sent: int


async def shell(command: str, timeout_seconds: float) -> ShellResult:
    return ShellResult(exit_code=0, output="Noted.\n")


async def have(case: Case, checkout: Path, *, fault: Spoiled | None, lasting: bool) -> Had:
    """One conversation of a role, through the fault."""
    provoked, kind, role = case.provoked, case.kind, case.role
    checkout.mkdir()
    (checkout / "README.md").write_text("Read me.\n")
    books, notes = Books(), Notes()
    said = provoked.answer(kind) if provoked.answer else None
    async with AsyncExitStack() as stack, asyncio.timeout(LONGEST_SECONDS):
        simulator = await stack.enter_async_context(serve(provoked.scenario(role, fault, lasting=lasting)))
        if said is not None:
            gate = await stack.enter_async_context(gate_to(simulator, [said] * (9 if lasting else 1)))
            outcome = await talk(provoked, model_at(gate.url(kind), kind), role, checkout, books, notes)
            return Had(outcome, books, notes, gate.requests)
        model = simulated(simulator, kind)
        if provoked.faults is None and provoked.bad is None:
            unused = stack.enter_context(socket.socket())
            unused.bind(("127.0.0.1", 0))
            model = model_at(f"http://127.0.0.1:{unused.getsockname()[1]}{path_of(kind)}", kind)
        outcome = await talk(provoked, model, role, checkout, books, notes)
        return Had(outcome, books, notes, len(simulator.entries()))
    raise AssertionError("unreachable")


async def talk(
    provoked: Provoked, model: ModelRef, role: str, checkout: Path, books: Books, notes: Notes
) -> object:
    agent = ApiAgent(patience=provoked.patience)
    try:
        if role == "builder":
            task = task_for(model, checkout, str, access=Access.WRITE, shell=shell)
            return (await agent.run(task, meter=books, watch=notes)).output
        audit = task_for(model, checkout, Verdict, access=Access.READ)
        return (await agent.run(audit, meter=books, watch=notes)).output
    except AutopackError as error:
        return error


def expected(role: str) -> Any:
    return ANSWERS[role]["text"] if role == "builder" else Verdict.model_validate(VERDICT["answer"])


def check_recorded(row: Row, had: Had, *, faulty: int) -> None:
    """The books: nothing open, nothing booked as zero, and what the page says of the faulty calls."""
    books = had.books
    assert not books.open
    assert all(usage.total > 0 for usage, _ in books.settled.values())
    released = faulty if row.recorded == "nothing" else 0
    lost = faulty if row.recorded == "unknown usage" else 0
    assert (len(books.released), len(books.lost)) == (released, lost), (books.released, books.lost)
    assert len(books.settled) == len(books.bounds) - released - lost
    assert had.sent == (0 if row.fault == "No connection" else len(books.bounds))
    assert KEY not in "".join([*books.released.values(), *books.lost.values()])


def check_end(row: Row, had: Had, end: Deed) -> None:
    assert type(had.outcome) is ERRORS[end], had.outcome
    assert isinstance(had.outcome, AutopackError)
    assert row.sees in had.outcome.message
    assert had.outcome.hint
    assert "\n" not in had.outcome.message
    assert KEY not in had.outcome.message + had.outcome.hint


@pytest.mark.parametrize("case", cases(once=True))
async def test_a_fault_that_comes_once(case: Case, tmp_path: Path) -> None:
    row, provoked = case.row, case.provoked
    for number, fault in enumerate(provoked.faults(case.kind) if provoked.faults else [None]):
        checkout = tmp_path / str(number)
        had = await have(case, checkout, fault=fault, lasting=False)
        if row.does in ERRORS:
            check_end(row, had, row.does)
        else:
            assert had.outcome == expected(case.role)
            assert len(had.books.bounds) == (2 if row.does is Deed.TAKEN else 3)
            assert (checkout / "notes.md").exists() == (case.role == "builder")
        check_recorded(row, had, faulty=0 if row.recorded == "reported usage" else 1)
        assert len(had.notes.retries) == (1 if row.does is Deed.TRIED else 0)


@pytest.mark.parametrize("case", cases(once=False))
async def test_a_fault_that_stays(case: Case, tmp_path: Path) -> None:
    row, provoked = case.row, case.provoked
    fault = provoked.faults(case.kind)[0] if provoked.faults else None
    had = await have(case, tmp_path / "checkout", fault=fault, lasting=True)
    before = 0 if fault is None or provoked.on_tools else 1
    tries = TRIES if row.does is Deed.TRIED else provoked.tries if row.does is Deed.TOLD else 1
    if row.lasts in ERRORS:
        check_end(row, had, row.lasts)
    else:
        assert had.outcome == expected(case.role)
    check_recorded(row, had, faulty=0 if row.recorded == "reported usage" else tries)
    assert len(had.books.bounds) == before + tries
    assert [tried for _, _, tried in had.notes.retries] == list(
        range(1, TRIES if row.does is Deed.TRIED else 1)
    )
