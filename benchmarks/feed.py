"""The live feed with many clients: from the commit of an event to its receipt by each of them.

The service, the writer and the clients are three processes on one machine, over loopback. The time is taken
before the writing transaction begins, so the commit itself is counted too. Bar: 95 % of the receipts within
100 ms. One JSON line; exits 1 where it is not met.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import re
import statistics
import tempfile
import time
from pathlib import Path

from _service import service

from autopack.config import Settings
from autopack.db import Database, prepare_database
from autopack.feed import queries
from autopack.feed.schemas import NoteAdded

BAR_MS = 100.0
CLIENTS = 500
EVENTS = 100
EVERY_SECONDS = 0.1
LIMIT_SECONDS = 120
SENT = re.compile(rb'"text":"(\d+)"')


def write(url: str, count: int) -> None:
    """Commit events, one after the other, each with the time before its transaction."""

    async def written() -> None:
        database = Database(url)
        for _ in range(count):
            async with database.write() as session:
                body = NoteAdded(note_id="0", by="benchmark", text=str(time.time_ns()))
                queries.append(session, run_id="run_benchmark", body=body)
            await asyncio.sleep(EVERY_SECONDS)
        await database.close()

    asyncio.run(written())


async def follow(port: int, count: int, ready: asyncio.Event, delays: list[float]) -> None:
    """One client: reads events until it has them all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(f"GET /dashboard/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    await reader.readuntil(b"event: ready")
    ready.set()
    seen, rest = 0, b""
    while seen < count:
        rest += await reader.read(65536)
        now = time.time_ns()
        for found in SENT.finditer(rest):
            delays.append((now - int(found[1])) / 1e6)
            seen += 1
        rest = rest[rest.rfind(b"\n\n") + 2 :] if b"\n\n" in rest else rest
    writer.close()


def memory_kb(pid: int) -> int:
    """Resident memory of a process (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def measure(port: int, pid: int, url: str, clients: int, events: int) -> dict[str, float]:
    delays: list[float] = []
    async with asyncio.timeout(LIMIT_SECONDS):
        ready = asyncio.Event()
        warm = asyncio.create_task(follow(port, events + 1, ready, []))
        await ready.wait()
        before = memory_kb(pid)
        all_ready = [asyncio.Event() for _ in range(clients)]
        following = [asyncio.create_task(follow(port, events, one, delays)) for one in all_ready]
        for one in all_ready:
            await one.wait()
        after = memory_kb(pid)
        writer = multiprocessing.get_context("spawn").Process(target=write, args=(url, events))
        writer.start()
        await asyncio.gather(*following)
        warm.cancel()
        await asyncio.to_thread(writer.join)
    cuts = statistics.quantiles(delays, n=100)
    return {
        "clients": clients,
        "events": events,
        "receipts": len(delays),
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "max_ms": round(max(delays), 1),
        "memory_per_client_kb": round((after - before) / clients, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--events", type=int, default=EVENTS)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        prepare_database(settings.database_url, home=settings.home)
        with service(settings.home) as (pid, served):
            port, url = int(served.rsplit(":", 1)[1]), settings.database_url
            figures = asyncio.run(measure(port, pid, url, wanted.clients, wanted.events))
    print(json.dumps({"benchmark": "feed", **figures, "bar_ms": BAR_MS}))
    return int(figures["p95_ms"] > BAR_MS)


if __name__ == "__main__":
    raise SystemExit(main())
