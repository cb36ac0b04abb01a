"""How fast a quota is used, and when a cap is reached if that goes on: plain arithmetic over hourly sums.

Amounts are integers, as caps have them: thousandths of a token, or billionths of a dollar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from autopack.routing.windows import HOUR, Named, Rolling, Span, whole_hour

LOOKS_BACK = timedelta(hours=24)
"""How far back the rate is taken; a shorter window's own length where that is less."""

Hours: TypeAlias = Sequence[tuple[datetime, int]]
"""The first instants of hours, in their order, and what was used in each."""


@dataclass(frozen=True, kw_only=True)
class Burn:
    """What was used per hour, on average over `hours` hours up to now, idle ones included."""

    since: datetime
    hours: float
    per_hour: float


def burn_of(hours: Hours, *, now: datetime, over: timedelta = LOOKS_BACK) -> Burn:
    """The rate of the last `over`, with the whole of its oldest hour."""
    since = whole_hour(now - min(over, LOOKS_BACK))
    elapsed = (now - since) / HOUR
    used = sum(used for hour, used in hours if hour >= since)
    return Burn(since=since, hours=elapsed, per_hour=used / elapsed)


def reached_at(
    span: Span, hours: Hours, *, spent: int, cap: int, per_hour: float, now: datetime
) -> datetime | None:
    """When a window's usage comes up to `cap` at a rate: now where it is there already, None where never.

    A named window is empty again at its reset. Out of a rolling one each of its `hours` falls when it is
    older than the window, and after one length of it all that is in it came at this rate.
    """
    if spent >= cap:
        return now
    if per_hour <= 0:
        return None
    left = spent
    for until, falls in _falls(span, hours, now):
        needed = (cap - left) / per_hour
        if needed <= (until - now) / HOUR:
            return now + needed * HOUR
        left -= falls
    return None


def _falls(span: Span, hours: Hours, now: datetime) -> list[tuple[datetime, int]]:
    """When usage leaves a window and how much; at the end, when nothing changes any more."""
    match span:
        case Named():
            return [(span.next_reset(now), 0)]
        case Rolling(length=length):
            inside = [(hour, used) for hour, used in hours if hour >= span.since(now)]
            return [
                *((span.leaves(hour, now=now), used) for hour, used in inside),
                (now + length + HOUR, 0),
            ]
