"""Small readings of what coding agents' programs say: a count, a line for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

_LONGEST = 120
_MOST_TOKENS = 10**12


def count_in(counts: Mapping[str, Any], name: str) -> int:
    """A count of tokens; 0 where it is missing or can't be one."""
    told = counts.get(name)
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < _MOST_TOKENS else 0


def object_in(told: object) -> dict[str, Any]:
    """What should be an object; an empty one where it is none."""
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}


def list_in(told: object) -> list[Any]:
    """What should be a list; an empty one where it is none."""
    return cast("list[Any]", told) if isinstance(told, list) else []


def one_line(text: str) -> str:
    """The text on one line, shortened, without what would act on a terminal."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text[:1_000]).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
