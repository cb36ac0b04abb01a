"""`plan draft` called as a process, and what it left in its world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autopack.routing.queries import open_reservations
from autopack.runs import queries as runs
from autopack.usage.recorder import get_usage_summary
from autopack.usage.schemas import UsageSum
from cli.processes import Ended, call
from fixtures.world import World, git

GOAL = "Say what one is"


async def draft(world: World, *words: object, environ: Mapping[str, str] | None = None) -> Ended:
    return await call(world, "plan", "draft", *words, environ=environ)


def written(world: World) -> str:
    return (world.repository / ".autopack/plan.yaml").read_text()


def prompts(world: World) -> list[str]:
    """What the Planner was told in each round."""
    requests: list[Any] = [entry.request for entry in world.simulator.entries() if entry.method == "POST"]
    told = [str(request["messages"][1]["content"]) for request in requests]
    return list(dict.fromkeys(told))


async def recorded(world: World) -> list[UsageSum]:
    async with world.services.database.read() as session:
        assert await open_reservations(session, run_id=None) == []
        assert await runs.ids(session) == set()
        return await get_usage_summary(session, None, ("role", "run_id"))


def leaves_nothing(world: World, *, but: str = "") -> None:
    """No clone is left, and the repository is as it was, but for what `git status` says."""
    assert list(world.settings.workspaces.glob("*")) == []
    assert git(world.repository, "status", "--porcelain") == but
    assert git(world.repository, "branch", "--list", "--all").split() == ["*", "main"]
    assert git(world.repository, "stash", "list") == ""
