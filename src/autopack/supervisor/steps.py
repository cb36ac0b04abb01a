"""The steps of a phase: each does one thing through one domain, then records it in one transaction.

A step may run twice (a crash comes when it likes), so each is idempotent, keyed by run, phase and attempt.
No transaction is open while a model, a process or git is awaited; every one begins at the fence.
"""

from __future__ import annotations

from datetime import UTC, datetime

from autopack.db import WriteSession
from autopack.feed import queries as feed
from autopack.feed.schemas import AttemptFailed, ModelsChosen, PhaseCommitted, VerdictGiven
from autopack.plan import Complexity
from autopack.roles.schemas import Severity
from autopack.routing.router import ModelRouter
from autopack.runs import queries, service
from autopack.runs.schemas import Evidence
from autopack.runs.states import AttemptOutcome, EndReason, Intent, PhaseState, RunState
from autopack.runs.tables import AttemptRow, PhaseRow
from autopack.supervisor.commits import commit_message, known
from autopack.supervisor.conversations import Conversations
from autopack.supervisor.hold import Hold
from autopack.supervisor.position import At, Failure, Retry
from autopack.supervisor.rules import failed_check, failed_setup, problem_with, rejection


class Steps:
    """The steps of the phases of one run."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._conversations = Conversations(hold)
        self.committing = False
        """True from the point of no return to the end of a commit: not to be interrupted."""

    async def reopen(self, at: At) -> None:
        """The run goes on at a phase that was stopped."""
        async with self._hold.move() as (session, _):
            await service.move_phase(session, await _phase(session, at), to=PhaseState.PENDING, attempt=0)

    async def open_attempt(self, at: At) -> None:
        """Open the phase's first attempt, or go on with the one that was interrupted."""
        async with self._hold.move() as (session, run):
            phase = await _phase(session, at)
            number = len(at.earlier) + 1
            if at.attempt is None:
                head = known(run.head_commit)
                complexity = at.phase.complexity
                session.add(
                    service.new_attempt(
                        phase, number=number, complexity=complexity, base_commit=head, start_tree=head
                    )
                )
            await service.move_phase(session, phase, to=PhaseState.BUILDING, attempt=number)

    async def route(self, at: At) -> None:
        """Choose who builds and who audits this attempt, and store why."""
        complexity = Complexity(at.open.complexity)
        builder, auditor = ModelRouter(self._hold.policy).decide_attempt(
            category=at.phase.category, complexity=complexity
        )
        async with self._hold.move() as (session, _):
            attempt = await _attempt(session, at)
            attempt.builder_decision = builder.model_dump(mode="json")
            attempt.auditor_decision = auditor.model_dump(mode="json")
            body = ModelsChosen(
                phase_id=at.phase.phase_id,
                attempt=attempt.number,
                complexity=complexity,
                builder=builder.model.name,
                builder_reason=builder.reason,
                auditor=auditor.model.name,
                auditor_reason=auditor.reason,
                same_family=auditor.same_family,
                simulated=builder.model.simulated or auditor.model.simulated,
            )
            await feed.append(session, run_id=self._hold.run_id, body=body)

    async def build(self, at: At) -> Failure | None:
        """Have the Builder work on the phase in its checkout, and keep what it left as a tree."""
        workspace, attempt = self._hold.workspace, at.open
        if attempt.tree is None:
            await workspace.reset_build(attempt.checkpoint_tree or attempt.start_tree)
            setup = await workspace.setup("build", self._hold.commands)
            if setup and setup[-1].exit_code != 0:
                return await self._setup_failed(at, setup)
            report = await self._conversations.build(at)
            tree = await workspace.snapshot()
        else:
            report, tree = attempt.summary, attempt.tree
        async with self._hold.move() as (session, _):
            attempt = await _attempt(session, at)
            attempt.tree = tree
            if isinstance(report, Failure):
                return report
            attempt.summary = report
            phase = await _phase(session, at)
            await service.move_phase(session, phase, to=PhaseState.VERIFYING, attempt=attempt.number)
        return None

    async def verify(self, at: At) -> Failure | None:
        """Run the phase's commands on exactly the tree that would be committed."""
        hold, attempt = self._hold, at.open
        tree, planned = known(attempt.tree), hold.planned(at.phase.phase_id)
        failure = problem_with(await hold.workspace.change(attempt.base_commit, tree), planned.files)
        diff = hold.services.artifacts.put(await hold.workspace.diff(attempt.base_commit, tree))
        evidence: tuple[Evidence, ...] = ()
        if failure is None:
            commands = hold.plan.commands(planned)
            hold.show("verify", "; ".join(commands), phase_id=planned.id)
            setup = await hold.workspace.setup("verify", hold.commands, tree=tree)
            if setup and setup[-1].exit_code != 0:
                return await self._setup_failed(at, setup)
            check = await hold.workspace.check(tree, commands, hold.commands)
            evidence, failure = check.evidence, failed_check(check)
        async with hold.move() as (session, _):
            attempt = await _attempt(session, at)
            attempt.diff_sha = diff
            await _keep(session, at, "verify", evidence)
            if failure is None:
                phase = await _phase(session, at)
                await service.move_phase(session, phase, to=PhaseState.AUDITING, attempt=attempt.number)
        return failure

    async def audit(self, at: At) -> Failure | None:
        """Have the Auditor review the whole diff; an approval enters `committing` unless a stop was asked."""
        verdict = await self._conversations.audit(at)
        if isinstance(verdict, Failure):
            return verdict
        attempt, approved = at.open, verdict.decision == "approve"
        message = commit_message(self._hold.run_id, at)
        when = attempt.commit_time or datetime.now(UTC).replace(microsecond=0)
        commit = ""
        if approved:
            commit = await self._hold.workspace.write_commit(
                tree=known(attempt.tree), parent=attempt.base_commit, message=message, when=when
            )
        async with self._hold.move() as (session, run):
            attempt = await _attempt(session, at)
            attempt.verdict = verdict.model_dump(mode="json")
            if approved and Intent(run.intent) is not Intent.CANCEL:
                attempt.commit_message, attempt.commit_time, attempt.commit_id = message, when, commit
                phase = await _phase(session, at)
                await service.move_phase(session, phase, to=PhaseState.COMMITTING, attempt=attempt.number)
            majors = sum(issue.severity is Severity.MAJOR for issue in verdict.issues)
            body = VerdictGiven(
                phase_id=at.phase.phase_id,
                attempt=attempt.number,
                decision=verdict.decision,
                summary=verdict.summary,
                major=majors,
                minor=len(verdict.issues) - majors,
            )
            await feed.append(session, run_id=run.id, body=body)
        return None if approved else rejection(verdict)

    async def commit(self, at: At) -> None:
        """Move the integration branch to the verified tree's commit, publish it, and complete the phase."""
        self.committing = True
        try:
            commit = known(at.open.commit_id)
            await self._hold.workspace.move_branch(parent=at.open.base_commit, new=commit)
            await self._hold.workspace.publish()
            async with self._hold.move() as (session, run):
                attempt, phase = await _attempt(session, at), await _phase(session, at)
                attempt.outcome, attempt.ended_at = AttemptOutcome.COMMITTED, datetime.now(UTC)
                phase.commit_id = run.head_commit = commit
                phase.summary = attempt.summary
                await service.move_phase(session, phase, to=PhaseState.COMPLETED, attempt=attempt.number)
                body = PhaseCommitted(
                    phase_id=phase.phase_id,
                    attempt=attempt.number,
                    commit=commit,
                    branch=self._hold.workspace.branch,
                    summary=attempt.summary,
                )
                await feed.append(session, run_id=run.id, body=body)
        finally:
            self.committing = False

    async def send_back(self, at: At, failure: Failure, again: Retry | None) -> bool:
        """Close a failed attempt: the next one starts from its work and evidence, or the run ends here."""
        async with self._hold.move() as (session, run):
            attempt, phase = await _attempt(session, at), await _phase(session, at)
            attempt.outcome, attempt.failure = failure.outcome, failure.detail
            attempt.failure_output, attempt.fingerprint = failure.evidence, failure.fingerprint
            attempt.ended_at = datetime.now(UTC)
            body = AttemptFailed(
                phase_id=phase.phase_id,
                attempt=attempt.number,
                outcome=failure.outcome,
                detail=failure.detail,
                attempts_left=phase.attempts_allowed - attempt.number,
                escalated_to=again.complexity if again is not None and again.escalated else None,
            )
            await feed.append(session, run_id=run.id, body=body)
            if again is not None:
                await _open_next(session, phase, attempt, again)
                return True
            await service.move_phase(session, phase, to=PhaseState.FAILED, attempt=attempt.number)
            detail = (
                f"Phase {phase.phase_id} failed {attempt.number} of {phase.attempts_allowed} attempts; "
                f"the last one: {failure.detail}."
            )
            await service.move_run(
                session, run, to=RunState.FAILED, reason=EndReason.ATTEMPTS_EXHAUSTED, detail=detail
            )
            return False

    async def _setup_failed(self, at: At, setup: tuple[Evidence, ...]) -> Failure:
        output = self._hold.services.artifacts.get(setup[-1].output_sha)
        async with self._hold.move() as (session, _):
            await _keep(session, at, "setup", setup)
        return failed_setup(setup[-1], output)


async def _phase(session: WriteSession, at: At) -> PhaseRow:
    return await queries.phase(session, at.phase.run_id, at.phase.phase_index)


async def _attempt(session: WriteSession, at: At) -> AttemptRow:
    return await queries.attempt(session, at.phase.run_id, at.phase.phase_index, at.open.number)


async def _keep(session: WriteSession, at: At, step: str, evidence: tuple[Evidence, ...]) -> None:
    await queries.replace_evidence(
        session,
        at.phase.run_id,
        phase_index=at.phase.phase_index,
        attempt=at.open.number,
        step=step,
        evidence=evidence,
    )


async def _open_next(session: WriteSession, phase: PhaseRow, failed: AttemptRow, again: Retry) -> None:
    attempt = service.new_attempt(
        phase,
        number=failed.number + 1,
        complexity=again.complexity,
        base_commit=failed.base_commit,
        start_tree=failed.tree or failed.start_tree,
    )
    session.add(attempt)
    await service.move_phase(session, phase, to=PhaseState.BUILDING, attempt=attempt.number)
