"""Output of a child as it comes, bounded: the beginning and the end are kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_CHUNK = 65_536
_DRAIN_LIMIT = 1_048_576


class Capture:
    """Reads one pipe on the running loop, at most `limit` bytes of it into memory.

    Past the limit the first half and the last half are kept, with a line between them that says how many
    bytes were left out. Reading goes on, so the child is never blocked by it. `heard` is told each piece.
    """

    def __init__(self, limit: int, heard: Callable[[bytes], None] | None = None) -> None:
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        self._head_limit = limit // 2
        self._tail_limit = limit - self._head_limit
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.read_end, self._ready)

    @property
    def truncated(self) -> bool:
        """Whether something was left out."""
        return self._total > self._head_limit + self._tail_limit

    def close_write_end(self) -> None:
        """Drop our own copy of the writing end, so that the child's end is the only one."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def finish(self) -> bytes:
        """Take what is in the pipe, without waiting for those who still hold it open, and close it."""
        self.close_write_end()
        if self.read_end >= 0:
            drained = 0
            while drained < _DRAIN_LIMIT and (size := self._read()) > 0:
                drained += size
            self.close()
        if not self.truncated:
            return bytes(self._head + self._tail)
        left_out = self._total - self._head_limit - self._tail_limit
        tail = self._tail[-self._tail_limit :] if self._tail_limit else b""
        return bytes(self._head) + f"\n[... {left_out} bytes left out ...]\n".encode() + bytes(tail)

    def close(self) -> None:
        """Stop reading. Safe to call twice."""
        self.close_write_end()
        if self.read_end >= 0:
            self._loop.remove_reader(self.read_end)
            os.close(self.read_end)
            self.read_end = -1

    def _ready(self) -> None:
        if self._read() == 0:
            self._loop.remove_reader(self.read_end)

    def _read(self) -> int:
        """Bytes read; 0 at the end of the pipe, -1 where there is nothing now."""
        try:
            data = os.read(self.read_end, _CHUNK)
        except BlockingIOError:
            return -1
        self._total += len(data)
        if self._heard is not None and data:
            self._heard(data)
        room = self._head_limit - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._tail_limit + _CHUNK:
            del self._tail[: -self._tail_limit or None]
        return len(data)
