"""Many processes at one quota: nothing is overspent, nothing that fits is refused, and kills lose nothing."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from autopack.config import Settings
from autopack.db import Database
from autopack.routing import queries
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.tables import ReservationRow
from autopack.simulator import RunningSimulator, Scenario, serve
from autopack.supervisor.sweep import sweep
from autopack.usage.rollups import differing_hours
from autopack.usage.tables import UsageEventRow
from fixtures.database import home_environ
from routing.spender import BOUND, TAKEN

PROCESSES = 8
LIMIT_SECONDS = 110


def policy_of(folder: Path, cap: int) -> tuple[Path, Policy]:
    text = default_policy_text().replace(
        "providers: {}", f"providers: {{openai: {{daily_cap_tokens: {cap}}}}}"
    )
    path = folder / "models.yaml"
    path.write_text(text)
    return path, parse_policy(text, source="models.yaml")


@asynccontextmanager
async def spenders(
    settings: Settings, policy: Path, url: str, calls: int
) -> AsyncGenerator[list[asyncio.subprocess.Process]]:
    """Processes that call as fast as they can; none is left at the end."""
    racing = [await _start(settings, policy, url, calls) for _ in range(PROCESSES)]
    try:
        yield racing
    finally:
        for one in racing:
            if one.returncode is None:
                one.kill()


async def _start(settings: Settings, policy: Path, url: str, calls: int) -> asyncio.subprocess.Process:
    script = Path(__file__).with_name("spender.py")
    words = (str(script), str(settings.home), str(policy), url, str(calls))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, *words),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **home_environ(settings)},
    )


async def spent(database: Database) -> int:
    async with database.read() as session:
        size = func.coalesce(func.sum(UsageEventRow.prompt_tokens + UsageEventRow.completion_tokens), 0)
        return int(await session.scalar(select(size)) or 0)


async def states(database: Database) -> dict[str, int]:
    async with database.read() as session:
        counted = select(ReservationRow.state, func.count()).group_by(ReservationRow.state)
        return {row[0]: row[1] for row in await session.execute(counted)}


@pytest.mark.timeout(LIMIT_SECONDS)
async def test_processes_that_race_for_a_cap_fill_it_and_pass_it_by_nothing(
    settings: Settings, database: Database, tmp_path: Path, full: bool
) -> None:
    calls = 200 if full else 30
    cap = PROCESSES * calls * TAKEN.total // 2
    path, _ = policy_of(tmp_path, cap)
    async with spenders(settings, path, "-", calls) as racing:
        told = [json.loads((await one.communicate())[0]) for one in racing]
    made, refused = (sum(one.get(word, 0) for one in told) for word in ("made", "refused"))
    assert made + refused == PROCESSES * calls
    assert await spent(database) == made * TAKEN.total <= cap
    assert refused
    assert await spent(database) + BOUND.total > cap, "what was refused would not have fitted at the end"
    assert await states(database) == {"settled": made, "refused": refused}


@pytest.mark.timeout(LIMIT_SECONDS)
async def test_after_kills_the_ledger_is_what_was_served_and_what_is_unknown(
    settings: Settings, database: Database, tmp_path: Path, full: bool
) -> None:
    calls, random_moment = (200 if full else 25), random.Random(7)
    cap = PROCESSES * calls * 50
    path, policy = policy_of(tmp_path, cap)
    answer = {"text": "Hello.", "usage": {"input_tokens": 80, "output_tokens": 20}}
    scenario = {"schema_version": 1, "name": "races", "conversations": [{"when": [], "steps": [answer]}]}
    async with (
        serve(Scenario.model_validate(scenario)) as simulator,
        spenders(settings, path, simulator.url, calls) as racing,
    ):
        for victim in racing[: PROCESSES // 2]:
            await _served(simulator, at_least=len(simulator.entries()) + random_moment.randint(5, 20))
            if victim.returncode is None:
                victim.kill()
        sweeping = asyncio.create_task(_keep_sweeping(database))  # as the process of a run does
        for one in racing:
            await one.communicate()
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
        await sweep(database)
        await _holds(database, simulator, policy)


async def _keep_sweeping(database: Database) -> None:
    while True:
        await sweep(database)
        await asyncio.sleep(0.2)


async def _served(simulator: RunningSimulator, *, at_least: int) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while len(simulator.entries()) < at_least:
            await asyncio.sleep(0.005)


async def _holds(database: Database, simulator: RunningSimulator, policy: Policy) -> None:
    served = {
        entry.response_id: entry.usage.input_tokens + entry.usage.output_tokens
        for entry in simulator.entries()
        if entry.usage is not None
    }
    async with database.read() as session:
        events = list(await session.scalars(select(UsageEventRow)))
        assert await differing_hours(session) == {}
        now = max(event.created_at for event in events)
        use = await queries.use_of(session, "openai", policy.limits("openai"), now=now)
    reported = {
        event.response_id: event.prompt_tokens + event.completion_tokens
        for event in events
        if event.usage_status == "reported"
    }
    unknown = [
        event.prompt_tokens + event.completion_tokens for event in events if event.usage_status == "unknown"
    ]
    assert reported.items() <= served.items(), "what the ledger has was served"
    lost = [tokens for response, tokens in served.items() if response not in reported]
    assert len(lost) <= len(unknown), "what was served and is not in the ledger is marked unknown there"
    assert sum(lost) <= sum(unknown)
    assert set(unknown) <= {BOUND.total}
    assert use.open == (0, 0, 0)
    (cap,) = policy.limits("openai").caps
    assert use.windows["day"].milli_tokens == (sum(reported.values()) + sum(unknown)) * 1000 <= cap.amount
    assert set(await states(database)) <= {"settled", "unknown", "refused"}
