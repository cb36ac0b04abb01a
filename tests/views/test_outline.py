"""The outline of a run, from real records: the same as the timeline says, in less."""

from __future__ import annotations

from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import NotFound
from autopack.runs import queries, service
from autopack.runs.states import Intent, PhaseState, RunState, Waiting
from autopack.runs.tables import PhaseRow
from autopack.views.outline import AttemptOutline, RunOutline, run_outline
from autopack.views.timeline import run_timeline
from views.counted import statements_of
from views.recorded import live_owner, record_run


async def outline_of(database: Database, run_id: str) -> RunOutline:
    async with database.read() as session:
        return await run_outline(session, run_id)


def attempts_of(outline: RunOutline, phase: int) -> tuple[AttemptOutline, ...]:
    every = [one for tier in outline.tiers for one in tier.phases]
    return every[phase - 1].attempts


async def test_an_outline_says_what_the_timeline_says_in_less(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    outline = await outline_of(database, run_id)
    async with database.read() as session:
        timeline = await run_timeline(session, run_id)
    assert (outline.run_id, outline.as_of) == (run_id, timeline.as_of)
    assert [(one.index, one.name, one.completed) for one in outline.tiers] == [
        (one.index, one.name, one.completed) for one in timeline.tiers
    ]
    assert outline.tiers[0].usage == timeline.phases[0].usage
    assert outline.tiers[1].usage.unknown_calls == 1
    for tier, other in zip(outline.tiers, timeline.tiers, strict=True):
        for phase, whole in zip(tier.phases, other.phases, strict=True):
            for name in ("index", "id", "name", "category", "complexity", "state", "verified", "usage"):
                assert getattr(phase, name) == getattr(whole, name), name
            assert (phase.started_at, phase.ended_at) == (whole.started_at, whole.ended_at)
            for attempt, its in zip(phase.attempts, whole.attempts, strict=True):
                assert (attempt.number, attempt.outcome) == (its.number, its.outcome)
                assert (attempt.started_at, attempt.ended_at) == (its.started_at, its.ended_at)
                assert its.builder is not None
                assert its.auditor is not None
                assert (attempt.builder, attempt.auditor) == (its.builder.model.name, its.auditor.model.name)


async def test_stages_follow_one_another_within_an_attempt(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    outline = await outline_of(database, await record_run(settings, repository=tmp_path))
    first, second = attempts_of(outline, 1)
    assert [one.stage for one in first.stages] == ["building"]
    assert first.stages[0].ended_at == second.stages[0].started_at
    assert [one.stage for one in second.stages] == ["building", "verifying", "auditing", "committing"]
    for before, after in zip(second.stages, second.stages[1:], strict=False):
        assert before.ended_at == after.started_at
    assert second.stages[-1].ended_at is not None
    (current,) = attempts_of(outline, 2)
    assert [(one.stage, one.ended_at) for one in current.stages] == [("building", None)]
    assert attempts_of(outline, 3) == ()


async def test_an_attempt_that_is_gone_on_with_has_the_stage_again(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path, owner=await live_owner(settings))
    async with database.write() as session:
        phase = await queries.phase(session, run_id, 2)
        await service.move_phase(session, phase, to=PhaseState.CANCELLED, attempt=0)
    async with database.write() as session:
        phase = await queries.phase(session, run_id, 2)
        await service.move_phase(session, phase, to=PhaseState.PENDING, attempt=0)
        await service.move_phase(session, phase, to=PhaseState.BUILDING, attempt=1)
    stopped, again = attempts_of(await outline_of(database, run_id), 2)[0].stages
    assert (stopped.stage, again.stage, again.ended_at) == ("building", "building", None)
    assert stopped.ended_at is not None
    assert stopped.ended_at < again.started_at


async def test_an_attempt_without_models_yet_has_none(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.write() as session:
        attempt = await queries.attempt(session, run_id, 2, 1)
        attempt.builder_decision = attempt.auditor_decision = None
    (attempt,) = attempts_of(await outline_of(database, run_id), 2)
    assert (attempt.builder, attempt.auditor) == (None, None)


async def test_an_outline_is_read_as_it_was_written(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path, owner=await live_owner(settings))
    async with database.write() as session:
        await service.ask(session, run_id, Intent.PAUSE, by="a test")
        run = await queries.run(session, run_id)
        await service.move_run(session, run, to=RunState.PAUSED, reason=Waiting.ASKED)
    outline = await outline_of(database, run_id)
    assert [one.what for one in outline.waits] == ["queued", "paused"]
    assert RunOutline.model_validate_json(outline.model_dump_json()) == outline


async def test_an_outline_of_many_phases_takes_as_many_queries_as_one_of_few(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    async def queries_of(run_id: str) -> int:
        async with database.read() as session:
            said = await statements_of(session)
            await run_outline(session, run_id)
        return len(said)

    few = await record_run(settings, repository=tmp_path)
    many = await record_run(settings, repository=tmp_path)
    async with database.write() as session:
        last = await queries.phase(session, many, 3)
        names = [column.name for column in PhaseRow.__table__.columns]
        values = {name: getattr(last, name) for name in names}
        for index in range(4, 204):
            session.add(PhaseRow(**{**values, "phase_index": index, "phase_id": f"docs-{index}"}))
    assert await queries_of(many) == await queries_of(few)
    assert len((await outline_of(database, many)).tiers[1].phases) == 202


async def test_there_is_no_outline_of_no_run(database: Database) -> None:
    with pytest.raises(NotFound, match="run_20250303_101500_ab12"):
        await outline_of(database, "run_20250303_101500_ab12")
