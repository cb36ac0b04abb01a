"""How much of an answer is read: the SDKs read what comes, whole, and unpack it on the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

MOST_BYTES = 64 * 1024 * 1024
"""Of one answer: far more than the longest that a model can write."""
MOST_EVENT_BYTES = 8 * 1024 * 1024
"""Of one event of a stream; the SDKs copy what they have of one with each line that comes."""
MOST_ERROR_BYTES = 1024 * 1024
"""Of an error's body. Of a longer one the beginning counts, and its status decides."""

UNPACKED = {"accept-encoding": "identity"}
"""Asks for answers that are not compressed: a few bytes could become gigabytes."""

_FIRST_ERROR = 300


class AnswerTooLarge(Exception):
    """An answer past the bounds, or a compressed one; never leaves `agents`."""


async def bound(response: httpx2.Response) -> None:
    """A hook of the client: bound what is read of a response, and unpack nothing."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    encoding = response.headers.pop("content-encoding", "identity").strip().lower()
    packed = encoding not in ("", "identity")
    if response.status_code >= _FIRST_ERROR:
        response.stream = _Beginning(response.stream, 0 if packed else MOST_ERROR_BYTES)
    else:
        response.stream = _Bounded(response.stream, encoding if packed else "")


class _Beginning(httpx2.AsyncByteStream):
    """The beginning of a body; the rest is not read, and the connection is closed."""

    def __init__(self, body: httpx2.AsyncByteStream, most: int) -> None:
        self._body = body
        self._room = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._room <= 0:
            return
        async for piece in self._body:
            yield piece[: self._room]
            self._room -= len(piece)
            if self._room <= 0:
                return

    async def aclose(self) -> None:
        await self._body.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """A body that raises AnswerTooLarge past a bound."""

    def __init__(self, body: httpx2.AsyncByteStream, encoding: str) -> None:
        self._body = body
        self._encoding = encoding
        self._total = 0
        self._event = 0
        self._last = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._encoding:
            raise AnswerTooLarge("it is compressed, which was not asked for")
        async for piece in self._body:
            self._count(piece)
            yield piece

    def _count(self, piece: bytes) -> None:
        self._total += len(piece)
        seen = self._last + piece
        end = max(seen.rfind(b"\n\n"), seen.rfind(b"\n\r\n"))
        self._event = self._event + len(piece) if end < 0 else len(seen) - end
        self._last = seen[-2:]
        if self._total > MOST_BYTES or self._event > MOST_EVENT_BYTES:
            raise AnswerTooLarge("it is too large")

    async def aclose(self) -> None:
        await self._body.aclose()
