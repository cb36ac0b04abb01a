"""Human notes over HTTP: left, read with their receipts, taken back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.feed import queries as feed
from autopack.feed.schemas import NoteAdded, NoteWithdrawn
from autopack.notes import file
from autopack.notes.service import NOTE_CHARS
from dashboard.served import Served, refused, served
from views.recorded import record_run

URL = "/dashboard/human-notes"


@pytest.fixture
async def http(settings: Settings) -> AsyncGenerator[Served]:
    async with served(settings, {"SOME_API_KEY": "a-key-of-this-environment"}) as http:
        yield http


@pytest.fixture
async def run_id(settings: Settings, tmp_path: Path) -> str:
    return await record_run(settings, repository=tmp_path)


async def post(http: Served, key: str = "", **body: Any) -> httpx2.Response:
    return await http.post(URL, body, headers={"Idempotency-Key": key} if key else {})


async def test_a_note_is_posted_listed_and_deleted(
    http: Served, database: Database, run_id: str, tmp_path: Path
) -> None:
    posted = await post(http, note=" Skip the UI. ", run_id=run_id)
    assert posted.status_code == 201
    note = posted.json()
    assert (note["author"], note["run_id"], note["text"]) == ("dashboard", run_id, "Skip the UI.")
    assert file.read(tmp_path).notes[0].model_dump(mode="json") == note
    listed = (await http.get(URL)).json()
    assert listed["notes"] == [{**note, "receipts": []}]
    assert (listed["total"], listed["unread_bytes"], listed["project"]) == (1, 0, str(tmp_path))
    gone = await http.client.delete(f"{URL}/{note['id']}")
    assert (gone.status_code, gone.json()) == (200, note)
    assert (await http.get(URL)).json()["notes"] == []
    again = await http.client.delete(f"{URL}/{note['id']}")
    refused(again, 404, "not_found", "no note", "autopack notes list")
    async with database.read() as session:
        events = await feed.after(session, event_id=0, run_id=run_id, limit=1000)
    told = [event.body for event in events if isinstance(event.body, NoteAdded | NoteWithdrawn)]
    assert told == [
        NoteAdded(note_id=note["id"], by="dashboard", text="Skip the UI."),
        NoteWithdrawn(note_id=note["id"], by="dashboard"),
    ]


async def test_the_newest_five_are_listed_unless_more_or_one_run_is_asked_for(
    http: Served, settings: Settings, run_id: str, tmp_path: Path
) -> None:
    other = await record_run(settings, repository=tmp_path)
    for number in range(7):
        await post(http, note=f"note {number}", **({"run_id": other} if number == 6 else {}))
    texts = [one["text"] for one in (await http.get(URL)).json()["notes"]]
    assert texts == [f"note {number}" for number in (6, 5, 4, 3, 2)]
    more = (await http.get(URL, params={"limit": 10})).json()
    assert (len(more["notes"]), more["total"]) == (7, 7)
    own = (await http.get(URL, params={"limit": 10, "run_id": run_id})).json()
    assert [one["text"] for one in own["notes"]] == [f"note {number}" for number in (5, 4, 3, 2, 1, 0)]


async def test_a_note_for_every_run_goes_to_the_project_of_the_named_run(
    http: Served, settings: Settings, run_id: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    await record_run(settings, repository=elsewhere)
    posted = await post(http, note="All of us.", run_id=run_id, every_run=True)
    assert (posted.status_code, posted.json()["run_id"]) == (201, None)
    assert [one.text for one in file.read(tmp_path).notes] == ["All of us."]
    assert file.read(elsewhere).notes == ()


async def test_a_post_that_is_repeated_under_its_key_makes_one_note(
    http: Served, run_id: str, tmp_path: Path
) -> None:
    first, again = [await post(http, "key-1", note="once") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert len(file.read(tmp_path).notes) == 1
    other = await post(http, "key-1", note="another")
    refused(other, 422, "invalid_input", "another request")
    assert (await post(http, "key-2", note="once")).json()["id"] != first.json()["id"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"note": None},
        {"note": 3},
        {"note": ""},
        {"note": " \n\t"},
        {"note": "x" * (NOTE_CHARS + 1)},
        {"note": "x", "run_id": "../../etc"},
        {"note": "x", "run_id": "run_\x00"},
        {"note": "x", "author": "Ada"},
    ],
)
async def test_a_body_that_is_no_note_is_refused_and_nothing_is_written(
    http: Served, run_id: str, tmp_path: Path, body: dict[str, Any]
) -> None:
    refused(await http.post(URL, body), 422, "invalid_input")
    assert not (tmp_path / ".autopack").exists()


@pytest.mark.parametrize("key", ["", "x" * 256, "\xe9"])
async def test_a_key_that_can_not_be_kept_is_refused(http: Served, run_id: str, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    assert (await http.post(URL, {"note": "x"}, headers=headers)).status_code == 422


@pytest.mark.parametrize("limit", [0, -1, 1001, "many"])
async def test_a_limit_is_a_number_from_one_to_a_thousand(http: Served, run_id: str, limit: object) -> None:
    assert (await http.get(f"{URL}?limit={limit}")).status_code == 422


async def test_an_unknown_run_is_not_found_and_no_run_at_all_says_what_to_do(
    http: Served,
) -> None:
    for answer in (
        await post(http, note="x"),
        await http.get(URL),
        await post(http, note="x", run_id="run_20260101_000000_0000"),
        await http.get(f"{URL}?run_id=run_20260101_000000_0000"),
        await http.client.delete(f"{URL}/00000001"),
    ):
        refused(answer, 404, "not_found")
        assert answer.json()["error"]["hint"]
    refused(await http.client.delete(f"{URL}/..%2f..%2fx"), 404, "not_found")
    refused(await http.client.delete(f"{URL}/0001"), 422, "invalid_input")


async def test_a_planted_link_is_a_conflict_and_no_key_is_shown(
    http: Served, run_id: str, tmp_path: Path
) -> None:
    await post(http, note="Use a-key-of-this-environment.")
    assert (await http.get(URL)).json()["notes"][0]["text"] == "Use [redacted]."
    (tmp_path / ".autopack").rename(tmp_path / "moved")
    (tmp_path / ".autopack").symlink_to(tmp_path / "moved")
    for answer in (
        await post(http, note="x"),
        await http.get(URL),
        await http.client.delete(f"{URL}/00000001"),
    ):
        refused(answer, 409, "conflict", "does not follow it")
    (tmp_path / ".autopack").unlink()
    (tmp_path / ".autopack").mkdir()
    file.notes_path(tmp_path).write_text("By hand: a-key-of-this-environment.\n")
    (hand,) = file.read(tmp_path).notes
    assert (await http.client.delete(f"{URL}/{hand.id}")).json()["text"] == "By hand: [redacted]."
