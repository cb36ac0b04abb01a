"""A run as its records are after a while: a rejected attempt, a committed one, and one in the making."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.config import Settings
from autopack.db import Database, WriteSession
from autopack.feed import queries as feed
from autopack.feed.schemas import AttemptFailed, ModelsChosen, PhaseCommitted, VerdictGiven
from autopack.plan import Complexity, parse_plan
from autopack.projects import queries as projects
from autopack.routing.policy import parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.router import ModelRouter
from autopack.runs import queries, service
from autopack.runs.schemas import Evidence, TestCounts
from autopack.runs.states import AttemptOutcome, EndReason, PhaseState, RunState
from autopack.runs.tables import AttemptRow, PhaseRow
from autopack.supervisor import workers
from autopack.usage.recorder import LlmUsageEvent, record_usage
from autopack.usage.schemas import UsageStatus

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e"
"""Sets a terminal's title, clears it, and turns what follows around."""

PLAN = """\
schema_version: 1
name: todo
verify: ["python -m pytest -q"]
tiers:
  - name: Foundation
    phases:
      - {id: store, name: The store, description: Keep it., category: core_backend, complexity: high}
  - name: Surface
    phases:
      - {id: cli, name: The commands, description: Type it., category: core_backend, complexity: low}
      - {id: docs, name: The words, description: Tell it., category: docs, complexity: low}
"""

BASE, TREE, COMMIT = "b" * 40, "e" * 40, "c" * 40


async def record_run(settings: Settings, *, repository: Path, owner: str | None = None) -> str:
    """A run that stands in its second phase; `owner` may be a live process's executor id."""
    database = Database(settings.database_url)
    artifacts = ArtifactStore(settings.artifacts)
    try:
        async with database.write() as session:
            run_id = await _begin(session, repository, owner)
        async with database.write() as session:
            await _first_phase(session, run_id, artifacts)
        async with database.write() as session:
            await _second_phase(session, run_id)
    finally:
        await database.close()
    return run_id


async def end_run(
    settings: Settings, run_id: str, *, state: RunState, reason: EndReason, detail: str = ""
) -> None:
    """Bring a recorded run to an end."""
    database = Database(settings.database_url)
    try:
        async with database.write() as session:
            run = await queries.run(session, run_id)
            await service.move_run(session, run, to=state, reason=reason, detail=detail)
    finally:
        await database.close()


async def live_owner(settings: Settings, *, address: str | None = None) -> str:
    """The executor id of a process that is alive: this one; with an address, a service."""
    database = Database(settings.database_url)
    owner = f"{socket.gethostname()}-{os.getpid()}-test"
    try:
        async with database.write() as session:
            await workers.register(session, owner, address=address)
    finally:
        await database.close()
    return owner


async def _begin(session: WriteSession, repository: Path, owner: str | None) -> str:
    project, _ = await projects.register(session, repository)
    policy = parse_policy(default_policy_text(), source="models.yaml")
    new = service.NewRun(
        project_id=project.id,
        project_name=project.name,
        plan_path=str(repository / ".autopack/plan.yaml"),
        plan=parse_plan(PLAN, source="plan.yaml"),
        policy=policy.model_dump(mode="json"),
        confinement="bubblewrap",
        accept_red_baseline=False,
    )
    run_id = await service.create(session, new)
    await service.claim(session, run_id, epoch=0, owner=owner or "gone")
    run = await queries.run(session, run_id)
    run.base_commit = run.head_commit = BASE
    run.baseline_done = True
    await service.move_run(session, run, to=RunState.IN_PROGRESS)
    return run_id


