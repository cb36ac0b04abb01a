"""A large diff in parts that are read one by one: cut between files, hunks, lines, or inside a line."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

PART_BYTES = 160_000
"""Largest part: some 50,000 tokens, so that a window of 200,000 has room for what the Auditor looks up."""
_LEAST_PART_BYTES = 8_000
_SMALLEST_LIMIT = 64

_FILE = re.compile(rb"^diff --git ", re.MULTILINE)
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@[^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """A piece of a diff. The bodies of all parts, one after the other, are the diff."""

    lead: bytes
    """Where the body begins inside a file: the file's header, and the header of what is left of the hunk."""
    body: bytes
    inside_line: bool = False
    """Whether the body begins in the middle of a line."""

    @property
    def digest(self) -> str:
        """Names what is read: the same for the same bytes at the same place."""
        told = b"%d\0%b\0%b" % (len(self.lead), self.lead, self.body)
        return hashlib.sha256(told).hexdigest()


def part_bytes(context_limit: int | None) -> int:
    """The largest part for a model with a context window of so many tokens; None: not known.

    A byte for each token of the window: with three bytes to a token, a part takes about a third of it.
    """
    if context_limit is None:
        return PART_BYTES
    return min(PART_BYTES, max(context_limit, _LEAST_PART_BYTES))


def split(diff: bytes, *, limit: int) -> tuple[Part, ...]:
    """Cut a unified diff of git's into parts whose lead and body together are at most `limit` bytes.

    Inside a diff only git itself begins a line with `diff --git` or `@@`: content lines begin with a blank,
    `+`, `-` or a backslash.
    """
    if limit < _SMALLEST_LIMIT:
        raise ValueError(f"a part holds at least {_SMALLEST_LIMIT} bytes")
    if len(diff) <= limit:
        return (Part(lead=b"", body=diff),)
    cutter = _Cutter(diff, limit)
    parts: list[Part] = []
    start = 0
    while start < len(diff):
        lead = cutter.lead(start)
        end = cutter.end(start, room=limit - len(lead))
        parts.append(
            Part(lead=lead, body=diff[start:end], inside_line=start > 0 and diff[start - 1 : start] != b"\n")
        )
        start = end
    return tuple(parts)


class _Cutter:
    """Knows where a diff's files and hunks begin."""

    def __init__(self, diff: bytes, limit: int) -> None:
        self._diff = diff
        self._longest_lead = limit // 2
        self._files = [found.start() for found in _FILE.finditer(diff)]
        self._hunks = [(found.start(), found) for found in _HUNK.finditer(diff)]

    def lead(self, start: int) -> bytes:
        """What a part that begins here has to be told first; nothing where a file begins here."""
        file = _last(self._files, start)
        if file is None or file == start:
            return b""
        first = bisect_right(self._hunks, file, key=_place)
        body = self._hunks[first][0] if first < len(self._hunks) else start
        header = self._diff[file : min(body, start)]
        place = bisect_right(self._hunks, start, key=_place) - 1
        if place >= first and self._hunks[place][0] < start:
            header += self._rest_of_hunk(self._hunks[place][1], start)
        return header[: self._longest_lead]

    def end(self, start: int, *, room: int) -> int:
        """Where a part that begins here ends: as far on as the best kind of boundary allows."""
        most = start + room
        if most >= len(self._diff):
            return len(self._diff)
        file = _last(self._files, most)
        if file is not None and file > start:
            return file
        place = bisect_right(self._hunks, most, key=_place) - 1
        between_hunks = place > 0 and self._hunks[place - 1][0] >= (file or 0)
        if between_hunks and self._hunks[place][0] > start:
            return self._hunks[place][0]
        line = self._diff.rfind(b"\n", start, most) + 1
        return line if line > start else self._between_characters(start, most)

    def _rest_of_hunk(self, hunk: re.Match[bytes], start: int) -> bytes:
        """A hunk's header with the numbers of the line that holds `start`."""
        line = self._diff.rfind(b"\n", 0, start) + 1
        if line < hunk.end():
            return hunk.group()
        # from the newline before the first line to before the last newline: each line's first character
        read = self._diff[hunk.end() - 1 : max(line - 1, hunk.end() - 1)]
        both, old, new = (read.count(b"\n" + mark) for mark in (b" ", b"-", b"+"))
        numbers = (
            int(hunk[1]) + both + old,
            max(0, int(hunk[2] or 1) - both - old),
            int(hunk[3]) + both + new,
            max(0, int(hunk[4] or 1) - both - new),
        )
        return b"@@ -%d,%d +%d,%d @@ (the hunk goes on)\n" % numbers

    def _between_characters(self, start: int, end: int) -> int:
        """A cut at or shortly before `end` that takes no character of UTF-8 apart."""
        for cut in range(end, max(end - 4, start), -1):
            if self._diff[cut] & 0xC0 != 0x80:
                return cut
        return end


def _place(found: tuple[int, re.Match[bytes]]) -> int:
    return found[0]


def _last(places: Sequence[int], limit: int) -> int | None:
    """The last of the ascending places that is not past the limit."""
    found = bisect_right(places, limit)
    return places[found - 1] if found else None
