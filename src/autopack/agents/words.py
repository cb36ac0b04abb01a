"""Small readings of what coding agents' programs say: a count, a line for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

_LONGEST = 120
_MOST_TOKENS = 10**12
_MILLISECONDS = 10**11
"""An instant that is larger is not told in seconds."""


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


def number_in(told: object, *, most: float) -> float | None:
    """A number from 0 to `most`; None where it can't be one."""
    if not isinstance(told, int | float) or isinstance(told, bool) or not 0 <= told <= most:
        return None
    return float(told)


def instant_in(told: object) -> datetime | None:
    """An instant that is told in seconds or milliseconds since 1970; None where it can't be one."""
    if not isinstance(told, int | float) or isinstance(told, bool) or not told > 0:
        return None
    try:
        return datetime.fromtimestamp(told / 1000 if told > _MILLISECONDS else told, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def one_line(text: str) -> str:
    """The text on one line, shortened, without what would act on a terminal."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text[:1_000]).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
