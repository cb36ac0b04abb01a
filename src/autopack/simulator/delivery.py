"""Sending an answer, and knowing whether the client took it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Receive, Send

_PART_BYTES = 65_536
_HEADER = (b"x-autopack-simulated", b"1")


@dataclass(frozen=True)
class Reply:
    """A response whose body is sent in parts, after a delay."""

    parts: Iterable[bytes]
    status: int = 200
    content_type: str = "application/json"
    delay_seconds: float = 0.0

    @classmethod
    def whole(cls, body: bytes, *, status: int = 200, delay_seconds: float = 0.0) -> Reply:
        """A JSON document; a large one goes in parts, so that a client that leaves is noticed."""
        parts = [body[start : start + _PART_BYTES] for start in range(0, len(body), _PART_BYTES)]
        return cls(parts=parts, status=status, delay_seconds=delay_seconds)


class Record(Protocol):
    """Writes the log entry of the request that is served."""

    def __call__(self, *, completed: bool) -> None:
        """Once per request."""
        ...


async def deliver(reply: Reply, receive: Receive, send: Send, *, record: Record) -> None:
    """Send a reply while listening for the client going away; exactly one entry is recorded.

    It is written just before the last part is handed over, all others being on their way: whoever has
    read an answer to its end finds it in the log.
    """
    gone = asyncio.ensure_future(_disconnected(receive))
    sending = asyncio.ensure_future(_send(reply, send, gone, record))
    try:
        await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        if not sending.done():
            sending.cancel()
        await asyncio.wait((gone, sending))
    if sending.cancelled() or not sending.result():
        record(completed=False)


async def _send(reply: Reply, send: Send, gone: asyncio.Future[None], record: Record) -> bool:
    if reply.delay_seconds:
        await asyncio.sleep(reply.delay_seconds)
    headers = [(b"content-type", reply.content_type.encode()), _HEADER]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    held: bytes | None = None
    for part in reply.parts:
        if held is not None:
            await _send_part(send, held, more=True)
            await asyncio.sleep(0)
        held = part
    await _send_part(send, b"", more=True)
    await asyncio.sleep(0)
    if gone.done():
        return False
    record(completed=True)
    await _send_part(send, held or b"", more=False)
    return True


async def _send_part(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
