"""A screenshot as a PNG of 256 colours: a third of the size, and nobody sees the difference on a page.

PNG as in https://www.w3.org/TR/png-3/. Only what Chromium writes is read: 8 bits, RGB or RGBA, not
interlaced.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = 256
_ALIKE = 100
"""Squared distance below which two colours are taken for one."""

_CHANNELS = {2: 3, 6: 4}


def with_palette(picture: bytes) -> bytes:
    """The picture with at most 256 colours; each other becomes the nearest of them."""
    width, height, pixels = _read(picture)
    counted = Counter(pixels)
    palette = _chosen(counted)
    places = {colour: place for place, colour in enumerate(palette)}
    for colour in counted:
        if colour not in places:
            places[colour] = min(range(len(palette)), key=lambda place: _apart(palette[place], colour))
    rows = [
        b"\0" + bytes(places[colour] for colour in pixels[row * width : (row + 1) * width])
        for row in range(height)
    ]
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(b"".join(rows), 9))]
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in [*chunks, (b"IEND", b"")])


def _chosen(counted: Counter[bytes]) -> list[bytes]:
    """The most frequent, but none that a chosen one can stand for: so rare ones have a place too."""
    chosen: list[bytes] = []
    for colour, _ in counted.most_common():
        if len(chosen) == _COLOURS:
            break
        if all(_apart(colour, one) >= _ALIKE for one in chosen):
            chosen.append(colour)
    return chosen


def _apart(one: bytes, other: bytes) -> int:
    return sum((left - right) ** 2 for left, right in zip(one, other, strict=True))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place < len(picture):
        (length,) = struct.unpack_from(">I", picture, place)
        yield picture[place + 4 : place + 8], picture[place + 8 : place + 8 + length]
        place += length + 12


def _read(picture: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height, and every pixel as its three bytes."""
    found = list(_chunks(picture))
    header = next(data for name, data in found if name == b"IHDR")
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 8 or kind not in _CHANNELS or interlaced:
        raise ValueError("not a PNG as Chromium writes it")
    step = _CHANNELS[kind]
    raw = zlib.decompress(b"".join(data for name, data in found if name == b"IDAT"))
    stride = width * step
    before = bytearray(stride)
    pixels: list[bytes] = []
    for row in range(height):
        start = row * (stride + 1)
        line = bytearray(raw[start + 1 : start + 1 + stride])
        _unfilter(raw[start], line, before, step)
        pixels += [bytes(line[place : place + 3]) for place in range(0, stride, step)]
        before = line
    return width, height, pixels


def _unfilter(method: int, line: bytearray, above: bytearray, step: int) -> None:
    """Undo a row's filter in place (PNG, section 9)."""
    if method == 2:
        line[:] = bytes((one + up) & 255 for one, up in zip(line, above, strict=True))
    elif method != 0:
        for place in range(len(line)):
            left = line[place - step] if place >= step else 0
            corner = above[place - step] if place >= step else 0
            line[place] = (line[place] + _expected(method, left, above[place], corner)) & 255


def _expected(method: int, left: int, up: int, corner: int) -> int:
    if method == 1:
        return left
    if method == 3:
        return (left + up) // 2
    guess = left + up - corner
    by_left, by_up, by_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner
