"""Phases of runs that were worked on to their end, through the same functions as real ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autopack.db import Database, WriteSession
from autopack.plan import Plan, parse_plan
from autopack.projects import queries as projects
from autopack.routing.policy import parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.runs import queries, service
from autopack.runs.states import AttemptOutcome, EndReason, PhaseState, RunState
from autopack.runs.tables import PhaseRow
from autopack.usage.recorder import LlmUsageEvent, record_usage
from usage.calls import call

_NUMBERS = itertools.count()
_ACCEPTED = (PhaseState.VERIFYING, PhaseState.AUDITING, PhaseState.COMMITTING, PhaseState.COMPLETED)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A phase: what its attempts' calls took. It took `minutes`, and is accepted if it is not `failed`."""

    category: str = "core_backend"
    complexity: str = "medium"
    attempts: Sequence[Sequence[LlmUsageEvent]] = field(default_factory=lambda: [[call()]])
    minutes: float = 10.0
    failed: bool = False


def used(tokens: int, *, category: str = "core_backend", complexity: str = "medium", **values: Any) -> Done:
    """A phase of one attempt and one call; `values` are the call's."""
    one = call(prompt_tokens=tokens, completion_tokens=0, **values)
    return Done(category=category, complexity=complexity, attempts=[[one]])


def plan_of(*phases: tuple[str, str], head: str = "", name: str = "todo") -> Plan:
    """A plan with a phase for each category and complexity."""
    lines = [
        f"      - {{id: p{number}, name: P, description: D., category: {category}, complexity: {complexity}}}"
        for number, (category, complexity) in enumerate(phases, start=1)
    ]
    text = f"schema_version: 1\nname: {name}\nverify: none\n{head}\ntiers:\n  - name: T\n    phases:\n"
    return parse_plan(text + "\n".join(lines) + "\n", source="plan.yaml")


async def finish(database: Database, repository: Path, *phases: Done) -> str:
    """A run whose phases are these, all of them done; each began when it says, before now."""
    plan = plan_of(*((one.category, one.complexity) for one in phases))
    async with database.write() as session:
        run_id = await _begin(session, repository, plan)
        for index, done in enumerate(phases, start=1):
            await _finish(session, await queries.phase(session, run_id, index), done)
        run = await queries.run(session, run_id)
        await service.move_run(session, run, to=RunState.SUCCEEDED, reason=EndReason.COMPLETED)
    return run_id


async def _begin(session: WriteSession, repository: Path, plan: Plan) -> str:
    project, _ = await projects.register(session, repository)
    policy = parse_policy(default_policy_text(), source="models.yaml")
    new = service.NewRun(
        project_id=project.id,
        project_name=project.name,
        plan_path=str(repository / "plan.yaml"),
        plan=plan,
        policy=policy.model_dump(mode="json"),
        confinement="none",
        accept_red_baseline=False,
    )
    run_id = await service.create(session, new)
    await service.claim(session, run_id, epoch=0, owner="me")
    await service.move_run(session, await queries.run(session, run_id), to=RunState.IN_PROGRESS)
    return run_id


async def _finish(session: WriteSession, phase: PhaseRow, done: Done) -> None:
    for number, calls in enumerate(done.attempts, start=1):
        attempt = service.new_attempt(
            phase, number=number, complexity=phase.complexity, base_commit="b" * 40, start_tree="b" * 40
        )
        session.add(attempt)
        if number == 1:
            await service.move_phase(session, phase, to=PhaseState.BUILDING, attempt=1)
        for one in calls:
            recorded = replace(
                one,
                run_id=phase.run_id,
                phase_id=phase.phase_id,
                attempt=number,
                call_id=f"call_f{next(_NUMBERS)}",
            )
            assert await record_usage(session, recorded)
        last = number == len(done.attempts) and not done.failed
        attempt.outcome = AttemptOutcome.COMMITTED if last else AttemptOutcome.REJECTED
        attempt.ended_at = datetime.now(UTC)
    for state in (PhaseState.FAILED,) if done.failed else _ACCEPTED:
        await service.move_phase(session, phase, to=state, attempt=len(done.attempts))
    assert phase.ended_at is not None
    phase.started_at = phase.ended_at - timedelta(minutes=done.minutes)
