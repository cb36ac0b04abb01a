"""The steps of a phase: each does one thing through one domain.

`build`, `verify` and `audit` say what came of it, and `conclude` records that in one transaction.

A step may run twice (a crash comes when it likes), so each is idempotent, keyed by run, phase and attempt.
No transaction is open while a model, a process or git is awaited; every one begins at the fence.
"""

from __future__ import annotations

from datetime import UTC, datetime

from autopack.agents.base import ProviderUnreachable
from autopack.db import WriteSession
from autopack.feed import queries as feed
from autopack.feed.schemas import AttemptFailed, PhaseCommitted, VerdictGiven
from autopack.roles.schemas import Severity, Verdict
from autopack.routing.quota import QuotaReached
from autopack.runs import queries, service
from autopack.runs.schemas import Evidence
from autopack.runs.states import AttemptOutcome, EndReason, Intent, PhaseState, RunState
from autopack.runs.tables import AttemptRow, PhaseRow, RunRow
from autopack.supervisor.choosing import Choosing, choose_anew, chosen_otherwise
from autopack.supervisor.commits import commit_message
from autopack.supervisor.conversations import Conversations, Filed
from autopack.supervisor.endings import SetupFailed
from autopack.supervisor.hold import Hold
from autopack.supervisor.position import At, Outcome, Retry, known
from autopack.supervisor.rules import failed_check, problem_with, problem_with_size, rejection


class Steps:
    """The steps of the phases of one run."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._conversations = Conversations(hold)
        self._choosing = Choosing(hold)
        self.committing = False
        """True from the point of no return to the end of a commit: not to be interrupted."""

    async def reopen(self, at: At) -> None:
        """The run goes on at a phase that was stopped."""
        async with self._hold.move() as (session, _):
            phase = await _phase(session, at)
            if PhaseState(phase.state) is not PhaseState.SKIPPED:  # skipped meanwhile
                await service.move_phase(session, phase, to=PhaseState.PENDING, attempt=0)

    async def open_attempt(self, at: At) -> None:
        """Open the phase's first attempt, or go on with the one that was interrupted."""
        dropped: list[str] = []
        async with self._hold.move() as (session, run):
            if run.plan_revision != self._hold.plan_revision:
                return  # it may be another phase by now
            phase = await _phase(session, at)
            number = len(at.earlier) + 1
            if PhaseState(phase.state) is not PhaseState.PENDING:
                return  # skipped meanwhile
            if at.attempt is None:
                session.add(_next_attempt(phase, at, number=number, head=known(run.head_commit)))
            else:
                attempt = await _attempt(session, at)
                former, now = phase.model_overrides, run.model_overrides
                if chosen_otherwise(attempt, former, now, category=phase.category):
                    dropped = choose_anew(attempt)
            phase.model_overrides = run.model_overrides
            await service.move_phase(session, phase, to=PhaseState.BUILDING, attempt=number)
        for digest in dropped:
            self._hold.services.transcripts.remove(digest)

    async def route(self, at: At) -> None:
        """Choose who builds and who audits this attempt, and store why."""
        await self._choosing.choose(at)

    async def build(self, at: At) -> Outcome | None:
        """Have the Builder work on the phase in its checkout, and keep what it left as a tree.

        None: another model has to be asked.
        """
        attempt, workspace = at.open, self._hold.workspace
        if attempt.tree is not None:
            return Outcome(to=PhaseState.VERIFYING, tree=attempt.tree, summary=attempt.summary)
        await workspace.reset_build(attempt.checkpoint_tree or attempt.start_tree)
        await self._set_up(at)
        try:
            report = await self._conversations.build(at)
        except (QuotaReached, ProviderUnreachable) as refusal:
            await self._choosing.choose_again(at, "builder", refusal)
            return None
        tree = await workspace.snapshot()
        if isinstance(report, str):
            return Outcome(to=PhaseState.VERIFYING, tree=tree, summary=report)
        return Outcome(to=PhaseState.VERIFYING, tree=tree, failure=report)

    async def _set_up(self, at: At) -> None:
        """Run the plan's setup in the Builder's checkout.

        Where it fails on work in progress, the Builder has to mend it (it was told, or its shell will say
        so); where it fails on a commit that was verified, the machine or the network is at fault.
        """
        self._hold.show("setup", "; ".join(self._hold.plan.setup), phase_id=at.phase.phase_id)
        setup = await self._hold.workspace.setup(self._hold.commands)
        untouched = (at.open.checkpoint_tree or at.open.start_tree) == at.open.base_commit
        if setup.failed and untouched:
            async with self._hold.move() as (session, _):
                await _keep(session, at, "setup", setup.evidence)
            raise SetupFailed(
                f"Setup fails on a commit that it worked on before: {setup.failure.splitlines()[0]}",
                hint="Mend the network or the machine, then resume the run; no attempt was used up.",
            )

    async def verify(self, at: At) -> Outcome:
        """Run the phase's commands on exactly the tree that would be committed."""
        hold, attempt = self._hold, at.open
        tree, planned = known(attempt.tree), hold.planned(at.phase.phase_id)
        text = await hold.workspace.diff(attempt.base_commit, tree)
        change = await hold.workspace.change(attempt.base_commit, tree)
        failure = problem_with(change, planned.files) or problem_with_size(text)
        diff = await hold.services.artifacts.store(text)
        if failure is not None:
            return Outcome(to=PhaseState.AUDITING, diff_sha=diff, failure=failure)
        commands = hold.plan.commands(planned)
        hold.show("verify", "; ".join(commands), phase_id=planned.id)
        check = await hold.workspace.check(tree, commands, hold.commands)
        return Outcome(
            to=PhaseState.AUDITING,
            diff_sha=diff,
            evidence={"setup": check.setup, "verify": check.evidence},
            failure=failed_check(check),
        )

    async def audit(self, at: At) -> Outcome | None:
        """Have the Auditor review the whole diff. An approval brings the commit along, its ref not moved.

        None: another model has to be asked.
        """
        try:
            verdict = await self._conversations.audit(at)
        except (QuotaReached, ProviderUnreachable) as refusal:
            await self._choosing.choose_again(at, "auditor", refusal)
            return None
        if not isinstance(verdict, Verdict):
            return Outcome(to=PhaseState.COMMITTING, failure=verdict)
        if verdict.decision == "reject":
            return Outcome(to=PhaseState.COMMITTING, verdict=verdict, failure=rejection(verdict))
        attempt = at.open
        message = commit_message(self._hold.run_id, at)
        when = attempt.commit_time or datetime.now(UTC).replace(microsecond=0)
        commit = await self._hold.workspace.write_commit(
            tree=known(attempt.tree), parent=attempt.base_commit, message=message, when=when
        )
        return Outcome(
            to=PhaseState.COMMITTING,
            verdict=verdict,
            commit_message=message,
            commit_time=when,
            commit_id=commit,
        )

    async def conclude(self, at: At, outcome: Outcome, again: Retry | None) -> bool:
        """Record what came of a step, in one transaction: the phase goes on, goes back, or the run ends.

        `again` is the next attempt where this one failed. A cancel that was asked meanwhile keeps an approved
        change from entering `committing`; it is heeded next.
        """
        filed = None if outcome.failure is None else await self._conversations.file(at)
        goes_on = await self._conclude(at, outcome, again, filed)
        if filed is not None:
            filed.drop_working_copies()
        return goes_on

    async def _conclude(self, at: At, outcome: Outcome, again: Retry | None, filed: Filed | None) -> bool:
        async with self._hold.move() as (session, run):
            attempt, phase = await _attempt(session, at), await _phase(session, at)
            _record(attempt, outcome)
            if filed is not None:
                filed.refer(attempt)
            for step, evidence in outcome.evidence.items():
                await _keep(session, at, step, evidence)
            if outcome.verdict is not None:
                feed.append(session, run_id=run.id, body=_verdict_given(phase, attempt, outcome.verdict))
            if outcome.failure is not None:
                return await _send_back(session, run, phase, attempt, outcome, again)
            if outcome.to is not PhaseState.COMMITTING or Intent(run.intent) is not Intent.CANCEL:
                await service.move_phase(session, phase, to=outcome.to, attempt=attempt.number)
        return True

    async def commit(self, at: At) -> None:
        """Move the integration branch to the verified tree's commit, publish it, and complete the phase."""
        self.committing = True
        try:
            async with self._hold.move():
                pass  # the fence: whoever lost the run moves no ref
            commit = known(at.open.commit_id)
            await self._hold.workspace.move_branch(parent=at.open.base_commit, new=commit)
            await self._hold.workspace.publish()
            filed = await self._conversations.file(at)
            async with self._hold.move() as (session, run):
                attempt, phase = await _attempt(session, at), await _phase(session, at)
                filed.refer(attempt)
                attempt.outcome, attempt.ended_at = AttemptOutcome.COMMITTED, datetime.now(UTC)
                phase.commit_id = run.head_commit = commit
                phase.summary = attempt.summary
                run.phase_worked_seconds = 0.0
                await service.move_phase(session, phase, to=PhaseState.COMPLETED, attempt=attempt.number)
                body = PhaseCommitted(
                    phase_id=phase.phase_id,
                    attempt=attempt.number,
                    commit=commit,
                    branch=self._hold.workspace.branch,
                    summary=attempt.summary,
                )
                feed.append(session, run_id=run.id, body=body)
            filed.drop_working_copies()
            self._hold.clock.begin_phase()
        finally:
            self.committing = False


