"""Windows of a quota: since when usage counts, and when it stops to.

A rolling window counts back from now, a named one from its last reset in its zone. Usage is kept by the hour
(UTC), so every window includes the whole of its oldest hour: at most one hour too much, never too little.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)

Turn: TypeAlias = Literal["day", "week", "month"]
"""How often a named window turns."""


_SLACK = timedelta(minutes=10)
"""By how much clocks may differ."""


def can_be(reset: datetime, length: timedelta, now: datetime) -> bool:
    """Whether a window of that length, in which `now` is or that is past, can reset then."""
    return reset - now <= length + _SLACK


@dataclass(frozen=True, kw_only=True)
class Rolling:
    """The time up to now; where its account has told a reset, from there on, or from one length before it."""

    length: timedelta
    reset: datetime | None = None
    """The reset that the account told last, to come or past."""

    def since(self, now: datetime) -> datetime:
        """The first instant that counts."""
        begun, reset = now - self.length, self._told(now)
        if reset is not None:
            turned = reset if reset <= now else reset - self.length
            begun = max(begun, min(turned, now))
        return whole_hour(begun)

    def leaves(self, hour: datetime, *, now: datetime) -> datetime:
        """When the usage of an hour that counts now no longer does."""
        rolled = hour + HOUR + self.length
        reset = self.next_reset(now)
        return rolled if reset is None or hour >= whole_hour(reset) else min(rolled, reset)

    def next_reset(self, now: datetime) -> datetime | None:
        """The reset that is to come; None where its account has told of none."""
        reset = self._told(now)
        return reset if reset is not None and reset > now else None

    def _told(self, now: datetime) -> datetime | None:
        """The reset that was told, unless it is too far for this length: a clock was wrong then."""
        return self.reset if self.reset is not None and can_be(self.reset, self.length, now) else None

    def falls_under(self, hours: Iterable[tuple[datetime, int]], limit: int, *, now: datetime) -> datetime:
        """When the usage of `hours` (their first instants, in order) will have come down to `limit`."""
        inside = [(hour, used) for hour, used in hours if hour >= self.since(now)]
        left, at = sum(used for _, used in inside), now
        for hour, used in inside:
            if left <= limit:
                break
            left, at = left - used, self.leaves(hour, now=now)
        return at


@dataclass(frozen=True, kw_only=True)
class Named:
    """The time since a reset by the calendar of a zone."""

    turn: Turn
    zone: str
    at: time
    weekday: int = 0
    """0: Monday. For a week."""
    day: int = 1
    """For a month: at most 28."""

    def since(self, now: datetime) -> datetime:
        """The first instant that counts."""
        return whole_hour(self.last_reset(now))

    def falls_under(self, hours: Iterable[tuple[datetime, int]], limit: int, *, now: datetime) -> datetime:
        """When the usage of `hours` will have come down to `limit`: at the next reset, unless it has."""
        used = sum(used for hour, used in hours if hour >= self.since(now))
        return now if used <= limit else self.next_reset(now)

    def last_reset(self, now: datetime) -> datetime:
        """The reset that began the window in which `now` is."""
        day = self._day_of_turn(now.astimezone(ZoneInfo(self.zone)).date())
        reset = self._instant(day)
        return reset if reset <= now else self._instant(self._day_before(day))

    def next_reset(self, now: datetime) -> datetime:
        """The reset that ends the window in which `now` is."""
        day = self._day_of_turn(now.astimezone(ZoneInfo(self.zone)).date())
        reset = self._instant(day)
        return reset if reset > now else self._instant(self._day_after(day))

    def _day_of_turn(self, today: date) -> date:
        """The day of the reset in the day, week or month of `today`, which may be before or after it."""
        match self.turn:
            case "day":
                return today
            case "week":
                return today + timedelta(days=self.weekday - today.weekday())
            case "month":
                return today.replace(day=self.day)

    def _day_before(self, day: date) -> date:
        if self.turn == "month":
            return (day.replace(day=1) - timedelta(days=1)).replace(day=self.day)
        return day - timedelta(days=_DAYS[self.turn])

    def _day_after(self, day: date) -> date:
        if self.turn == "month":
            return (day.replace(day=28) + timedelta(days=4)).replace(day=self.day)
        return day + timedelta(days=_DAYS[self.turn])

    def _instant(self, day: date) -> datetime:
        return datetime.combine(day, self.at, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)


_DAYS = {"day": 1, "week": 7}

Span: TypeAlias = Rolling | Named


def whole_hour(instant: datetime) -> datetime:
    """The first instant of the hour (UTC) of an instant."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def length_words(length: timedelta) -> str:
    """A length, such as `5 hours` or `7 days`."""
    hours = round(length / HOUR)
    count, word = (hours // 24, "day") if hours and hours % 24 == 0 else (hours, "hour")
    return f"{count} {word}" + ("" if count == 1 else "s")
