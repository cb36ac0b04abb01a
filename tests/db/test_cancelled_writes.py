"""A write that is cancelled in the midst of a statement holds nobody up."""

from __future__ import annotations

import asyncio
import random

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.supervisor import workers

ROUNDS = 150
LONGEST_SECONDS = 10.0
"""Less than the half minute for which a writer waits for another."""


async def write(database: Database, name: str) -> None:
    async with database.write() as session:
        await workers.register(session, name)
        await workers.register(session, f"{name}-too")


@pytest.mark.sqlite
async def test_a_cancelled_write_lets_go_of_the_database(database: Database, settings: Settings) -> None:
    other, moments = Database(settings.database_url), random.Random(4)
    try:
        for _ in range(ROUNDS):
            cancelled = [asyncio.create_task(write(database, f"cancelled-{n}")) for n in range(2)]
            beside = asyncio.create_task(write(other, "beside"))
            for _ in range(moments.randrange(60)):
                await asyncio.sleep(0)
            await asyncio.sleep(moments.random() * 0.005)
            for task in cancelled:
                task.cancel()
            await asyncio.gather(*cancelled, return_exceptions=True)
            async with asyncio.timeout(LONGEST_SECONDS):
                await beside
                await write(database, "after")
    finally:
        await other.close()
