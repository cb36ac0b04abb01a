"""SQL of runs, phases, attempts and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, true, update
from sqlalchemy.orm import defer

from autopack.db import AnySession, WriteSession, added, announce, changed
from autopack.errors import Fenced, NotFound
from autopack.runs.schemas import Evidence
from autopack.runs.states import DONE, AttemptOutcome, Intent, RunState
from autopack.runs.tables import ActivityRow, AttemptRow, EvidenceRow, PhaseRow, RunRow

UNFINISHED = (RunState.QUEUED, RunState.IN_PROGRESS, RunState.PAUSED, RunState.SCHEDULED)


async def run(session: AnySession, run_id: str, *, lock: bool = False) -> RunRow:
    """One run; with `lock` nobody else changes it before the commit. Raises `NotFound`."""
    locked = {"key_share": True} if lock else None
    row = await session.get(RunRow, run_id, populate_existing=True, with_for_update=locked)
    if row is None:
        raise NotFound(f"There is no run {run_id}.", hint="`autopack runs` lists them.")
    return row


_WITHOUT_TEXTS = (defer(RunRow.plan, raiseload=True), defer(RunRow.policy, raiseload=True))
"""A plan of thousands of phases takes longer to read than all else of its run."""


async def run_head(session: AnySession, run_id: str) -> RunRow:
    """One run without its plan and policy. Raises `NotFound`."""
    query = select(RunRow).where(RunRow.id == run_id).options(*_WITHOUT_TEXTS)
    row = await session.scalar(query.execution_options(populate_existing=True))
    return row or await run(session, run_id)


async def matching(session: AnySession, part: str) -> list[str]:
    """Ids of runs that start or end with a text (a user types the short tail), newest first."""
    query = (
        select(RunRow.id)
        .where(RunRow.id.startswith(part, autoescape=True) | RunRow.id.endswith(part, autoescape=True))
        .order_by(RunRow.created_at.desc())
        .limit(10)
    )
    return list(await session.scalars(query))


async def recent(
    session: AnySession, *, limit: int, project_id: int | None = None, unfinished: bool = False
) -> list[RunRow]:
    """The newest runs, of one project or of all, newest first; without plan and policy.

    `unfinished`: and every older one that has not ended.
    """
    among = true() if project_id is None else RunRow.project_id == project_id
    newest = select(RunRow.id).where(among).order_by(RunRow.created_at.desc()).limit(limit)
    wanted = RunRow.id.in_(newest)
    if unfinished:
        wanted |= among & RunRow.ended_at.is_(None)
    query = select(RunRow).where(wanted).order_by(RunRow.created_at.desc()).options(*_WITHOUT_TEXTS)
    return list(await session.scalars(query))


async def unfinished_of_plan(session: AnySession, *, project_id: int, plan_path: str) -> RunRow | None:
    """A run of this plan on this project that has not ended, if there is one."""
    query = (
        select(RunRow)
        .where(RunRow.project_id == project_id, RunRow.plan_path == plan_path)
        .where(RunRow.state.in_(UNFINISHED))
        .order_by(RunRow.created_at.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def unfinished(session: AnySession) -> list[RunRow]:
    """Every run that has not ended, oldest first."""
    query = select(RunRow).where(RunRow.state.in_(UNFINISHED)).order_by(RunRow.created_at)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def waiting_for_a_driver(session: AnySession) -> list[RunRow]:
    """Runs that are to be driven now and that nobody drives, oldest first."""
    waiting = RunRow.state.in_((RunState.QUEUED, RunState.IN_PROGRESS))
    due = (RunRow.state == RunState.SCHEDULED) & (RunRow.resumes_at <= datetime.now(UTC))
    query = select(RunRow).where(waiting | due, RunRow.owner.is_(None)).order_by(RunRow.created_at)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def make_due(session: WriteSession, *, now: datetime) -> int:
    """Have every scheduled run go on now instead of later; how many."""
    scheduled = (RunRow.state == RunState.SCHEDULED) & (RunRow.resumes_at > now)
    return await changed(session, update(RunRow).where(scheduled).values(resumes_at=now))


async def of_project(session: AnySession, project_id: int) -> list[RunRow]:
    """Every run of a project, oldest first."""
    query = select(RunRow).where(RunRow.project_id == project_id).order_by(RunRow.created_at)
    return list(await session.scalars(query))


async def in_project(session: AnySession, run_ids: Iterable[str], project_id: int) -> set[str]:
    """Those of several runs that are of one project."""
    query = select(RunRow.id).where(RunRow.id.in_(set(run_ids)), RunRow.project_id == project_id)
    return set(await session.scalars(query))


async def plan_names(session: AnySession, run_ids: Sequence[str]) -> dict[str, str]:
    """The names of the plans of those of some runs that are here, by run id."""
    found = await session.execute(select(RunRow.id, RunRow.plan_name).where(RunRow.id.in_(run_ids)))
    return {row.id: row.plan_name for row in found}


async def give_to_project(session: WriteSession, *, of: int, to: int) -> None:
    """Make all runs of one project another's."""
    await changed(session, update(RunRow).where(RunRow.project_id == of).values(project_id=to))


