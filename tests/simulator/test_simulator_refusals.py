from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic_ai import Agent, ModelHTTPError
from pydantic_ai.settings import ModelSettings

from autopack.simulator import LogEntry, Scenario, serve
from simulator.speaking import APPROVED, CLIENTS, PROMPT, Client, model_of, scenario_of

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
RESPONSES, GLM = "/v1/responses", "/api/paas/v4/chat/completions"


async def refused(
    scenario: Scenario, method: str, path: str, **request: Any
) -> tuple[httpx2.Response, LogEntry]:
    async with serve(scenario) as simulator, httpx2.AsyncClient(base_url=simulator.url) as client:
        response = await client.request(method, path, **request)
        (entry,) = simulator.entries()
    assert response.headers["x-autopack-simulated"] == "1"
    assert entry.status == response.status_code
    assert entry.usage is None
    return response, entry


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_request_that_no_conversation_matches_is_told_which_lines_were_seen(
    tmp_path: Path, client: Client
) -> None:
    scenario = scenario_of(tmp_path, {"text": "Never."}, when=["Role: builder", "Phase: store", "Attempt: 2"])
    async with serve(scenario) as simulator, model_of(client, simulator) as model:
        with pytest.raises(ModelHTTPError) as caught:
            await Agent(model, instructions="A long story.").run(PROMPT)
        entries = simulator.entries()
    assert caught.value.status_code == 422
    assert "Lines seen: ['Role: builder', 'Phase: store', 'Attempt: 1']" in str(caught.value)
    assert "lacks ['Attempt: 2']" in str(caught.value)
    assert len(entries) == 1, "a refusal is not to be tried again by the client"
    assert entries[0].error is not None
    assert entries[0].error in str(caught.value.body)
    assert entries[0].request is not None


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_tool_that_is_not_offered_is_named(tmp_path: Path, client: Client) -> None:
    scenario = scenario_of(tmp_path, {"calls": [{"tool": "delete_all", "args": {}}]})
    async with serve(scenario) as simulator, model_of(client, simulator) as model:
        with pytest.raises(ModelHTTPError, match=r"'delete_all'.*'look'") as caught:
            await Agent(model, tools=[look]).run(PROMPT)
        (entry,) = simulator.entries()
    assert caught.value.status_code == entry.status == 422
    assert (entry.when, entry.step) == (("Role: builder", "Phase: store"), 0)


def look() -> str:
    """Look around."""
    return "Nothing there."


async def test_an_answer_that_two_output_tools_could_take_is_refused(tmp_path: Path) -> None:
    async with (
        serve(scenario_of(tmp_path, APPROVED)) as simulator,
        model_of("openai", simulator) as model,
    ):
        agent = Agent(model, output_type=[Path, complex])
        with pytest.raises(ModelHTTPError, match="final_result_Path"):
            await agent.run(PROMPT)


@pytest.mark.parametrize("client", CLIENTS)
async def test_an_answer_over_the_requests_output_limit_is_refused(tmp_path: Path, client: Client) -> None:
    scenario = scenario_of(tmp_path, {"text": "word " * 100})
    async with serve(scenario) as simulator, model_of(client, simulator) as model:
        with pytest.raises(ModelHTTPError, match="125 tokens, over the request's limit of 124"):
            await Agent(model, model_settings=ModelSettings(max_tokens=124)).run(PROMPT)
        await Agent(model, model_settings=ModelSettings(max_tokens=125)).run(PROMPT)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/chat/completions"),
        ("GET", RESPONSES),
        ("POST", "/api/paas/v4/models"),
        ("GET", CHAT),
        ("HEAD", "/v1/models"),
        ("DELETE", "/v1/messages?beta=true"),
    ],
)
async def test_an_unknown_path_is_a_loud_404(tmp_path: Path, method: str, path: str) -> None:
    response, entry = await refused(scenario_of(tmp_path, APPROVED), method, path)
    assert response.status_code == 404
    assert (entry.method, entry.path) == (method, path)
    if method != "HEAD":
        said = response.json()["error"]["message"]
        assert all(named in said for named in (path.partition("?")[0], CHAT, MESSAGES, RESPONSES, GLM))


@pytest.mark.parametrize("path", [CHAT, MESSAGES, GLM])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "the top level"),
        (json.dumps({"messages": []}).encode(), "model"),
        (json.dumps({"model": "m", "max_tokens": 1, "messages": [{"content": "x"}]}).encode(), "messages[0]"),
    ],
)
async def test_a_request_that_can_not_be_read_is_refused(
    tmp_path: Path, path: str, content: bytes, said: str
) -> None:
    response, entry = await refused(scenario_of(tmp_path, APPROVED), "POST", path, content=content)
    assert response.status_code == 422
    assert said in response.json()["error"]["message"]
    assert entry.api is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (json.dumps({"input": "x"}).encode(), "model"),
        (json.dumps({"model": "m"}).encode(), "input"),
        (json.dumps({"model": "m", "input": [{"role": "poet", "content": "x"}]}).encode(), "role"),
    ],
)
async def test_a_responses_request_that_can_not_be_read_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    response, _ = await refused(scenario_of(tmp_path, APPROVED), "POST", RESPONSES, content=content)
    assert response.status_code == 422
    assert said in response.json()["error"]["message"]


async def test_errors_have_the_shape_of_each_provider(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, APPROVED)
    openai, _ = await refused(scenario, "POST", CHAT, content=b"{}")
    assert openai.json()["error"].keys() == {"message", "type", "param", "code"}
    responses, _ = await refused(scenario, "POST", RESPONSES, content=b"{}")
    assert responses.json()["error"].keys() == openai.json()["error"].keys()
    zai, _ = await refused(scenario, "POST", GLM, content=b"{}")
    assert zai.json()["error"].keys() == {"code", "message"}
    assert zai.json()["error"]["code"] == "1210"
    anthropic, _ = await refused(scenario, "POST", MESSAGES, content=b"{}")
    assert anthropic.json()["type"] == "error"
    assert anthropic.json()["error"]["type"] == "invalid_request_error"


async def test_the_list_of_models_says_that_they_are_simulated(tmp_path: Path) -> None:
    async with (
        serve(scenario_of(tmp_path, APPROVED)) as simulator,
        httpx2.AsyncClient(base_url=simulator.url) as client,
    ):
        response = await client.get("/v1/models")
        assert simulator.entries()[0].path == "/v1/models"
    assert response.headers["x-autopack-simulated"] == "1"
    assert [model["owned_by"] for model in response.json()["data"]] == ["simulator"]
