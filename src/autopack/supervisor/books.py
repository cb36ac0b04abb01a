"""Are the records true to themselves: the feed without a gap, and the sums of usage."""

from __future__ import annotations

from collections import Counter

from autopack.feed import queries as feed
from autopack.routing.queries import lock_pool
from autopack.supervisor.flaws import Flaw, Home
from autopack.usage.rollups import differing_hours, rebuild


async def look_at_feed(home: Home) -> list[Flaw]:
    """The feed has every id from 1 to the last, and its head is that last one."""
    async with home.database.read() as session:
        found = await feed.extent(session)
    flaws: list[Flaw] = []
    newest = max(found.last, found.head)
    if newest != found.events:
        said = f"{newest - found.events} of the feed's {newest} events are missing: somebody removed them."
        remedy = "What they told can't be made again; runs, attempts and usage do not depend on them."
        flaws.append(Flaw(what="events", said=said, remedy=remedy))
    if found.head < found.last:
        if home.mend:
            async with home.database.write() as session:
                await feed.set_head(session, event_id=(await feed.extent(session)).last)
        said = f"The feed's counter is at {found.head}, its last event is {found.last}"
        flaws.append(home.flaw("events", f"{said}: moved up to it." if home.mend else f"{said}."))
    return flaws


async def look_at_usage(home: Home) -> list[Flaw]:
    """The hourly sums are those of their events; mended pool by pool, under the pool's lock."""
    async with home.database.read() as session:
        hours = {(key.pool, key.hour) for key in await differing_hours(session)}
    differing = Counter(pool for pool, _ in hours)
    flaws: list[Flaw] = []
    for pool, number in sorted(differing.items()):
        if home.mend:
            async with home.database.write() as session:
                await lock_pool(session, pool)
                await rebuild(session, pool=pool)
        counted = "1 hour differs" if number == 1 else f"{number} hours differ"
        ended = ": counted anew." if home.mend else "."
        flaws.append(home.flaw("usage", f"The sums of {pool}: {counted} from the calls in them{ended}"))
    return flaws