def _next_attempt(phase: PhaseRow, at: At, *, number: int, head: str) -> AttemptRow:
    """The first attempt, on the branch as it is; or one more after a `retry`, where the last one left off."""
    if not at.earlier:
        return service.new_attempt(
            phase, number=number, complexity=phase.complexity, base_commit=head, start_tree=head
        )
    last = at.earlier[-1]
    tree = (last.tree or last.start_tree) if last.base_commit == head else head
    return service.new_attempt(
        phase, number=number, complexity=last.complexity, base_commit=head, start_tree=tree
    )


def _record(attempt: AttemptRow, outcome: Outcome) -> None:
    attempt.tree = outcome.tree or attempt.tree
    attempt.summary = outcome.summary or attempt.summary
    attempt.diff_sha = outcome.diff_sha or attempt.diff_sha
    if outcome.verdict is not None:
        attempt.verdict = outcome.verdict.model_dump(mode="json")
    if outcome.commit_id is not None:
        attempt.commit_message, attempt.commit_time = outcome.commit_message, outcome.commit_time
        attempt.commit_id = outcome.commit_id
    if outcome.failure is not None:
        attempt.outcome, attempt.failure = outcome.failure.outcome, outcome.failure.detail
        attempt.failure_output, attempt.fingerprint = outcome.failure.evidence, outcome.failure.fingerprint
        attempt.ended_at = datetime.now(UTC)


async def _send_back(
    session: WriteSession,
    run: RunRow,
    phase: PhaseRow,
    attempt: AttemptRow,
    outcome: Outcome,
    again: Retry | None,
) -> bool:
    """The next attempt starts from the failed one's work and evidence; without one the run ends here."""
    body = AttemptFailed(
        phase_id=phase.phase_id,
        attempt=attempt.number,
        outcome=attempt.outcome,
        detail=attempt.failure,
        attempts_left=phase.attempts_allowed - attempt.number,
        escalated_to=again.complexity if again is not None and again.escalated else None,
    )
    feed.append(session, run_id=run.id, body=body)
    if again is None:
        await service.move_phase(session, phase, to=PhaseState.FAILED, attempt=attempt.number)
        detail = (
            f"Phase {phase.phase_id} failed {attempt.number} of {phase.attempts_allowed} attempts; "
            f"the last one: {attempt.failure.rstrip('.')}."
        )
        await service.move_run(
            session, run, to=RunState.FAILED, reason=EndReason.ATTEMPTS_EXHAUSTED, detail=detail
        )
        return False
    following = service.new_attempt(
        phase,
        number=attempt.number + 1,
        complexity=again.complexity,
        base_commit=attempt.base_commit,
        start_tree=attempt.tree or attempt.start_tree,
    )
    session.add(following)
    await service.move_phase(session, phase, to=PhaseState.BUILDING, attempt=following.number)
    return True


def _verdict_given(phase: PhaseRow, attempt: AttemptRow, verdict: Verdict) -> VerdictGiven:
    majors = sum(issue.severity is Severity.MAJOR for issue in verdict.issues)
    return VerdictGiven(
        phase_id=phase.phase_id,
        attempt=attempt.number,
        decision=verdict.decision,
        summary=verdict.summary,
        major=majors,
        minor=len(verdict.issues) - majors,
    )


async def _keep(session: WriteSession, at: At, step: str, evidence: tuple[Evidence, ...]) -> None:
    await queries.replace_evidence(
        session,
        at.phase.run_id,
        phase_index=at.phase.phase_index,
        attempt=at.open.number,
        step=step,
        evidence=evidence,
    )


async def _phase(session: WriteSession, at: At) -> PhaseRow:
    return await queries.phase(session, at.phase.run_id, at.phase.phase_index)


async def _attempt(session: WriteSession, at: At) -> AttemptRow:
    return await queries.attempt(session, at.phase.run_id, at.phase.phase_index, at.open.number)
