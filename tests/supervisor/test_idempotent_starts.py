"""A start that is sent twice under one key is one run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.errors import Conflict, InvalidInput
from autopack.idempotency.queries import IdempotencyKey
from autopack.supervisor.launch import create_run
from fixtures.world import approves, builds, small_world, write_file


async def test_two_starts_under_one_key_are_one_run(tmp_path: Path, settings: Settings) -> None:
    conversations = [builds(1, write_file("one.py", "")), approves()]
    async with small_world(tmp_path, settings, *conversations) as world:

        async def start(key: IdempotencyKey) -> str:
            created = await create_run(
                world.services,
                plan_path=world.plan,
                repository=world.repository,
                unsandboxed=False,
                accept_red_baseline=False,
                key=key,
            )
            return created.run_id

        first, second = await asyncio.gather(*[start(IdempotencyKey("k", b"same")) for _ in range(2)])
        assert first == second
        with pytest.raises(InvalidInput, match="used for another request"):
            await start(IdempotencyKey("k", b"other"))
        with pytest.raises(Conflict, match="has not ended"):
            await start(IdempotencyKey("another", b"same"))
