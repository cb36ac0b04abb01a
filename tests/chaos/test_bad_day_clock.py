"""Clocks that are set, processes that stood still, and machines that share what they should not."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import Conflict
from autopack.feed import queries as feed
from autopack.runs import queries, service
from autopack.supervisor import machines, workers
from autopack.supervisor.sweep import sweep
from autopack.supervisor.tables import WorkerRow
from chaos.badday import WAIT, bad_world, check_done, go_on, until, waiting_run
from chaos.killing import processes_of
from cli.processes import call, environ_of, start
from fixtures.world import World, git

CLOCK = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long ahead(void) {
    long seconds = 0;
    FILE *file = fopen(getenv("CLOCK_AHEAD"), "r");
    if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
    return seconds;
}
int clock_gettime(clockid_t which, struct timespec *now) {
    long done = syscall(SYS_clock_gettime, which, now);
    if (!done && which == CLOCK_REALTIME) now->tv_sec += ahead();
    return (int)done;
}
int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec; now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}
"""
"""Sets a process's wall clock, and no other of its clocks. (libfaketime 0.9.10 makes Python's `time.sleep`
fail with EINVAL: it moves the absolute end of `clock_nanosleep` on the monotonic clock, too.)"""


def with_clock(world: World, file: Path) -> dict[str, str]:
    """The environment of a process whose wall clock is so many seconds ahead as a file says."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("there is no C compiler to make a clock that can be set")
    library = world.folder / "clock.so"
    if not library.exists():
        source = world.folder / "clock.c"
        source.write_text(CLOCK)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return {**environ_of(world), "LD_PRELOAD": str(library), "CLOCK_AHEAD": str(file)}


async def test_a_clock_that_is_set_back_makes_nothing_negative_and_moves_no_commit(
    tmp_path: Path, settings: Settings
) -> None:
    async with bad_world(tmp_path, settings) as world:
        clock = tmp_path / "clock"
        clock.write_text("0")
        process = await start(world, "run", world.plan, "--json", environ=with_clock(world, clock))
        run_id = await waiting_run(world)
        clock.write_text("-7200")
        go_on(world, run_id)
        ended = await process.end()
        assert ended.code == 0, ended.err
        await check_done(world, run_id)
        run = await world.read(run_id)
        assert run.ended_at is not None
        assert run.ended_at < run.created_at, "the clock was set back"
        for words in (("status", run_id), ("runs",), ("show", run_id), ("logs", run_id), ("usage", run_id)):
            said = await call(world, *words)
            assert said.code == 0, said.err
            assert " -" not in said.out.replace(" - ", " "), said.out
        async with world.services.database.read() as session:
            events = await feed.after(session, event_id=0, run_id=None, limit=1000)
            (attempt,) = await queries.attempts(session, run_id)
        assert [event.id for event in events] == list(range(1, len(events) + 1))
        told = int(git(world.repository, "log", "-1", "--format=%ct", f"autopack/{run_id}"))
        assert attempt.commit_time == datetime.fromtimestamp(told, UTC)


async def test_a_heartbeat_from_the_future_makes_no_dead_process_immortal(
    settings: Settings, database: object
) -> None:
    from autopack.db import Database

    assert isinstance(database, Database)
    async with database.write() as session:
        for name, host in (("here", workers.this_host()), ("away", "another-machine/1")):
            ahead = datetime.now(UTC) + timedelta(days=400)
            session.add(WorkerRow(executor_id=name, host=host, pid=2**22 - 1, pid_started="1", seen_at=ahead))
    await machines.refuse_second_machine(settings, database)
    await sweep(database)
    async with database.read() as session:
        assert await workers.living(session, ["here", "away"]) == set()
        assert await session.get(WorkerRow, "here") is None


async def test_a_process_that_stood_still_for_hours_keeps_its_run_and_goes_on(
    tmp_path: Path, settings: Settings
) -> None:
    async with bad_world(tmp_path, settings) as world:
        clock = tmp_path / "clock"
        clock.write_text("0")
        process = await start(world, "run", world.plan, "--json", environ=with_clock(world, clock))
        run_id = await waiting_run(world)
        process.send(signal.SIGSTOP)
        clock.write_text("18000")
        second = await call(world, "resume", run_id, environ=with_clock(world, clock))
        assert (second.code, "its process goes on" in second.out) == (0, True)
        assert (await world.read(run_id)).epoch == 1
        go_on(world, run_id)
        process.send(signal.SIGCONT)
        ended = await process.end()
        assert ended.code == 0, ended.err
        await check_done(world, run_id)


async def test_a_process_that_wakes_after_its_run_was_taken_over_stops_with_its_commands(
    tmp_path: Path, settings: Settings
) -> None:
    async with bad_world(tmp_path, settings) as world:
        process = await start(world, "run", world.plan, "--json")
        run_id = await waiting_run(world)
        process.send(signal.SIGSTOP)
        async with world.services.database.write() as session:
            await service.claim(session, run_id, epoch=1, owner="another machine")
        process.send(signal.SIGCONT)
        ended = await process.end()
        assert ended.code == 1
        assert "Traceback" not in ended.err
        await until(lambda: not [line for line in processes_of(world) if WAIT in line])
        run = await world.read(run_id)
        assert (run.state, run.epoch) == ("in_progress", 2)
        assert git(world.repository, "branch", "--list", f"autopack/{run_id}") == ""


@pytest.mark.sqlite
async def test_a_second_machine_is_refused_on_one_home_while_the_first_one_lives(
    tmp_path: Path, settings: Settings
) -> None:
    async with bad_world(tmp_path, settings, waits=False) as world:
        run_id = await world.create()
        database = world.services.database
        async with database.write() as session:
            seen = datetime.now(UTC)
            session.add(
                WorkerRow(executor_id="away", host="another-machine/4", pid=1, pid_started="1", seen_at=seen)
            )
        commands = (
            ("run", world.plan), ("resume", run_id), ("merge", run_id), ("discard", run_id, "--yes"),
            ("doctor", "--repair"), ("project", "add"),
        )  # fmt: skip
        for words in commands:
            refused = await call(world, *words)
            assert refused.code == 2, (words, refused)
            assert "another-machine works on this home" in refused.err
            assert "two machines would damage its database" in refused.err
        assert (await call(world, "status", run_id)).code == 0, "looking is allowed"
        async with database.write() as session:
            away = await session.get_one(WorkerRow, "away")
            away.seen_at = datetime.now(UTC) - timedelta(minutes=2)
        await machines.refuse_second_machine(settings, database)
        await world.drive(run_id)
        assert (await world.read(run_id)).state == "succeeded"
        await sweep(database)
        async with database.read() as session:
            assert await session.get(WorkerRow, "away") is None


async def test_on_postgres_machines_may_share(settings: Settings, database: Database) -> None:
    async with database.write() as session:
        now = datetime.now(UTC)
        session.add(WorkerRow(executor_id="away", host="other/4", pid=1, pid_started="1", seen_at=now))
    if settings.postgres_url is None:
        with pytest.raises(Conflict, match="other works on this home"):
            await machines.refuse_second_machine(settings, database)
    else:
        await machines.refuse_second_machine(settings, database)


def test_a_network_file_system_is_known_by_its_mount() -> None:
    mounts = (
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "40 22 0:35 / /net/my\\040home rw,relatime - nfs4 server:/home rw\n"
        "41 40 0:36 / /net/my\\040home/local rw - tmpfs tmpfs rw\n"
    )
    kinds = {
        "/net/my home/autopack": "nfs4",
        "/net/my home/local/x": "tmpfs",
        "/net": "ext4",
    }
    assert {place: machines.kind_of_mount(Path(place), mounts) for place in kinds} == kinds
    assert machines.network_file_system(Path(os.curdir)) is None
