"""What was learned of a run, over HTTP: read, and its lessons decided about."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.notes import file
from autopack.notes.schemas import LESSONS
from dashboard.served import Served, refused, served
from fixtures.database import execute
from views.recorded import record_run


@pytest.fixture
async def http(settings: Settings) -> AsyncGenerator[Served]:
    async with served(settings, {}) as http:
        yield http


@pytest.fixture
async def run_id(settings: Settings, tmp_path: Path) -> str:
    run_id = await record_run(settings, repository=tmp_path)
    lessons = [{"id": "aaaaaaaa", "text": "Use UTC.", "state": "proposed"}]
    execute(
        settings,
        "INSERT INTO postmortems (run_id, epoch, state, reason, simulated, built, failed, lessons, due_at)"
        " VALUES (:run, 1, 'made', '', false, 'It.', 'None.', :lessons, '2026-01-01 00:00:00+00:00')",
        {"run": run_id, "lessons": json.dumps(lessons)},
    )
    return run_id


async def test_a_lesson_is_read_accepted_and_dismissed(http: Served, run_id: str, tmp_path: Path) -> None:
    url = f"/dashboard/runs/{run_id}"
    found = (await http.get(f"{url}/postmortem")).json()
    assert (found["state"], found["built"], found["lessons"][0]["text"]) == ("made", "It.", "Use UTC.")
    assert [phase["id"] for phase in found["phases"]] == ["store", "cli"]
    accepted = await http.post(f"{url}/lessons/aaaaaaaa", {"decision": "accepted"})
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    (note,) = file.read(tmp_path, LESSONS).notes
    assert (note.id, note.author) == ("aaaaaaaa", "dashboard")
    await http.post(f"{url}/lessons/aaaaaaaa", {"decision": "dismissed"})
    assert file.read(tmp_path, LESSONS).notes == ()
    assert (await http.get(f"{url}/postmortem")).json()["lessons"][0]["state"] == "dismissed"


async def test_what_is_not_there_or_no_decision_is_refused(http: Served, run_id: str) -> None:
    url = f"/dashboard/runs/{run_id}/lessons"
    refused(await http.post(f"{url}/bbbbbbbb", {"decision": "accepted"}), 404, "not_found")
    refused(await http.post(f"{url}/aaaaaaaa", {"decision": "perhaps"}), 422, "invalid_input")
