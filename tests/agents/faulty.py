"""A gate before the simulator that spoils the first answers: real HTTP on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

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


Fault: TypeAlias = Says | Passes


def refusal(status: int, message: str, *, code: str = "", **headers: str) -> Says:
    """An error answer as OpenAI and Anthropic both word it."""
    body = json.dumps({"error": {"type": code or "error", "code": code or None, "message": message}})
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Says(status, body, (("content-type", "application/json"), *named))


@dataclass
class Gate:
    """What came through so far."""

    port: int = 0
    requests: int = 0
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    """An answer has begun, and nothing more of it comes."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """The client closed its connection."""

    def url(self, kind: ProviderKind) -> str:
        base = f"http://127.0.0.1:{self.port}"
        return base if kind is ProviderKind.ANTHROPIC else f"{base}/v1"


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
