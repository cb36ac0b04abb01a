"""The two conversations of an attempt: what Builder and Auditor are told, and what is kept of each response.

Before each request the Builder's checkout is kept as a tree, and after each response the transcript: a
recovered attempt goes on with that conversation on that tree, and a received response is never bought again.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from autopack.agents.base import AgentGaveUp, ProviderRefused, Shell, ShellResult
from autopack.artifacts import ArtifactStore
from autopack.db import WriteSession
from autopack.errors import Fenced, NotFound
from autopack.plan import Plan
from autopack.roles import auditor, builder, large
from autopack.roles.briefs import Assignment, Call
from autopack.roles.human_notes import ShownNotes
from autopack.roles.parts import part_bytes
from autopack.roles.schemas import Verdict
from autopack.roles.shown import ShownCheck
from autopack.routing.decisions import Decision
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policy import ModelRef
from autopack.runs import queries
from autopack.runs.schemas import Evidence
from autopack.runs.states import AttemptOutcome, PhaseState
from autopack.runs.tables import AttemptRow
from autopack.supervisor.budgets import check_budgets
from autopack.supervisor.hold import Hold
from autopack.supervisor.large_audit import LargeAudit
from autopack.supervisor.noting import notes_for
from autopack.supervisor.position import At, Failure, known
from autopack.supervisor.services import Services
from autopack.supervisor.watching import Watching
from autopack.usage.schemas import TokenUsage
from autopack.workspace.failure import over_limit
from autopack.workspace.layout import Which

BUILDER_REQUESTS = 100
"""Requests one attempt's Builder may make."""
AUDITOR_REQUESTS = 30
"""Requests one audit may make."""
OUTPUT_TOKENS = 16_000
"""Output limit sent with each request."""


class Conversations:
    """Has the Builder's and the Auditor's conversation of the attempt in hand."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold

    async def build(self, at: At) -> str | Failure:
        """Have the phase built; the Builder's summary, or why it came to none."""
        hold, attempt = self._hold, at.open
        call = self._call(
            at,
            attempt.builder_decision,
            history=attempt.transcript_sha,
            max_requests=BUILDER_REQUESTS,
            shell=self._shell(),
            which="build",
        )
        brief = builder.BuilderBrief(
            assignment=self._assignment(at),
            plan_name=hold.plan.name,
            progress=await self._progress(),
            earlier=tuple(_earlier(one) for one in at.earlier),
            checkout=hold.workspace.build,
            notes=await notes_for(hold),
        )
        try:
            with Watching(hold, at, "builder", call.model, notes=brief.notes) as watch:
                meter = self._meter(at, "builder", call.model)
                return await builder.build(hold.services.agent, brief, call=call, meter=meter, watch=watch)
        except AgentGaveUp as error:
            return _gave_up(AttemptOutcome.BUILDER_GAVE_UP, "the Builder", error)

    async def audit(self, at: At) -> Verdict | Failure:
        """Have the change judged as a whole; a diff too large to be read is refused, never approved."""
        hold, attempt = self._hold, at.open
        brief = auditor.AuditorBrief(
            assignment=self._assignment(at),
            diff=hold.services.artifacts.get(known(attempt.diff_sha)),
            files=(await hold.workspace.change(attempt.base_commit, known(attempt.tree))).files,
            checks=await self._checks(at),
            report=attempt.summary,
            checkout=hold.workspace.verify,
        )
        call = self._call(
            at,
            attempt.auditor_decision,
            history=attempt.audit_transcript_sha,
            max_requests=AUDITOR_REQUESTS,
            shell=None,
            which="verify",
        )
        meter = self._meter(at, "auditor", call.model)

        def watch(part: str, notes: ShownNotes) -> Watching:
            return Watching(hold, at, "auditor", call.model, part=part, notes=notes)

        try:
            parts = large.parts_of(brief, limit=self._part_bytes(call.model))
            if len(parts) > 1:
                audit = LargeAudit(hold, at, brief, parts, call=call, meter=meter, watch=watch)
                return await audit.verdict()
            if attempt.audit_parts is not None:  # stored by another version, which read it in parts
                call = replace(call, history=None)
            brief = replace(brief, notes=await notes_for(hold))
            with watch("", brief.notes) as one:
                return await auditor.audit(hold.services.agent, brief, call=call, meter=meter, watch=one)
        except large.DiffTooLarge as error:
            return _gave_up(AttemptOutcome.DIFF_TOO_LARGE, "the Auditor", error)
        except AgentGaveUp as error:
            return _gave_up(AttemptOutcome.AUDITOR_GAVE_UP, "the Auditor", error)

    async def file(self, at: At) -> Filed:
        """Put both conversations, as far as they came, to the artifacts: their attempt is about to end."""
        services = self._hold.services
        async with services.database.read() as session:
            attempt = await queries.attempt(session, self._hold.run_id, at.phase.phase_index, at.open.number)
        digests = attempt.transcript_sha, attempt.audit_transcript_sha
        builder, auditor = [
            None if digest is None else await services.artifacts.store(_transcript(services, digest))
            for digest in digests
        ]
        working = tuple(digest for digest in digests if digest is not None)
        return Filed(transcripts=services.transcripts, working=working, builder=builder, auditor=auditor)

    def _assignment(self, at: At) -> Assignment:
        planned = self._hold.planned(at.phase.phase_id)
        return Assignment(
            run_id=self._hold.run_id,
            phase=planned,
            attempt=at.open.number,
            commands=self._hold.plan.commands(planned),
            secret=self._hold.fence_secret,
        )

    def _call(
        self,
        at: At,
        decision: dict[str, Any] | None,
        *,
        history: str | None,
        max_requests: int,
        shell: Shell | None,
        which: Which,
    ) -> Call:
        hold = self._hold
        model = hold.policy.resolve(Decision.model_validate(decision).model.name)
        if not model.key_set(hold.services.environ):
            raise ProviderRefused(
                f"{model.name} needs a key, and {model.api_key_env} is not set.",
                hint=f"Set {model.api_key_env}, then `autopack resume {at.phase.run_id}`.",
            )
        return Call(
            model=model,
            api_key=hold.services.environ.get(model.api_key_env, ""),
            max_requests=max_requests,
            max_output_tokens=OUTPUT_TOKENS,
            history=None if history is None else _transcript(hold.services, history),
            shell=shell,
            seat=None
            if model.agent is None
            else hold.workspace.seat(model.agent, hold.commands, which=which, may_write=shell is not None),
        )

    def _meter(self, at: At, role: str, model: ModelRef) -> Meter:
        context = CallContext(
            run_id=self._hold.run_id,
            phase_id=at.phase.phase_id,
            attempt=at.open.number,
            role=role,
            category=at.phase.category,
            model=model,
            owner=self._hold.services.owner,
        )
        hold = self._hold

        async def allow(session: WriteSession, bound: TokenUsage, cost: Decimal | None) -> None:
            run = await queries.run(session, hold.run_id, lock=True)
            if run.epoch != hold.epoch:
                raise Fenced(f"Run {hold.run_id} was taken over by another process.")
            plan, phase_id = hold.plan, at.phase.phase_id
            if run.plan_revision != hold.plan_revision:
                plan = Plan.model_validate(run.plan)  # a budget that was raised counts at once
            await check_budgets(session, plan, hold.run_id, phase_id, bound=bound, cost=cost)

        return Meter(hold.services.database, context, policy=hold.policies.now, allow=allow)

    def _part_bytes(self, model: ModelRef) -> int:
        entry = self._hold.policy.models.get(model.name)
        return part_bytes(None if entry is None else entry.context_limit)

    def _shell(self) -> Shell:
        workspace, commands = self._hold.workspace, self._hold.commands

        async def shell(command: str, timeout_seconds: float) -> ShellResult:
            finished = await workspace.shell(command, commands, timeout_seconds=timeout_seconds)
            return ShellResult(
                exit_code=finished.exit_code,
                output=finished.output.decode(errors="replace"),
                timed_out=finished.timed_out,
                stopped=over_limit(finished),
            )

        return shell

    async def _progress(self) -> tuple[builder.PhaseProgress, ...]:
        async with self._hold.services.database.read() as session:
            phases = await queries.phases(session, self._hold.run_id)
        return tuple(
            builder.PhaseProgress(
                tier=phase.tier_name,
                id=phase.phase_id,
                name=phase.name,
                state=phase.state,
                summary=phase.summary if phase.state == PhaseState.COMPLETED else "",
            )
            for phase in phases
        )

    async def _checks(self, at: At) -> tuple[ShownCheck, ...]:
        async with self._hold.services.database.read() as session:
            rows = await queries.evidence(
                session, self._hold.run_id, phase_index=at.phase.phase_index, attempt=at.open.number
            )
        evidence = [Evidence.model_validate(row.evidence) for row in rows if row.step == "verify"]
        return tuple(
            ShownCheck(
                evidence=one,
                output=self._hold.services.artifacts.get(one.output_sha).decode(errors="replace"),
            )
            for one in evidence
        )


