"""The newest events, each encoded once, for all who listen in this process."""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import NamedTuple

EVENTS = 2000
SIZE = 16 * 1024 * 1024
_SLACK = 1.25
"""A quarter more than the limits is held for a while, so that not each event moves all others."""


class _Kept(NamedTuple):
    id: int
    run_id: str
    message: bytes


class Ring:
    """Holds events up to a number and a size in bytes; the oldest go first."""

    def __init__(self, *, events: int = EVENTS, size: int = SIZE) -> None:
        self.events = events
        self.size = size
        self._kept: list[_Kept] = []
        self._held = 0
        self.floor = 0
        """All that came after this id is held."""
        self.last = 0
        """The newest event that was seen."""

    def begin(self, event_id: int) -> None:
        """Hold nothing, and go on after an id."""
        self._kept.clear()
        self._held = 0
        self.floor = self.last = event_id

    def add(self, event_id: int, run_id: str, message: bytes) -> None:
        """Take the next event in."""
        self._kept.append(_Kept(event_id, run_id, message))
        self._held += len(message)
        self.last = event_id
        if len(self._kept) > self.events * _SLACK or self._held > self.size * _SLACK:
            self._trim()

    def covers(self, event_id: int) -> bool:
        """Whether everything that came after an id is held, or is yet to come."""
        return event_id >= self.floor

    def after(self, event_id: int, *, run_id: str | None, size: int) -> tuple[list[bytes], int]:
        """Messages that came after an id, of one run or of all, until they have a size; and the id so far."""
        taken: list[bytes] = []
        for kept in self._kept[bisect_right(self._kept, event_id, key=attrgetter("id")) :]:
            event_id = kept.id
            if run_id is None or kept.run_id == run_id:
                taken.append(kept.message)
                size -= len(kept.message)
                if size <= 0:
                    break
        return taken, event_id

    def _trim(self) -> None:
        gone = 0
        while len(self._kept) - gone > self.events or (self._held > self.size and gone < len(self._kept) - 1):
            self._held -= len(self._kept[gone].message)
            gone += 1
        if gone:
            self.floor = self._kept[gone - 1].id
            del self._kept[:gone]
