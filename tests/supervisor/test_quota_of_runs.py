"""Runs whose quotas are short: another model, a wait that ends by itself, or the end, as the policy says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from autopack.config import Settings
from autopack.feed import queries as feed
from autopack.feed.schemas import ModelReplaced, RunMoved
from autopack.routing.decisions import Decision
from autopack.routing.tables import ReservationRow
from autopack.runs import queries
from autopack.runs.states import EndReason, RunState, Waiting
from autopack.runs.tables import AttemptRow
from autopack.supervisor import control
from autopack.supervisor.serving import Serving
from autopack.usage.recorder import LlmUsageEvent, record_usage
from autopack.views.status import run_status
from fixtures.database import execute
from fixtures.world import PLAN, World, approves, builds, small_world, write_file
from supervisor.test_serving import service_on
from supervisor.waiting import kinds, reaches, until

GOOD = write_file("one.py", "ONE = 1\n")
CRITICAL: dict[str, Any] = {
    **PLAN,
    "tiers": [
        {"name": "Only", "phases": [{**PLAN["tiers"][0]["phases"][0], "category": "security_auth_change"}]}
    ],
}
LOCAL = "models: {gpt-6.1-local: {provider: openai, pool: spare}}\npools: {spare: {billing: api}}\n"
"""A model with a quota of its own, which has no cap."""


def limit(world: World, provider: str, limits: str, more: str = "") -> None:
    """Set limits of a provider in the world's models.yaml."""
    path = world.settings.policy_path
    text = path.read_text().replace(f"  {provider}: {{", f"  {provider}: {{{limits}, ", 1)
    path.write_text(text + more)


def lift(world: World, limits: str) -> None:
    """Take a limit away again."""
    path = world.settings.policy_path
    path.write_text(path.read_text().replace(f"{limits}, ", ""))


async def use(world: World, provider: str, model: str, tokens: int) -> None:
    """Something used so much of a quota an hour ago."""
    event = LlmUsageEvent(
        provider=provider,
        model=model,
        run_id=None,
        phase_id=None,
        role="builder",
        prompt_tokens=tokens,
        completion_tokens=0,
        created_at=datetime.now(UTC) - timedelta(hours=1),
    )
    async with world.services.database.write() as session:
        await record_usage(session, event)


async def idle(service: Serving) -> bool:
    return service.driving == 0


async def attempts(world: World, run_id: str) -> list[AttemptRow]:
    async with world.services.database.read() as session:
        return await queries.attempts(session, run_id, phase_index=1)


async def moves(world: World, run_id: str) -> list[RunMoved]:
    async with world.services.database.read() as session:
        events = await feed.after(session, event_id=0, run_id=run_id, limit=500)
    return [one.body for one in events if isinstance(one.body, RunMoved)]