@dataclass(frozen=True)
class Filed:
    """The conversations of an attempt that ends, as artifacts; until then their working copies are kept."""

    transcripts: ArtifactStore
    working: tuple[str, ...]
    builder: str | None
    auditor: str | None

    def refer(self, attempt: AttemptRow) -> None:
        """Have the attempt refer to the artifacts."""
        attempt.transcript_sha, attempt.audit_transcript_sha = self.builder, self.auditor

    def drop_working_copies(self) -> None:
        """Remove what nothing refers to any more."""
        for digest in self.working:
            self.transcripts.remove(digest)


def _transcript(services: Services, digest: str) -> bytes:
    """A conversation of an open attempt; one that an older Autopack began is among the artifacts.

    Raises `NotFound` where it is in neither.
    """
    for store in (services.transcripts, services.artifacts):
        with contextlib.suppress(NotFound):
            return store.get(digest)
    raise NotFound(
        f"The conversation of this attempt is not in {services.settings.transcripts} any more.",
        hint="What was committed is kept: take it with `autopack merge`, then run the plan anew.",
    )


def _earlier(attempt: AttemptRow) -> builder.EarlierAttempt:
    issues = Verdict.model_validate(attempt.verdict).issues if attempt.verdict else ()
    return builder.EarlierAttempt(
        number=attempt.number,
        outcome=attempt.outcome,
        detail=attempt.failure,
        output=attempt.failure_output,
        issues=issues,
    )


def _gave_up(outcome: AttemptOutcome, who: str, error: AgentGaveUp | large.DiffTooLarge) -> Failure:
    detail = f"{who} came to no answer: {error.message}"
    if outcome is AttemptOutcome.DIFF_TOO_LARGE:
        detail = f"{who} can't read it: {error.message}"
    return Failure(
        outcome=outcome, detail=detail, evidence=f"{detail}\n{error.hint}", fingerprint=outcome.value
    )
