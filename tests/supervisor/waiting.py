"""Waiting for what a run comes to, and for processes that are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import update

from autopack.feed import queries as feed
from autopack.supervisor.tables import WorkerRow
from fixtures.world import World

LIMIT_SECONDS = 60


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition, not for ever."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await condition():
            await asyncio.sleep(0.02)


async def reaches(world: World, run_id: str, *states: str) -> None:
    """Wait until the run is in one of these states."""

    async def there() -> bool:
        return (await world.read(run_id)).state in states

    await until(there)


async def asked(world: World, count: int) -> None:
    """Wait until the provider was asked so often."""

    async def there() -> bool:
        return len(world.simulator.entries()) >= count

    await until(there)


async def kinds(world: World, run_id: str) -> list[str]:
    """What happened, by kind."""
    async with world.services.database.read() as session:
        return [one.body.kind for one in await feed.after(session, event_id=0, run_id=run_id, limit=500)]


async def dies(world: World) -> None:
    """Whoever drives runs here is another process from now on, as after kill -9."""
    async with world.services.database.write() as session:
        await session.execute(update(WorkerRow).values(pid_started="long ago"))
