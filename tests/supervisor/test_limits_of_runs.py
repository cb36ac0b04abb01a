"""Budgets that no call crosses, and limits of time that stop what goes on for too long."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import InvalidInput
from autopack.feed import queries as feed
from autopack.feed.schemas import LimitNear
from autopack.plan import Limits, parse_plan
from autopack.routing.tables import ReservationRow
from autopack.runs.queries import Worked
from autopack.runs.tables import RunRow
from autopack.supervisor import control
from autopack.supervisor.amend import amend
from autopack.supervisor.clock import Clock, Stalled, TimeLimitReached
from autopack.usage.queries import spent
from fixtures.database import execute
from fixtures.world import PLAN, World, approves, builds, small_world, write_file

GOOD = write_file("one.py", "ONE = 1\n")
PHASE: dict[str, Any] = {**PLAN["tiers"][0]["phases"][0], "attempts": 1}
CONVERSATION = [builds(1, GOOD, write_file("two.py", "")), approves()]


def plan_with(
    *, phase: dict[str, Any] | None = None, tier: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """The small plan, with more keys at its levels."""
    inner: dict[str, Any] = {"name": "Only", "phases": [{**PHASE, **(phase or {})}], **(tier or {})}
    return {**PLAN, "verify": "none", "tiers": [inner], **more}


async def most_of_a_call(world: World) -> int:
    """Tokens that the largest request so far was reserved with."""
    async with world.services.database.read() as session:
        size = ReservationRow.input_tokens + ReservationRow.output_tokens
        return await session.scalar(select(func.max(size))) or 0


async def used(database: Database, run_id: str) -> int:
    async with database.read() as session:
        return (await spent(session, run_id, phases=None)).tokens


@pytest.mark.parametrize("level", ["run", "tier", "phase"])
async def test_a_call_that_could_cross_a_budget_is_not_made(
    tmp_path: Path, settings: Settings, level: str
) -> None:
    """With room for the first request alone, the second is not made; raised, the run goes on from there."""
    budget = {"budget": {"tokens": 34_000}}
    levels: dict[str, Any] = {"run": budget, "tier": {"tier": budget}, "phase": {"phase": budget}}
    async with small_world(tmp_path, settings, *CONVERSATION, plan=plan_with(**levels[level])) as world:
        run = await world.run()
        assert (run.state, run.waits_for) == ("paused", "budget_reached"), run.end_detail
        words = {"run": "The run's budget", "tier": "budget of tier Only", "phase": "budget of phase one"}
        assert words[level] in run.end_detail
        assert "autopack plan amend" in run.end_detail
        calls = len(world.simulator.entries())
        assert 0 < calls < 4
        assert await used(world.services.database, run.id) <= 34_000

        more = {"budget": {"tokens": 300_000}}
        levels = {"run": more, "tier": {"tier": more}, "phase": {"phase": more}}
        new = parse_plan(json.dumps(plan_with(**levels[level])), source="new.yaml")
        amendment = await amend(world.services, run.id, new, by="Ada")
        assert not amendment.added
        await world.drive(run.id)
        assert (await world.read(run.id)).state == "succeeded"
        assert len(world.simulator.entries()) == 4, "nothing was asked again"


async def test_a_run_may_fail_at_its_budget_and_be_tried_again(tmp_path: Path, settings: Settings) -> None:
    plan = plan_with(budget={"tokens": 100}, on_budget="fail")
    async with small_world(tmp_path, settings, *CONVERSATION, plan=plan) as world:
        run = await world.run()
        assert (run.state, run.end_reason) == ("failed", "budget_reached"), run.end_detail
        assert world.simulator.entries() == []
        new = parse_plan(json.dumps(plan_with()), source="new.yaml")
        await amend(world.services, run.id, new, by="Ada")
        assert (await control.retry(world.services.database, run.id, by="Ada")).changed
        await world.drive(run.id)
        assert (await world.read(run.id)).state == "succeeded"


async def test_a_budget_in_dollars_counts_calls_at_the_most_they_can_cost(
    tmp_path: Path, settings: Settings
) -> None:
    plan = plan_with(budget={"usd": 0.03})
    async with small_world(tmp_path, settings, *CONVERSATION, plan=plan) as world:
        run = await world.run()
        assert (run.state, run.waits_for) == ("paused", "budget_reached"), run.end_detail
        async with world.services.database.read() as session:
            nano = (await spent(session, run.id, phases=None)).nano_usd
        assert Decimal(nano) / 10**9 <= Decimal("0.03")
        assert "$0.03" in run.end_detail


async def test_a_budget_in_dollars_needs_the_prices_of_its_models(tmp_path: Path, settings: Settings) -> None:
    plan = plan_with(budget={"usd": 5})
    async with small_world(tmp_path, settings, *CONVERSATION, plan=plan) as world:
        text = settings.policy_path.read_text().replace("gpt-5-mini", "gpt-nobody-knows")
        settings.policy_path.write_text(text)
        with pytest.raises(InvalidInput, match="no price is known for gpt-nobody-knows"):
            await world.create()


async def test_the_second_request_is_reserved_at_little_more_than_the_first_one_took(
    tmp_path: Path, settings: Settings
) -> None:
    """A long prompt counts its bytes once; from then on the provider's own count stands for it."""
    long = {"description": "Write one.py and its test. " * 2_000}
    async with small_world(tmp_path, settings, *CONVERSATION, plan=plan_with(phase=long)) as world:
        run = await world.run()
        assert run.state == "succeeded", run.end_detail
        async with world.services.database.read() as session:
            query = select(ReservationRow.input_tokens).where(ReservationRow.role == "builder")
            first, second, *_ = await session.scalars(query.order_by(ReservationRow.created_at))
            reported = (await spent(session, run.id, phases=None)).tokens
        assert first > 50_000
        assert second < first / 2
        assert reported <= first + second * 3


