"""Sending an answer, and knowing whether the client took it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from starlette.types import Receive, Send

_PART_BYTES = 65_536
_HEADER = (b"x-autopack-simulated", b"1")


class End(StrEnum):
    """What comes after the last part of a reply."""

    WHOLE = "whole"
    CUT = "cut"
    """The connection is closed without the response's end."""
    STALL = "stall"
    """Nothing, until the client leaves."""


@dataclass(frozen=True)
class Reply:
    """A response whose body is sent in parts, after a delay. Without parts, CUT and STALL have no head."""

    parts: Iterable[bytes]
    status: int = 200
    content_type: str = "application/json"
    delay_seconds: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    end: End = End.WHOLE
    answers: bool = True
    """False where it is not the answer that was asked for, or not all of it."""

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


async def deliver(
    reply: Reply, receive: Receive, send: Send, *, record: Record, hang_up: Callable[[], None]
) -> None:
    """Send a reply while listening for the client going away; exactly one entry is recorded.

    It is written just before the last part is handed over, all others being on their way: whoever has
    read an answer to its end finds it in the log. Of one that is cut or stalls, it is written when that
    happens. `hang_up` closes the connection after what was sent.
    """
    gone = asyncio.ensure_future(_disconnected(receive))
    sending = asyncio.ensure_future(_send(reply, send, gone, record))
    try:
        await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and reply.end is not End.WHOLE:
            if reply.end is End.CUT:
                hang_up()
            await asyncio.wait((gone,))
    finally:
        gone.cancel()
        if not sending.done():
            sending.cancel()
        await asyncio.wait((gone, sending))
    if sending.cancelled() or not sending.result():
        record(completed=False)


async def _send(reply: Reply, send: Send, gone: asyncio.Future[None], record: Record) -> bool:
    """Send all there is. Returns whether the entry is recorded: not where the client is gone."""
    if reply.delay_seconds:
        await asyncio.sleep(reply.delay_seconds)
    parts = iter(reply.parts)
    held = next(parts, b"")
    if held or reply.end is End.WHOLE:
        await send({"type": "http.response.start", "status": reply.status, "headers": _headers(reply)})
    for part in parts:
        await _send_part(send, held, more=True)
        await asyncio.sleep(0)
        held = part
    if reply.end is not End.WHOLE:
        if held:
            await _send_part(send, held, more=True)
        record(completed=False)
        return True
    await _send_part(send, b"", more=True)
    await asyncio.sleep(0)
    if gone.done():
        return False
    record(completed=reply.answers)
    await _send_part(send, held, more=False)
    return True


def _headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    named = (("content-type", reply.content_type), *reply.headers)
    return [*((name.encode(), value.encode()) for name, value in named), _HEADER]


async def _send_part(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
