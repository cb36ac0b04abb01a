"""What may be asked of `GET /dashboard/events`, and how it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.feed.tailer import Tailer
from dashboard.serving import Message, new_app, serve_feed
from fixtures.writing import write_events
from views.recorded import record_run

REFUSED = ["-1", "1.0", "+1", "1e3", "x", "", "%C2%B2", "9223372036854775808", "9" * 400, "1_000", "%201"]


@pytest.mark.parametrize("said", REFUSED)
async def test_an_id_that_is_none_is_refused(database: Database, said: str) -> None:
    async with serve_feed(database) as served:
        reader = await served.connect(f"?after={said}")
        assert reader.status == 422
        error = (await reader.body())["error"]
        assert error["code"] == "invalid_input"
        assert "is no id of an event" in error["message"]
        assert len(error["message"]) < 100


async def test_a_last_id_that_is_none_is_refused_as_well(database: Database) -> None:
    async with serve_feed(database) as served:
        reader = await served.connect("?after=0", headers={"Last-Event-ID": "seven"})
        assert reader.status == 422
        assert "'seven'" in (await reader.body())["error"]["message"]


async def test_the_largest_id_is_taken(database: Database) -> None:
    async with serve_feed(database) as served:
        _, first = await served.follow("?after=9223372036854775807")
        assert first.name == "reset"


async def test_the_last_id_counts_more_than_the_address(database: Database) -> None:
    await write_events(database, 4)
    async with serve_feed(database) as served:
        reader, first = await served.follow("?after=1", last=3)
        assert first == Message("ready", 3, {"as_of": 4})
        assert (await reader.take(1))[0].id == 4


@pytest.mark.parametrize("said", ["run_absent", "", "%00", "x" * 1000, "%ED%B3%BF"])
async def test_a_run_that_does_not_exist_is_not_found(database: Database, said: str) -> None:
    async with serve_feed(database) as served:
        reader = await served.connect(f"?run_id={said}")
        assert reader.status == 404
        assert (await reader.body())["error"]["code"] == "not_found"
        assert served.tailer.listeners == 0


async def test_only_the_events_of_a_run_that_was_asked_for_arrive(
    settings: Settings, database: Database
) -> None:
    run_id = await record_run(settings, repository=settings.home)
    await write_events(database, 3, run_id="run_other")
    async with serve_feed(database) as served:
        reader, _ = await served.follow(f"?run_id={run_id}&after=0")
        await write_events(database, 1, run_id="run_other")
        await write_events(database, 1, run_id=run_id, by="last")
        taken: list[Message] = []
        while not taken or taken[-1].data.get("by") != "last":
            taken += await reader.take(1)
        assert {one.data["run_id"] for one in taken} == {run_id}
        ids = [one.id for one in taken]
        assert len(ids) > 3
        assert ids == sorted({*ids}, key=lambda one: one or 0)


def test_the_documentation_says_what_is_taken_and_what_is_answered(settings: Settings) -> None:
    database = Database(settings.database_url)
    told: Any = new_app(database, Tailer(database)).openapi()["paths"]["/dashboard/events"]["get"]
    assert {one["name"]: one["in"] for one in told["parameters"]} == {
        "run_id": "query",
        "after": "query",
        "last-event-id": "header",
    }
    integer = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    assert all(integer in one["schema"]["anyOf"] for one in told["parameters"][1:])
    assert [*told["responses"]["200"]["content"]] == ["text/event-stream"]
    assert {"404", "422", "503"} <= set(told["responses"])
