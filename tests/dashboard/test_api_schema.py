"""Schemathesis over the whole OpenAPI document: whatever is sent, the answer is a documented one, and no 5xx.

The service has recorded runs in several states, and a project with a plan. The key of the models of new runs
is missing, so that a start passes every check up to that one, and no model is called.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from autopack.app import create_app
from autopack.config import Settings
from autopack.runs.states import EndReason, RunState
from fixtures.database import home_environ
from fixtures.world import PLAN, environ_for, new_repository
from views.recorded import end_run, live_owner, record_run

ENDLESS = ["/dashboard/events"]
"""Streams: they have no end to wait for."""

OF_PLANS = ["/plans/check", "/runs/start"]
OVERRIDE = "/dashboard/models/override"

testing: Any = schemathesis
"""Its own types are partly unknown."""

LIMIT_SECONDS = 60.0
CLOSED = "http://127.0.0.1:9"
POLICY = f"""\
schema_version: 1
complexity_models:
  low: &nobody {{builder: nobody-1, auditor: nobody-1}}
  medium: *nobody
  high: *nobody
models:
  nobody-1: {{provider: nobody}}
providers:
  nobody: {{kind: openai, base_url: "{CLOSED}/v1", api_key_env: NEVER_SET_KEY}}
  openai: {{base_url: "{CLOSED}/v1"}}
  anthropic: {{base_url: "{CLOSED}"}}
"""


@dataclass
class Seen:
    """How often each operation answered with what."""

    counts: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])


@pytest.fixture
def seen() -> Generator[Seen]:
    """Fails where an operation was never answered as it is meant to be: then only refusals were tried."""
    seen = Seen()
    yield seen
    asked = {operation for operation, _ in seen.counts}
    found = {operation for operation, status in seen.counts if status < 300}
    assert asked - found <= {"POST /runs/start", "DELETE /dashboard/human-notes/{note_id}"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "project", {"plan.yaml": json.dumps(PLAN)})


@pytest.fixture
def run_ids(settings: Settings, repository: Path) -> list[str]:
    """Ids of runs that are driven, interrupted, failed and done."""

    async def record() -> list[str]:
        driven = await record_run(settings, repository=repository, owner=await live_owner(settings))
        ids = [driven, *[await record_run(settings, repository=repository) for _ in range(3)]]
        await end_run(settings, ids[2], state=RunState.FAILED, reason=EndReason.UNAVAILABLE, detail="Away.")
        await end_run(settings, ids[3], state=RunState.SUCCEEDED, reason=EndReason.COMPLETED)
        return ids

    return asyncio.run(record())


@pytest.fixture
def url(settings: Settings, tmp_path: Path, run_ids: list[str]) -> Generator[str]:
    """Where a service answers: a process of its own, on the home of the recorded runs."""
    settings.policy_path.write_text(POLICY)
    service = subprocess.Popen(
        [sys.executable, "-m", "autopack.main", "--port", "0", "--unsandboxed"],
        env=environ_for(tmp_path, **home_environ(settings)),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert service.stdout is not None
    try:
        yield service.stdout.readline().split()[3]
    finally:
        service.send_signal(signal.SIGTERM)
        code = service.wait(LIMIT_SECONDS)
        service.stdout.close()
    assert code == 0


@pytest.fixture
def api(url: str, run_ids: list[str], repository: Path, *, full: bool, request: pytest.FixtureRequest) -> Any:
    """The document of the service, with ids, phases and projects that are there to be found."""
    request.node._nodeid = (
        request.node.nodeid
    )  # schemathesis renames nodes by it, and pytest 9.2 has it no more
    config = testing.config.SchemathesisConfig.from_dict(
        {
            "cache": {"enabled": False},
            "generation": {"max-examples": 250 if full else 20, "deterministic": not full},
            # Takes what /plans/check takes: hundreds of bodies with one thing wrong, some of them of 40 MB.
            "operations": [{"include-path": "/runs/start", "phases": {"coverage": {"enabled": full}}}],
            "dictionaries": {
                "run ids": {"values": run_ids},
                "phases": {"values": ["store", "cli", "docs", "1", "3", "4"]},
                "roles": {"values": ["builder", "auditor", "agent:planner"]},
                "categories": {"values": ["core_backend", "docs", "*"]},
                "complexities": {"values": ["low", "medium", "high", "*"]},
                "projects": {"values": ["project", "1", str(repository)]},
            },
            "parameters": {
                "path.run_id": {"dictionary": "run ids"},
                "path.phase": {"dictionary": "phases"},
                "query.run_id": {"dictionary": "run ids"},
                "query.role": {"dictionary": "roles"},
                "query.category": {"dictionary": "categories"},
                "query.complexity": {"dictionary": "complexities"},
                "query.phase": {"dictionary": "phases"},
                "query.project": {"dictionary": "projects"},
            },
            # What a schema can't say: which runs there are and what state they are in, what makes a plan, and
            # how large all of it may be.
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409, 413, 422]},
                "negative_data_rejection": {"expected-statuses": [404, 405, 409, 413, 415, 422]},
            },
        }
    )
    document = create_app(Settings(home=Path("nowhere")), {}).openapi()
    schema = testing.openapi.from_dict(document, config=config)
    schema.config.update(base_url=url)
    return schema


operations = testing.pytest.from_fixture("api").exclude(path=ENDLESS)


@operations.parametrize()
@pytest.mark.timeout(3600)
def test_whatever_is_sent_is_answered_as_documented(case: Any, seen: Seen) -> None:
    if case.operation.path in OF_PLANS and case.meta is not None and case.meta.generation.mode.is_positive:
        case.body = one_plan(case.body)
    if case.operation.path == OVERRIDE:
        case.body = no_model(case.body)
    answer = case.call_and_validate()
    seen.counts[case.operation.label, answer.status_code] += 1
    if answer.status_code >= 400 and case.operation.label != "GET /health":
        error: dict[str, Any] = answer.json()["error"]
        assert sorted(error) == ["code", "hint", "message"]


def no_model(body: Any) -> Any:
    """A change to a model that can't be called: else a run could be started, and would call one."""
    if not isinstance(body, dict):
        return body
    known: dict[str, Any] = {**body}
    return {**known, "model": "nobody-1"} if known.get("model") else known


def one_plan(body: Any) -> Any:
    """A request with one of `plan` and `plan_path`, for half of those with none a file that is there."""
    if not isinstance(body, dict):
        return body
    known: dict[str, Any] = {**body}
    if known.get("plan"):
        return {"plan": known["plan"]}
    return {"plan_path": "plan.yaml"} if known.get("accept_red_baseline") else known
