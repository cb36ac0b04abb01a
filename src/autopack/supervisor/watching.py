"""Keeps a conversation of an attempt as it goes, with the checkout that it stands on, and tells of it."""

from __future__ import annotations

import asyncio
from typing import Self

from autopack.agents.base import AgentGaveUp, Keep
from autopack.db import WriteSession
from autopack.errors import DiskFull, Unavailable
from autopack.feed import queries as feed
from autopack.feed.schemas import CallRetried
from autopack.roles.human_notes import NO_NOTES, ShownNotes
from autopack.routing.policy import ModelRef
from autopack.runs import queries
from autopack.supervisor.hold import Hold, StandAside
from autopack.supervisor.noting import deliver
from autopack.supervisor.position import At

_TRIES = 4
"""How often the checkout of a program that is at work is read, before the tree of before stays."""


class Watching:
    """Keeps a conversation as it goes, and tells how it goes."""

    def __init__(
        self,
        hold: Hold,
        at: At,
        role: str,
        model: ModelRef,
        *,
        part: str = "",
        notes: ShownNotes = NO_NOTES,
    ) -> None:
        self._hold = hold
        self._at = at
        self._role = role
        self._model = model
        self._part = part
        self._in_prompt = notes
        self._undelivered = NO_NOTES
        self._just_kept = False
        self._tree: str | None = None
        self._superseded: list[str] = []
        self._tokens: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Where storing failed, the attempt may still refer to what was to be superseded."""
        if error is None or isinstance(error, AgentGaveUp | StandAside | asyncio.CancelledError):
            self._drop_superseded()

    def begins(self) -> None:
        """What the prompt carries is delivered with the first response to it."""
        self._undelivered = self._in_prompt

    async def asking(self) -> None:
        """Keep the Builder's checkout: the answer to come stands on it. A run that is to pause asks none."""
        self._drop_superseded()
        await self._hold.go_on()
        if not self._just_kept:
            await self._keep_checkout()
        self._just_kept = False

    async def responded(self, transcript: bytes) -> Keep:
        """Make the transcript durable; what it gives back refers to it in the attempt.

        A program has run its tools since its call was reserved: what they wrote is kept with its answer.
        """
        if self._model.agent is not None:
            await self._keep_checkout()
            self._just_kept = True
        notes, self._undelivered = self._undelivered, NO_NOTES
        return await self._filed(transcript, notes)

    async def _keep_checkout(self) -> None:
        if self._role == "builder":
            self._tree = await self._snapshot(at_work=self._tree is not None)

    async def _filed(self, transcript: bytes, notes: ShownNotes) -> Keep:
        digest = await self._hold.services.transcripts.store(transcript)

        async def keep(session: WriteSession) -> None:
            run = await self._hold.fence(session)
            phase_index, number = self._at.phase.phase_index, self._at.open.number
            attempt = await queries.attempt(session, run.id, phase_index, number)
            if self._role == "builder":
                former = attempt.transcript_sha
                attempt.transcript_sha, attempt.checkpoint_tree = digest, self._tree
            else:
                former, attempt.audit_transcript_sha = attempt.audit_transcript_sha, digest
            if former is not None and former != digest:
                self._superseded.append(former)
            await deliver(session, run.id, self._at, self._role, notes)

        return keep

    async def kept(self, transcript: bytes) -> None:
        """Keep the conversation's name and the Builder's checkout, in a transaction of their own."""
        await self._keep_checkout()
        keep = await self._filed(transcript, NO_NOTES)
        async with self._hold.services.database.write() as session:
            await keep(session)

    async def retrying(self, *, why: str, wait_seconds: float, tries: int) -> None:
        """Say in the feed that a request is sent again."""
        body = CallRetried(
            phase_id=self._at.phase.phase_id,
            attempt=self._at.open.number,
            role=self._role,
            model=self._model.name,
            why=why,
            wait_seconds=wait_seconds,
            tries=tries,
        )
        async with self._hold.move() as (session, run):
            feed.append(session, run_id=run.id, body=body)

    async def _snapshot(self, *, at_work: bool) -> str:
        """The checkout as a tree; the one of before, where a program writes a file while it is read."""
        tries = _TRIES if at_work and self._model.agent is not None else 1
        for left in range(tries - 1, -1, -1):
            try:
                return await self._hold.workspace.snapshot()
            except DiskFull:
                raise
            except Unavailable:
                if tries == 1 or (not left and self._tree is None):
                    raise
        assert self._tree is not None
        return self._tree

    def _drop_superseded(self) -> None:
        """Remove the transcripts that the last one goes on from."""
        for digest in self._superseded:
            self._hold.services.transcripts.remove(digest)
        self._superseded.clear()

    async def rest(self, seconds: float) -> None:
        """Wait before a request is sent again; a run that is to pause does not wait for it."""
        await self._hold.rest(seconds)

    def doing(self, activity: str, *, tokens: int | None = None) -> None:
        """Show what the model is at."""
        self._tokens = self._tokens if tokens is None else tokens
        activity = f"{self._part}: {activity}" if self._part else activity
        self._hold.show(self._role, activity, phase_id=self._at.phase.phase_id, tokens=self._tokens)
