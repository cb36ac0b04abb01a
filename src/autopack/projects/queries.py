"""SQL of the registered projects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from autopack.db import AnySession, WriteSession, added
from autopack.projects.tables import ProjectRow


async def register(session: WriteSession, path: Path) -> tuple[ProjectRow, bool]:
    """The project at a repository's top level, made where it is new; says whether it was.

    Its row is locked until the commit: whoever registers it at the same moment waits, and finds what was
    done here with its runs.
    """
    values = {"path": str(path), "name": path.name, "created_at": datetime.now(UTC)}
    is_new = await added(session, ProjectRow, values)
    one = select(ProjectRow).where(ProjectRow.path == str(path)).with_for_update(key_share=True)
    return (await session.scalars(one)).one(), is_new


async def at(session: AnySession, path: Path) -> ProjectRow | None:
    """The project that is registered at a path."""
    return await session.scalar(select(ProjectRow).where(ProjectRow.path == str(path)))


async def forget(session: WriteSession, project: ProjectRow) -> None:
    """A project that no run refers to any more is gone."""
    await session.delete(project)
    await session.flush()


async def every(session: AnySession) -> list[ProjectRow]:
    """All registered projects by name."""
    return list(await session.scalars(select(ProjectRow).order_by(ProjectRow.name, ProjectRow.path)))


async def by_ids(session: AnySession, project_ids: Iterable[int]) -> dict[int, ProjectRow]:
    """Several projects by their ids."""
    query = select(ProjectRow).where(ProjectRow.id.in_(set(project_ids)))
    return {row.id: row for row in await session.scalars(query)}


async def by_id(session: AnySession, project_id: int) -> ProjectRow:
    """One project; runs refer to it, so it is there."""
    return (await session.scalars(select(ProjectRow).where(ProjectRow.id == project_id))).one()
