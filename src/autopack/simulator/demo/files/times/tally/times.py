"""Durations and times of day, as people write and read them."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from tally.errors import TallyError

_DURATION = re.compile(r"(?:(?P<hours>\d{1,4})\s*h)?\s*(?:(?P<minutes>\d{1,5})\s*m)?", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(?P<day>yesterday|\d{4}-\d{2}-\d{2})[ T])?(?P<hour>\d{1,2}):(?P<minute>\d{2})")


def parse_duration(text: str) -> timedelta:
    """Read `45m`, `2h` or `1h 30m`."""
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        raise TallyError(f"{text!r} is not a duration: write 45m, 2h or 1h30m")
    return timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))


def format_duration(duration: timedelta) -> str:
    """Write a duration to the nearest minute: `30m`, `2h 05m`; what is less than half a minute is `<1m`."""
    seconds = int(duration.total_seconds())
    hours, minutes = divmod((seconds + 30) // 60, 60)
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m" if minutes or not seconds else "<1m"


def parse_day(text: str, *, today: date) -> date:
    """Read `today`, `yesterday` or `2025-03-03`."""
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    if text in named:
        return named[text]
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise TallyError(f"{text!r} is not a day: write today, yesterday or 2025-03-03") from error


def parse_clock(text: str, *, now: datetime) -> datetime:
    """Read `9:30`, `yesterday 17:00` or `2025-03-03 17:00`, in the UTC offset of `now`.

    A bare time of day is the latest one that is not in the future: `23:50` typed at half past
    midnight means last night.
    """
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        raise TallyError(f"{text!r} is not a time: write 9:30, 'yesterday 17:00' or '2025-03-03 17:00'")
    try:
        clock = time(int(match["hour"]), int(match["minute"]), tzinfo=now.tzinfo)
    except ValueError as error:
        raise TallyError(f"{text!r} is not a time of day: the last one is 23:59") from error
    if match["day"]:
        return datetime.combine(parse_day(match["day"], today=now.date()), clock)
    moment = datetime.combine(now.date(), clock)
    return moment if moment <= now else moment - timedelta(days=1)
