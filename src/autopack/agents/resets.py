"""When a coding agent's account may be used again, from the words of its limit message.

Claude Code: "Claude AI usage limit reached|1767225600", "You've hit your limit · resets 3pm
(Europe/Berlin)". Codex: "You've hit your usage limit. … try again at 3:45 PM.", "try again in 2 days 3 hours
5 minutes.", "try again at Nov 30th, 2026 3:45 PM.", and with a key "try again in 1m26.5s". A time of day
without a zone is this machine's, and a date without a year the nearest one.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_EPOCH = re.compile(r"\|(\d{10})\b")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?)\s*(Z|UTC|[+-]\d\d:?\d\d)?")
_CLOCK = re.compile(
    r"(?:at|resets?(?: at)?)\s+(?:(?P<month>[A-Z][a-z]{2})[a-z]* (?P<day>\d{1,2})(?:st|nd|rd|th)?,?"
    r"(?: (?P<year>\d{4}),?)?(?: at)? )?(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s*(?P<half>[ap]m)?"
    r"(?:\s*\((?P<zone>[A-Za-z_]+(?:/[A-Za-z_+-]+)*)\))?",
    re.IGNORECASE,
)
_COUNT = r"(\d+(?:\.\d+)?)\s*"
_UNIT = r"(?:w(?:eeks?)?|d(?:ays?)?|h(?:(?:ou)?rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?|ms)(?![a-z])"
_AFTER = re.compile(rf"\bin ((?:{_COUNT}{_UNIT}[, ]*(?:and )?)+)", re.IGNORECASE)
_PART = re.compile(rf"{_COUNT}(ms|[wdhms])", re.IGNORECASE)
_UNITS = {
    "w": "weeks",
    "d": "days",
    "h": "hours",
    "m": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def named_reset(said: str, *, now: datetime) -> datetime | None:
    """The instant that a limit message names, if it names one that is to come."""
    for found in (*_instants(said), *_spans(said, now), *_clocks(said, now)):
        if found > now:
            return found.astimezone(UTC)
    return None


def _instants(said: str) -> Iterator[datetime]:
    for epoch in _EPOCH.findall(said):
        yield datetime.fromtimestamp(int(epoch), UTC)
    for day, zone in _INSTANT.findall(said):
        try:
            instant = datetime.fromisoformat(f"{day}{'' if zone in ('Z', 'UTC', '') else zone}")
        except ValueError:
            continue  # no such day
        yield instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _spans(said: str, now: datetime) -> Iterator[datetime]:
    for span in _AFTER.finditer(said):
        parts = {_UNITS[unit.lower()]: float(count) for count, unit in _PART.findall(span[1])}
        try:
            yield now + timedelta(**parts)
        except OverflowError:
            continue


def _clocks(said: str, now: datetime) -> Iterator[datetime]:
    for found in _CLOCK.finditer(said):
        if not (found["half"] or found["minute"]):
            continue  # "at 3 places" is no time
        hour = int(found["hour"])
        if found["half"]:
            if not 1 <= hour <= 12:
                continue
            hour = hour % 12 + 12 * (found["half"].lower() == "pm")
        try:
            local = now.astimezone(_zone(found["zone"]))
            at = local.replace(hour=hour, minute=int(found["minute"] or 0), second=0, microsecond=0)
            if found["month"]:
                at = min(_dates(found, at), key=lambda date: abs(date - local))
        except ValueError:
            continue
        yield at if at > local or found["month"] else at + timedelta(days=1)


def _dates(found: re.Match[str], at: datetime) -> Iterator[datetime]:
    """The named day at that time of day: of each year around where none is named, as far as they have it."""
    month, day = _MONTHS.index(found["month"].lower()) + 1, int(found["day"])
    for year in (int(found["year"]),) if found["year"] else (at.year - 1, at.year, at.year + 1):
        with contextlib.suppress(ValueError):
            yield at.replace(year=year, month=month, day=day)


def _zone(name: str | None) -> tzinfo | None:
    """None: this machine's. Raises ValueError for one that is not known."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, OSError) as error:
        raise ValueError(f"no time zone is called {name}") from error
