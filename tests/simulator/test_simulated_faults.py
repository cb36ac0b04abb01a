from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelOverloadedError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelServerError,
    ModelTimeoutError,
)
from pydantic_ai.messages import ModelMessage
from pydantic_ai.settings import ModelSettings

from autopack.simulator import LogEntry, RunningSimulator, serve
from simulator.speaking import (
    APPROVED,
    CLIENTS,
    PROMPT,
    WRITING,
    Client,
    Verdict,
    builder_of,
    model_of,
    scenario_of,
    usage_seen,
)

LIMIT_SECONDS = 10.0
ONCE = ModelSettings(max_retries=0)
EACH_CLIENT = pytest.mark.parametrize("client", CLIENTS)
STREAMED_OR_NOT = pytest.mark.parametrize("streamed", [False, True])
PATHS: dict[Client, str] = {
    "openai": "/v1/chat/completions",
    "responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "zai": "/api/paas/v4/chat/completions",
}


@dataclass
class Met:
    """How a conversation with faults in its first step went."""

    outcome: Verdict | ModelAPIError
    messages: list[ModelMessage]
    entries: list[LogEntry]
    written: dict[str, str]

    @property
    def error(self) -> ModelAPIError:
        assert isinstance(self.outcome, ModelAPIError), self.outcome
        return self.outcome


async def meet(
    folder: Path,
    client: Client,
    *faults: dict[str, Any],
    streamed: bool = False,
    settings: ModelSettings = ONCE,
) -> Met:
    scenario = scenario_of(folder, {**WRITING, "faults": faults}, APPROVED)
    written: dict[str, str] = {}
    messages: list[ModelMessage] = []
    outcome: Verdict | ModelAPIError
    async with serve(scenario) as simulator, model_of(client, simulator) as model:
        agent = builder_of(model, written)
        try:
            if streamed:
                async with agent.run_stream(PROMPT, model_settings=settings) as stream:
                    outcome, messages = await stream.get_output(), stream.all_messages()
            else:
                done = await agent.run(PROMPT, model_settings=settings)
                outcome, messages = done.output, done.all_messages()
        except ModelAPIError as error:
            outcome = error
        return Met(outcome, messages, simulator.entries(), written)


def told(entries: list[LogEntry]) -> list[tuple[str | None, int, bool]]:
    return [(entry.fault, entry.status, entry.completed) for entry in entries]


@EACH_CLIENT
@pytest.mark.parametrize(
    ("status", "category"),
    [
        (401, ModelAuthenticationError),
        (429, ModelRateLimitError),
        (500, ModelServerError),
        (529, ModelOverloadedError),
    ],
)
async def test_an_error_status_is_the_providers_own(
    tmp_path: Path, client: Client, status: int, category: type[ModelAPIError]
) -> None:
    met = await meet(tmp_path, client, {"status": status})
    assert isinstance(met.error, category)
    assert told(met.entries) == [(f"status {status}", status, False)]
    (entry,) = met.entries
    assert entry.usage is None
    assert entry.error is not None
    assert entry.error in str(met.error)
    assert entry.error.startswith("Simulated: ")


@EACH_CLIENT
async def test_code_message_and_wait_are_sent_as_written(tmp_path: Path, client: Client) -> None:
    fault = {"status": 429, "retry_after": 0.5, "code": "of_its_own", "message": "Not now."}
    async with (
        serve(scenario_of(tmp_path, {"text": "x", "faults": [fault]}, when=[])) as simulator,
        httpx2.AsyncClient(base_url=simulator.url) as http,
    ):
        response = await http.post(PATHS[client], json=request(client))
    assert response.headers["retry-after"] == "0.5"
    error = response.json()["error"]
    assert error["message"] == "Not now."
    assert error["type" if client == "anthropic" else "code"] == "of_its_own"
    assert client != "zai" or error.keys() == {"code", "message"}


@pytest.mark.parametrize(
    ("client", "fault", "category"),
    [
        ("openai", {"status": 429, "code": "insufficient_quota"}, ModelQuotaExceededError),
        ("responses", {"status": 429, "code": "insufficient_quota"}, ModelQuotaExceededError),
        ("anthropic", {"status": 402}, ModelQuotaExceededError),
        ("openai", {"status": 400, "code": "context_length_exceeded"}, ModelContextWindowExceededError),
        ("responses", {"status": 400, "code": "context_length_exceeded"}, ModelContextWindowExceededError),
    ],
)
async def test_a_code_says_more_than_its_status(
    tmp_path: Path, client: Client, fault: dict[str, Any], category: type[ModelAPIError]
) -> None:
    assert isinstance((await meet(tmp_path, client, fault)).error, category)


