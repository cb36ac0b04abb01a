"""Whether the service can work: its database, its engine, and the disk of its home."""

from __future__ import annotations

import asyncio
import shutil

from pydantic import BaseModel, ConfigDict

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import AutopackError
from autopack.feed import queries as feed
from autopack.routing.policyfile import LivePolicy

LOW_BYTES = 1_000_000_000
"""Free room below which it is said that there is little: each run keeps two checkouts."""
LEAST_BYTES = 100_000_000
"""Free room below which the disk is not ok."""
_PATIENCE_SECONDS = 3.0


class Part(BaseModel):
    """One part of the service."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    ok: bool
    detail: str


class EnginePart(Part):
    """The part that drives runs."""

    driving: int
    """Runs in hand."""


class DiskPart(Part):
    """The disk of AUTOPACK_HOME."""

    free_bytes: int | None
    """Null where it can't be known."""
    low_bytes: int = LOW_BYTES
    """Below this there is little room, and `detail` says so."""
    least_bytes: int = LEAST_BYTES
    """Below this it is not ok."""


class Health(BaseModel):
    """Each part of the service; `ok` where database, engine and disk are."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    ok: bool
    version: str
    database: Part
    engine: EnginePart
    disk: DiskPart
    policy: Part
    """models.yaml. A broken one stops no run: its last good version counts."""


async def health(
    settings: Settings,
    database: Database,
    live: LivePolicy,
    *,
    version: str,
    driving: int,
    healthy: bool,
) -> Health:
    """How the service is at this moment. Never raises, and takes a few seconds at most."""
    records = await _records(settings, database)
    said = "drives runs" if healthy else "has stopped: see autopack.log, then start the service again"
    engine = EnginePart(ok=healthy, detail=said, driving=driving)
    disk = disk_part(_free(settings))
    ok = records.ok and engine.ok and disk.ok
    return Health(ok=ok, version=version, database=records, engine=engine, disk=disk, policy=_policy(live))


def _policy(live: LivePolicy) -> Part:
    try:
        problem = live.problem
    except AutopackError as error:
        problem = error.message
    return Part(ok=not problem, detail=problem or "can be used")


async def _records(settings: Settings, database: Database) -> Part:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), database.read() as session:
            head = await feed.head(session)
    except TimeoutError:
        return Part(ok=False, detail=f"did not answer within {_PATIENCE_SECONDS:g} s")
    except AutopackError as error:
        return Part(ok=False, detail=error.message)
    return Part(ok=True, detail=f"{settings.database_place}, {head} events")


def disk_part(free: int | None) -> DiskPart:
    """What so many free bytes mean."""
    if free is None:
        return DiskPart(ok=False, detail="can't be looked at", free_bytes=None)
    room = f"{free / 1e9:,.1f} GB free"
    if free < LEAST_BYTES:
        return DiskPart(ok=False, detail=f"{room}: too little to go on", free_bytes=free)
    return DiskPart(ok=True, detail=room + (": little" if free < LOW_BYTES else ""), free_bytes=free)


def _free(settings: Settings) -> int | None:
    try:
        return shutil.disk_usage(settings.home).free
    except OSError:
        return None
