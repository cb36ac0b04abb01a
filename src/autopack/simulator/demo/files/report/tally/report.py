"""Where the time went: totals by tag or by day, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

from tally.session import Session
from tally.times import format_duration

_BAR_WIDTH = 24


@dataclass(frozen=True)
class Row:
    """One line of a report: a tag or a day, and the time that went there."""

    label: str
    duration: timedelta


def pieces(session: Session, *, now: datetime) -> Iterator[Tuple[date, timedelta]]:
    """Cut a session at midnight, so that each day gets the time that was worked on it.

    Midnight is that of the UTC offset the session started in. A running session counts until `now`.
    """
    end = session.start + session.duration(now)
    cursor = session.start
    while cursor < end:
        midnight = (cursor + timedelta(days=1)).replace(hour=0, minute=0)
        until = min(midnight, end)
        yield cursor.date(), until - cursor
        cursor = until


def totals(
    sessions: Iterable[Session],
    *,
    by: str,
    now: datetime,
    since: Optional[date] = None,
    until: Optional[date] = None,
) -> List[Row]:
    """Add up by `tag` (the most time first) or by `day` (in order), from `since` to `until`, both included."""
    sums: Dict[str, timedelta] = {}
    for session in sessions:
        for day, duration in pieces(session, now=now):
            if (since is None or since <= day) and (until is None or day <= until):
                label = session.tag if by == "tag" else f"{day:%Y-%m-%d %a}"
                sums[label] = sums.get(label, timedelta(0)) + duration
    rows = [Row(label, duration) for label, duration in sums.items()]
    if by == "tag":
        return sorted(rows, key=lambda row: (-row.duration, row.label))
    return sorted(rows, key=lambda row: row.label)


def render(rows: List[Row], *, bar: str = "█") -> str:
    """Draw the rows as a table with bars: the longest row has the longest bar, shares are of the total."""
    total = sum((row.duration for row in rows), timedelta(0))
    if not total:
        return "No time was tracked in this period.\n"
    width = max(len(row.label) for row in [*rows, Row("total", total)])
    longest = max(row.duration for row in rows)
    lines = []
    for row in rows:
        length = max(1, round(_BAR_WIDTH * (row.duration / longest)))
        time_and_share = f"{format_duration(row.duration):>8}  {row.duration / total:4.0%}"
        lines.append(f"{row.label:<{width}}  {bar * length:<{_BAR_WIDTH}}  {time_and_share}")
    lines.append(f"{'total':<{width}}  {'':<{_BAR_WIDTH}}  {format_duration(total):>8}")
    return "\n".join(lines) + "\n"
