"""A process that makes calls against one quota as fast as it can; see test_quota_races.py.

`python spender.py HOME POLICY URL CALLS`: a simulated provider is called at URL, none where it is `-`. Writes
one JSON object at its end. It may be killed at any moment.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections import Counter
from pathlib import Path

import httpx2

from autopack.config import Settings
from autopack.db import Database
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policy import parse_policy
from autopack.routing.quota import QuotaBusy, QuotaReached
from autopack.supervisor import workers
from autopack.usage.schemas import TokenUsage

BOUND = TokenUsage(input_tokens=200, output_tokens=100)
TAKEN = TokenUsage(input_tokens=80, output_tokens=20)


async def spend(home: Path, policy_path: Path, url: str, calls: int) -> Counter[str]:
    here = Settings(home=home, postgres_url=os.environ.get("AUTOPACK_DATABASE_URL"))
    database, told = Database(here.database_url), Counter[str]()
    policy = parse_policy(policy_path.read_text(), source="models.yaml")
    owner = workers.new_executor_id()
    async with database.write() as session:
        await workers.register(session, owner)
    context = CallContext(role="builder", category="docs", model=policy.resolve("gpt-5"), owner=owner)
    meter = Meter(database, context, policy=lambda: policy)
    async with httpx2.AsyncClient(trust_env=False) as client:
        for _ in range(calls):
            told[await call(meter, client, url)] += 1
    await database.close()
    return told


async def call(meter: Meter, client: httpx2.AsyncClient, url: str) -> str:
    while True:
        try:
            call_id = await meter.reserve(bound=BOUND)
        except QuotaBusy:
            await asyncio.sleep(random.uniform(0.001, 0.02))
        except QuotaReached:
            return "refused"
        else:
            break
    if url == "-":
        await meter.settle(call_id, usage=TAKEN, response_id=None)
        return "made"
    asked = {"model": "gpt-5", "messages": [{"role": "user", "content": "Say hello."}]}
    answer = await client.post(
        f"{url}/v1/chat/completions", json=asked, headers={"authorization": "Bearer sk-x"}
    )
    said = answer.json()
    usage = TokenUsage(
        input_tokens=said["usage"]["prompt_tokens"], output_tokens=said["usage"]["completion_tokens"]
    )
    await meter.settle(call_id, usage=usage, response_id=said["id"])
    return "made"


if __name__ == "__main__":
    home, policy, url, calls = sys.argv[1:]
    told = asyncio.run(spend(Path(home), Path(policy), url, int(calls)))
    sys.stdout.write(json.dumps(told) + "\n")
