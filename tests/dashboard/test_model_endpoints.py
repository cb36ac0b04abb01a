"""Which model does what, over HTTP: read, changed for all or for one run, taken back, and explained."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.routing.policyfile import default_policy_text
from dashboard.served import Served, refused, served
from fixtures.database import execute
from views.recorded import record_run

MODELS, OVERRIDE, EXPLAIN = "/dashboard/models", "/dashboard/models/override", "/routing/explain"
CELL = {"role": "builder", "category": "core_backend", "complexity": "medium"}


@pytest.fixture
async def run_id(settings: Settings, tmp_path: Path) -> str:
    return await record_run(settings, repository=tmp_path)


@pytest.fixture
async def http(settings: Settings, run_id: str) -> AsyncGenerator[Served]:
    async with served(settings, {"OPENAI_API_KEY": "sk-simulated-models"}) as http:
        yield http


async def row(http: Served, run_id: str | None = None, **cell: str) -> dict[str, Any]:
    rows = (await http.get(MODELS, params={} if run_id is None else {"run_id": run_id})).json()
    wanted = {**CELL, **cell}
    (found,) = [one for one in rows if wanted.items() <= one.items()]
    return found


async def test_every_cell_has_a_row_and_every_helper_one(http: Served) -> None:
    rows = (await http.get(MODELS)).json()
    assert len(rows) == 2 * 7 * 3 + 2
    assert await row(http) == {
        **CELL,
        "model": "claude-sonnet-5-5",
        "scope": "global",
        "source": "complexity",
        "overridden": False,
        "fail_fast": False,
    }
    strong = await row(http, category="security_auth_change")
    assert (strong["source"], strong["fail_fast"]) == ("category", True)
    planner = await row(http, role="agent:planner", category="*", complexity="*")
    assert (planner["model"], planner["source"], planner["overridden"]) == ("claude-opus-5-5", "agent", False)


async def test_a_new_default_is_in_the_file_and_not_in_a_run_that_is_there(
    http: Served, settings: Settings, run_id: str
) -> None:
    done = await http.post(OVERRIDE, {**CELL, "model": "gpt-4o", "scope": "global"})
    assert (done.status_code, done.json()) == (
        200,
        {**CELL, "model": "gpt-4o", "scope": "global", "run_id": None, "changed": True, "notices": []},
    )
    changed = "  security_auth_change: {builder: claude-opus-5-5, auditor: gpt-6.1-sol}\n"
    after = default_policy_text().replace(changed, changed + '  "core_backend:medium": {builder: gpt-4o}\n')
    assert settings.policy_path.read_text() == after
    now = await row(http)
    assert (now["model"], now["scope"], now["overridden"]) == ("gpt-4o", "global", True)
    assert (await row(http, run_id))["model"] == "claude-sonnet-5-5"

    gone = await http.client.delete(OVERRIDE, params={**CELL, "scope": "global"})
    assert (gone.status_code, gone.json()["changed"], gone.json()["model"]) == (200, True, None)
    assert settings.policy_path.read_text() == default_policy_text()
    assert not (await http.client.delete(OVERRIDE, params={**CELL, "scope": "global"})).json()["changed"]


async def test_a_change_for_one_run_is_in_no_file_and_no_other_run(
    http: Served, settings: Settings, run_id: str, tmp_path: Path
) -> None:
    other = await record_run(settings, repository=tmp_path)
    asked = {**CELL, "model": "claude-haiku-5-5", "scope": "run", "run_id": run_id}
    done = (await http.post(OVERRIDE, asked)).json()
    assert (done["changed"], done["run_id"]) == (True, run_id)
    assert done["notices"] == [
        "ANTHROPIC_API_KEY is not set here: claude-haiku-5-5 can't be called without it."
    ]
    here = await row(http, run_id)
    assert (here["model"], here["scope"], here["source"]) == ("claude-haiku-5-5", "run", "run_override")
    assert here["overridden"]
    for elsewhere in (await row(http, other), await row(http)):
        assert (elsewhere["model"], elsewhere["scope"]) == ("claude-sonnet-5-5", "global")
    gone = await http.client.delete(OVERRIDE, params={**CELL, "scope": "run", "run_id": run_id})
    assert (gone.json()["changed"], gone.json()["model"]) == (True, "claude-sonnet-5-5")
    assert (await row(http, run_id))["scope"] == "global"


async def test_what_can_t_be_is_a_4xx_with_the_reason(http: Served, settings: Settings, run_id: str) -> None:
    asked = {**CELL, "model": "gpt-4o", "scope": "run", "run_id": run_id}

    async def refuses(status: int, code: str, *words: str, **other: Any) -> None:
        refused(await http.post(OVERRIDE, {**asked, **other}), status, code, *words)

    await refuses(422, "invalid_input", "'writer' is not a role", "auditor", role="writer")
    await refuses(422, "invalid_input", "'zork' is not a category", "frontend_ui", category="zork")
    await refuses(422, "invalid_input", "'hard' is not a complexity", "medium", complexity="hard")
    await refuses(422, "invalid_input", "no provider is known", model="zork")
    await refuses(422, "invalid_input", "has to say for which", run_id=None)
    await refuses(422, "invalid_input", "body.scope", scope="mine")
    await refuses(422, "invalid_input", "is no run's id", run_id="latest")
    await refuses(404, "not_found", "There is no run", run_id="run_20250303_101500_ab12")
    execute(settings, "UPDATE runs SET state = 'succeeded', end_reason = 'completed', owner = NULL")
    await refuses(409, "conflict", "has succeeded")
    lost = await http.client.delete(OVERRIDE, params={**CELL, "scope": "run"})
    refused(lost, 422, "invalid_input", "has to say for which")
    refused(await http.client.delete(OVERRIDE, params=CELL), 422, "invalid_input", "query.scope: is missing")
    unknown = await http.get(MODELS, params={"run_id": "run_20250303_101500_ab12"})
    refused(unknown, 404, "not_found", "There is no run")
    assert settings.policy_path.read_text() == default_policy_text()


async def test_a_file_that_is_broken_or_shared_is_refused_and_stays(http: Served, settings: Settings) -> None:
    asked = {**CELL, "category": "*", "model": "gpt-4o", "scope": "global"}
    path = settings.policy_path
    for text, status, code in (
        (default_policy_text() + "exhausted: never\n", 422, "invalid_input"),
        (
            default_policy_text()
            .replace("  medium: {", "  medium: &x {")
            .replace("high: {builder: claude-opus-5-5, auditor: gpt-6.1-sol}", "high: *x"),
            409,
            "conflict",
        ),
    ):
        path.write_text(text)
        refused(await http.post(OVERRIDE, asked), status, code, "models.yaml")
        assert path.read_text() == text


async def test_choices_are_named_models_and_known_ones_whose_key_is_set(
    http: Served, settings: Settings
) -> None:
    local = '{local: {kind: openai, base_url: "https://x.y", api_key_env: LOCAL_KEY}}'
    own = f"models: {{mine: {{provider: local}}}}\nproviders: {local}\n"
    text = default_policy_text().replace("\nmodels: {}\n", "\n").replace("\nproviders: {}\n", "\n")
    settings.policy_path.write_text(text + own)
    found = {one["model"]: one for one in (await http.get(f"{MODELS}/choices")).json()["models"]}
    assert found["mine"] == {
        "model": "mine",
        "provider": "local",
        "family": "local",
        "pool": "local",
        "priced": False,
        "key_set": False,
    }
    assert (found["claude-opus-5-5"]["key_set"], found["claude-opus-5-5"]["priced"]) == (False, True)
    assert (found["gpt-4o"]["key_set"], found["gpt-4o"]["provider"]) == (True, "openai")
    listed = {name for name, one in found.items() if not one["key_set"]}
    assert not [name for name in listed if name.startswith("glm-")], "there is no key for it"
    assert not [name for name in found if "image" in name or "audio" in name]


async def test_a_decision_is_explained_without_a_call(http: Served, run_id: str) -> None:
    told = (await http.post(EXPLAIN, CELL)).json()
    assert (told["verdict"], told["model"]["name"], told["source"]) == (
        "go",
        "claude-sonnet-5-5",
        "complexity",
    )
    assert [one["taken"] for one in told["candidates"]] == [True]
    await http.post(OVERRIDE, {**CELL, "model": "gpt-4o", "scope": "run", "run_id": run_id})
    told = (await http.post(EXPLAIN, {**CELL, "run_id": run_id})).json()
    assert (told["model"]["name"], told["source"]) == ("gpt-4o", "run_override")
    assert [(one["model"], one["taken"]) for one in told["candidates"]] == [
        ("gpt-4o", True),
        ("claude-sonnet-5-5", False),
    ]


async def test_an_auditor_avoids_the_builder_s_family_as_in_an_attempt(http: Served, run_id: str) -> None:
    await http.post(OVERRIDE, {**CELL, "model": "gpt-4o", "scope": "run", "run_id": run_id})
    audit = {**CELL, "role": "auditor", "run_id": run_id}
    told = (await http.post(EXPLAIN, audit)).json()
    assert (told["model"]["family"], told["same_family"]) == ("claude", False)
    assert told["candidates"][0]["model"] == "gpt-6.1-terra"
    assert "of the family gpt, to be avoided" in told["candidates"][0]["why"]
    told = (await http.post(EXPLAIN, {**audit, "avoid_family": "glm"})).json()
    assert told["model"]["name"] == "gpt-6.1-terra"


async def test_a_cap_that_is_reached_is_in_the_explanation(http: Served, settings: Settings) -> None:
    """The recorded run used more than a thousand of anthropic's tokens."""
    text = default_policy_text().replace(
        "providers: {}", "providers: {anthropic: {weekly_cap_tokens: 1000}}", 1
    )
    settings.policy_path.write_text(text)
    told = (await http.post(EXPLAIN, CELL)).json()
    assert (told["verdict"], told["model"]["provider"]) == ("go", "openai")
    assert told["candidates"][0]["model"] == "claude-sonnet-5-5"
    assert "anthropic has used" in told["candidates"][0]["why"]


async def test_a_question_that_no_rule_answers_is_refused(http: Served) -> None:
    refused(await http.post(EXPLAIN, {**CELL, "role": "writer"}), 422, "invalid_input", "'writer' is not")
    refused(await http.post(EXPLAIN, {**CELL, "complexity": "*"}), 422, "invalid_input", "'*' is not")
    absent = {**CELL, "run_id": "run_20250303_101500_ab12"}
    refused(await http.post(EXPLAIN, absent), 404, "not_found", "There is no run")