async def test_above_its_soft_limit_a_fallback_builds_and_the_reason_is_kept(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        limit(world, "openai", "weekly_cap_tokens: 10_000_000", "fallbacks: {default: [claude-sonnet-5-5]}\n")
        await use(world, "openai", "gpt-5", 8_500_000)
        run = await world.run()
        assert run.state == RunState.SUCCEEDED
        (attempt,) = await attempts(world, run.id)
        decision = Decision.model_validate(attempt.builder_decision)
        assert decision.model.name == "claude-sonnet-5-5"
        assert "openai has used 85% of 10,000,000 tokens a week" in decision.reason


async def test_a_call_that_no_longer_fits_goes_to_the_fallback_and_costs_no_attempt(
    tmp_path: Path, settings: Settings
) -> None:
    """The soft limit is not reached, and the next request's bound is more than what is left."""
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        limit(world, "openai", "daily_cap_tokens: 1000", "fallbacks: {default: [claude-sonnet-5-5]}\n")
        run = await world.run()
        assert run.state == RunState.SUCCEEDED
        (attempt,) = await attempts(world, run.id)
        assert Decision.model_validate(attempt.builder_decision).model.name == "claude-sonnet-5-5"
        async with world.services.database.read() as session:
            events = await feed.after(session, event_id=0, run_id=run.id, limit=500)
            refused = list(await session.scalars(select(ReservationRow.model).filter_by(state="refused")))
        builder, *of_auditor = [one.body for one in events if isinstance(one.body, ModelReplaced)]
        assert (builder.role, builder.before, builder.after) == (
            "builder",
            "gpt-5-mini",
            "claude-sonnet-5-5",
        )
        assert "the next call can take" in builder.reason
        assert refused[0] == "gpt-5-mini"
        # The other family has no room for the Auditor either, which takes asking each of its models.
        assert of_auditor[-1].after == "claude-haiku-5-5"
        assert Decision.model_validate(attempt.auditor_decision).same_family


async def test_a_run_that_has_to_wait_is_scheduled_and_goes_on_by_itself(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        limit(world, "openai", "daily_cap_tokens: 1_000_000")
        await use(world, "openai", "gpt-5", 1_000_000)
        run_id = await world.create()
        async with service_on(world) as here:
            await reaches(world, run_id, "scheduled")
            run = await world.read(run_id)
            assert (run.owner, run.waits_for) == (None, Waiting.QUOTA_RESET)
            assert run.resumes_at is not None
            assert timedelta(hours=22) < run.resumes_at - datetime.now(UTC) < timedelta(hours=25)
            assert (await moves(world, run_id))[-1].resumes_at == run.resumes_at
            async with world.services.database.read() as session:
                status = await run_status(session, run_id)
            assert (status.state, status.resumes_at, status.needs_you) == ("scheduled", run.resumes_at, False)
            await until(lambda: idle(here))
            execute(settings, "UPDATE usage_hourly SET prompt_tokens = 0")  # as if its time had come
            execute(settings, "UPDATE runs SET resumes_at = '2026-01-01 00:00:00'")
            await reaches(world, run_id, "succeeded")
        run = await world.read(run_id)
        assert run.resumes_at is None
        assert "resume_asked" not in await kinds(world, run_id)


async def test_a_cap_that_is_raised_has_a_scheduled_run_go_on_at_once(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        limit(world, "openai", "daily_cap_tokens: 1_000_000")
        await use(world, "openai", "gpt-5", 1_000_000)
        run_id = await world.create()
        async with service_on(world):
            await reaches(world, run_id, "scheduled")
            lift(world, "daily_cap_tokens: 1_000_000")
            await reaches(world, run_id, "succeeded")


async def test_a_cap_that_was_raised_while_no_service_lived_counts_when_one_begins(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        limit(world, "openai", "daily_cap_tokens: 1_000_000")
        await use(world, "openai", "gpt-5", 1_000_000)
        run = await world.run()
        assert run.state == RunState.SCHEDULED
        lift(world, "daily_cap_tokens: 1_000_000")
        async with service_on(world):
            await reaches(world, run.id, "succeeded")


@pytest.mark.parametrize(("verb", "state"), [("pause", "paused"), ("cancel", "cancelled")])
async def test_a_scheduled_run_can_be_paused_and_cancelled(
    tmp_path: Path, settings: Settings, verb: str, state: str
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        limit(world, "openai", "daily_cap_tokens: 1_000_000")
        await use(world, "openai", "gpt-5", 1_000_000)
        run = await world.run()
        assert run.state == RunState.SCHEDULED
        await getattr(control, verb)(world.services.database, run.id, by="Ada")
        run = await world.read(run.id)
        assert (run.state, run.resumes_at) == (state, None)
        await control.resume(world.services.database, run.id, by="Ada")
        lift(world, "daily_cap_tokens: 1_000_000")
        await world.drive(run.id)
        assert (await world.read(run.id)).state == RunState.SUCCEEDED


async def test_critical_work_is_never_given_to_a_fallback(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves(), plan=CRITICAL) as world:
        fallback = "fallbacks: {default: [claude-sonnet-5-5]}\n"
        limit(world, "openai", "weekly_cap_tokens: 1000", fallback)
        run = await world.run()
        assert (run.state, run.end_reason) == (RunState.FAILED, EndReason.QUOTA_REACHED)
        assert "security_auth_change is a fail-fast category" in run.end_detail
        assert not world.simulator.entries()
        (attempt,) = await attempts(world, run.id)
        assert attempt.outcome == "open"


async def test_a_provider_that_asks_to_be_left_alone_for_long_is_waited_for(
    tmp_path: Path, settings: Settings
) -> None:
    busy = {**GOOD, "faults": [{"status": 429, "retry_after": 3600, "times": 1}]}
    async with small_world(tmp_path, settings, builds(1, busy), approves()) as world:
        run = await world.run()
        assert (run.state, run.waits_for) == (RunState.SCHEDULED, Waiting.QUOTA_RESET)
        assert run.resumes_at is not None
        assert timedelta(minutes=50) < run.resumes_at - datetime.now(UTC) < timedelta(minutes=61)
        assert "left alone" in run.end_detail
        execute(settings, "DELETE FROM cooldowns")
        await control.resume(world.services.database, run.id, by="Ada")
        await world.drive(run.id)
        assert (await world.read(run.id)).state == RunState.SUCCEEDED


async def test_a_rest_has_other_work_go_to_a_fallback(tmp_path: Path, settings: Settings) -> None:
    busy = {**GOOD, "faults": [{"status": 429, "retry_after": 3600, "times": 1}]}
    async with small_world(tmp_path, settings, builds(1, busy), approves()) as world:
        path = world.settings.policy_path
        path.write_text(path.read_text() + "fallbacks: {default: [gpt-5.1]}\n")
        run = await world.run()
        assert run.state == RunState.SUCCEEDED
        (attempt,) = await attempts(world, run.id)
        assert Decision.model_validate(attempt.builder_decision).model.name == "gpt-5.1"


async def test_a_broken_edit_of_the_policy_stops_no_run(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        run_id = await world.create()
        assert not world.services.policy.problem
        path = world.settings.policy_path
        path.write_text(path.read_text() + "nonsense: [\n")
        assert "models.yaml" in world.services.policy.problem
        await world.drive(run_id)
        assert (await world.read(run_id)).state == RunState.SUCCEEDED


async def test_what_was_refused_to_other_work_is_not_refused_to_work_it_is_kept_free_for(
    tmp_path: Path, settings: Settings
) -> None:
    phase = PLAN["tiers"][0]["phases"][0]
    critical = {**phase, "id": "two", "category": "security_auth_change"}
    plan = {**PLAN, "tiers": [{"name": "Only", "phases": [phase, critical]}]}
    second = builds(1, write_file("two.py", "TWO = 2\n"), phase="two")
    script = builds(1, GOOD), approves(), second, approves("two")
    async with small_world(tmp_path, settings, *script, plan=plan) as world:
        kept = "daily_cap_tokens: 1_000_000, soft_limit: 1, reserve_for: {security_auth_change: 0.9}"
        limit(world, "openai", kept, "fallbacks: {default: [gpt-6.1-local]}\n" + LOCAL)
        await use(world, "openai", "gpt-5", 95_000)
        run = await world.run()
        assert run.state == RunState.SUCCEEDED, run.end_detail
        async with world.services.database.read() as session:
            (other,) = await queries.attempts(session, run.id, phase_index=1)
            (its,) = await queries.attempts(session, run.id, phase_index=2)
        assert Decision.model_validate(other.builder_decision).model.name == "gpt-6.1-local"
        assert Decision.model_validate(its.builder_decision).model.name == "gpt-5-mini"


async def test_where_another_model_builds_the_auditor_is_of_another_family_than_that(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD), approves()) as world:
        more = "fallbacks: {default: [claude-sonnet-5-5, gpt-6.1-local]}\n" + LOCAL
        limit(world, "openai", "daily_cap_tokens: 1000", more)
        run = await world.run()
        assert run.state == RunState.SUCCEEDED, run.end_detail
        (attempt,) = await attempts(world, run.id)
        auditor = Decision.model_validate(attempt.auditor_decision)
        assert Decision.model_validate(attempt.builder_decision).model.name == "claude-sonnet-5-5"
        assert (auditor.model.name, auditor.same_family) == ("gpt-6.1-local", False)
        assert "model_replaced" in await kinds(world, run.id)


async def test_a_conversation_that_another_model_takes_over_leaves_no_working_copy(
    tmp_path: Path, settings: Settings
) -> None:
    """The first request fits, the second one does not."""
    long = {**GOOD, "usage": {"input_tokens": 30_000, "output_tokens": 50}}
    async with small_world(tmp_path, settings, builds(1, long), approves()) as world:
        fallback = "fallbacks: {default: [gpt-6.1-local]}\n"
        limit(world, "openai", "daily_cap_tokens: 50_000, soft_limit: 1", fallback + LOCAL)
        run = await world.run()
        assert run.state == RunState.SUCCEEDED, run.end_detail
        called = [one.model for one in world.simulator.entries()]
        assert called[:2] == ["gpt-5-mini", "gpt-6.1-local"]
        assert not world.services.transcripts.every()