async def _first_phase(session: WriteSession, run_id: str, artifacts: ArtifactStore) -> None:
    phase = await queries.phase(session, run_id, 1)
    first = await _open(session, phase, 1)
    await _spend(session, first, phase, "builder", "claude-opus-5-5", "anthropic", Decimal("0.25"))
    await _check(session, first, artifacts, b"boom" + EVIL.encode() + b"\n1 failed\n", code=1)
    first.outcome, first.failure = AttemptOutcome.VERIFICATION_FAILED, f"the tests failed {EVIL}"
    first.ended_at = datetime.now(UTC)
    body = AttemptFailed(
        phase_id="store", attempt=1, outcome=first.outcome, detail=first.failure, attempts_left=2
    )
    feed.append(session, run_id=run_id, body=body)
    second = await _open(session, phase, 2)
    await _spend(session, second, phase, "builder", "claude-opus-5-5", "anthropic", None)
    await _spend(session, second, phase, "auditor", "gpt-6.1-sol", "openai", Decimal("0.5"))
    await _check(session, second, artifacts, b"..\n2 passed\n", code=0)
    second.verdict = {
        "decision": "approve",
        "summary": f"Sound. {EVIL}",
        "issues": [{"severity": "minor", "file": f"a{EVIL}.py", "line": 3, "text": "Short."}],
    }
    second.summary, second.diff_sha = f"Wrote it. {EVIL}", artifacts.put(b"diff --git a/x b/x\n+\x1b[31mx\n")
    second.outcome, second.commit_id, second.ended_at = AttemptOutcome.COMMITTED, COMMIT, datetime.now(UTC)
    verdict = VerdictGiven(
        phase_id="store", attempt=2, decision="approve", summary=f"Sound. {EVIL}", major=0, minor=1
    )
    feed.append(session, run_id=run_id, body=verdict)
    phase.commit_id = COMMIT
    (await queries.run(session, run_id)).head_commit = COMMIT
    for state in (PhaseState.VERIFYING, PhaseState.AUDITING, PhaseState.COMMITTING, PhaseState.COMPLETED):
        await service.move_phase(session, phase, to=state, attempt=2)
    committed = PhaseCommitted(
        phase_id="store", attempt=2, commit=COMMIT, branch=f"autopack/{run_id}", summary="Wrote it."
    )
    feed.append(session, run_id=run_id, body=committed)


async def _second_phase(session: WriteSession, run_id: str) -> None:
    phase = await queries.phase(session, run_id, 2)
    attempt = await _open(session, phase, 1)
    await _spend(session, attempt, phase, "builder", "gpt-6-luna", "openai", None, known=False)


async def _open(session: WriteSession, phase: PhaseRow, number: int) -> AttemptRow:
    attempt = service.new_attempt(
        phase, number=number, complexity=phase.complexity, base_commit=BASE, start_tree=BASE
    )
    router = ModelRouter(parse_policy(default_policy_text(), source="models.yaml"))
    complexity = Complexity(phase.complexity)
    builder = router.decide(role="builder", category=phase.category, complexity=complexity)
    auditor = router.decide(role="auditor", category=phase.category, complexity=complexity)
    attempt.builder_decision = builder.model_dump(mode="json")
    attempt.auditor_decision = auditor.model_dump(mode="json")
    attempt.tree = TREE
    session.add(attempt)
    await service.move_phase(session, phase, to=PhaseState.BUILDING, attempt=number)
    chosen = ModelsChosen(
        phase_id=phase.phase_id,
        attempt=number,
        complexity=phase.complexity,
        builder=builder.model.name,
        builder_reason=builder.reason,
        auditor=auditor.model.name,
        auditor_reason=auditor.reason,
        same_family=False,
        simulated=False,
    )
    feed.append(session, run_id=phase.run_id, body=chosen)
    return attempt


async def _check(
    session: WriteSession, attempt: AttemptRow, artifacts: ArtifactStore, output: bytes, *, code: int
) -> None:
    verify = Evidence(
        argv=("sh", "-c", "python -m pytest -q"),
        exit_code=code,
        duration_seconds=1.5,
        output_sha=artifacts.put(output),
        tree=TREE,
        counts=TestCounts(passed=2, failed=code),
    )
    setup = Evidence(
        argv=("sh", "-c", "python -m venv .venv"),
        exit_code=0,
        duration_seconds=2.5,
        output_sha=artifacts.put(b"made .venv\n"),
        tree=TREE,
        truncated=code != 0,
    )
    for step, evidence in (("verify", verify), ("setup", setup)):
        await queries.replace_evidence(
            session,
            attempt.run_id,
            phase_index=attempt.phase_index,
            attempt=attempt.number,
            step=step,
            evidence=[evidence],
        )


async def _spend(
    session: WriteSession,
    attempt: AttemptRow,
    phase: PhaseRow,
    role: str,
    model: str,
    provider: str,
    cost: Decimal | None,
    *,
    known: bool = True,
) -> None:
    event = LlmUsageEvent(
        provider=provider,
        model=model,
        run_id=attempt.run_id,
        phase_id=phase.phase_id,
        role=role,
        prompt_tokens=1_000,
        completion_tokens=100,
        created_at=datetime.now(UTC),
        call_id=f"{attempt.run_id}-{phase.phase_id}-{attempt.number}-{role}"[-40:],
        response_id=None,
        pool=provider,
        attempt=attempt.number,
        cache_read_tokens=400,
        cost_usd=cost,
        status=UsageStatus.REPORTED if known else UsageStatus.UNKNOWN,
        simulated=False,
    )
    await record_usage(session, event)
