"""No answer of a provider, honest or not, fills the memory or stops the event loop."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from agents.conversing import KINDS, PATIENCE, Books, Notes, model_at, path_of, task_for
from autopack.agents.api import ApiAgent
from autopack.agents.base import ProviderRefused, ProviderUnreachable
from autopack.errors import AutopackError
from autopack.routing.policy import ProviderKind

PIECE = 1024 * 1024
BOMB = gzip.compress(b"\0" * 64 * PIECE, 9)
AGENT = ApiAgent(patience=PATIENCE)


class Flood:
    """A server that sends a head and then pieces, 300 at most, and counts those that it got rid of."""

    def __init__(self, head: str, piece: bytes, pieces: int = 300) -> None:
        self.head, self.piece, self.pieces = head, piece, pieces
        self.url = ""
        self.requests: list[bytes] = []
        self.most_sent = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        sent = 0
        with suppress(ConnectionError):
            writer.write(f"HTTP/1.1 {self.head}\r\nconnection: close\r\n\r\n".encode())
            for _ in range(self.pieces):
                writer.write(self.piece)
                await writer.drain()
                sent += 1
        self.most_sent = max(self.most_sent, sent)
        writer.close()


@asynccontextmanager
async def serving(flood: Flood) -> AsyncGenerator[Flood]:
    server = await asyncio.start_server(flood.handle, "127.0.0.1", 0)
    flood.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield flood
    finally:
        server.close()


async def ended_by(flood: Flood, kind: ProviderKind, checkout: Path) -> tuple[AutopackError, Books]:
    books = Books()
    async with serving(flood), asyncio.timeout(60):
        task = task_for(model_at(flood.url + path_of(kind), kind), checkout, str)
        with pytest.raises(AutopackError) as caught:
            await AGENT.run(task, meter=books, watch=Notes())
    assert not books.open
    return caught.value, books


@pytest.mark.parametrize("kind", KINDS)
async def test_a_packed_error_is_not_unpacked_and_its_status_decides(
    kind: ProviderKind, tmp_path: Path
) -> None:
    flood = Flood("400 Bad\r\ncontent-encoding: gzip\r\ncontent-type: application/json", BOMB, pieces=1)
    error, books = await ended_by(flood, kind, tmp_path)
    assert isinstance(error, ProviderRefused)
    assert "refused the request: HTTP 400" in error.message
    assert len(books.released) == 1
    assert b"accept-encoding: identity" in flood.requests[0].lower()


@pytest.mark.parametrize("kind", KINDS)
async def test_of_a_long_error_only_the_beginning_is_read(kind: ProviderKind, tmp_path: Path) -> None:
    flood = Flood("403 No\r\ncontent-type: text/plain", b"x" * PIECE)
    error, books = await ended_by(flood, kind, tmp_path)
    assert isinstance(error, ProviderRefused)
    assert "did not accept the key" in error.message
    assert len(error.message) < 500
    assert flood.most_sent < 30
    assert len(books.released) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("end", "most"), [(b"x", 40), (b"\n:", 40), (b"\n\n:", 100)])
async def test_an_endless_answer_is_left(kind: ProviderKind, end: bytes, most: int, tmp_path: Path) -> None:
    flood = Flood("200 OK\r\ncontent-type: text/event-stream", b":" + b"x" * PIECE + end)
    error, books = await ended_by(flood, kind, tmp_path)
    assert isinstance(error, ProviderUnreachable)
    assert "the answer is not read: it is too large" in error.message
    assert flood.most_sent < most
    assert len(books.lost) == len(books.bounds) == 3


@pytest.mark.parametrize("kind", KINDS)
async def test_a_packed_answer_is_not_unpacked(kind: ProviderKind, tmp_path: Path) -> None:
    flood = Flood("200 OK\r\ncontent-encoding: gzip\r\ncontent-type: text/event-stream", BOMB, pieces=1)
    error, books = await ended_by(flood, kind, tmp_path)
    assert isinstance(error, ProviderUnreachable)
    assert "the answer is not read: it is compressed" in error.message
    assert len(books.lost) == 3
