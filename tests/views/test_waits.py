"""When a run waited, and for how long it worked: from real events, and the sums to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from autopack.config import Settings
from autopack.db import Database
from autopack.feed import queries as feed
from autopack.feed.schemas import Event, NoteAdded
from autopack.runs import queries, service
from autopack.runs.states import EndReason, Intent, RunState, Waiting
from autopack.supervisor import control
from autopack.views.status import run_status
from autopack.views.waits import Wait, run_waits, seconds_of, within
from views.recorded import end_run, live_owner, record_run

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def wait(start: float, end: float | None) -> Wait:
    return Wait(
        what="paused", reason="asked", started_at=at(start), ended_at=None if end is None else at(end)
    )


async def move(database: Database, run_id: str, to: RunState, reason: Waiting | None = None) -> None:
    async with database.write() as session:
        run = await service.locked(session, run_id)
        await service.move_run(session, run, to=to, reason=reason)


async def claim(database: Database, run_id: str, owner: str) -> None:
    async with database.write() as session:
        run = await queries.run(session, run_id)
        await service.claim(session, run_id, epoch=run.epoch, owner=owner)


async def waits(database: Database, run_id: str) -> list[Wait]:
    async with database.read() as session:
        return await run_waits(session, await queries.run_head(session, run_id))


async def events(database: Database, run_id: str) -> list[Event]:
    async with database.read() as session:
        return await feed.after(session, event_id=0, run_id=run_id, limit=1000)


def told(waits: list[Wait]) -> list[tuple[str, str, bool]]:
    return [(one.what, one.reason, one.ended_at is None) for one in waits]


async def test_a_wait_lasts_from_one_move_of_the_run_to_the_next(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    owner = await live_owner(settings)
    run_id = await record_run(settings, repository=tmp_path, owner=owner)
    async with database.write() as session:
        await service.ask(session, run_id, Intent.PAUSE, by="a test")
    await move(database, run_id, RunState.PAUSED, Waiting.ASKED)
    await move(database, run_id, RunState.QUEUED)
    await claim(database, run_id, owner)
    await move(database, run_id, RunState.IN_PROGRESS)
    await move(database, run_id, RunState.SCHEDULED, Waiting.QUOTA_RESET)
    found = await waits(database, run_id)
    assert told(found) == [
        ("queued", "", False),
        ("paused", "asked", False),
        ("queued", "", False),
        ("scheduled", "quota_reset", True),
    ]
    moves = [one for one in await events(database, run_id) if one.body.kind == "run_moved"]
    assert [one.created_at for one in moves] == [
        found[0].ended_at,
        found[1].started_at,
        found[2].started_at,
        found[2].ended_at,
        found[3].started_at,
    ]
    async with database.read() as session:
        status = await run_status(session, run_id)
    assert status.elapsed_seconds is not None
    assert status.working_seconds is not None
    assert status.started_at is not None
    assert found[0].ended_at is not None
    waited = (found[0].ended_at - status.started_at) + (moves[3].created_at - moves[1].created_at)
    assert status.elapsed_seconds - status.working_seconds == pytest.approx(waited.total_seconds(), abs=1e-6)


async def test_a_run_that_has_not_started_has_worked_for_no_known_time(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    async with database.write() as session:
        (await queries.run(session, run_id)).started_at = None
    async with database.read() as session:
        status = await run_status(session, run_id)
    assert (status.elapsed_seconds, status.working_seconds) == (None, None)


async def test_nobody_drove_it_from_the_last_that_its_owner_told_to_the_next_claim(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    owner = await live_owner(settings)
    run_id = await record_run(settings, repository=tmp_path)
    last = (await events(database, run_id))[-1]
    async with database.write() as session:
        feed.append(session, run_id=run_id, body=NoteAdded(note_id="0", by="me", text="Is it dead?"))
    lasting = (await waits(database, run_id))[-1]
    assert (lasting.what, lasting.started_at, lasting.ended_at) == ("interrupted", last.created_at, None)
    await claim(database, run_id, owner)
    taken = (await events(database, run_id))[-1]
    found = await waits(database, run_id)
    assert told(found) == [("queued", "", False), ("interrupted", "", False)]
    assert (found[1].started_at, found[1].ended_at) == (last.created_at, taken.created_at)


@pytest.mark.parametrize("how", ["pause", "cancel"])
async def test_a_run_that_is_stopped_while_nobody_drives_it_did_not_work_until_then(
    settings: Settings, database: Database, tmp_path: Path, how: str
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    last = (await events(database, run_id))[-1]
    await (control.pause if how == "pause" else control.cancel)(database, run_id, by="me")
    found = await waits(database, run_id)
    interrupted = found[1]
    assert (interrupted.what, interrupted.started_at) == ("interrupted", last.created_at)
    assert interrupted.ended_at is not None
    assert told(found[2:]) == ([("paused", "asked", True)] if how == "pause" else [])


async def test_an_end_is_a_wait_once_the_run_is_gone_on_with(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    owner = await live_owner(settings)
    run_id = await record_run(settings, repository=tmp_path, owner=owner)
    await end_run(settings, run_id, state=RunState.FAILED, reason=EndReason.STALLED)
    assert told(await waits(database, run_id)) == [("queued", "", False)]
    await control.retry(database, run_id, by="me")
    assert told(await waits(database, run_id)) == [
        ("queued", "", False),
        ("failed", "stalled", False),
        ("queued", "", True),
    ]


@pytest.mark.sqlite
async def test_turns_are_found_by_their_own_index(database: Database) -> None:
    plans: list[str] = []
    async with database.read() as session:
        connection = (await session.connection()).sync_connection
        assert connection is not None

        def explain(_connection: object, cursor: object, statement: str, values: object, *_: object) -> None:
            if "ORDER BY events.run_id" in statement and not plans:
                plans.append(statement)
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)  # pyright: ignore
                plans.extend(str(row[3]) for row in rows)

        event.listen(connection, "before_cursor_execute", explain)
        await feed.turns(session, ["run_1", "run_2"])
    assert any("ix_events_turns" in line for line in plans[1:]), plans


def test_waits_are_cut_to_a_stretch() -> None:
    every = [wait(0, 10), wait(20, 30), wait(40, None)]
    assert within(every, at(5), at(25)) == [wait(5, 10), wait(20, 25)]
    assert within(every, at(10), at(20)) == []
    assert within(every, at(50), None) == [wait(50, None)]
    assert within(every, at(35), at(45)) == [wait(40, 45)]
    assert within(every, None, None) == []


def test_what_lasts_is_counted_to_the_end_of_the_stretch() -> None:
    every = [wait(0, 10), wait(20, 30), wait(40, None)]
    assert seconds_of(every, at(5), at(50)) == 60 * (5 + 10 + 10)
    assert seconds_of([], at(5), at(50)) == 0
