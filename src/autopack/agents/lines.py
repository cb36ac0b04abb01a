"""The stream of a program as events: one JSON object on each line, whatever else comes between."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any, cast

LONGEST_LINE_BYTES = 8 * 1024 * 1024
"""Of a longer line nothing is read."""
MOST_BYTES = 1024 * 1024 * 1024
"""Of one stream, far more than hours of work take."""


class Silent(Exception):
    """Nothing came for too long; never leaves `agents`."""


class TooMuch(Exception):
    """More came than anyone reads; never leaves `agents`."""


class Events:
    """Takes pieces of output, and gives the events in them in their order."""

    def __init__(self) -> None:
        self.other: deque[str] = deque(maxlen=20)
        """The last lines that are no events, shortened."""
        self._rest = bytearray()
        self._found: deque[dict[str, Any]] = deque()
        self._news = asyncio.Event()
        self._ended = False
        self._total = 0
        self._skipping = False

    def hear(self, piece: bytes) -> None:
        """Take a piece of the stream, however it is cut."""
        self._total += len(piece)
        *lines, rest = piece.split(b"\n")
        for line in lines:
            self._rest += line
            if not self._skipping:
                self._take(bytes(self._rest))
            self._rest.clear()
            self._skipping = False
        self._rest += rest
        if len(self._rest) > LONGEST_LINE_BYTES:
            self._rest.clear()
            self._skipping = True
        self._news.set()

    def end(self) -> None:
        """Nothing more will come."""
        if self._rest and not self._skipping:
            self._take(bytes(self._rest))
        self._rest.clear()
        self._ended = True
        self._news.set()

    async def next(self, *, within: float) -> dict[str, Any] | None:
        """The next event; None at the end. Raises Silent where nothing came for so many seconds, TooMuch."""
        while not self._found:
            if self._total > MOST_BYTES:
                raise TooMuch
            if self._ended:
                return None
            self._news.clear()
            try:
                async with asyncio.timeout(within):
                    await self._news.wait()
            except TimeoutError as error:
                raise Silent from error
        return self._found.popleft()

    def _take(self, line: bytes) -> None:
        text = line.decode(errors="replace").strip()
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):
            event = None
        if isinstance(event, dict):
            self._found.append(cast("dict[str, Any]", event))
        elif text:
            self.other.append(text[:500])
