"""Every error leaves in one shape, in words that say what to do; nothing that is sent makes it a defect."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from autopack.config import Settings
from dashboard.served import Served, refused, served
from views.recorded import record_run

NOBODY = "run_20250101_000000_abcd"


@pytest.fixture
async def http(settings: Settings) -> AsyncGenerator[Served]:
    async with served(settings) as http:
        yield http


async def test_an_unknown_address_and_an_unknown_method_are_said(http: Served) -> None:
    refused(await http.get("/nowhere"), 404, "not_found", "/docs")
    refused(await http.get("/health/"), 404, "not_found")
    refused(await http.get("/docs/../../etc/passwd"), 404, "not_found")
    refused(await http.get("/docs/redoc.standalone.js"), 404, "not_found")
    answer = await http.client.request("DELETE", f"/runs/{NOBODY}/pause")
    refused(answer, 405, "method_not_allowed", "DELETE", "POST")
    assert answer.headers["allow"] == "POST, OPTIONS"


async def test_a_run_that_is_not_there_is_a_404_at_every_address(http: Served) -> None:
    for path in ("status", "timeline", "phases/1", "diff", "diff?phase=1", "context"):
        refused(await http.get(f"/dashboard/runs/{NOBODY}/{path}"), 404, "not_found", NOBODY)
    for verb in ("pause", "resume", "cancel", "retry", "skip"):
        refused(await http.post(f"/runs/{NOBODY}/{verb}"), 404, "not_found", NOBODY)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", ["body: is not JSON"]),
        (b"\xff\xfe", ["body: is not JSON"]),
        (b'{"plan_path": "\xff"}', ["can't be read as JSON"]),
        (b"[" * 100_000, ["can't be read as JSON"]),
        (b'{"plan": ' + b"9" * 10_000 + b"}", ["can't be read as JSON"]),
        (b"[]", ["body: must hold keys and values, not a list"]),
        (b"null", ["body: must hold keys and values, not nothing"]),
        (b'"x"', ["body: must hold keys and values"]),
        (b"{}", ["body: must hold one of plan and plan_path"]),
        (b'{"plan": {}, "plan_path": "x"}', ["body: must hold one of plan and plan_path"]),
        (b'{"plan_path": 7}', ["body.plan_path: 7 is read as a number, but must be text"]),
        (b'{"plan_path": "\\ud800"}', ["body.plan_path: holds a character that no text may hold"]),
        (b'{"plan_path": ""}', ["body.plan_path: must not be empty"]),
        (b'{"plan_path": "x", "unsandboxed": true}', ["body.unsandboxed: is not known; remove it"]),
        (b'{"plan_path": "x", "accept_red_baseline": "yes"}', ["accept_red_baseline: must be true or false"]),
        (b'{"plan": []}', ["body.plan: must hold keys and values, not a list"]),
        (
            b'{"plan": {}, "project": 99999999999999999999}',
            ["body.project: is no project's id, path or name"],
        ),
        (b'{"plan": {}, "project": true}', ["body.project"]),
    ],
)
async def test_a_body_that_can_not_be_used_names_its_field(
    http: Served, body: bytes, words: list[str]
) -> None:
    for path in ("/runs/start", "/plans/check"):
        answer = await http.client.post(path, content=body, headers={"content-type": "application/json"})
        refused(answer, 422, "invalid_input", *words)


async def test_a_parameter_that_can_not_be_used_is_named(http: Served) -> None:
    cases = {
        "/dashboard/runs?limit=0": "query.limit: must be at least 1, not '0'",
        "/dashboard/runs?limit=1001": "query.limit: must be at most 1000",
        "/dashboard/runs?limit=x": "query.limit: must be a whole number, not the text 'x'",
        "/dashboard/runs?limit=99999999999999999999999": "query.limit: must be",
        "/dashboard/runs/run_1/status": "path.run_id: is no run's id; write it like run_",
        f"/dashboard/runs/{NOBODY}/diff?phase=A%00B": "query.phase: is no phase's id",
        f"/dashboard/runs/{NOBODY}/phases/x.y": "path.phase: is no phase's id",
        f"/dashboard/runs/{NOBODY}/phases/1?lines=-1": "query.lines: must be at least 0",
    }
    for path, words in cases.items():
        refused(await http.get(path), 422, "invalid_input", words)
    for key in ("x" * 256, "", "a\tb", "\xe9"):
        headers = [(b"idempotency-key", key.encode("latin-1"))]
        answer = await http.post("/runs/start", {"plan_path": "x"}, headers=headers)
        refused(answer, 422, "invalid_input", "header.Idempotency-Key")


async def test_no_error_names_a_pattern_or_a_type_of_the_code(http: Served) -> None:
    blank = await http.post("/dashboard/human-notes", {"note": "  "})
    refused(blank, 422, "invalid_input", "body.note: says nothing")
    unknown = await http.client.delete("/dashboard/human-notes/zz")
    refused(unknown, 422, "invalid_input", "path.note_id: is no note's id")
    project = await http.post("/plans/check", {"plan": {}, "project": -1})
    assert project.json()["error"]["message"].splitlines() == [
        "body.project: is no project's id, path or name; `autopack project list` has them"
    ]


@pytest.mark.parametrize(
    "said",
    [
        "%00",
        "%ff%fe",
        "%2e%2e",
        "..",
        "%2F",
        "%F0%9F%92%A9",
        "%E2%80%AE",
        "x" * 30_000,
        "%ED%A0%80",
        "'--",
        "%0a",
        "{}",
    ],
)
async def test_strange_paths_and_queries_are_never_a_defect(http: Served, said: str) -> None:
    for path in (
        f"/{said}",
        f"/dashboard/runs/{said}/status",
        f"/dashboard/runs/run_20250101_000000_ab{said}/timeline",
        f"/dashboard/runs/{NOBODY}/phases/{said}",
        f"/dashboard/runs/{NOBODY}/diff?phase={said}",
        f"/dashboard/runs?project={said}",
        f"/dashboard/runs?limit={said}&limit={said}",
        f"/docs/{said}",
        f"/health?{said}={said}",
    ):
        status, body = await http.raw(f"GET {path} HTTP/1.1", "Host: localhost")
        assert status < 500, (path, body)
        if status != 200 and body.startswith(b"{"):
            assert list(json.loads(body)) == ["error"], path


async def test_what_was_sent_is_told_without_the_keys_in_it(settings: Settings) -> None:
    key = "sk-" + "proj-" + "a1B2" * 12
    async with served(settings, {"OPENAI_API_KEY": "quite-a-secret-value"}) as http:
        for said in (key, "quite-a-secret-value"):
            answer = await http.post("/plans/check", {"plan": {}, "project": said})
            assert said not in answer.text
            answer = await http.post("/plans/check", {"plan": {"schema_version": 1, said: 1}})
            assert said not in answer.text
            assert "[redacted" in answer.text


async def test_an_impossible_request_of_a_run_is_a_conflict(
    settings: Settings, http: Served, tmp_path: Path
) -> None:
    from autopack.runs.states import EndReason, RunState
    from views.recorded import end_run

    run_id = await record_run(settings, repository=tmp_path)
    await end_run(settings, run_id, state=RunState.SUCCEEDED, reason=EndReason.COMPLETED)
    refused(await http.post(f"/runs/{run_id}/pause"), 409, "conflict", run_id)
