"""What is read over HTTP: runs as they stand and went, and the service's own state."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from autopack.artifacts import ArtifactStore
from autopack.config import Settings
from autopack.db import Database
from autopack.feed import queries as feed
from autopack.notes.queries import record_receipt
from autopack.runs import queries
from autopack.runs.tables import ActivityRow
from autopack.views.health import LEAST_BYTES, LOW_BYTES, disk_part
from autopack.views.outline import RunOutline
from dashboard.served import Served, refused, served
from views.recorded import live_owner, record_run


@pytest.fixture
async def http(settings: Settings) -> AsyncGenerator[Served]:
    async with served(settings) as http:
        yield http


SEEDS_FIELDS = {
    "run_id": str,
    "state": str,
    "current_tier_name": str,
    "current_phase_name": str,
    "current_tier_index": int,
    "current_phase_index": int,
    "total_tiers": int,
    "total_phases": int,
    "completed_tiers": int,
    "completed_phases": int,
    "percent_complete": float,
}


async def test_a_status_has_the_seeds_fields_and_what_a_person_asks_next(
    settings: Settings, database: Database, http: Served, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    answer = await http.get(f"/dashboard/runs/{run_id}/status")
    said = answer.json()
    assert answer.status_code == 200
    assert {name: type(said[name]) for name in SEEDS_FIELDS} == SEEDS_FIELDS
    assert (said["run_id"], said["state"], said["current_phase_name"]) == (
        run_id,
        "in_progress",
        "The commands",
    )
    assert (said["tokens_used"], said["cost_usd"]) == (3_300, "0.75")
    assert (said["usage"]["unknown_calls"], said["usage"]["unknown_tokens"]) == (1, 1_100)
    assert (said["token_budget"], said["cost_budget_usd"]) == (None, None)
    assert said["issue_counts"] == {"major": 0, "minor": 1}
    assert (said["resumes_at"], said["activity"], said["needs_you"]) == (None, None, False)
    async with database.read() as session:
        head = (await feed.extent(session)).head
        assert head == await feed.head(session)
    assert said["as_of"] == head > 0


async def test_a_budget_of_the_plan_and_what_a_driven_run_is_at_are_said(
    settings: Settings, database: Database, http: Served, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path, owner=await live_owner(settings))
    now = datetime.now(UTC)
    async with database.write() as session:
        run = await queries.run(session, run_id)
        run.plan = {**run.plan, "budget": {"tokens": 2_000_000, "usd": "0.000000001"}}
        activity = ActivityRow(
            run_id=run_id, phase_id="", what="clone", doing="Clones it.", since=now, seen_at=now
        )
        session.add(activity)
    said = (await http.get(f"/dashboard/runs/{run_id}/status")).json()
    since = said["activity"].pop("since")
    assert said["activity"] == {"what": "clone", "doing": "Clones it.", "phase_id": None, "tokens": None}
    assert datetime.fromisoformat(since) == now
    assert (said["token_budget"], said["cost_budget_usd"]) == (2_000_000, "0.000000001")
    said["activity"]["since"] = since
    (listed,) = (await http.get("/dashboard/runs")).json()["runs"]
    passing = {"elapsed_seconds": 0, "working_seconds": 0}
    assert {**listed, **passing} == {**said, **passing}


async def test_what_a_dead_process_was_at_is_not_said(
    settings: Settings, database: Database, http: Served, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    now = datetime.now(UTC)
    async with database.write() as session:
        session.add(ActivityRow(run_id=run_id, phase_id="", what="clone", doing="", since=now, seen_at=now))
    said = (await http.get(f"/dashboard/runs/{run_id}/status")).json()
    assert (said["activity"], said["driven"]) == (None, False)


async def test_a_timeline_and_a_phase_say_what_was_done_and_said(
    settings: Settings, http: Served, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    timeline = (await http.get(f"/dashboard/runs/{run_id}/timeline")).json()
    assert [tier["name"] for tier in timeline["tiers"]] == ["Foundation", "Surface"]
    assert timeline["as_of"] == timeline["status"]["as_of"]
    store = timeline["tiers"][0]["phases"][0]
    for said in ("store", "1"):
        detail = (await http.get(f"/dashboard/runs/{run_id}/phases/{said}?lines=1")).json()
        assert (detail["run_id"], detail["phase"], detail["as_of"]) == (run_id, store, timeline["as_of"])
        assert [(one["attempt"], one["step"]) for one in detail["outputs"]] == [
            (1, "setup"),
            (1, "verify"),
            (2, "setup"),
            (2, "verify"),
        ]
        assert detail["outputs"][3]["lines"] == ["2 passed"]
        assert (detail["outputs"][3]["left_out"], detail["outputs"][3]["gone"]) == (1, False)
    refused(await http.get(f"/dashboard/runs/{run_id}/phases/4"), 404, "not_found", "store, cli, docs")
    refused(await http.get(f"/dashboard/runs/{run_id}/phases/0"), 404, "not_found")


async def test_a_diff_is_the_bytes_that_git_applies(settings: Settings, http: Served, tmp_path: Path) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    for path in ("diff", "diff?phase=store", "diff?phase=1"):
        answer = await http.get(f"/dashboard/runs/{run_id}/{path}")
        assert answer.headers["content-type"].partition(";")[0] == "text/x-diff"
        assert answer.content == b"diff --git a/x b/x\n+\x1b[31mx\n"
    refused(await http.get(f"/dashboard/runs/{run_id}/diff?phase=cli"), 404, "not_found", "no change yet")
    refused(await http.get(f"/dashboard/runs/{run_id}/diff?phase=nobody"), 404, "not_found")
    artifacts = ArtifactStore(settings.artifacts)
    for digest in artifacts.every():
        artifacts.remove(digest)
    refused(await http.get(f"/dashboard/runs/{run_id}/diff"), 404, "not_found", "is gone")
    detail = (await http.get(f"/dashboard/runs/{run_id}/phases/store")).json()
    assert all(one["gone"] for one in detail["outputs"])


async def test_a_diff_may_be_one_attempts(settings: Settings, http: Served, tmp_path: Path) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    of = f"/dashboard/runs/{run_id}/diff"
    answer = await http.get(f"{of}?phase=store&attempt=2")
    assert answer.content == b"diff --git a/x b/x\n+\x1b[31mx\n"
    refused(await http.get(f"{of}?phase=store&attempt=1"), 404, "not_found", "Attempt 1", "no change yet")
    refused(await http.get(f"{of}?phase=store&attempt=3"), 404, "not_found", "no attempt 3")
    refused(await http.get(f"{of}?attempt=2"), 422, "invalid_input", "Name the phase too")
    refused(await http.get(f"{of}?phase=store&attempt=0"), 422, "invalid_input", "attempt")


async def test_an_outline_is_what_its_shape_says(settings: Settings, http: Served, tmp_path: Path) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    answer = await http.get(f"/dashboard/runs/{run_id}/outline")
    assert answer.headers["content-type"] == "application/json"
    outline = RunOutline.model_validate_json(answer.content, extra="forbid")
    assert [phase.id for tier in outline.tiers for phase in tier.phases] == ["store", "cli", "docs"]
    said = answer.json()
    assert said["tiers"][0]["phases"][0]["usage"]["cost_usd"] == "0.75"
    assert said["waits"][1]["ended_at"] is None
    timeline = (await http.get(f"/dashboard/runs/{run_id}/timeline")).content
    assert len(answer.content) < len(timeline) / 2
    refused(await http.get("/dashboard/runs/run_20250303_101500_ab12/outline"), 404, "not_found")


async def test_a_phase_has_the_notes_that_it_was_given_and_the_waits_within_it(
    settings: Settings, database: Database, http: Served, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    note = (await http.post("/dashboard/human-notes", {"note": "Mind the gap.", "run_id": run_id})).json()
    async with database.write() as session:
        for note_id in (note["id"], "0badcafe"):
            await record_receipt(
                session,
                note_id=note_id,
                run_id=run_id,
                phase_index=2,
                phase_id="cli",
                attempt=1,
                role="builder",
            )
    store = (await http.get(f"/dashboard/runs/{run_id}/phases/store")).json()
    assert (store["notes"], store["waits"]) == ([], [])
    cli = (await http.get(f"/dashboard/runs/{run_id}/phases/cli")).json()
    shown = {
        one["note_id"]: (one["text"], one["author"], one["attempt"], one["role"]) for one in cli["notes"]
    }
    assert shown == {
        note["id"]: ("Mind the gap.", note["author"], 1, "builder"),
        "0badcafe": (None, None, 1, "builder"),
    }
    (wait,) = cli["waits"]
    assert (wait["what"], wait["ended_at"]) == ("interrupted", None)
    assert wait["started_at"] >= cli["phase"]["started_at"]


async def test_a_phase_is_shown_where_the_notes_can_not_be_read(
    settings: Settings, database: Database, http: Served, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    (tmp_path / ".autopack").mkdir(exist_ok=True)
    (tmp_path / ".autopack" / "human_notes.md").mkdir()
    async with database.write() as session:
        await record_receipt(
            session,
            note_id="0badcafe",
            run_id=run_id,
            phase_index=1,
            phase_id="store",
            attempt=1,
            role="auditor",
        )
    (note,) = (await http.get(f"/dashboard/runs/{run_id}/phases/store")).json()["notes"]
    assert (note["note_id"], note["text"]) == ("0badcafe", None)


async def test_a_context_block_is_markdown(settings: Settings, http: Served, tmp_path: Path) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    answer = await http.get(f"/dashboard/runs/{run_id}/context")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("## Current Autopack Run Context\n\n- Run ID: `" + run_id)


async def test_health_says_that_each_part_is_well(settings: Settings, http: Served) -> None:
    answer = await http.get("/health")
    said = answer.json()
    assert (answer.status_code, said["ok"]) == (200, True)
    assert [said[part]["ok"] for part in ("database", "engine", "disk")] == [True, True, True]
    assert said["engine"]["driving"] == 0
    assert said["disk"]["free_bytes"] > said["disk"]["low_bytes"] > said["disk"]["least_bytes"]
    assert settings.database_place in said["database"]["detail"]


@pytest.mark.sqlite
async def test_health_is_503_where_a_part_is_not_and_has_the_same_shape(settings: Settings) -> None:
    async with served(settings) as http:
        well = (await http.get("/health")).json()
        moved = settings.home.with_name("moved")
        settings.home.rename(moved)
        try:
            answer = await http.get("/health")
        finally:
            moved.rename(settings.home)
        assert answer.status_code == 503, answer.text
        said = answer.json()
        assert shape(said) == shape({**well, "disk": {**well["disk"], "free_bytes": None}})
        assert (said["ok"], said["disk"]["ok"], said["engine"]["ok"]) == (False, False, True)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}  # pyright: ignore
    return type(value).__name__


def test_a_disk_with_little_room_is_said_before_it_is_too_little() -> None:
    assert disk_part(LOW_BYTES).ok
    assert "little" not in disk_part(LOW_BYTES).detail
    assert disk_part(LOW_BYTES - 1).ok
    assert "little" in disk_part(LOW_BYTES - 1).detail
    assert disk_part(LEAST_BYTES).ok
    assert not disk_part(LEAST_BYTES - 1).ok
    assert not disk_part(None).ok