async def ids(session: AnySession) -> set[str]:
    """Ids of all runs."""
    return set(await session.scalars(select(RunRow.id)))


async def release(session: WriteSession, run_id: str, *, owner: str, fence: bool) -> bool:
    """Free a run that has not ended of an owner that lets go of it, or is dead; False where it is not theirs.

    What was asked of it is heeded by whoever drives it next. `fence` keeps out one that may only seem dead.
    """
    freed = await changed(
        session,
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.owner == owner, RunRow.state.in_(UNFINISHED))
        .values(owner=None, epoch=RunRow.epoch + int(fence), seq=RunRow.seq + 1),
    )
    return freed == 1


async def conversations(session: AnySession) -> set[str]:
    """Digests of the conversations of open attempts."""
    found: set[str] = set()
    for column in (AttemptRow.transcript_sha, AttemptRow.audit_transcript_sha):
        query = select(column).where(AttemptRow.outcome == AttemptOutcome.OPEN)
        found.update(one for one in await session.scalars(query) if one is not None)
    return found


async def artifacts(session: AnySession) -> dict[str, str]:
    """Digests of the outputs, diffs and filed conversations that rows refer to, with a run of each."""
    ended = AttemptRow.outcome != AttemptOutcome.OPEN
    found: dict[str, str] = {}
    for query in (
        select(AttemptRow.diff_sha, AttemptRow.run_id),
        select(AttemptRow.transcript_sha, AttemptRow.run_id).where(ended),
        select(AttemptRow.audit_transcript_sha, AttemptRow.run_id).where(ended),
    ):
        found |= {digest: run_id for digest, run_id in await session.execute(query) if digest is not None}
    for row in await session.execute(select(EvidenceRow.evidence, EvidenceRow.run_id)):
        found[Evidence.model_validate(row.evidence).output_sha] = row.run_id
    return found


async def phases(session: AnySession, run_id: str) -> list[PhaseRow]:
    """Every phase of a run in its order."""
    query = select(PhaseRow).where(PhaseRow.run_id == run_id).order_by(PhaseRow.phase_index)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def attempts(session: AnySession, run_id: str, *, phase_index: int | None = None) -> list[AttemptRow]:
    """Attempts of a run, or of one phase, oldest first."""
    query = select(AttemptRow).where(AttemptRow.run_id == run_id)
    if phase_index is not None:
        query = query.where(AttemptRow.phase_index == phase_index)
    query = query.order_by(AttemptRow.phase_index, AttemptRow.number)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def attempt_counts(session: AnySession, run_ids: Sequence[str]) -> dict[str, int]:
    """Number of attempts of each run."""
    query = (
        select(AttemptRow.run_id, func.count().label("attempts"))
        .where(AttemptRow.run_id.in_(run_ids))
        .group_by(AttemptRow.run_id)
    )
    return {row.run_id: row.attempts for row in await session.execute(query)}


async def activities(session: AnySession, run_ids: Sequence[str]) -> dict[str, ActivityRow]:
    """What several runs were last said to be at, by run; one that was never driven is not among them."""
    query = select(ActivityRow).where(ActivityRow.run_id.in_(run_ids))
    found = await session.scalars(query.execution_options(populate_existing=True))
    return {row.run_id: row for row in found}


async def own_commits(session: AnySession, run_id: str) -> tuple[str, ...]:
    """Every commit a run's branch can be at: its base, its last commit, and those that attempts made."""
    one = await run(session, run_id)
    query = select(AttemptRow.commit_id).where(AttemptRow.run_id == run_id)
    found = (one.base_commit, one.head_commit, *await session.scalars(query))
    return tuple(dict.fromkeys(commit for commit in found if commit is not None))


async def evidence(session: AnySession, run_id: str, *, phase_index: int, attempt: int) -> list[EvidenceRow]:
    """Commands that ran for an attempt (or the baseline: 0, 0), in the order they ran."""
    query = (
        select(EvidenceRow)
        .where(EvidenceRow.run_id == run_id)
        .where(EvidenceRow.phase_index == phase_index, EvidenceRow.attempt == attempt)
        .order_by(EvidenceRow.ordinal)
    )
    return list(await session.scalars(query))


async def evidence_of_run(
    session: AnySession, run_id: str, *, phase_index: int | None = None
) -> list[EvidenceRow]:
    """Every command that ran for a run: the baseline's (phase 0), then by phase, attempt and order.

    Or of one phase alone.
    """
    query = (
        select(EvidenceRow)
        .where(EvidenceRow.run_id == run_id)
        .order_by(EvidenceRow.phase_index, EvidenceRow.attempt, EvidenceRow.step, EvidenceRow.ordinal)
    )
    if phase_index is not None:
        query = query.where(EvidenceRow.phase_index == phase_index)
    return list(await session.scalars(query))


class Worked(NamedTuple):
    """Seconds in which a run, and the phase it is at, were driven since a person had the run go on."""

    run: float
    phase: float


