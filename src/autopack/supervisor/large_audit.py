"""The audit of a large change, part after part: what was read before a crash is not read again.

The attempt keeps which parts there are and the review of each that is finished; its audit transcript is
always that of the one conversation in hand. A part is finished in one transaction: its review is there, its
conversation is filed, and the next one begins without a transcript.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, TypeAdapter

from autopack.agents.base import Metering, Watcher
from autopack.db import AnySession
from autopack.roles.auditor import AuditorBrief
from autopack.roles.briefs import Call
from autopack.roles.human_notes import ShownNotes
from autopack.roles.large import PartBrief, close, review_part
from autopack.roles.parts import Part
from autopack.roles.schemas import PartReview, Verdict
from autopack.runs import queries
from autopack.runs.tables import AttemptRow
from autopack.supervisor.hold import Hold
from autopack.supervisor.noting import notes_for
from autopack.supervisor.position import At


class PartRead(BaseModel):
    """One part of a diff, as the attempt keeps it."""

    model_config = ConfigDict(frozen=True)

    digest: str
    """Of the part: a review counts only for the very bytes that were read."""
    review: PartReview | None = None
    """None: not read yet."""
    transcript_sha: str | None = None
    """Artifact of the conversation that read it."""


_READS = TypeAdapter(tuple[PartRead, ...])


class LargeAudit:
    """The audit of one attempt whose diff is read in parts."""

    def __init__(
        self,
        hold: Hold,
        at: At,
        brief: AuditorBrief,
        parts: Sequence[Part],
        *,
        call: Call,
        meter: Metering,
        watch: Callable[[str, ShownNotes], AbstractContextManager[Watcher]],
    ) -> None:
        """`call` may have the transcript of the conversation in hand; `watch` is told what is read."""
        self._hold = hold
        self._at = at
        self._brief = brief
        self._parts = parts
        self._call = call
        self._meter = meter
        self._watch = watch

    async def verdict(self) -> Verdict:
        """Have the parts read that are not, and the whole judged. Raises what `Agent.run` raises."""
        agent, of = self._hold.services.agent, len(self._parts)
        read, call = await self._begun()
        reviews = [one.review for one in read if one.review is not None]
        for number in range(len(reviews) + 1, of + 1):
            whole = replace(self._brief, notes=await notes_for(self._hold))
            part = PartBrief(
                whole=whole,
                part=self._parts[number - 1],
                number=number,
                of=of,
                before=tuple(reviews),
            )
            with self._watch(f"part {number} of {of}", whole.notes) as watch:
                review = await review_part(agent, part, call=call, meter=self._meter, watch=watch)
            reviews.append(review)
            read = await self._finish(read, number, review)
            call = replace(call, history=None)
        whole = replace(self._brief, notes=await notes_for(self._hold))
        with self._watch(f"verdict on {of} parts", whole.notes) as watch:
            return await close(agent, whole, reviews, call=call, meter=self._meter, watch=watch)

    async def _begun(self) -> tuple[tuple[PartRead, ...], Call]:
        """What was read already, and the call that goes on from there.

        Where the stored parts are not these (an upgrade may cut otherwise), none of them was read.
        """
        wanted = tuple(PartRead(digest=part.digest) for part in self._parts)
        stored = _READS.validate_python(self._at.open.audit_parts or [])
        if [one.digest for one in stored] == [one.digest for one in wanted]:
            return stored, self._call
        await self._store(wanted)
        return wanted, replace(self._call, history=None)

    async def _finish(
        self, read: tuple[PartRead, ...], number: int, review: PartReview
    ) -> tuple[PartRead, ...]:
        """Keep the review and file the conversation: the next one begins from nothing."""
        services = self._hold.services
        async with services.database.read() as session:
            digest = (await self._attempt(session)).audit_transcript_sha
        filed = None if digest is None else await services.artifacts.store(services.transcripts.get(digest))
        now = PartRead(digest=read[number - 1].digest, review=review, transcript_sha=filed)
        return await self._store((*read[: number - 1], now, *read[number:]))

    async def _store(self, read: tuple[PartRead, ...]) -> tuple[PartRead, ...]:
        """Store where the audit stands, with no conversation in hand."""
        async with self._hold.move() as (session, _):
            attempt = await self._attempt(session)
            former, attempt.audit_transcript_sha = attempt.audit_transcript_sha, None
            attempt.audit_parts = _READS.dump_python(read, mode="json")
        if former is not None:
            self._hold.services.transcripts.remove(former)
        return read

    async def _attempt(self, session: AnySession) -> AttemptRow:
        return await queries.attempt(
            session, self._hold.run_id, self._at.phase.phase_index, self._at.open.number
        )