@EACH_CLIENT
async def test_an_error_in_a_stream_comes_after_a_200(tmp_path: Path, client: Client) -> None:
    met = await meet(tmp_path, client, {"status": 429, "in_stream": True}, streamed=True)
    assert met.error.in_stream
    assert "Simulated: Too Many Requests." in str(met.error)
    assert told(met.entries) == [("status 429", 200, False)]
    if client == "zai":  # its codes are its own: the library knows no status for them
        assert met.error.provider_error_code == "1302"
    else:
        assert isinstance(met.error, ModelRateLimitError)


async def test_an_error_in_a_stream_is_a_status_where_no_stream_is_asked_for(tmp_path: Path) -> None:
    met = await meet(tmp_path, "openai", {"status": 503, "in_stream": True})
    assert not met.error.in_stream
    assert told(met.entries) == [("status 503", 503, False)]


@EACH_CLIENT
@STREAMED_OR_NOT
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
async def test_an_answer_that_is_cut_ends_without_an_end(
    tmp_path: Path, client: Client, streamed: bool, share: float
) -> None:
    """Over plain HTTP, since a client that has read what it needs takes the end for granted."""
    step = {"text": "word " * 20, "faults": [{"cut": share}]}
    async with (
        serve(scenario_of(tmp_path, step, when=[])) as simulator,
        httpx2.AsyncClient(base_url=simulator.url) as http,
    ):
        got, broken = await received(http, client, stream=streamed)
        assert broken
        (entry,) = simulator.entries()
        whole, broken = await received(http, client, stream=streamed)
        assert not broken
    assert (entry.fault, entry.completed) == (f"cut {share}", False)
    assert entry.usage is not None
    assert (len(got) > 0) == (share > 0)
    assert streamed or len(got) == int(share * len(whole))
    assert len(got) < len(whole)


@EACH_CLIENT
@STREAMED_OR_NOT
async def test_a_cut_answer_is_a_broken_connection(tmp_path: Path, client: Client, streamed: bool) -> None:
    met = await meet(tmp_path, client, {"cut": 0.5}, streamed=streamed)
    assert isinstance(met.error, ModelConnectionError)
    assert not isinstance(met.error, ModelTimeoutError)


@EACH_CLIENT
@STREAMED_OR_NOT
@pytest.mark.parametrize("share", [0, 0.5])
async def test_an_answer_that_stalls_is_waited_for_in_vain(
    tmp_path: Path, client: Client, streamed: bool, share: float
) -> None:
    impatient = ModelSettings(max_retries=0, timeout=0.5)
    met = await meet(tmp_path, client, {"stall": share}, streamed=streamed, settings=impatient)
    assert isinstance(met.error, ModelTimeoutError)
    assert told(met.entries) == [(f"stall {share}", 200, False)]


async def test_a_stalled_answer_is_in_the_log_while_its_connection_is_open(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, {"text": "x", "faults": [{"stall": 0.5}]}, when=[])
    async with serve(scenario) as simulator:
        reader, writer = await asked(simulator, "openai")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        async with asyncio.timeout(LIMIT_SECONDS):
            while not simulator.entries():
                await asyncio.sleep(0.005)
        assert not reader.at_eof()
        assert told(simulator.entries()) == [("stall 0.5", 200, False)]
    assert not (await reader.read()).endswith(b"\r\n0\r\n\r\n"), "the server ended, the answer did not"
    writer.close()


@EACH_CLIENT
@STREAMED_OR_NOT
async def test_a_malformed_body_can_not_be_read(tmp_path: Path, client: Client, streamed: bool) -> None:
    met = await meet(tmp_path, client, {"malformed": "body"}, streamed=streamed)
    assert "JSON" in met.error.message
    assert not isinstance(met.error, ModelHTTPError)
    assert told(met.entries) == [("malformed body", 200, False)]


@EACH_CLIENT
@STREAMED_OR_NOT
async def test_malformed_arguments_are_sent_back_to_the_model(
    tmp_path: Path, client: Client, streamed: bool
) -> None:
    met = await meet(tmp_path, client, {"malformed": "arguments"}, streamed=streamed)
    assert met.outcome == Verdict.model_validate(APPROVED["answer"])
    assert met.written.keys() == {"empty.py"}, "the first call is the broken one"
    assert told(met.entries) == [("malformed arguments", 200, True), (None, 200, True)]
    assert usage_seen(met.messages) == [entry.usage for entry in met.entries]