def _clock(*, run: float = 0, phase: float = 0, **limits: int) -> Clock:
    return Clock(Limits.model_validate(limits), Worked(run, phase))


def test_a_limit_that_is_over_says_which_and_what_was_at_work() -> None:
    with pytest.raises(
        TimeLimitReached, match=r"The run was worked on for 10 minutes \(run_minutes\).*pytest"
    ):
        _clock(run=601, run_minutes=10).check("verify: pytest")
    with pytest.raises(TimeLimitReached, match=r"The phase .* 2 minutes \(phase_minutes\)"):
        _clock(run=601, phase=121, phase_minutes=2).check("x")
    _clock(run=10**6, phase=10**6).check("no limit was set")
    stalled = _clock(stall_minutes=1)
    stalled.__dict__["_sign"] -= 61
    with pytest.raises(Stalled, match=r"1 minute \(stall_minutes\), at: builder"):
        stalled.check("builder: thinking")
    stalled.sign()
    stalled.check("it moves again")


def test_a_notice_comes_once_when_most_of_a_limit_is_over() -> None:
    clock = _clock(run=481, run_minutes=10)
    near = clock.near()
    assert near is not None
    assert (near.limit, near.minutes, 100 < near.left_seconds < 120) == ("run_minutes", 10, True)
    assert clock.near() is None
    assert _clock(run=479, run_minutes=10).near() is None


def test_another_phase_begins_at_zero() -> None:
    clock = _clock(phase=500, phase_minutes=10)
    assert clock.near() is not None
    clock.begin_phase()
    assert clock.near() is None
    assert clock.worked.phase < 1


async def test_a_run_that_takes_too_long_fails_with_a_notice_before_and_goes_on_with_a_new_clock(
    tmp_path: Path, settings: Settings
) -> None:
    slow = {**GOOD, "delay_seconds": 3.0}
    plan = plan_with(limits={"run_minutes": 1})
    async with small_world(tmp_path, settings, builds(1, slow), approves(), plan=plan) as world:
        run_id = await world.create()
        execute(settings, "UPDATE runs SET worked_seconds = 59")
        epoch = await control.take(world.services.database, run_id, owner=world.services.owner)
        await _drive(world, run_id, epoch)
        run = await world.read(run_id)
        assert (run.state, run.end_reason) == ("failed", "time_limit"), run.end_detail
        assert "for 1 minute (run_minutes)" in run.end_detail
        async with world.services.database.read() as session:
            events = await feed.after(session, event_id=0, run_id=run_id, limit=500)
        (near,) = [one.body for one in events if isinstance(one.body, LimitNear)]
        assert near.limit == "run_minutes"
        assert (await control.retry(world.services.database, run_id, by="Ada")).changed
        assert (await world.read(run_id)).worked_seconds == 0
        await world.drive(run_id)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        assert 0 < run.worked_seconds < 60


async def _drive(world: World, run_id: str, epoch: int) -> None:
    from autopack.supervisor.engine import engine

    async with engine(world.services) as driver:
        await asyncio.wait_for(driver.drive(run_id, epoch), 60)


async def test_a_step_without_a_sign_of_life_is_stopped(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider answers half and falls silent: the request's own limits are far away."""
    silent = {**GOOD, "faults": [{"stall": 0.5, "times": "always"}]}
    plan = plan_with(limits={"stall_minutes": 1})
    async with small_world(tmp_path, settings, builds(1, silent), approves(), plan=plan) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        async with asyncio.timeout(60):
            while not world.simulator.entries():
                await asyncio.sleep(0.02)
        monkeypatch.setattr("autopack.supervisor.clock.MINUTE_SECONDS", 1.0)
        await asyncio.wait_for(driving, 30)
        run = await world.read(run_id)
        assert (run.state, run.end_reason) == ("failed", "stalled"), run.end_detail
        assert "builder" in run.end_detail
        async with world.services.database.read() as session:
            assert list(await session.scalars(select(RunRow.owner))) == [None]
