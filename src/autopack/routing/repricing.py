"""Prices of calls that are in the ledger, computed anew: after a price in models.yaml was added or mended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autopack.db import Database, WriteSession
from autopack.routing.queries import lock_pool, price_lost
from autopack.usage import queries
from autopack.usage.money import to_nano
from autopack.usage.prices import PriceTable, price
from autopack.usage.queries import Hour, Priceable
from autopack.usage.rollups import hours_of, sums_of
from autopack.usage.schemas import TokenUsage, UsageStatus
from autopack.usage.tables import UsageEventRow

EACH = 500
"""Calls that are priced in one transaction, so that nobody waits for long."""


@dataclass
class Repriced:
    """What became of the calls of one model; dollars are in billionths."""

    calls: int = 0
    """Those whose price is another now."""
    newly_priced: int = 0
    """Those of them that had none."""
    before: int = 0
    """What they cost before, as far as that was known."""
    after: int = 0
    unpriced: int = 0
    """Calls that still have no known price."""


@dataclass
class Repricing:
    """What was priced anew: by model, provider and whether it was simulated."""

    looked_at: int = 0
    models: defaultdict[tuple[str, str, bool], Repriced] = field(
        default_factory=lambda: defaultdict[tuple[str, str, bool], Repriced](Repriced)
    )


async def reprice(database: Database, which: Priceable, prices: Mapping[str, PriceTable]) -> Repricing:
    """Price calls as they would be priced now, at the prices of their own time; again changes nothing.

    Each part is one transaction under its pool's lock, in which the hours are corrected too: the sums are
    those of the calls at every moment. A known price is never replaced by none. `prices` are the policy's.
    """
    done, after = Repricing(), 0
    while True:
        async with database.read() as session:
            found = await queries.to_price(session, which, after=after, limit=EACH)
        if not found:
            return done
        after = found[-1][0]
        by_pool = defaultdict[str, list[int]](list)
        for row_id, pool in found:
            by_pool[pool].append(row_id)
        for pool, row_ids in by_pool.items():
            async with database.write() as session:
                await lock_pool(session, pool)
                events = await queries.events_of_rows(session, row_ids)
                if which.unpriced:  # one may have been settled meanwhile
                    events = [event for event in events if event.nano_usd is None]
                part = await _part(session, events, prices)
            _add(done, part)


async def _part(
    session: WriteSession, events: Sequence[UsageEventRow], prices: Mapping[str, PriceTable]
) -> Repricing:
    part, differences = Repricing(), defaultdict[Hour, defaultdict[str, int]](lambda: defaultdict(int))
    for event in events:
        part.looked_at += 1
        of_model = part.models[event.model, event.provider, event.simulated]
        former, now = event.nano_usd, _price(event, prices)
        if now is None:
            of_model.unpriced += former is None
            continue
        if now == former:
            continue
        taken_back = sums_of(event)
        event.nano_usd = now
        for hour in hours_of(event):
            for name, value in sums_of(event).items():
                differences[hour][name] += value - taken_back[name]
        await queries.set_price(session, event.id, now)
        if event.usage_status == UsageStatus.UNKNOWN:
            await price_lost(session, event.call_id, now)
        of_model.calls += 1
        of_model.newly_priced += former is None
        of_model.before += former or 0
        of_model.after += now
    for hour, sums in differences.items():
        await queries.add_to_hour(session, hour, sums)
    return part


def _price(event: UsageEventRow, prices: Mapping[str, PriceTable]) -> int | None:
    usage = TokenUsage(
        input_tokens=event.prompt_tokens,
        output_tokens=event.completion_tokens,
        cache_read_tokens=event.cache_read_tokens,
        cache_write_tokens=event.cache_write_tokens,
        reasoning_tokens=event.reasoning_tokens,
    )
    return to_nano(
        price(model=event.model, provider=event.provider, usage=usage, at=event.created_at, overrides=prices)
    )


def _add(done: Repricing, part: Repricing) -> None:
    done.looked_at += part.looked_at
    for key, more in part.models.items():
        known = done.models[key]
        known.calls += more.calls
        known.newly_priced += more.newly_priced
        known.before += more.before
        known.after += more.after
        known.unpriced += more.unpriced