async def test_malformed_arguments_need_a_call(tmp_path: Path) -> None:
    """An answer goes out as text where no output tool is offered: the scenario asks for what can't be."""
    scenario = scenario_of(tmp_path, {**APPROVED, "faults": [{"malformed": "arguments"}]})
    async with serve(scenario) as simulator, model_of("openai", simulator) as model:
        with pytest.raises(ModelHTTPError, match="there is no call in this answer") as caught:
            await Agent(model).run(PROMPT, model_settings=ONCE)
        assert simulator.served() == {}
    assert caught.value.status_code == 422


@EACH_CLIENT
@STREAMED_OR_NOT
async def test_an_empty_answer_is_whole_and_costs_its_prompt(
    tmp_path: Path, client: Client, streamed: bool
) -> None:
    met = await meet(tmp_path, client, {"empty": True}, streamed=streamed)
    assert told(met.entries) == [("empty", 200, True), (None, 200, True), (None, 200, True)]
    assert [entry.step for entry in met.entries] == [0, 0, 1], "it is no turn: the step comes again"
    seen = usage_seen(met.messages)
    assert seen == [entry.usage for entry in met.entries]
    assert seen[0].output_tokens == 0 < seen[0].input_tokens


@EACH_CLIENT
@STREAMED_OR_NOT
async def test_an_answer_without_usage_is_as_good_as_any(
    tmp_path: Path, client: Client, streamed: bool
) -> None:
    met = await meet(tmp_path, client, {"no_usage": True}, streamed=streamed)
    assert met.outcome == Verdict.model_validate(APPROVED["answer"])
    assert told(met.entries) == [("no_usage", 200, True), (None, 200, True)]
    first, second = usage_seen(met.messages)
    assert (first.input_tokens, first.output_tokens) == (0, 0)
    assert second == met.entries[1].usage
    assert met.entries[0].usage is not None, "the log knows what the provider would bill"


async def test_faults_come_one_after_another_each_as_often_as_written(tmp_path: Path) -> None:
    faults = [{"status": 500, "times": 2}, {"status": 429}]
    scenario = scenario_of(tmp_path, {"text": "one", "faults": faults}, {"text": "two", "faults": faults[1:]})
    async with serve(scenario) as simulator, model_of("openai", simulator) as model:
        agent, history = Agent(model), list[ModelMessage]()
        while len(simulator.entries()) < 6:
            try:
                done = await agent.run(PROMPT, message_history=history, model_settings=ONCE)
                history = done.all_messages()
            except ModelHTTPError:
                pass
        assert [(entry.step, entry.fault) for entry in simulator.entries()] == [
            (0, "status 500"),
            (0, "status 500"),
            (0, "status 429"),
            (0, None),
            (1, "status 429"),
            (1, None),
        ]
    async with serve(scenario) as simulator, model_of("openai", simulator) as model:
        with pytest.raises(ModelServerError):
            await Agent(model).run(PROMPT, model_settings=ONCE)


async def test_a_fault_that_comes_always_never_ends(tmp_path: Path) -> None:
    faults = [{"status": 503}, {"cut": 0, "times": "always"}]
    scenario = scenario_of(tmp_path, {"text": "never", "faults": faults}, when=[])
    async with serve(scenario) as simulator, httpx2.AsyncClient(base_url=simulator.url) as http:
        assert (await http.post(PATHS["openai"], json=request("openai"))).status_code == 503
        for _ in range(5):
            with pytest.raises(httpx2.RemoteProtocolError, match="without sending a response"):
                await http.post(PATHS["openai"], json=request("openai"))
        assert [entry.fault for entry in simulator.entries()] == ["status 503"] + ["cut 0"] * 5
        assert simulator.served() == {}


def request(client: Client, *, stream: bool = False) -> dict[str, Any]:
    said = [{"role": "user", "content": "x"}]
    content: dict[str, Any] = {"model": "m", "stream": stream}
    if client == "responses":
        return {**content, "input": said}
    return {**content, "max_tokens": 1000, "messages": said}


async def received(http: httpx2.AsyncClient, client: Client, *, stream: bool) -> tuple[bytes, bool]:
    """What comes of an answer, and whether the connection broke before its end."""
    got = b""
    try:
        async with http.stream("POST", PATHS[client], json=request(client, stream=stream)) as response:
            async for part in response.aiter_raw():
                got += part
    except httpx2.RemoteProtocolError:
        return got, True
    return got, False


async def asked(
    simulator: RunningSimulator, client: Client
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which a stream is asked for by hand."""
    content = json.dumps(request(client, stream=True)).encode()
    port = int(simulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {PATHS[client]} HTTP/1.1\r\nHost: here\r\nContent-Length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content)
    await writer.drain()
    return reader, writer
