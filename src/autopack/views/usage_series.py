"""What was used over time: buckets of a period, by provider, model or role class."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.usage.queries import hourly_summary
from autopack.usage.schemas import UsageSum
from autopack.usage.service import Period, begins
from autopack.views.spend import Spend, spend_of

By: TypeAlias = Literal["provider", "model", "role_class"]

BUCKETS: dict[Period, timedelta] = {
    "day": timedelta(hours=1),
    "week": timedelta(hours=6),
    "month": timedelta(days=1),
}


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class SeriesPart(_Shown):
    """What one provider, model or role class used in a bucket; real and simulated calls apart."""

    name: str
    simulated: bool
    usage: Spend


class SeriesBucket(_Shown):
    """One stretch of time, also where nothing was used in it."""

    start: datetime
    end: datetime
    parts: tuple[SeriesPart, ...]


class UsageSeries(_Shown):
    """A period in buckets of one length, oldest first; the first and the last may lie partly outside it."""

    period: Period
    by: By
    buckets: tuple[SeriesBucket, ...]


async def usage_series(
    session: ReadSession, period: Period, by: By, *, now: datetime | None = None
) -> UsageSeries:
    """Usage over a rolling period up to now."""
    now, length = now or datetime.now(UTC), BUCKETS[period]
    begun = begins(period, now=now)
    found = defaultdict[datetime, defaultdict[tuple[str, bool], list[UsageSum]]](lambda: defaultdict(list))
    for one in await hourly_summary(session, group_by=("hour", by, "simulated"), since=begun):
        key = (str(getattr(one, by)), one.simulated)
        found[_bucket(one.hour or begun, length)][key].append(one)
    buckets: list[SeriesBucket] = []
    start, last = _bucket(begun, length), max([now, *found])
    while start <= last:
        parts = [
            SeriesPart(name=name, simulated=simulated, usage=spend_of(sums))
            for (name, simulated), sums in sorted(found[start].items())
        ]
        buckets.append(SeriesBucket(start=start, end=start + length, parts=tuple(parts)))
        start += length
    return UsageSeries(period=period, by=by, buckets=tuple(buckets))


def _bucket(hour: datetime, length: timedelta) -> datetime:
    """The first instant of the bucket of an hour; buckets are counted from midnight (UTC)."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (hour - epoch) // length * length
