"""What is recorded of a run that has ended, as its postmortem is told of it."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from autopack.errors import AutopackError
from autopack.notes import service as notes
from autopack.notes.schemas import LESSONS
from autopack.roles.builder import EarlierAttempt
from autopack.roles.postmortem import PhaseRecord, PostmortemBrief
from autopack.roles.schemas import Verdict
from autopack.runs import queries as runs
from autopack.runs.states import AttemptOutcome
from autopack.runs.tables import AttemptRow, PhaseRow, RunRow
from autopack.supervisor.services import Services
from autopack.usage.recorder import get_usage_summary
from autopack.usage.schemas import UsageSum

_NOT_FAILED = (AttemptOutcome.OPEN, AttemptOutcome.COMMITTED, AttemptOutcome.SKIPPED)

log = logging.getLogger(__name__)


async def brief_of(services: Services, run: RunRow, *, top: Path, epoch: int, empty: Path) -> PostmortemBrief:
    """All that the postmortem of a run on the repository `top` is told.

    Lessons of a repository that can't be read are left out.
    """
    async with services.database.read() as session:
        phases = await runs.phases(session, run.id)
        attempts = defaultdict[int, list[AttemptRow]](list)
        for attempt in await runs.attempts(session, run.id):
            attempts[attempt.phase_index].append(attempt)
        sums = await get_usage_summary(session, None, ("phase_id",), run_id=run.id)
    spent = {one.phase_id: spent_words(one) for one in sums}
    return PostmortemBrief(
        run_id=run.id,
        epoch=epoch,
        plan_name=run.plan_name,
        state=run.state,
        reason=run.end_reason or "",
        detail=run.end_detail,
        phases=tuple(
            _record(phase, attempts[phase.phase_index], spent.get(phase.phase_id, "no call"))
            for phase in phases
        ),
        known=await _known(services, top),
        empty=empty,
        secret=bytes.fromhex(run.fence_secret),
    )


def spent_words(spent: UsageSum) -> str:
    """Tokens and dollars of some calls; what is not known of them is said, and never nought."""
    unknown, unpriced = spent.unknown_calls, spent.unpriced_calls
    said = ["tokens unknown" if unknown == spent.calls else f"{spent.total_tokens:,} tokens"]
    said.append("cost unknown" if spent.usd is None else f"${spent.usd:.4f}")
    if unknown:
        said.append(f"and {unknown} calls that did not say what they took")
    if unpriced and spent.usd is not None:
        said.append(f"and {unpriced} calls without a known price")
    return ", ".join(said)


def _record(phase: PhaseRow, attempts: Sequence[AttemptRow], spent: str) -> PhaseRecord:
    return PhaseRecord(
        id=phase.phase_id,
        name=phase.name,
        category=phase.category,
        complexity=phase.complexity,
        state=phase.state,
        spent=spent,
        summary=phase.summary,
        failed=tuple(_failed(one) for one in attempts if one.outcome not in _NOT_FAILED),
    )


def _failed(attempt: AttemptRow) -> EarlierAttempt:
    issues = Verdict.model_validate(attempt.verdict).issues if attempt.verdict else ()
    return EarlierAttempt(
        number=attempt.number,
        outcome=attempt.outcome,
        detail=attempt.failure,
        output=attempt.failure_output,
        issues=issues,
    )


async def _known(services: Services, top: Path) -> tuple[str, ...]:
    try:
        found = await asyncio.to_thread(notes.notes_of, top, services.redactor, LESSONS)
    except AutopackError as error:
        log.warning("lessons of %s can't be read: %s", top, error.message)
        return ()
    return tuple(note.text for note in found.notes)
