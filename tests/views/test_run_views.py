"""What views say of a run, from real records."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from autopack.artifacts import ArtifactStore
from autopack.config import Settings
from autopack.db import Database
from autopack.errors import InvalidInput, NotFound
from autopack.runs import service
from autopack.runs.states import EndReason, Intent, RunState
from autopack.views.evidence import output_tail
from autopack.views.find import find_phase, find_run
from autopack.views.integration import integration
from autopack.views.phases import phase_heads
from autopack.views.status import run_list, run_status
from autopack.views.timeline import run_timeline
from autopack.views.usage import spend_by_phase, usage_report
from views.counted import statements_of
from views.recorded import COMMIT, end_run, live_owner, record_run


async def test_a_status_has_the_seeds_fields_counted_from_one(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        status = await run_status(session, run_id)
    assert (status.current_tier_index, status.current_tier_name) == (2, "Surface")
    assert (status.current_phase_index, status.current_phase_name) == (2, "The commands")
    assert (status.completed_tiers, status.total_tiers) == (1, 2)
    assert (status.completed_phases, status.total_phases) == (1, 3)
    assert status.percent_complete == pytest.approx(1 / 3)
    assert (status.branch, status.head_commit) == (f"autopack/{run_id}", COMMIT)
    assert status.attempts == 3


async def test_a_run_without_a_live_process_is_interrupted_and_needs_you(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        status = await run_status(session, run_id)
    assert (status.driven, status.interrupted, status.needs_you) == (False, True, True)
    assert status.elapsed_seconds is not None


async def test_a_run_that_a_service_will_take_is_not_interrupted_while_the_service_lives(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    run_id = await record_run(settings, repository=repository)
    await live_owner(settings, address="http://127.0.0.1:8000")
    async with database.read() as session:
        status = await run_status(session, run_id)
        listed = await run_list(session, limit=1)
    assert (status.driven, status.interrupted, status.needs_you) == (False, False, False)
    assert [one.interrupted for one in listed] == [False]
    repository.rmdir()
    async with database.read() as session:
        away = await run_status(session, run_id)
    assert (away.interrupted, away.needs_you) == (True, True)


async def test_a_run_that_is_asked_to_stop_is_cancelling_while_its_process_lives(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path, owner=await live_owner(settings))
    async with database.read() as session:
        before = await run_status(session, run_id)
    async with database.write() as session:
        await service.ask(session, run_id, Intent.CANCEL, by="a test")
    async with database.read() as session:
        after = await run_status(session, run_id)
    assert (before.state, before.driven, before.needs_you) == ("in_progress", True, False)
    assert (after.state, after.driven) == ("cancelling", True)


async def test_a_failed_run_needs_you_and_says_why(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    await end_run(
        settings, run_id, state=RunState.FAILED, reason=EndReason.PROVIDER_REFUSED, detail="Nobody there."
    )
    async with database.read() as session:
        status = await run_status(session, run_id)
    assert (status.ended, status.needs_you, status.interrupted) == (True, True, False)
    assert (status.end_reason, status.end_detail) == ("provider_refused", "Nobody there.")
    assert status.current_phase_index is None


async def test_unknown_usage_and_missing_prices_are_said_and_not_counted_as_nothing(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        usage = (await run_status(session, run_id)).usage
        by_phase = await spend_by_phase(session, run_id)
        report = await usage_report(session, run_id=run_id)
    assert (usage.calls, usage.tokens, usage.cost_usd) == (4, 3_300, Decimal("0.75"))
    assert (usage.unpriced_calls, usage.unknown_calls, usage.unknown_tokens) == (1, 1, 1_100)
    assert not usage.whole
    assert by_phase["cli"].cost_usd is None
    assert "docs" not in by_phase
    assert report.simulated is None
    assert report.real == usage
    assert [(one.role, one.model) for one in report.models] == [
        ("builder", "claude-opus-5-5"),
        ("auditor", "gpt-6.1-sol"),
        ("builder", "gpt-6-luna"),
    ]
    assert sum(one.usage.calls for one in report.providers) == 4


async def test_the_list_adds_up_each_run_on_its_own_newest_first(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    first = await record_run(settings, repository=tmp_path)
    second = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        assert [one.run_id for one in await run_list(session, limit=1)] == [second]
        runs = await run_list(session, limit=10)
    assert [one.run_id for one in runs] == [second, first]
    assert {one.usage.calls for one in runs} == {4}


async def test_the_list_may_hold_every_run_that_has_not_ended_however_old(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    waiting = await record_run(settings, repository=tmp_path, owner="gone")
    async with database.write() as session:
        await service.move_run(session, await service.locked(session, waiting), to=RunState.PAUSED)
    ended = [await record_run(settings, repository=tmp_path) for _ in range(3)]
    for run_id in ended:
        async with database.write() as session:
            run = await service.locked(session, run_id)
            await service.move_run(session, run, to=RunState.CANCELLED)
    async with database.read() as session:
        newest = [one.run_id for one in await run_list(session, limit=2)]
        runs = await run_list(session, limit=2, unfinished=True)
    assert newest == ended[:0:-1]
    assert [one.run_id for one in runs] == [*newest, waiting]
    assert {one.usage.calls for one in runs} == {4}


async def test_a_list_of_many_runs_takes_as_many_queries_as_one_of_one(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    async def queries_of(limit: int) -> int:
        async with database.read() as session:
            said = await statements_of(session)
            assert len(await run_list(session, limit=limit)) == limit
        return len(said)

    owner = await live_owner(settings)
    for number in range(4):
        await record_run(settings, repository=tmp_path / str(number), owner=owner if number % 2 else None)
    assert await queries_of(4) == await queries_of(1)
    async with database.read() as session:
        runs = await run_list(session, limit=4)
    assert [one.driven for one in runs] == [True, False, True, False]
    assert [one.project for one in runs] == ["3", "2", "1", "0"]
    assert {(one.attempts, one.completed_phases, one.total_phases) for one in runs} == {(3, 1, 3)}


async def test_a_timeline_holds_each_attempt_with_decision_evidence_verdict_and_cost(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        timeline = await run_timeline(session, run_id)
    assert [(tier.name, tier.completed, len(tier.phases)) for tier in timeline.tiers] == [
        ("Foundation", 1, 1),
        ("Surface", 0, 2),
    ]
    store, cli, docs = timeline.phases
    failed, committed = store.attempts
    assert (failed.outcome, failed.checks[-1].passed) == ("verification_failed", False)
    assert (committed.outcome, committed.checks[-1].passed) == ("committed", True)
    assert [(check.step, check.command) for check in committed.checks] == [
        ("setup", "python -m venv .venv"),
        ("verify", "python -m pytest -q"),
    ]
    assert committed.verdict is not None
    assert committed.verdict.decision == "approve"
    assert committed.builder is not None
    assert committed.builder.reason
    assert [one.role for one in committed.usage_by_role] == ["builder", "auditor"]
    assert (failed.usage.cost_usd, committed.usage.cost_usd) == (Decimal("0.25"), Decimal("0.5"))
    assert store.usage.calls == 3
    assert (cli.attempts[0].outcome, docs.attempts) == ("open", ())
    assert timeline.model_dump(mode="json")["tiers"][0]["phases"][0]["usage"]["cost_usd"] == "0.75"


async def test_a_tail_says_how_much_came_before_it(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        evidence = (await run_timeline(session, run_id)).phases[0].attempts[1].checks[-1].evidence
    artifacts = ArtifactStore(settings.artifacts)
    tail = output_tail(artifacts, evidence, lines=1)
    assert (tail.lines, tail.left_out) == (("2 passed",), 1)
    assert output_tail(artifacts, evidence, lines=0).lines == ()
    assert output_tail(artifacts, evidence.model_copy(update={"output_sha": "0" * 64}), lines=1).gone


async def test_the_integration_lists_one_commit_per_completed_phase(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        work = await integration(session, run_id)
        heads = await phase_heads(session, run_id)
    assert [(one.phase_id, one.commit) for one in work.commits] == [("store", COMMIT)]
    assert [(one.index, one.id, one.tier_index) for one in heads] == [
        (1, "store", 1),
        (2, "cli", 2),
        (3, "docs", 2),
    ]


async def test_a_run_is_found_by_its_whole_id_its_beginning_its_end_or_as_the_newest(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    first = await record_run(settings, repository=tmp_path)
    second = await record_run(settings, repository=tmp_path)
    async with database.read() as session:
        assert await find_run(session, None) == second
        assert await find_run(session, first) == first
        assert await find_run(session, first[-4:]) == first
        assert await find_run(session, first.removeprefix("run_")) == first
        with pytest.raises(InvalidInput, match="could be any of"):
            await find_run(session, "run_")
        for said in ("nothing", "", "%"):
            with pytest.raises(NotFound):
                await find_run(session, said)


async def test_a_home_without_runs_says_how_to_start_one(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(NotFound, match="no run yet"):
            await find_run(session, None)


@pytest.mark.parametrize(("said", "index"), [("store", 1), ("2", 2), ("store-", 2), ("store-2", 2), ("d", 3)])
def test_a_phase_is_found_by_id_number_or_beginning(said: str, index: int) -> None:
    assert find_phase(["store", "store-2", "docs"], said) == index


@pytest.mark.parametrize("said", ["", "0", "9", "sto-", "x"])
def test_a_phase_that_is_not_there_is_answered_with_those_that_are(said: str) -> None:
    with pytest.raises(NotFound) as told:
        find_phase(["store", "docs"], said)
    assert "store, docs" in told.value.hint