async def fence(session: WriteSession, run_id: str, *, epoch: int, worked: Worked | None = None) -> RunRow:
    """Begin a move: lock the run, count the move, and make sure that it is still ours.

    Raises `Fenced` where another owner took the run over. Every move starts here, so what is read after
    it in the same transaction can't be changed by anyone else before the commit.
    """
    move = update(RunRow).where(RunRow.id == run_id, RunRow.epoch == epoch).values(seq=RunRow.seq + 1)
    if worked is not None:
        move = move.values(worked_seconds=worked.run, phase_worked_seconds=worked.phase)
    if await changed(session, move) != 1:
        raise Fenced(f"Run {run_id} was taken over by another process.", hint="This process stops here.")
    return await run(session, run_id)


async def claim(session: WriteSession, run_id: str, *, epoch: int, owner: str | None) -> int:
    """Take a run over from the owner of an epoch; None: for nobody, only away from that owner.

    Raises `Fenced` where someone else was faster.
    """
    moved = await changed(
        session,
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.epoch == epoch)
        .values(epoch=RunRow.epoch + 1, seq=RunRow.seq + 1, owner=owner),
    )
    if moved != 1:
        raise Fenced(f"Run {run_id} was taken over by another process at this moment.")
    return epoch + 1


async def set_intent(session: WriteSession, run_id: str, *, intent: Intent, by: str | None) -> bool:
    """Ask something of a run that has not ended, or nothing any more; says whether that was new."""
    moved = await changed(
        session,
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.state.in_(UNFINISHED), RunRow.intent != intent)
        .values(intent=intent, intent_by=by),
    )
    return moved == 1


class Owned(NamedTuple):
    """Under which epoch a run is driven now, and what is asked of it."""

    epoch: int
    intent: Intent


async def owned(session: AnySession, run_id: str) -> Owned:
    """Epoch and intent of a run: what its owner asks several times a second."""
    row = (await session.execute(select(RunRow.epoch, RunRow.intent).where(RunRow.id == run_id))).one()
    return Owned(row.epoch, Intent(row.intent))


async def categories(session: AnySession) -> list[str]:
    """The categories of all phases of all runs, by name."""
    return list(await session.scalars(select(PhaseRow.category).distinct().order_by(PhaseRow.category)))


async def current_phase(session: AnySession, run_id: str) -> PhaseRow | None:
    """The first phase that is not behind the run, None past the last one."""
    query = (
        select(PhaseRow)
        .where(PhaseRow.run_id == run_id, PhaseRow.state.not_in(DONE))
        .order_by(PhaseRow.phase_index)
        .limit(1)
    )
    return await session.scalar(query.execution_options(populate_existing=True))


async def phase(session: AnySession, run_id: str, phase_index: int) -> PhaseRow:
    """One phase by its index."""
    return await session.get_one(PhaseRow, (run_id, phase_index), populate_existing=True)


async def attempt(session: AnySession, run_id: str, phase_index: int, number: int) -> AttemptRow:
    """One attempt by its key."""
    return await session.get_one(AttemptRow, (run_id, phase_index, number), populate_existing=True)


async def activities_seen(session: AnySession, *, after: datetime) -> list[ActivityRow]:
    """What runs were seen at after an instant, in the order of their ids."""
    query = select(ActivityRow).where(ActivityRow.seen_at > after).order_by(ActivityRow.run_id)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def replace_evidence(
    session: WriteSession,
    run_id: str,
    *,
    phase_index: int,
    attempt: int,
    step: str,
    evidence: Sequence[Evidence],
) -> None:
    """Store what a step's commands showed, in place of what an interrupted try of the step left."""
    await session.execute(
        delete(EvidenceRow).where(
            EvidenceRow.run_id == run_id,
            EvidenceRow.phase_index == phase_index,
            EvidenceRow.attempt == attempt,
            EvidenceRow.step == step,
        )
    )
    session.add_all(
        EvidenceRow(
            run_id=run_id,
            phase_index=phase_index,
            attempt=attempt,
            step=step,
            ordinal=ordinal,
            evidence=one.model_dump(mode="json"),
        )
        for ordinal, one in enumerate(evidence, start=1)
    )


async def show_activity(session: WriteSession, run_id: str, values: Mapping[str, Any]) -> None:
    """What a run is at now, in place of what it was at before."""
    shown = update(ActivityRow).where(ActivityRow.run_id == run_id).values(dict(values))
    if await changed(session, shown) == 0:
        await added(session, ActivityRow, {"run_id": run_id, **values})
    await announce(session)


async def forget_activity(session: WriteSession, run_id: str) -> None:
    """A run is at nothing any more."""
    await session.execute(delete(ActivityRow).where(ActivityRow.run_id == run_id))
    await announce(session)


async def phase_by_id(session: AnySession, run_id: str, phase_id: str) -> PhaseRow | None:
    """One phase by the id that the plan gives it."""
    query = select(PhaseRow).where(PhaseRow.run_id == run_id, PhaseRow.phase_id == phase_id)
    return await session.scalar(query.execution_options(populate_existing=True))


async def drop_pending(session: WriteSession, run_id: str, *, after: int) -> None:
    """Delete the phases behind an index. None of them has begun."""
    await session.execute(delete(PhaseRow).where(PhaseRow.run_id == run_id, PhaseRow.phase_index > after))
