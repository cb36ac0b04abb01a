from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from autopack.errors import InvalidInput, Unavailable
from autopack.simulator import (
    Api,
    LogEntry,
    RunningSimulator,
    Scenario,
    ServedUsage,
    read_log,
    serve,
    served_tokens,
)
from autopack.simulator.app import Simulator
from autopack.simulator.log import RequestLog
from simulator.speaking import content_of, scenario_of

LIMIT_SECONDS = 10.0
LARGE = "a line of a very long answer\n" * 200_000
FOREVER: dict[str, Any] = {"text": "Too late.", "delay_seconds": 600}


def body(*, stream: bool) -> dict[str, Any]:
    """A request as every protocol reads it."""
    said = [{"role": "user", "content": "x"}]
    return {"model": "m", "max_tokens": 9_000_000, "stream": stream, "messages": said, "input": said}


async def entries_when_there(simulator: RunningSimulator) -> list[LogEntry]:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not (entries := simulator.entries()):
            await asyncio.sleep(0.005)
    return entries


async def request_begun(
    simulator: RunningSimulator, path: str, *, stream: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A request by hand, of whose answer nothing is read."""
    content = json.dumps(body(stream=stream)).encode()
    reader, writer = await connection_to(simulator)
    head = f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content)
    await writer.drain()
    return reader, writer


async def connection_to(simulator: RunningSimulator) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(simulator.url.rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port, limit=1024)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/messages?beta=true",
        "/api/paas/v4/chat/completions",
    ],
)
async def test_a_client_that_leaves_midway_has_not_been_served_completely(
    tmp_path: Path, path: str, stream: bool
) -> None:
    async with serve(
        Scenario.model_validate(content_of({"text": LARGE}, when=[])), log=tmp_path / "log.jsonl"
    ) as simulator:
        reader, writer = await request_begun(simulator, path, stream=stream)
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        assert simulator.entries() == [], "nothing is logged while the answer is on its way"
        writer.close()
        await writer.wait_closed()
        (entry,) = await entries_when_there(simulator)
        assert simulator.served() == {}
    assert not entry.completed
    assert entry.path == path
    assert entry.streamed == stream
    assert entry.usage is not None
    assert entry.usage.output_tokens == len(LARGE) // 4


async def test_a_client_that_leaves_before_the_answer_is_noticed(tmp_path: Path) -> None:
    async with serve(scenario_of(tmp_path, FOREVER, when=[])) as simulator:
        _, staying = await request_begun(simulator, "/v1/messages", stream=True)
        _, leaving = await request_begun(simulator, "/v1/chat/completions", stream=False)
        leaving.close()
        (entry,) = await entries_when_there(simulator)
        assert (entry.api, entry.completed) == (Api.CHAT, False)
        staying.close()


async def test_a_client_that_is_gone_when_the_answer_begins_has_not_been_served(tmp_path: Path) -> None:
    """Over ASGI, since no client can be made to leave in exactly that moment."""
    log = RequestLog(None)
    simulator = Simulator(scenario_of(tmp_path, {"text": "Yes."}, when=[]), log)
    arriving = [
        {"type": "http.request", "body": json.dumps(body(stream=False)).encode()},
        {"type": "http.disconnect"},
    ]
    sent: list[bytes] = []

    async def receive() -> MutableMapping[str, Any]:
        return arriving.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message.get("body", b""))

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/v1/messages",
        "query_string": b"",
        "headers": [],
    }
    await simulator(scope, receive, send)
    (entry,) = log.entries()
    assert (entry.status, entry.completed, b"".join(sent)) == (200, False, b"")


async def test_stopping_cuts_what_is_open_and_logs_it(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with serve(scenario_of(tmp_path, FOREVER, when=[]), log=log) as simulator:
        cut, writer = await request_begun(simulator, "/v1/messages", stream=True)
        idle, idle_writer = await request_begun(simulator, "/v1/models", stream=False)
        assert await idle.readline() == b"HTTP/1.1 404 Not Found\r\n"
        silent, silent_writer = await connection_to(simulator)
        half, half_writer = await connection_to(simulator)
        half_writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n{")
        last, last_writer = await request_begun(simulator, "/v1/models", stream=False)
        assert await last.readline() == b"HTTP/1.1 404 Not Found\r\n"
    assert [await reader.read() for reader in (cut, half, silent)] == [b"", b"", b""]
    assert b"There is no POST /v1/models" in await idle.read()
    for opened in (writer, idle_writer, silent_writer, half_writer, last_writer):
        opened.close()
    (entry,) = [entry for entry in read_log(log) if entry.path == "/v1/messages"]
    assert not entry.completed


async def test_each_entry_is_in_the_file_before_the_client_has_its_answer(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    scenario = scenario_of(tmp_path, {"text": "Yes."}, when=[])
    async with serve(scenario, log=log) as simulator, httpx2.AsyncClient(base_url=simulator.url) as client:
        assert read_log(log) == []
        for count in range(1, 20):
            await client.post("/v1/messages", json=body(stream=bool(count % 2)))
            assert len(read_log(log)) == count
        response = await client.post("/v1/messages", json=body(stream=False))
    assert response.json()["content"] == [{"type": "text", "text": "Yes."}]
    last = read_log(log)[-1]
    assert last.response_id == response.json()["id"]
    assert last.request == body(stream=False)
    assert (last.api, last.model, last.step, last.when) == (Api.MESSAGES, "m", 0, ())
    assert last.time.utcoffset() is not None
    async with serve(scenario, log=log) as simulator:
        assert len(simulator.entries()) == 20, "a second server goes on in the same file"


async def test_a_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    entry = LogEntry(
        time=datetime.now(UTC), method="GET", path="/", status=404, completed=True, error="é\u2028"
    )
    line = entry.model_dump_json().encode()
    log.write_bytes(line + b"\n" + line[:20])
    assert read_log(log) == [entry]


def test_served_tokens_sum_what_was_completed_by_model() -> None:
    usage = ServedUsage(input_tokens=10, output_tokens=3, cache_read_tokens=4, reasoning_tokens=1)

    def entry(model: str | None, usage: ServedUsage | None, *, completed: bool = True) -> LogEntry:
        now = datetime.now(UTC)
        return LogEntry(
            time=now, method="POST", path="/", status=200, completed=completed, model=model, usage=usage
        )

    entries = [
        entry("a", usage),
        entry("b", usage),
        entry("a", usage),
        entry("a", usage, completed=False),
        entry("c", None),
        entry(None, None),
    ]
    doubled = ServedUsage(input_tokens=20, output_tokens=6, cache_read_tokens=8, reasoning_tokens=2)
    assert served_tokens(entries) == {"a": doubled, "b": usage}


async def test_a_port_or_a_log_that_can_not_be_had_is_said(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, {"text": "Yes."}, when=[])
    async with serve(scenario) as simulator:
        port = int(simulator.url.rpartition(":")[2])
        with pytest.raises(Unavailable, match=f"can't listen on 127.0.0.1:{port}"):
            async with serve(scenario, port=port):
                raise AssertionError("two servers on one port")
    with pytest.raises(InvalidInput, match=r"request log .* can't be written"):
        async with serve(scenario, log=tmp_path / "none" / "log.jsonl"):
            raise AssertionError("no folder for the log")
