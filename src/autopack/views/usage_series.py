"""What was used over time: buckets of a period, by provider, model, role, role class or run."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.runs.queries import plan_names
from autopack.usage.queries import SeriesSum, largest, over_time
from autopack.usage.schemas import SeriesBy, UsageSum
from autopack.usage.service import Period, begins
from autopack.views.spend import Spend, spend_of

BUCKETS: dict[Period, timedelta] = {
    "day": timedelta(hours=1),
    "week": timedelta(hours=6),
    "month": timedelta(days=1),
}

MOST_NAMES = 8
"""More than so many can't be told apart in a chart; the others are one part."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class SeriesName(_Shown):
    """One that has parts of its own."""

    name: str
    title: str
    """What to show a person: the name of a run's plan, where the run is known here; otherwise the name."""


class SeriesPart(_Shown):
    """What one of the series' names, or all others together, used in a bucket; real and simulated apart."""

    name: str | None
    """One of `names`; empty: all others together (`other`); null: calls of no run, of a series by run."""
    other: bool
    """Whether this is the rest: all that have a name, but none of `names`."""
    simulated: bool
    usage: Spend


class SeriesBucket(_Shown):
    """One stretch of time, also where nothing was used in it."""

    start: datetime
    end: datetime
    parts: tuple[SeriesPart, ...]
    """In the order of `names`, then calls of no run, then the rest; the real ones of each come first."""


class UsageSeries(_Shown):
    """A period in buckets of one length, oldest first; the first and the last may lie partly outside it.

    The parts of a bucket sum to all that was used in it.
    """

    period: Period
    by: SeriesBy
    names: tuple[SeriesName, ...]
    """The 8 that used the most tokens over the period, largest first.

    By real calls, and then by simulated ones, which are never added to them.
    """
    buckets: tuple[SeriesBucket, ...]


class _Part(NamedTuple):
    name: str
    other: bool
    simulated: bool


async def usage_series(
    session: ReadSession, period: Period, by: SeriesBy, *, now: datetime | None = None
) -> UsageSeries:
    """Usage over a rolling period up to now."""
    now, length = now or datetime.now(UTC), BUCKETS[period]
    begun = begins(period, now=now)
    names = await largest(session, by, since=begun, most=MOST_NAMES)
    found = defaultdict[datetime, defaultdict[_Part, list[UsageSum]]](lambda: defaultdict(list))
    for one in await over_time(session, by, since=begun, names=names):
        found[_bucket(one.hour, length)][_part(one)].append(one.sum)
    ranks = {name: rank for rank, name in enumerate([*names, ""])}
    titles = await plan_names(session, names) if by == "run" else {}
    buckets: list[SeriesBucket] = []
    start, last = _bucket(begun, length), max([now, *found])
    while start <= last:
        sums = sorted(found[start].items(), key=lambda one: (one[0].other, ranks[one[0].name], one[0]))
        parts = tuple(_shown(part, spend_of(of)) for part, of in sums)
        buckets.append(SeriesBucket(start=start, end=start + length, parts=parts))
        start += length
    return UsageSeries(
        period=period,
        by=by,
        names=tuple(SeriesName(name=name, title=titles.get(name, name)) for name in names),
        buckets=tuple(buckets),
    )


def _part(one: SeriesSum) -> _Part:
    return _Part(one.name, one.other, one.sum.simulated)


def _shown(part: _Part, usage: Spend) -> SeriesPart:
    nameless = not part.name and not part.other
    return SeriesPart(
        name=None if nameless else part.name, other=part.other, simulated=part.simulated, usage=usage
    )


def _bucket(hour: datetime, length: timedelta) -> datetime:
    """The first instant of the bucket of an hour; buckets are counted from midnight (UTC)."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (hour - epoch) // length * length
