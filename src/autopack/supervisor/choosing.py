"""Choosing the models of an attempt: by the run's policy, its overrides and what the quotas have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from autopack.agents.base import ProviderUnreachable
from autopack.db import WriteSession
from autopack.errors import Unavailable
from autopack.feed import queries as feed
from autopack.feed.schemas import ModelReplaced, ModelsChosen
from autopack.plan import Complexity
from autopack.routing.decisions import AttemptModels, Decision
from autopack.routing.quota import QuotaReached, read_view
from autopack.routing.router import ModelRouter, Overrides
from autopack.routing.standings import Standing, at_words
from autopack.runs import queries
from autopack.runs.tables import AttemptRow
from autopack.supervisor.hold import Hold
from autopack.supervisor.position import At

Refusal: TypeAlias = QuotaReached | ProviderUnreachable
"""Why a model that was chosen can't be called after all."""

ROLES = ("builder", "auditor")


class NoModel(Unavailable):
    """No model may do a piece of work now. It may at `until`; None: the policy says to fail."""

    code = "no_model"

    def __init__(self, message: str, *, hint: str = "", until: datetime | None = None) -> None:
        super().__init__(message, hint=hint)
        self.until = until


class Choosing:
    """Chooses for the attempts of one run, and remembers what was refused in the one in hand.

    What was refused to a role and category says nothing of others, for whom more may be kept free; nor does
    it once the limits are others.
    """

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._policy = hold.policy
        self._refused: dict[tuple[str, str], Standing] = {}
        """By role and model."""

    async def choose(self, at: At) -> None:
        """Choose who builds and who audits this attempt, and store why. Raises `NoModel`."""
        hold, complexity = self._hold, Complexity(at.open.complexity)
        self._refused.clear()
        router = await self._router(at)
        models = router.decide_attempt(category=at.phase.category, complexity=complexity)
        for decision in models:
            _check(decision)
        async with hold.move() as (session, _):
            attempt = await queries.attempt(session, hold.run_id, at.phase.phase_index, at.open.number)
            _store(attempt, models)
            feed.append(session, run_id=hold.run_id, body=_chosen(at, attempt, models))

    async def choose_again(self, at: At, role: str, refusal: Refusal) -> None:
        """Choose another model for a role, after one was refused: its conversation begins anew with that.

        Raises `NoModel` where there is none, and the refusal where that says nothing of a limit.
        """
        if isinstance(refusal, ProviderUnreachable) and refusal.until is None:
            raise refusal
        hold = self._hold
        former = _stored(at.open, role)
        level = refusal.level if isinstance(refusal, QuotaReached) else "cooling"
        if hold.policy is not self._policy:
            self._refused.clear()
            self._policy = hold.policy
        standing = Standing(level=level, said=refusal.message, until=refusal.until)
        self._refused[role, former.model.name] = standing
        decided = await self._decide_again(at, role)
        async with hold.move() as (session, _):
            attempt = await queries.attempt(session, hold.run_id, at.phase.phase_index, at.open.number)
            dropped = _replace(attempt, decided)
            for decision in decided:
                self._tell(session, at, decision)
        for digest in dropped:
            hold.services.transcripts.remove(digest)

    async def _decide_again(self, at: At, role: str) -> list[Decision]:
        """The model for a role, and an Auditor of another family where that is of another than the former."""
        router = await self._router(at)

        def decide(role: str, avoid_family: str | None) -> Decision:
            decision = router.decide(
                role=role,
                category=at.phase.category,
                complexity=at.open.complexity,
                avoid_family=avoid_family,
                refused=self._still_refused(role),
            )
            _check(decision)
            return decision

        family = _stored(at.open, "builder").model.family
        if role == "auditor":
            return [decide(role, family)]
        builder = decide(role, None)
        if builder.model.family == family:
            return [builder]
        return [builder, decide("auditor", builder.model.family)]

    def _tell(self, session: WriteSession, at: At, decided: Decision) -> None:
        former = _stored(at.open, decided.role)
        if former.model.name == decided.model.name:
            return  # the Auditor of before
        body = ModelReplaced(
            phase_id=at.phase.phase_id,
            attempt=at.open.number,
            role=decided.role,
            before=former.model.name,
            after=decided.model.name,
            reason=decided.reason,
            simulated=decided.model.simulated,
        )
        feed.append(session, run_id=self._hold.run_id, body=body)

    async def _router(self, at: At) -> ModelRouter:
        hold, policy = self._hold, self._hold.policy
        async with hold.services.database.read() as session:
            view = await read_view(session, policy, roles=ROLES, category=at.phase.category)
        return ModelRouter(policy, overrides=at.phase.model_overrides, quota=view)

    def _still_refused(self, role: str) -> dict[str, Standing]:
        now = datetime.now(UTC)
        mine = {model: one for (whose, model), one in self._refused.items() if whose == role}
        return {model: one for model, one in mine.items() if one.until is None or one.until > now}


def chosen_otherwise(attempt: AttemptRow, former: Overrides, now: Overrides, *, category: str) -> bool:
    """Whether overrides differ in what they say of an open attempt."""
    key = f"{category}:{attempt.complexity}"
    return any(former.get(role, {}).get(key) != now.get(role, {}).get(key) for role in ROLES)


def choose_anew(attempt: AttemptRow) -> list[str]:
    """Forget who was to work on an open attempt, which stood still; gives the conversations they had."""
    dropped = [one for one in (attempt.transcript_sha, attempt.audit_transcript_sha) if one is not None]
    attempt.builder_decision = attempt.auditor_decision = None
    attempt.transcript_sha = attempt.audit_transcript_sha = None
    attempt.audit_parts = None
    return dropped


def _check(decision: Decision) -> None:
    if decision.verdict == "go":
        return
    until = decision.until if decision.verdict == "wait" else None
    hint = "" if until is None else f"It goes on by itself at {at_words(until)}; `resume` tries at once."
    raise NoModel(
        f"No model may be called as {decision.role} now: {decision.reason}.",
        hint=hint or "Raise the cap in models.yaml, or add a fallback, then resume the run.",
        until=until,
    )


def _store(attempt: AttemptRow, models: AttemptModels) -> None:
    attempt.builder_decision = models.builder.model_dump(mode="json")
    attempt.auditor_decision = models.auditor.model_dump(mode="json")


def _replace(attempt: AttemptRow, decided: Sequence[Decision]) -> list[str]:
    """Store who works on from here; gives the conversations of those that they replace."""
    dropped: list[str | None] = []
    for decision in decided:
        if decision.role == "builder":
            dropped.append(attempt.transcript_sha)
            attempt.builder_decision, attempt.transcript_sha = decision.model_dump(mode="json"), None
        else:
            dropped.append(attempt.audit_transcript_sha)
            attempt.auditor_decision, attempt.audit_transcript_sha = decision.model_dump(mode="json"), None
            attempt.audit_parts = None
    return [digest for digest in dropped if digest is not None]


def _stored(attempt: AttemptRow, role: str) -> Decision:
    stored = attempt.builder_decision if role == "builder" else attempt.auditor_decision
    return Decision.model_validate(stored)


def _chosen(at: At, attempt: AttemptRow, models: AttemptModels) -> ModelsChosen:
    builder, auditor = models
    return ModelsChosen(
        phase_id=at.phase.phase_id,
        attempt=attempt.number,
        complexity=attempt.complexity,
        builder=builder.model.name,
        builder_reason=builder.reason,
        auditor=auditor.model.name,
        auditor_reason=auditor.reason,
        same_family=auditor.same_family,
        simulated=builder.model.simulated or auditor.model.simulated,
    )
