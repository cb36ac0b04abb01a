"""Workspaces that no run has: for a plan's draft, the account of a run's end, and trial calls of agents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.config import Settings
from autopack.redaction import Redactor
from autopack.supervisor.flaws import Flaw, Home
from autopack.supervisor.workers import living
from autopack.workspace import Workspace
from autopack.workspace.files import remove

PREFIX = "temporary-"
"""How the folder of one begins, among the workspaces; the executor id of its process follows."""
_RUN = "temporary"


@asynccontextmanager
async def temporary_workspace(
    settings: Settings, redactor: Redactor, *, owner: str, top: Path
) -> AsyncGenerator[Workspace]:
    """A workspace on a repository, with its outputs inside; removed at the end, whatever that is.

    `owner` is an executor id that is registered as alive, and has no other one meanwhile.
    """
    root = settings.workspaces / f"{PREFIX}{owner}"
    try:
        yield Workspace(root, top, _RUN, ArtifactStore(root / "artifacts", redactor))
    finally:
        await asyncio.to_thread(remove, root)


async def look_at_temporary(home: Home) -> list[Flaw]:
    """Temporary workspaces whose process was killed."""
    folders = await asyncio.to_thread(_folders, home.settings.workspaces)
    if not folders:
        return []
    async with home.database.read() as session:
        alive = await living(session, folders)
    left = [path for owner, path in folders.items() if owner not in alive]
    if not left:
        return []
    if home.mend:
        for path in left:
            await asyncio.to_thread(remove, path)
    said = f"{len(left)} temporary workspaces of killed processes{': removed.' if home.mend else '.'}"
    return [home.flaw("workspaces", said)]


def _folders(workspaces: Path) -> dict[str, Path]:
    """Temporary workspaces, by their process."""
    return {path.name.removeprefix(PREFIX): path for path in workspaces.glob(f"{PREFIX}*")}
