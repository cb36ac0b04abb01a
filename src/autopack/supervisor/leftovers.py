"""Files in the home that do not fit the records: left by a kill, or missing.

Files are listed before the records are read: one that is there and that nothing refers to was left behind,
unless a live process is about to refer to it. So with one alive, only what is a day old is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.runs import queries as runs
from autopack.supervisor import queries
from autopack.supervisor.flaws import Flaw, Home
from autopack.supervisor.temporary import PREFIX
from autopack.supervisor.workers import lives

_OLD_SECONDS = 86_400.0
_NAMED = 3


async def look_at_conversations(home: Home) -> list[Flaw]:
    """Working copies of conversations that were superseded or filed: a few files, and never redacted."""
    kept = ArtifactStore(home.settings.transcripts)
    there = await asyncio.to_thread(kept.every)
    halves = await asyncio.to_thread(kept.halves)
    if not there and not halves:
        return []
    alone = not await _others_live(home)  # asked first: who refers to one after this lives by then
    async with home.database.read() as session:
        referred = await runs.conversations(session)
    forgotten = [path for digest, path in there.items() if digest not in referred]
    return await _drop(home, "conversations", [*forgotten, *halves], alone=alone)


async def look_at_files(home: Home) -> list[Flaw]:
    """Half-written files, outputs and diffs that are gone, workspaces of no run."""
    settings = home.settings
    filed = ArtifactStore(settings.artifacts)
    alone = not await _others_live(home)
    halves = await asyncio.to_thread(filed.halves)
    there = await asyncio.to_thread(filed.every)
    folders = await asyncio.to_thread(_folders, settings.workspaces)
    async with home.database.read() as session:
        wanted = await runs.artifacts(session)
        known = await runs.ids(session)
    flaws = await _drop(home, "half-written files", halves, alone=alone)
    if settings.postgres_url is None and (gone := _missing(filed, set(wanted) - set(there))):
        several = sorted({wanted[digest] for digest in gone})
        said = f"{len(gone)} outputs, diffs or conversations of {_some(several)} are gone from the artifacts."
        remedy = "Put them back from a copy; the runs' other records are unaffected."
        flaws.append(Flaw(what="artifacts", said=said, remedy=remedy))
    if strays := sorted(one for one in folders if one not in known and not one.startswith(PREFIX)):
        said = f"Workspaces of no run that is known: {_some(strays)}."
        remedy = f"Delete them in {settings.workspaces} if nothing in them is wanted."
        flaws.append(Flaw(what="workspaces", said=said, remedy=remedy))
    return flaws


def _missing(filed: ArtifactStore, digests: set[str]) -> list[str]:
    """Those that are not there now either: a live process may have filed them since the folder was listed."""
    return sorted(digests - filed.every().keys())


async def _drop(home: Home, what: str, paths: list[Path], *, alone: bool) -> list[Flaw]:
    removable = [path for path in paths if alone or _is_old(path)]
    if not removable:
        return []
    if home.mend:
        for path in removable:
            path.unlink(missing_ok=True)
    said = f"{len(removable)} {what} left behind, which nothing refers to{': removed.' if home.mend else '.'}"
    return [home.flaw("files", said)]


async def look_at_database(home: Home) -> list[Flaw]:
    """Whether the database's file can be read whole. Nothing but a copy of it can mend it."""
    path = home.settings.home / "autopack.db"
    if home.settings.postgres_url is not None or await asyncio.to_thread(_is_sound, path):
        return []
    remedy = "Put back a copy of it, or move it aside (with its -wal and -shm) to begin anew."
    return [Flaw(what="database", said=f"{path} is damaged.", remedy=remedy)]


async def look_at_engine(home: Home) -> list[Flaw]:
    """The engine's own file, which holds nothing that is not in ours: begun anew where it is damaged.

    Left alone while a live process has it open.
    """
    path = home.settings.home / "engine.db"
    if home.settings.postgres_url is not None or await asyncio.to_thread(_is_sound, path):
        return []
    if await _others_live(home):
        said = f"{path} is damaged, and a live process works with it."
        return [Flaw(what="engine", said=said, remedy="Look again when that process has ended.")]
    if home.mend:
        for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
            file.unlink(missing_ok=True)
    ended = "begun anew" if home.mend else "it can be begun anew"
    return [home.flaw("engine", f"{path} is damaged; nothing in it is needed: {ended}.")]


async def _others_live(home: Home) -> bool:
    """Whether a process drives a run; one that drives does not look."""
    async with home.database.read() as session:
        now = await queries.now(session)
        return any(lives(worker, now=now) for worker in await queries.every(session))


def _is_sound(path: Path) -> bool:
    """Whether an SQLite file can be read whole; none is fine, and so is one that is busy."""
    if not path.exists():
        return True
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            return [row[0] for row in opened.execute("PRAGMA quick_check(1)")] == ["ok"]
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False


def _folders(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir() if one.is_dir()] if folder.is_dir() else []


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _OLD_SECONDS
    except OSError:
        return False


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
