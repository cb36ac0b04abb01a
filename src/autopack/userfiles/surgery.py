"""Small changes to the text of a YAML file: everything else in it stays as it is, byte for byte.

A place is a path of keys from the top. Mappings may be written in blocks or in braces. What stands behind
an anchor or an alias is shared with other places, and rarer forms are not understood: both raise
`CantChange`, or come out as something else than was meant, which the caller finds by reading the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_NO_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Words that some reader of YAML takes for something else than a text."""


class CantChange(ValueError):
    """The text is written in a way that this module does not change."""


@dataclass(frozen=True, kw_only=True)
class _Node:
    """A value with where it is written, from its first character to behind its last."""

    start: int
    end: int
    quote: str = ""
    flow: bool = False
    """In braces or brackets."""
    pairs: tuple[tuple[str, _Node, _Node], ...] | None = None
    """Of a mapping: each key's text, the key and the value."""
    items: tuple[_Node, ...] | None = None
    """Of a list."""

    def get(self, key: str) -> _Node | None:
        """The value of a key of a mapping."""
        return next((value for name, _, value in self.entries if name == key), None)

    def at(self, key: str) -> int:
        """Place of a key in a mapping, counted from 0."""
        return [name for name, _, _ in self.entries].index(key)

    @property
    def entries(self) -> tuple[tuple[str, _Node, _Node], ...]:
        """Of a mapping. Raises `CantChange` for what is none."""
        if self.pairs is None:
            raise CantChange("is no mapping that is written out")
        return self.pairs


def put(text: str, path: Sequence[str], value: str) -> str:
    """Set the text at a path, whose mappings are added where they are not there."""
    node = _read(text)
    for depth, key in enumerate(path):
        inner = node.get(key)
        if inner is None:
            return _added(text, node, path[depth:], value, top=depth == 0)
        node = inner
    if node.pairs is not None or node.items is not None:
        raise CantChange("holds more than a text")
    return text[: node.start] + _written(value, quote=node.quote) + text[node.end :]


def extend(text: str, key: str, word: str) -> str:
    """Add a text to the end of the list under a key of the top, which is added where it is not there."""
    top = _read(text)
    found = top.get(key)
    if found is None:
        return _section(text, top, f"{key}: [{_written(word)}]", f"{key}: [{_written(word)}]")
    if found.items is None:
        raise CantChange("is no list that is written out")
    if found.flow:
        return _in_brackets(text, found, [one.end for one in found.items], "[", _written(word))
    last = found.items[-1]
    dash = text[_line_start(text, last.start) : last.start]
    return _line_after(text, last.end, dash + _written(word))


def drop(text: str, path: Sequence[str]) -> str:
    """Remove what is at a path, if it is there, and mappings that it leaves empty; those at the top stay."""
    chain: list[_Node] = [_read(text)]
    for key in path:
        inner = chain[-1].get(key)
        if inner is None:
            return text
        chain.append(inner)
    depth = len(path) - 1
    while depth > 1 and len(chain[depth].entries) == 1:
        depth -= 1
    if depth == 1 and len(chain[1].entries) == 1 and not chain[1].flow:
        return _emptied(text, chain[0], path[0])
    return _without(text, chain[depth], path[depth])


def _read(text: str) -> _Node:
    from ruamel.yaml import YAML

    yaml: Any = YAML(typ="safe", pure=True)
    events: Iterator[Any] = iter(yaml.parse(text))
    for event in events:
        if type(event).__name__ == "MappingStartEvent":
            return _node(event, events)
    raise CantChange("holds no mapping")


