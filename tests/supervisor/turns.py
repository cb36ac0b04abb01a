"""Stand-ins for races: a database that waits for its turn; models, commands and git that answer at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from autopack.db import Database, ReadSession, WriteSession
from autopack.errors import BranchMoved
from autopack.roles.schemas import Verdict
from autopack.runs.states import AttemptOutcome, PhaseState
from autopack.supervisor.position import At, Failure, Outcome
from autopack.supervisor.steps import Steps

BASE = "0" * 40


class Turns(Database):
    """A database on which each transaction waits for its turn."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.waits = False
        self.turn = asyncio.Event()

    async def _wait(self) -> None:
        self.waits = True
        await self.turn.wait()
        self.turn.clear()
        self.waits = False

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[WriteSession]:
        await self._wait()
        async with super().write() as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[ReadSession]:
        await self._wait()
        async with super().read() as session:
            yield session


@dataclass
class Branch:
    """The run's branch in git, moved as the workspace moves it."""

    tip: str = BASE
    branch: str = "autopack/run"
    moves: list[str] = field(default_factory=list[str])

    async def move_branch(self, *, parent: str, new: str) -> None:
        if self.tip == new:
            return
        if self.tip != parent:
            raise BranchMoved("The branch is elsewhere.")
        self.tip = new
        self.moves.append(new)

    async def publish(self) -> None:
        """Nowhere: there is one repository."""


class AtOnce(Steps):
    """Steps whose models and commands answer at once."""

    fails: frozenset[tuple[str, int]] = frozenset()
    """Phases and attempts whose commands fail."""

    async def build(self, at: At) -> Outcome:
        return Outcome(to=PhaseState.VERIFYING, tree="1" * 40, summary="Done.")

    async def verify(self, at: At) -> Outcome:
        if (at.phase.phase_id, at.open.number) not in self.fails:
            return Outcome(to=PhaseState.AUDITING)
        outcome = AttemptOutcome.VERIFICATION_FAILED
        failure = Failure(outcome=outcome, detail="red", evidence="red", fingerprint=str(at.open.number))
        return Outcome(to=PhaseState.AUDITING, failure=failure)

    async def audit(self, at: At) -> Outcome:
        return Outcome(
            to=PhaseState.COMMITTING,
            verdict=Verdict(decision="approve", summary="Fine.", issues=()),
            commit_message="A commit",
            commit_time=datetime.now(UTC),
            commit_id=f"{at.phase.phase_index:020}{at.open.number:020}",
        )
