"""A change too large for one reading: every part is read once, and no finding is lost on the way."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue
from sqlalchemy import select

from autopack.config import Settings
from autopack.roles.schemas import Severity, Verdict
from autopack.routing.tables import ReservationRow
from autopack.runs import queries
from autopack.runs.tables import AttemptRow
from autopack.simulator import LogEntry
from autopack.supervisor import control
from autopack.usage.tables import UsageEventRow
from fixtures.world import PLAN, World, builds, closes, reads, small_world
from supervisor.started import LIMIT_SECONDS, kill, resume, start, until

MANY = "for n in $(seq 10 49); do seq -f $n%06g 3000 > $n.txt; done"
"""1.2 MB in forty files: five of them to a part, so eight parts."""
ONE = "seq 100000 185000 > numbers.txt"
"""One file of 680 kB: five parts."""
WRONG = {"severity": "major", "file": "12.txt", "line": 7, "text": "A wrong number."}
ODD = {"severity": "minor", "file": "13.txt", "line": None, "text": "An odd number."}


def shell(command: str) -> dict[str, Any]:
    return {"calls": [{"tool": "shell", "args": {"command": command}}]}


def one_attempt() -> dict[str, Any]:
    plan = deepcopy(PLAN)
    plan["tiers"][0]["phases"][0]["attempts"] = 1
    return plan


async def attempts(world: World, run_id: str) -> list[AttemptRow]:
    async with world.services.database.read() as session:
        return await queries.attempts(session, run_id)


def audits(world: World) -> list[LogEntry]:
    return [entry for entry in world.simulator.entries() if "Role: auditor" in (entry.when or ())]


def prompt(entry: LogEntry) -> str:
    return next(text for text in texts(entry.request) if text.startswith("Role: auditor\n"))


def texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)


def part(entry: LogEntry) -> str:
    return prompt(entry).splitlines()[4].removeprefix("Part: ")


def shown_diff(entry: LogEntry) -> str:
    found = re.search(
        r"^<<< diff, part \d+ of \d+ (\w+)\n(.*)\n>>> diff, part \d+ of \d+ \1$",
        prompt(entry),
        re.MULTILINE | re.DOTALL,
    )
    assert found
    return f"{found[2]}\n"


async def diff_of(world: World, attempt: AttemptRow) -> str:
    return world.services.artifacts.get(attempt.diff_sha or "").decode()


@pytest.mark.parametrize(("command", "of"), [(MANY, 8), (ONE, 5)])
async def test_every_part_is_read_once_and_one_verdict_is_given_over_all(
    tmp_path: Path, settings: Settings, command: str, of: int
) -> None:
    async with small_world(tmp_path, settings, builds(1, shell(command)), closes(), reads()) as world:
        run = await world.run()
        (tried,) = await attempts(world, run.id)
        diff = await diff_of(world, tried)
        asked = audits(world)
        async with world.services.database.read() as session:
            roles = Counter(await session.scalars(select(UsageEventRow.role)))
        filed = [world.services.artifacts.get(one["transcript_sha"]) for one in tried.audit_parts or []]
        assert not [path for path in world.settings.transcripts.rglob("*") if path.is_file()]
    assert run.state == "succeeded", run.end_detail
    assert [part(entry) for entry in asked] == [*(f"{n} of {of}" for n in range(1, of + 1)), "verdict"]
    assert "".join(shown_diff(entry) for entry in asked[:-1]) == diff
    assert all("added " in prompt(entry) and ".txt (+" in prompt(entry) for entry in asked)
    assert roles == Counter(builder=2, auditor=of + 1)
    assert f"part 2 of {of}: thinking" in world.seen
    assert [b"Part: %d of " % n in text for n, text in enumerate(filed, 1)] == [True] * of
    assert prompt(asked[-1]).count("Read it.") == of
    assert "test_start" in prompt(asked[-1]) or "1 passed" in prompt(asked[-1])
    assert "diff --git" not in prompt(asked[-1])


async def test_a_part_that_begins_inside_a_file_says_which_and_where(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, shell(ONE)), closes(), reads()) as world:
        await world.run()
        asked = audits(world)
    for entry in asked[1:-1]:
        lead = prompt(entry).partition("This part begins inside a file")[2].partition(">>> header")[0]
        assert "diff --git a/numbers.txt b/numbers.txt" in lead
        (line,) = re.findall(r"^@@ -0,0 \+(\d+),\d+ @@ \(the hunk goes on\)$", lead, re.MULTILINE)
        assert shown_diff(entry).startswith(f"+{99_999 + int(line)}\n")


async def test_a_major_finding_of_one_part_rejects_and_goes_back_to_the_builder(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(
        tmp_path,
        settings,
        builds(1, shell(MANY)),
        builds(2, shell("rm ??.txt; echo 1 > one.py")),
        reads("2 of 8", issues=[WRONG, ODD]),
        closes("approve"),
        {"when": ["Role: auditor", "Phase: one", "Attempt: 2"], "steps": [APPROVAL]},
        reads(),
    ) as world:
        run = await world.run()
        first, second = await attempts(world, run.id)
        asked = [entry for entry in world.simulator.entries() if "Attempt: 2" in (entry.when or ())]
        later = [entry for entry in audits(world) if part(entry) == "3 of 8"]
    assert run.state == "succeeded", run.end_detail
    assert (first.outcome, second.outcome) == ("rejected", "committed")
    verdict = Verdict.model_validate(first.verdict)
    assert verdict.decision == "reject"
    assert [issue.text for issue in verdict.issues] == ["A wrong number.", "An odd number."]
    assert "A wrong number." in str(asked[0].request)
    assert "2.1 major 12.txt:7: A wrong number." in prompt(later[0])


APPROVAL: dict[str, Any] = {"answer": {"decision": "approve", "summary": "Fine.", "issues": []}}


async def test_a_major_finding_passes_only_with_a_reason_and_stays_visible(
    tmp_path: Path, settings: Settings
) -> None:
    reason = {"finding": "2.1", "reason": "The number is right, see 10.txt."}
    async with small_world(
        tmp_path,
        settings,
        builds(1, shell(MANY)),
        reads("2 of 8", issues=[WRONG]),
        closes(resolved=[reason]),
        reads(),
    ) as world:
        run = await world.run()
        (tried,) = await attempts(world, run.id)
    assert run.state == "succeeded", run.end_detail
    (issue,) = Verdict.model_validate(tried.verdict).issues
    assert (issue.severity, issue.file) == (Severity.MINOR, "12.txt")
    assert "A wrong number." in issue.text
    assert "The number is right" in issue.text


async def test_a_reviewer_that_never_answers_validly_is_a_failed_attempt(
    tmp_path: Path, settings: Settings
) -> None:
    broken = {
        "when": ["Role: auditor", "Phase: one", "Part: 2 of 8"],
        "steps": [{"answer": {"verdict": "fine"}}],
    }
    async with small_world(
        tmp_path, settings, builds(1, shell(MANY)), broken, closes(), reads(), plan=one_attempt()
    ) as world:
        run = await world.run()
        (tried,) = await attempts(world, run.id)
        parts = {part(entry) for entry in audits(world)}
    assert (run.state, tried.outcome) == ("failed", "auditor_gave_up")
    assert "no usable answer" in tried.failure
    assert parts == {"1 of 8", "2 of 8"}


@asynccontextmanager
async def slow_second_part(tmp_path: Path, settings: Settings, *, step: int) -> AsyncGenerator[World]:
    """A world whose Auditor thinks for long over one request of the second part."""
    second = reads("2 of 8", {"calls": [{"tool": "read_file", "args": {"path": "12.txt"}}]})
    second["steps"][step]["delay_seconds"] = 3.0
    each = [reads(f"{number} of 8") for number in (1, 3, 4, 5, 6, 7, 8)]
    async with small_world(
        tmp_path, settings, builds(1, shell(MANY)), second, *each, closes(), plan=one_attempt()
    ) as world:
        yield world


async def test_a_killed_audit_goes_on_with_the_conversation_in_hand(
    tmp_path: Path, settings: Settings
) -> None:
    async with slow_second_part(tmp_path, settings, step=1) as world:
        process = await start(world, "run", str(world.plan))
        run_id = (await until(process, kind="run_created"))["run_id"]
        await until(process, kind="phase_moved", after="auditing")
        await waits_for_an_answer(world, answered=2)
        await kill(process)
        await resume(world, run_id)
        await nothing_was_read_twice(world, run_id)


async def test_a_cancelled_audit_goes_on_with_the_part_in_hand(tmp_path: Path, settings: Settings) -> None:
    async with slow_second_part(tmp_path, settings, step=0) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await waits_for_an_answer(world, answered=1)
        assert await control.cancel(world.services.database, run_id, by="a test")
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        assert (await world.read(run_id)).state == "cancelled"
        await world.drive(run_id)
        await nothing_was_read_twice(world, run_id)


async def nothing_was_read_twice(world: World, run_id: str) -> None:
    """The run came to its end; only the request that was interrupted was asked again."""
    run = await world.read(run_id)
    (tried,) = await attempts(world, run_id)
    diff = await diff_of(world, tried)
    async with world.services.database.read() as session:
        statuses = Counter(await session.scalars(select(UsageEventRow.usage_status)))
    assert run.state == "succeeded", run.end_detail
    served = [entry for entry in world.simulator.entries() if entry.completed]
    answered = Counter((entry.when, entry.step) for entry in served)
    assert set(answered.values()) == {1}, "a response that was stored was bought again"
    assert statuses == Counter(reported=len(served), unknown=1)
    asked = Counter(part(entry) for entry in audits(world))
    repeated = asked.pop("2 of 8")
    assert repeated in (2, 3), "two requests, and the one that was interrupted, if it had arrived"
    assert asked == Counter({f"{n} of 8": 1 for n in (1, 3, 4, 5, 6, 7, 8)} | {"verdict": 1})
    read = {part(entry): shown_diff(entry) for entry in audits(world) if part(entry) != "verdict"}
    assert "".join(read[f"{n} of 8"] for n in range(1, 9)) == diff


async def waits_for_an_answer(world: World, *, answered: int) -> None:
    """Wait until the Auditor has had so many answers and is waiting for the next."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            async with world.services.database.read() as session:
                had = list(await session.scalars(select(UsageEventRow.role)))
                calls = await session.scalars(select(ReservationRow).where(ReservationRow.state == "open"))
                thinks = any(call.role == "auditor" for call in calls)
            if thinks and had.count("auditor") == answered:
                return
            await asyncio.sleep(0.02)