def _node(event: Any, events: Iterator[Any]) -> _Node:
    start, end = cast("int", event.start_mark.index), cast("int", event.end_mark.index)
    match type(event).__name__:
        case "ScalarEvent":
            return _Node(start=start, end=end, quote=event.style or "")
        case "MappingStartEvent":
            entries: list[tuple[str, _Node, _Node]] = []
            while type(key := next(events)).__name__ != "MappingEndEvent":
                name = str(getattr(key, "value", ""))
                entries.append((name, _node(key, events), _node(next(events), events)))
            flow = bool(event.flow_style)
            end = cast("int", key.end_mark.index) if flow else entries[-1][2].end
            return _Node(start=start, end=end, flow=flow, pairs=tuple(entries))
        case "SequenceStartEvent":
            items: list[_Node] = []
            while type(one := next(events)).__name__ != "SequenceEndEvent":
                items.append(_node(one, events))
            flow = bool(event.flow_style)
            end = cast("int", one.end_mark.index) if flow else items[-1].end
            return _Node(start=start, end=end, flow=flow, items=tuple(items))
        case _:  # an alias
            return _Node(start=start, end=end)


def _added(text: str, node: _Node, path: Sequence[str], value: str, *, top: bool) -> str:
    """A new entry at the end of a mapping; the keys behind the first one are written in braces."""
    inner = _braces(path[1:], value)
    entry = f"{_written(path[0])}: {inner}"
    if top:
        first, *rest = path
        below = f"{_written(first)}:{_newline(text)}  {_written(rest[0])}: {_braces(rest[1:], value)}"
        return _section(text, node, below, entry)
    entries = node.entries
    if node.flow:
        return _in_brackets(text, node, [one.end for _, _, one in entries], "{", entry)
    first = entries[0][1].start
    return _line_after(text, entries[-1][2].end, text[_line_start(text, first) : first] + entry)


def _braces(path: Sequence[str], value: str) -> str:
    inner = _written(value)
    for key in reversed(path):
        inner = f"{{{_written(key)}: {inner}}}"
    return inner


def _section(text: str, top: _Node, lines: str, entry: str) -> str:
    """A new key at the top: `lines` at the file's end, or `entry` where all of it is in braces."""
    if top.flow:
        return _in_brackets(text, top, [one.end for _, _, one in top.entries], "{", entry)
    newline = _newline(text)
    return text + ("" if text.endswith("\n") else newline) + lines + newline


def _in_brackets(text: str, node: _Node, ends: Sequence[int], bracket: str, entry: str) -> str:
    if ends:
        return f"{text[: ends[-1]]}, {entry}{text[ends[-1] :]}"
    at = text.index(bracket, node.start) + 1
    return text[:at] + entry + text[at:]


def _line_after(text: str, place: int, line: str) -> str:
    """A new line behind the one that `place` is on."""
    at = _line_end(text, place)
    return text[:at] + _newline(text) + line + text[at:]


def _emptied(text: str, top: _Node, key: str) -> str:
    """A section whose only entry goes: its heading stays, with nothing in it."""
    entries = top.entries
    _, name, section = entries[top.at(key)]
    text = _without(text, section, section.entries[0][0])
    colon = text.index(":", name.end) + 1
    return text[:colon] + " {}" + text[colon:]


def _without(text: str, node: _Node, key: str) -> str:
    entries, at = node.entries, node.at(key)
    _, name, value = entries[at]
    if not node.flow:
        start = _line_start(text, name.start)
        if text[start : name.start].strip():
            raise CantChange("shares its line with something else")
        return text[: _line_end(text, start - 1)] + text[_line_end(text, value.end) :]
    if at > 0:
        return text[: entries[at - 1][2].end] + text[value.end :]
    return text[: name.start] + text[entries[1][1].start if len(entries) > 1 else value.end :]


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _line_end(text: str, place: int) -> int:
    """Where the line of `place` ends, before what ends it."""
    at = text.find("\n", place)
    end = len(text) if at < 0 else at
    return end - 1 if text[end - 1 : end] == "\r" else end


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _written(text: str, *, quote: str = "") -> str:
    """A text as YAML, in the quotes that stood there before where it can be."""
    if quote == "'" and text.isascii():
        return "'" + text.replace("'", "''") + "'"
    if not quote and _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)
