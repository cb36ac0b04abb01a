"""A gate before the simulator that spoils the first answers: real HTTP on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from agents.conversing import path_of
from autopack.routing.policy import ProviderKind
from autopack.simulator import RunningSimulator


@dataclass(frozen=True)
class Says:
    """The whole answer, instead of the simulator's."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Passes:
    """The simulator's answer, as far as so many bytes; then the connection breaks or falls silent."""

    bytes: int
    silent: bool = False


@dataclass(frozen=True)
class Rewrites:
    """The simulator's answer with one word for another of the same length."""

    word: bytes
    other: bytes


Fault: TypeAlias = Says | Passes | Rewrites


def refusal(status: int, message: str, *, code: str = "", **headers: str) -> Says:
    """An error answer as OpenAI and Anthropic both word it."""
    body = json.dumps({"error": {"type": code or "error", "code": code or None, "message": message}})
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Says(status, body, (("content-type", "application/json"), *named))


def beginning(kind: ProviderKind) -> Says:
    """A stream that ends well by HTTP's rules and says nothing of its own end."""
    stream = (("content-type", "text/event-stream"),)
    if kind is ProviderKind.OPENAI_RESPONSES:
        response: dict[str, Any] = {"id": "r1", "object": "response", "created_at": 1, "model": "gpt"}
        response |= {"status": "in_progress", "output": [], "tools": [], "tool_choice": "auto"}
        created = {"type": "response.created", "sequence_number": 0, "response": response}
        return Says(200, f"event: response.created\ndata: {json.dumps(created)}\n\n", stream)
    if kind is not ProviderKind.ANTHROPIC:
        return _chunks(_chunk({"role": "assistant", "content": "Do"}, None))
    message: dict[str, Any] = {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 1},
    }
    event = json.dumps({"type": "message_start", "message": message})
    return Says(200, f"event: message_start\ndata: {event}\n\n", stream)


def ended(reason: str) -> Says:
    """A whole stream of the Chat protocol without content, which ended for this reason."""
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    last = _chunk({}, None) | {"choices": list[str](), "usage": usage}
    return _chunks(_chunk({"role": "assistant", "content": ""}, reason), last)


def _chunk(delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def _chunks(*chunks: dict[str, Any]) -> Says:
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return Says(200, body, (("content-type", "text/event-stream"),))


@dataclass
class Gate:
    """What came through so far."""

    port: int = 0
    requests: int = 0
    heads: list[str] = field(default_factory=list[str])
    """Request lines and headers as they came."""
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    """An answer has begun, and nothing more of it comes."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """The client closed its connection."""

    def url(self, kind: ProviderKind) -> str:
        return f"http://127.0.0.1:{self.port}{path_of(kind)}"


@asynccontextmanager
async def gate_to(simulator: RunningSimulator, faults: Sequence[Fault]) -> AsyncGenerator[Gate]:
    """Spoil one answer per fault, then let all through."""
    gate = Gate()
    waiting = list(faults)
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            gate.requests += 1
            gate.heads.append(head.decode())
            await _answer(head, reader, writer, waiting.pop(0) if waiting else None, gate)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    async def _answer(
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        fault: Fault | None,
        gate: Gate,
    ) -> None:
        lines = head.decode().split("\r\n")
        sizes = [line.split(":")[1] for line in lines if line.lower().startswith("content-length")]
        body = await reader.readexactly(int(sizes[0]))
        if isinstance(fault, Says):
            written = "".join(f"{name}: {value}\r\n" for name, value in fault.headers)
            writer.write(
                f"HTTP/1.1 {fault.status} Spoiled\r\n{written}content-length: {len(fault.body.encode())}\r\n"
                f"connection: close\r\n\r\n{fault.body}".encode()
            )
            await writer.drain()
            return
        upstream, out = await asyncio.open_connection("127.0.0.1", urlsplit(simulator.url).port)
        kept = [line for line in lines if not line.lower().startswith("connection:")]
        out.write("\r\n".join([*kept[:-2], "connection: close", "", ""]).encode() + body)
        limit = fault.bytes if isinstance(fault, Passes) else None
        passed = 0
        if isinstance(fault, Rewrites):
            writer.write((await upstream.read()).replace(fault.word, fault.other))
            await writer.drain()
        while chunk := await upstream.read(65536):
            if limit is not None:
                chunk = chunk[: limit - passed]
            passed += len(chunk)
            writer.write(chunk)
            await writer.drain()
            if limit is not None and passed >= limit:
                break
        if isinstance(fault, Passes) and fault.silent:
            gate.silent.set()
            with suppress(ConnectionError):
                await reader.read()
            gate.left.set()
        out.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    gate.port = server.sockets[0].getsockname()[1]
    try:
        yield gate
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
