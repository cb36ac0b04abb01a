"""What a process remembers of a quota's earlier hours, so that a call adds up only the hour at hand.

Earlier hours change when a late answer comes, prices are mended or calls are imported, and windows when the
account tells of a reset; each of these counts the pool's revision up under its lock. What is remembered holds
for one revision and one hour at hand.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from autopack.db import Database, WriteSession
from autopack.routing import queries
from autopack.routing.limits import Limits, MilliWeights
from autopack.routing.queries import Amounts, Use
from autopack.routing.windows import whole_hour

LONGEST_SECONDS = 60.0
"""After so long it is read anew all the same."""

_Key: TypeAlias = tuple[str, MilliWeights, tuple[datetime, ...]]
"""A pool, how its tokens are weighed, and since when its windows count."""


@dataclass(frozen=True)
class _Earlier:
    """What was used before the hour at hand, in each window."""

    hour: datetime
    revision: int | None
    amounts: tuple[Amounts, ...]
    read_at: float


@dataclass(frozen=True)
class _Turned:
    """Limits as they are configured, and with the resets that the account told."""

    configured: Limits
    revision: int | None
    limits: Limits


class Remembered:
    """The earlier hours of one database's quotas."""

    def __init__(self) -> None:
        self._earlier: dict[_Key, _Earlier] = {}
        self._turned: dict[str, _Turned] = {}

    def limits_of(self, pool: str, limits: Limits) -> Limits:
        """The limits with the resets that the account told, as far as they are remembered."""
        known = self._turned.get(pool)
        return known.limits if known is not None and known.configured is limits else limits

    async def use_of(
        self, session: WriteSession, pool: str, configured: Limits, *, now: datetime
    ) -> tuple[Limits, Use]:
        """The limits with the resets that the account told, and what of the quota is used.

        The caller holds the pool.
        """
        found = await queries.at_hand(session, pool, configured)
        booked = await queries.book_at(session, pool, found.hour, now=now)
        hour = whole_hour(booked)
        if found.hour != hour:
            found = await queries.at_hand(session, pool, configured)
        turned = self._turned.get(pool)
        if turned is None or turned.configured is not configured or turned.revision != found.revision:
            resets = await queries.account_resets(session, pool)
            turned = _Turned(configured, found.revision, configured.turned(resets))
            self._turned[pool] = turned
        limits = turned.limits
        key = pool, limits.weights.milli, tuple(span.since(now) for span in limits.spans.values())
        earlier = self._earlier.get(key)
        if earlier is None or not _holds(earlier, hour, found.revision):
            amounts = await queries.used_before(session, pool, limits, now=now, hour=hour)
            earlier = _Earlier(hour, found.revision, amounts, time.monotonic())
            self._earlier = {one: kept for one, kept in self._earlier.items() if one[:2] != key[:2]}
            self._earlier[key] = earlier
        windows = {
            name: Amounts(*(before + at_hand for before, at_hand in zip(amounts, found.used, strict=True)))
            for name, amounts in zip(limits.spans, earlier.amounts, strict=True)
        }
        return limits, Use(windows, found.open)

    def left_of(
        self, pool: str, limits: Limits, *, role: str, category: str, bound: Amounts, now: datetime
    ) -> Left | None:
        """What each cap has beside a call of at most `bound`; None: too little is remembered."""
        key = pool, limits.weights.milli, tuple(span.since(now) for span in limits.spans.values())
        earlier = self._earlier.get(key)
        if earlier is None or not _holds(earlier, whole_hour(now), earlier.revision) or bound.unpriced:
            return None
        windows = dict(zip(limits.spans, earlier.amounts, strict=True))
        left: list[int] = []
        for cap, limit, _ in limits.levels(role, category):
            before = windows[cap.window]
            if cap.unit == "usd" and before.unpriced:
                return None
            used, most = (
                one.milli_tokens if cap.unit == "tokens" else one.nano_usd for one in (before, bound)
            )
            left.append(limit - used - most)
        return Left(tuple(left), earlier.hour, earlier.revision)


class Left(NamedTuple):
    """What the caps of a quota have left, for one hour at hand and one revision."""

    amounts: tuple[int, ...]
    hour: datetime
    revision: int | None


def _holds(earlier: _Earlier, hour: datetime, revision: int | None) -> bool:
    fresh = time.monotonic() - earlier.read_at < LONGEST_SECONDS
    return fresh and (earlier.hour, earlier.revision) == (hour, revision)


_OF: WeakKeyDictionary[Database, Remembered] = WeakKeyDictionary()


def remembered_of(database: Database) -> Remembered:
    """What this process remembers of a database."""
    return _OF.setdefault(database, Remembered())
