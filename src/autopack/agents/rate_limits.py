"""How long a provider asks to be left alone: from its headers, or from the words of its limit message.

Anthropic: `anthropic-ratelimit-<what>-remaining` and `-reset` (RFC 3339). OpenAI:
`x-ratelimit-remaining-<what>` and `x-ratelimit-reset-<what>` (durations such as 6m0s). Z.ai and others:
"will reset at 2026-11-27 18:00:00".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError

from autopack.agents.causes import Cause, detail

_ANTHROPIC = re.compile(r"anthropic-ratelimit-(.+)-remaining")
_OPENAI = re.compile(r"x-ratelimit-remaining-(.+)")
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_RESET_AT = re.compile(
    r"reset\w*\s+(?:at|on)\s+(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)\s*(Z|UTC|[+-]\d\d:?\d\d)?"
)
_DURATION_SECONDS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)


def asked_wait(error: ModelAPIError, cause: Cause, *, now: datetime | None = None) -> float | None:
    """Seconds for which a provider asked to be left alone; None where it said nothing of it."""
    if error.retry_after is not None:
        return error.retry_after
    if cause not in (Cause.LIMIT, Cause.USED_UP):
        return None
    now = now or datetime.now(UTC)
    headers = {name.lower(): value for name, value in ((_headers(error)) or {}).items()}
    waits = [*_exhausted(headers, now), *_said(detail(error), now)]
    return max(waits, default=None)


def _headers(error: ModelAPIError) -> Mapping[str, str] | None:
    return error.headers if isinstance(error, ModelHTTPError) else None


def _exhausted(headers: Mapping[str, str], now: datetime) -> Iterator[float]:
    """Seconds until each limit of which nothing remains is reset."""
    for name, value in headers.items():
        if value.strip() != "0":
            continue
        if found := _ANTHROPIC.fullmatch(name):
            reset = headers.get(f"anthropic-ratelimit-{found[1]}-reset", "")
            yield from _until(reset, now)
        elif found := _OPENAI.fullmatch(name):
            yield from _duration(headers.get(f"x-ratelimit-reset-{found[1]}", ""))


def _duration(text: str) -> Iterator[float]:
    found = _DURATION.fullmatch(text.strip())
    if found is not None and any(found.groups()):
        parts = zip(found.groups(), _DURATION_SECONDS, strict=True)
        yield sum(float(count) * seconds for count, seconds in parts if count)


def _said(text: str, now: datetime) -> Iterator[float]:
    """An instant without a zone is taken for UTC."""
    for day, zone in _RESET_AT.findall(text):
        yield from _until(f"{day}{'' if zone in ('Z', 'UTC', '') else zone}", now)


def _until(text: str, now: datetime) -> Iterator[float]:
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        return
    aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    if (seconds := (aware - now).total_seconds()) > 0:
        yield seconds
