"""What is recorded of the user's taking or dropping a run's work: a time on the run, and one event each."""

from __future__ import annotations

from pathlib import Path

from autopack.config import Settings
from autopack.db import Database
from autopack.feed import queries as feed
from autopack.feed.schemas import EventBody, RunDiscarded, RunMerged
from autopack.runs import queries, service
from views.recorded import BASE, COMMIT, record_run


async def _told(database: Database, run_id: str) -> list[EventBody]:
    async with database.read() as session:
        events = await feed.after(session, event_id=0, run_id=run_id, limit=100)
    return [event.body for event in events if isinstance(event.body, RunMerged | RunDiscarded)]


async def test_each_merge_is_an_event_and_the_run_has_the_time_of_the_last(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    times = set[object]()
    for into in ("main", "release"):
        async with database.write() as session:
            await service.record_merge(session, run_id, commit=COMMIT, into=into)
        async with database.read() as session:
            times.add((await queries.run(session, run_id)).merged_at)
    assert (len(times), None in times) == (2, False)
    assert await _told(database, run_id) == [
        RunMerged(commit=COMMIT, into="main"),
        RunMerged(commit=COMMIT, into="release"),
    ]


async def test_discarding_again_is_told_only_where_a_branch_went_again(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    times = set[object]()
    for commit in (None, None, COMMIT):
        async with database.write() as session:
            await service.record_discard(session, run_id, commit=commit)
        async with database.read() as session:
            times.add((await queries.run(session, run_id)).discarded_at)
    assert (len(times), None in times) == (1, False)
    assert await _told(database, run_id) == [RunDiscarded(commit=None), RunDiscarded(commit=COMMIT)]


async def test_commits_of_a_run_are_its_base_and_whatever_its_attempts_made(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    unrecorded = "d" * 40
    async with database.write() as session:
        (*_, attempt) = await queries.attempts(session, run_id)
        attempt.commit_id = unrecorded
    async with database.read() as session:
        assert set(await queries.own_commits(session, run_id)) == {BASE, COMMIT, unrecorded}
