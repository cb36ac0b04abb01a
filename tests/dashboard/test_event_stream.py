"""The live feed over real HTTP: nothing is lost, nothing comes twice, whoever writes and whoever is slow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from autopack.config import Settings
from autopack.dashboard import event_stream
from autopack.db import Database
from autopack.feed.ring import Ring
from dashboard.serving import LIMIT_SECONDS, Message, Reader, Served, serve_feed
from fixtures.database import execute
from fixtures.writing import start_writers, write_events
from views.recorded import record_run


def _ids(messages: Sequence[Message]) -> list[int | None]:
    return [one.id for one in messages if one.name == "feed"]


async def _until_seen(served: Served, event_id: int) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while served.tailer.ring.last < event_id:
            await asyncio.sleep(0.005)


async def test_events_arrive_as_they_happen_as_one_flat_object_each(database: Database) -> None:
    await write_events(database, 2)
    async with serve_feed(database) as served:
        reader, first = await served.follow()
        assert reader.headers["content-type"].startswith("text/event-stream")
        assert reader.headers["cache-control"] == "no-store"
        assert first == Message("ready", 2, {"as_of": 2})
        await write_events(database, 1, run_id="run_b", by="ada")
        (message,) = await reader.take(1)
        assert (message.name, message.id) == ("feed", 3)
        assert datetime.fromisoformat(message.data.pop("created_at")).tzinfo is not None
        assert message.data == {
            "id": 3,
            "run_id": "run_b",
            "schema_version": 1,
            "kind": "cancel_asked",
            "by": "ada",
        }


async def test_what_two_other_processes_write_at_once_arrives_without_a_gap_in_order(
    settings: Settings, database: Database
) -> None:
    run_id = await record_run(settings, repository=settings.home)
    async with serve_feed(database) as served:
        everything, first = await served.follow()
        one_run, _ = await served.follow(f"?run_id={run_id}")
        writers = start_writers(settings, ["run_x", run_id], count=50)
        await write_events(database, 20, run_id="run_y", each=3)
        begin = first.data["as_of"]
        assert _ids(await everything.take(120)) == list(range(begin + 1, begin + 121))
        taken = await one_run.take(50)
        assert {one.data["run_id"] for one in taken} == {run_id}
        assert [one.data["by"] for one in taken] == [str(number) for number in range(50)]
    for writer in writers:
        writer.join(LIMIT_SECONDS)


async def test_it_goes_on_after_every_possible_cut_without_loss_or_repeat(database: Database) -> None:
    """From the database where the ring holds less, from the ring where it holds all, and live after that."""
    runs = ["run_a", "run_b", "run_a", "run_a"] * 3
    for run_id in runs:
        await write_events(database, 1, run_id=run_id)
    async with serve_feed(database, ring=Ring(events=4)) as served:
        holds, _ = await served.follow()
        for run_id in runs:
            await write_events(database, 1, run_id=run_id)
        await _until_seen(served, 24)
        assert 18 < served.tailer.ring.floor < 24
        followers = [(cut, *await served.follow(f"?after={cut}")) for cut in range(25)]
        await write_events(database, 2, each=2)
        for cut, reader, first in followers:
            assert first == Message("ready", cut, {"as_of": 24})
            assert _ids(await reader.take(26 - cut)) == list(range(cut + 1, 27))
        assert _ids(await holds.take(14)) == list(range(13, 27))


async def test_a_stream_that_is_cut_anywhere_goes_on_with_the_last_id_that_came(database: Database) -> None:
    """As a browser does it: with the id of the last message, whichever that was."""
    writing = asyncio.create_task(write_events(database, 150))
    async with serve_feed(database, ring=Ring(events=5)) as served:
        seen: list[int] = []
        last = 0
        for cut in range(40):
            reader, first = await served.follow("?after=77", last=last)
            assert first.id == last
            for _ in range(cut % 5):
                (message,) = await reader.take(1)
                assert message.id is not None
                seen.append(message.id)
                last = message.id
            reader.cut()
        reader, _ = await served.follow(last=last)
        seen += [one.id or 0 for one in await reader.take(150 - len(seen))]
        assert seen == list(range(1, 151))
    await writing


async def test_a_cut_before_the_first_event_loses_nothing(database: Database) -> None:
    await write_events(database, 3)
    async with serve_feed(database) as served:
        reader, first = await served.follow()
        reader.cut()
        await served.until_listening(0)
        await write_events(database, 2)
        again, _ = await served.follow(last=first.id)
        assert _ids(await again.take(2)) == [4, 5]


async def test_many_events_are_replayed_in_batches_and_in_few_pieces(database: Database) -> None:
    await write_events(database, 1001, each=1001)
    async with serve_feed(database) as served:
        reader, _ = await served.follow("?after=0")
        pieces: list[bytes] = []
        while sum(piece.count(b"event: feed") for piece in pieces) < 1001:
            pieces.append(await reader.chunk())
        assert len(pieces) < 20
        assert max(map(len, pieces)) < 2 * event_stream.PIECE


async def test_what_came_at_once_is_sent_at_once(database: Database) -> None:
    async with serve_feed(database) as served:
        reader, _ = await served.follow()
        await write_events(database, 30, each=30)
        assert (await reader.chunk()).count(b"event: feed") == 30


async def test_an_id_that_is_no_longer_kept_is_a_reset_and_then_it_is_live(
    settings: Settings, database: Database
) -> None:
    await write_events(database, 9)
    execute(settings, "DELETE FROM events WHERE id < 6")
    async with serve_feed(database) as served:
        kept, first = await served.follow("?after=5")
        assert first == Message("ready", 5, {"as_of": 9})
        assert _ids(await kept.take(4)) == [6, 7, 8, 9]
        late, first = await served.follow(last=4)
        assert (first.name, first.id, first.data["as_of"]) == ("reset", 9, 9)
        assert "not kept" in first.data["reason"]
        await write_events(database, 1)
        assert _ids(await late.take(1)) == [10]


async def test_an_id_of_a_feed_of_which_nothing_is_kept_is_a_reset(
    settings: Settings, database: Database
) -> None:
    await write_events(database, 3)
    execute(settings, "DELETE FROM events")
    async with serve_feed(database) as served:
        assert (await served.follow(last=2))[1].name == "reset"
        assert (await served.follow(last=3))[1].name == "ready"


async def test_an_id_of_another_database_is_a_reset_and_then_it_is_live(database: Database) -> None:
    await write_events(database, 2)
    async with serve_feed(database) as served:
        reader, first = await served.follow(last=3)
        assert (first.name, first.id, first.data["as_of"]) == ("reset", 2, 2)
        assert "another database" in first.data["reason"]
        await write_events(database, 1)
        assert _ids(await reader.take(1)) == [3]


async def test_silence_is_broken_by_heartbeats(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.05)
    async with serve_feed(database) as served:
        reader, _ = await served.follow()
        assert await reader.next() == await reader.next() == Message("", None, None)
        await write_events(database, 1)
        assert _ids(await reader.take(1)) == [1]


async def test_the_activity_of_runs_is_passed_on_without_an_id(
    settings: Settings, database: Database
) -> None:
    run_id = await record_run(settings, repository=settings.home)

    def work(tokens: int) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        execute(settings, "DELETE FROM activities")
        execute(
            settings,
            "INSERT INTO activities (run_id, phase_id, what, doing, tokens, since, seen_at) VALUES "
            f"('{run_id}', '', 'builder', 'shell: ls', {tokens}, '{now}', '{now}')",
        )

    work(10)
    async with serve_feed(database) as served:
        reader, _ = await served.follow(f"?run_id={run_id}")
        other, _ = await served.follow()
        (message,) = await reader.take(1)
        assert (message.name, message.id) == ("activity", None)
        assert datetime.fromisoformat(message.data.pop("since"))
        assert message.data == {
            "run_id": run_id,
            "phase_id": None,
            "what": "builder",
            "doing": "shell: ls",
            "tokens": 10,
        }
        work(20)
        for one in (reader, other):
            while (message := (await one.take(1))[0]).data["tokens"] != 20:
                assert message.name == "activity"


async def test_a_client_that_reads_nothing_is_cut_off_while_others_go_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "STUCK_SECONDS", 0.3)
    monkeypatch.setattr(event_stream, "LAST_SECONDS", 0.1)
    async with serve_feed(database) as served:
        other, _ = await served.follow()
        stuck, _ = await served.follow(room=4096)
        await served.until_listening(2)
        seen = 0
        async with asyncio.timeout(LIMIT_SECONDS):
            while served.tailer.listeners == 2:
                await write_events(database, 20, by="x" * 20_000, each=20)
                seen += len(await other.take(20))
        assert await _cut(stuck)
        await write_events(database, 1)
        assert _ids(await other.take(1)) == [seen + 1]


async def _cut(reader: Reader) -> bool:
    """Whether the stream breaks off after what the kernel still had."""
    try:
        while await reader.next():
            pass
    except (OSError, asyncio.IncompleteReadError):
        return True
    return False


async def test_a_client_that_falls_behind_is_dropped_with_a_reason_and_gets_the_rest_when_it_is_back(
    database: Database,
) -> None:
    async with serve_feed(database, ring=Ring(events=10)) as served:
        other, _ = await served.follow()
        slow, _ = await served.follow(room=4096)
        written = 0
        async with asyncio.timeout(LIMIT_SECONDS):
            while written < 12_000_000:
                await write_events(database, 5, by="x" * 200_000, each=5)
                written += 5 * 200_000
                await other.take(5)
        got = await slow.rest()
        assert got[-1].name == "dropped"
        assert "too far behind" in got[-1].data["reason"]
        seen = _ids(got)
        again, _ = await served.follow(last=seen[-1])
        seen += _ids(await again.take(60 - len(seen)))
        assert seen == list(range(1, 61))


async def test_a_client_that_goes_away_is_noticed_at_once(database: Database) -> None:
    async with serve_feed(database) as served:
        stays, _ = await served.follow()
        for _ in range(3):
            leaves, _ = await served.follow("?after=0")
            await served.until_listening(2)
            leaves.cut()
            await served.until_listening(1)
        await write_events(database, 1)
        assert _ids(await stays.take(1)) == [1]


async def test_all_streams_end_with_a_reason_when_the_server_does(database: Database) -> None:
    async with serve_feed(database) as served:
        readers = [(await served.follow())[0] for _ in range(3)]
        served.tailer.end()
        for reader in readers:
            (last,) = await reader.rest()
            assert (last.name, last.id) == ("dropped", None)
            assert last.data == {"reason": "The server is shutting down."}
        await served.until_listening(0)
        late, first = await served.follow()
        assert first.name == "dropped"
        assert await late.next() is None


async def test_an_event_that_this_version_can_not_read_ends_the_stream_with_a_reason(
    settings: Settings, database: Database
) -> None:
    await write_events(database, 2)
    execute(settings, "UPDATE events SET schema_version = 2 WHERE id = 2")
    async with serve_feed(database) as served:
        reader, _ = await served.follow("?after=1")
        (last,) = await reader.rest()
        assert last.name == "dropped"
        assert "newer Autopack" in last.data["reason"]


async def test_all_get_the_same_bytes(database: Database) -> None:
    async with serve_feed(database) as served:
        one, two = [(await served.follow())[0] for _ in range(2)]
        await write_events(database, 1, by="é\n" * 500)
        first, second = await one.chunk(), await two.chunk()
        assert first == second
        assert json.loads(first.split(b"data: ")[1])["by"] == "é\n" * 500
