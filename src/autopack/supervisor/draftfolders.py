"""Where a plan is drafted: a clone of the user's last commit, which is gone when the draft has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.supervisor.flaws import Flaw, Home
from autopack.supervisor.services import Services
from autopack.supervisor.workers import living
from autopack.workspace import Workspace
from autopack.workspace.files import remove

PREFIX = "draft-"
"""How its folder among the workspaces begins; the executor id of the process that drafts follows."""
_RUN = "draft"


@asynccontextmanager
async def draft_workspace(services: Services, *, owner: str, top: Path) -> AsyncGenerator[Workspace]:
    """A workspace that no run has, with its outputs inside; removed at the end, whatever that is."""
    root = services.settings.workspaces / f"{PREFIX}{owner}"
    try:
        yield Workspace(root, top, _RUN, ArtifactStore(root / "artifacts", services.redactor))
    finally:
        await asyncio.to_thread(remove, root)


async def look_at_drafts(home: Home) -> list[Flaw]:
    """Folders of drafts whose process was killed."""
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
    said = f"{len(left)} workspaces of drafts that were killed{': removed.' if home.mend else '.'}"
    return [home.flaw("workspaces", said)]


def _folders(workspaces: Path) -> dict[str, Path]:
    """Folders of drafts, by the process that drafts."""
    return {path.name.removeprefix(PREFIX): path for path in workspaces.glob(f"{PREFIX}*")}
