"""What processes that are gone left in the database and on the machine: runs held, calls open, children."""

from __future__ import annotations

from autopack.db import Database
from autopack.processes.orphans import end_orphans, find_orphans
from autopack.routing import queries as ledger
from autopack.routing.meter import lose_open_calls
from autopack.runs import queries as runs
from autopack.runs import service
from autopack.supervisor import control, queries
from autopack.supervisor.flaws import Flaw, Home
from autopack.supervisor.tables import WorkerRow
from autopack.supervisor.workers import lives, living, this_host


async def sweep(database: Database) -> list[Flaw]:
    """Forget processes that are gone, free their unfinished runs, and close their calls as unknown.

    Safe beside live processes, from as many as like to, and as often. A process of another host, which may
    only seem dead, is fenced off its runs.
    """
    async with database.read() as session:
        now = await queries.now(session)
        dead = [worker for worker in await queries.every(session) if not lives(worker, now=now)]
        owners = {run.owner for run in await runs.unfinished(session) if run.owner is not None}
        gone = owners - await living(session, owners) - {worker.executor_id for worker in dead}
        holders = {one.owner for one in await ledger.holders(session)}
        lost = sorted(holders - await living(session, holders))
    flaws: list[Flaw] = []
    for worker in dead:
        flaws += await _forget(database, worker.executor_id, worker=worker)
    for owner in sorted(gone):
        flaws += await _forget(database, owner, worker=None)
    for owner in lost:
        flaws += await _close_calls(database, owner)
    return flaws


async def _forget(database: Database, owner: str, *, worker: WorkerRow | None) -> list[Flaw]:
    """All of one process in one transaction, unless it turns out to live."""
    fence = worker is not None and worker.host != this_host()
    async with database.write() as session:
        if owner in await living(session, [owner]):
            return []
        held = [run.id for run in await runs.unfinished(session) if run.owner == owner]
        freed = [run for run in held if await runs.release(session, run, owner=owner, fence=fence)]
        await queries.forget(session, owner)
        for run_id in freed:
            await control.heed(session, await service.locked(session, run_id))
    if not freed:
        return []  # a process that had nothing in hand is no flaw
    said = f"The process {owner}, which is gone, held {_listed(freed)}: freed, to be gone on with."
    return [Flaw(what="runs", said=said, mendable=True, mended=True)]


async def _close_calls(database: Database, owner: str) -> list[Flaw]:
    async with database.read() as session:
        if owner in await living(session, [owner]):
            return []
        held = [one.run_id for one in await ledger.holders(session) if one.owner == owner]
    why = f"the process {owner} ended before the call was settled"
    closed = sum([await lose_open_calls(database, run_id, why=why, owner=owner) for run_id in held])
    if not closed:
        return []
    said = f"{_calls(closed)} of the process {owner}, which is gone: recorded as unknown usage."
    return [Flaw(what="calls", said=said, mendable=True, mended=True)]


async def look_at_processes(home: Home) -> list[Flaw]:
    """Runs and calls of processes that are gone."""
    if home.mend:
        return await sweep(home.database)
    async with home.database.read() as session:
        owned = {run.id: run.owner for run in await runs.unfinished(session) if run.owner is not None}
        holders = {one.owner for one in await ledger.holders(session)}
        alive = await living(session, {*owned.values(), *holders})
    flaws: list[Flaw] = []
    if held := sorted(run_id for run_id, owner in owned.items() if owner not in alive):
        flaws.append(home.flaw("runs", f"A process that is gone holds {_listed(held)}."))
    lost = sorted(holders - alive)
    return flaws + [
        home.flaw("calls", f"Calls of the process {owner}, which is gone, are open.") for owner in lost
    ]


async def look_at_orphans(home: Home) -> list[Flaw]:
    """Commands of runs that outlived their Autopack; see `processes/orphans.py`."""
    count = await end_orphans() if home.mend else len(find_orphans())
    if not count:
        return []
    ended = "killed" if home.mend else "still running"
    said = f"{count} {'process' if count == 1 else 'processes'} of an Autopack that is gone: {ended}."
    return [home.flaw("processes", said)]


def _calls(count: int) -> str:
    return "1 open call" if count == 1 else f"{count} open calls"


def _listed(run_ids: list[str]) -> str:
    return ("run " if len(run_ids) == 1 else "runs ") + ", ".join(run_ids)
