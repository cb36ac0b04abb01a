"""A service as a process of its own, whose runs a test steers, and Builders that it holds."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from autopack.config import Settings
from autopack.projects import queries as projects
from dashboard.started import COMMAND, end, start
from fixtures.world import PLAN, World, small_world

LIMIT_SECONDS = 60.0


def waits_as(name: str) -> dict[str, Any]:
    """A step in which a Builder says that it waits, and does until the test lets it go on."""
    command = f"touch ~/waits-{name}; until test -e ~/go-{name}; do sleep 0.02; done"
    return {"calls": [{"tool": "shell", "args": {"command": command}}]}


def plan_of(*phases: str, verify: str | list[str] = "none") -> dict[str, Any]:
    """A plan of these phases, named after the first."""
    told = [{**PLAN["tiers"][0]["phases"][0], "id": name, "name": f"Phase {name}"} for name in phases]
    return {**PLAN, "name": phases[0], "verify": verify, "tiers": [{"name": "Only", "phases": told}]}


@dataclass(kw_only=True)
class Service:
    """A service that is alive, but for the time between `stop` and `begin`, and a client of its."""

    world: World
    client: httpx2.AsyncClient = field(
        default_factory=lambda: httpx2.AsyncClient(timeout=LIMIT_SECONDS, trust_env=False)
    )
    url: str = ""
    _process: asyncio.subprocess.Process | None = None

    async def begin(self) -> None:
        """Start it, where it is not alive; again on the port that it had."""
        if self._process is None:
            port = self.url.rpartition(":")[2] or "0"
            self._process, self.url = await start(self.world, *COMMAND, "serve", "--port", port)

    async def stop(self) -> None:
        """End it as a user does."""
        if self._process is not None:
            ended, self._process = self._process, None
            code, _, err = await end(ended, signal.SIGTERM)
            assert (code, err) == (0, "")

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> httpx2.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        if body is None:
            return await self.client.post(self.url + path, headers=headers)
        return await self.client.post(self.url + path, json=body, headers=headers)

    async def create(self, plan: dict[str, Any]) -> str:
        """Start a run; gives its id."""
        answer = await self.post("/runs/start", {"plan": plan})
        assert answer.status_code == 201, answer.text
        return answer.json()["run_id"]

    async def ask(self, run_id: str, verb: str) -> tuple[str, bool]:
        """Ask something of a run: its state after that, and whether it was new."""
        answer = await self.post(f"/runs/{run_id}/{verb}")
        assert answer.status_code == 200, answer.text
        return answer.json()["state"], answer.json()["changed"]

    async def status(self, run_id: str) -> dict[str, Any]:
        answer = await self.client.get(f"{self.url}/dashboard/runs/{run_id}/status")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def reaches(self, run_id: str, state: str) -> None:
        """Wait until a run is shown in this state."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while (told := await self.status(run_id))["state"] != state:
                assert told["ended_at"] is None, told
                await asyncio.sleep(0.05)

    async def has_told(self, run_id: str) -> None:
        """Wait until what a run taught is written, or why it is not: the last that is told of a run."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                answer = await self.client.get(f"{self.url}/dashboard/runs/{run_id}/postmortem")
                if answer.json()["state"] != "writing":
                    return
                await asyncio.sleep(0.05)

    async def is_taken(self, run_id: str) -> None:
        """Wait until the service drives a run."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not (await self.status(run_id))["driven"]:
                await asyncio.sleep(0.05)

    async def runs_of(self, *plans: str) -> list[str]:
        """Ids of the runs of these plans."""
        answer = await self.client.get(f"{self.url}/dashboard/runs")
        return [run["run_id"] for run in answer.json()["runs"] if run["plan"] in plans]

    async def waits(self, run_id: str, name: str) -> None:
        """Wait until the Builder that is held as this does."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not (self._home(run_id) / f"waits-{name}").exists():
                await asyncio.sleep(0.02)

    def release(self, run_id: str, name: str) -> None:
        """Let the Builder that is held as this go on, now or when it comes to it again."""
        (self._home(run_id) / f"go-{name}").touch()

    def _home(self, run_id: str) -> Path:
        return self.world.settings.workspaces / run_id / "home" / "build"


@asynccontextmanager
async def steered(settings: Settings, *conversations: dict[str, Any]) -> AsyncGenerator[Service]:
    """A service on a world of its own, not yet begun, whose project is registered."""
    async with small_world(settings.home.parent, settings, *conversations) as world:
        async with world.services.database.write() as session:
            await projects.register(session, world.repository)
        service = Service(world=world)
        try:
            yield service
        finally:
            await service.stop()
            await service.client.aclose()
