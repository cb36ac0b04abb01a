"""Changing a run's plan while it is under way: what has not started may be another by the time it does."""

from __future__ import annotations

import difflib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autopack.db import WriteSession
from autopack.errors import Conflict
from autopack.feed import queries as feed
from autopack.feed.schemas import PlanAmended
from autopack.plan import Phase, Plan
from autopack.runs import queries, service
from autopack.runs.states import DONE, PhaseState, RunState
from autopack.runs.tables import PhaseRow, RunRow
from autopack.supervisor import launch
from autopack.supervisor.control import refuse_discarded
from autopack.supervisor.hold import current_policy
from autopack.supervisor.services import Services

_CHANGEABLE = frozenset({PhaseState.PENDING, PhaseState.FAILED, PhaseState.CANCELLED})
"""States in which a phase begins anew, so that it may be another."""


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """What is different in the new plan."""

    added: tuple[str, ...]
    """Ids of phases."""
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    settings: tuple[str, ...]
    """Keys of the plan beside its phases, such as `budget`."""
    diff: str
    """A unified diff of both plans as YAML, without what they leave unsaid."""

    @property
    def empty(self) -> bool:
        """Whether the plans are one."""
        return not (self.added or self.removed or self.changed or self.settings)


async def compare(services: Services, run_id: str, new: Plan) -> Amendment:
    """What amending a run's plan would change. Raises `NotFound`, and what `amend` raises."""
    async with services.database.read() as session:
        run = await queries.run(session, run_id)
        phases = await queries.phases(session, run_id)
    _check(services, run, phases, new)
    return _amendment(Plan.model_validate(run.plan), new)


async def amend(services: Services, run_id: str, new: Plan, *, by: str) -> Amendment:
    """Give a run another plan: phases that have not started, or that failed, and everything beside phases.

    Whoever drives it goes on with the new one after the step in hand. Raises `NotFound`, `InvalidInput` where
    the plan can't be run (a key or a price is missing), and `Conflict` where it changes a phase that is
    done or in hand, or the run has succeeded or was discarded.
    """
    async with services.database.write() as session:
        run = await service.locked(session, run_id)
        phases = await queries.phases(session, run_id)
        fixed = _check(services, run, phases, new)
        amendment = _amendment(Plan.model_validate(run.plan), new)
        if not amendment.empty:
            await _write(session, run, phases[:fixed], new)
            body = PlanAmended(
                by=by,
                added=amendment.added,
                removed=amendment.removed,
                changed=amendment.changed,
                settings=amendment.settings,
                phases=sum(1 for _ in new.phases()),
            )
            feed.append(session, run_id=run_id, body=body)
    return amendment


def _check(services: Services, run: RunRow, phases: Sequence[PhaseRow], new: Plan) -> int:
    """Raise where the plan can't take the old one's place; gives how many phases keep their place."""
    refuse_discarded(run)
    if run.state == RunState.SUCCEEDED:
        raise Conflict(f"Run {run.id} has succeeded.", hint="Run the new plan: autopack run PLAN")
    policy = current_policy(services, run).now()
    launch.check_plan(new, policy, services, overrides=run.model_overrides)
    old = Plan.model_validate(run.plan)
    before = {phase.id: phase for _, _, _, phase in old.phases()}
    begun = [row.phase_index for row in phases if row.state != PhaseState.PENDING]
    fixed = max(begun, default=0)
    after = {index: (tier, phase) for _, index, tier, phase in new.phases()}
    for row in phases[:fixed]:
        tier, phase = after.get(row.phase_index, (None, None))
        if tier is None or phase is None or (phase.id, tier.name) != (row.phase_id, row.tier_name):
            raise Conflict(
                f"Phase {row.phase_id} has its place: number {row.phase_index}, in tier {row.tier_name}.",
                hint="Phases up to the last one that was begun or skipped keep place, tier and id.",
            )
        if PhaseState(row.state) not in _CHANGEABLE and not _same(old, before[phase.id], new, phase, row):
            standing = "done" if PhaseState(row.state) in DONE else "being worked on"
            raise Conflict(
                f"Phase {row.phase_id} is {standing}: it can't change any more.",
                hint="Leave it as it was. Only its budget may change.",
            )
    return fixed


def _same(old: Plan, was: Phase, new: Plan, now: Phase, row: PhaseRow) -> bool:
    """Whether a phase is the same; for one in hand its commands count too, wherever they are written."""
    ignored = {"budget": None, "verify": None}
    same = was.model_copy(update=ignored) == now.model_copy(update=ignored)
    return same and (PhaseState(row.state) in DONE or old.commands(was) == new.commands(now))


async def _write(session: WriteSession, run: RunRow, kept: Sequence[PhaseRow], new: Plan) -> None:
    planned = {index: phase for _, index, _, phase in new.phases()}
    for row in kept:
        phase = planned[row.phase_index]
        if PhaseState(row.state) in _CHANGEABLE:
            row.name, row.category, row.complexity = phase.name, phase.category, phase.complexity
            row.verified = bool(new.commands(phase))
            if row.state == PhaseState.PENDING:
                row.attempts_allowed = phase.attempts
    await session.flush()
    await queries.drop_pending(session, run.id, after=len(kept))
    session.add_all(service.phase_rows(run.id, new, after=len(kept)))
    run.plan, run.plan_name = new.model_dump(mode="json", by_alias=True), new.name
    run.plan_revision += 1
    await session.flush()


def _amendment(old: Plan, new: Plan) -> Amendment:
    before = {phase.id: (tier.name, phase) for _, _, tier, phase in old.phases()}
    after = {phase.id: (tier.name, phase) for _, _, tier, phase in new.phases()}
    both = [one for one in after if one in before]
    order = [one for one in before if one in after]
    moved = {one for one, other in zip(both, order, strict=True) if one != other}
    settings = [name for name in Plan.model_fields if name != "tiers"]
    budgets = [[(tier.name, tier.budget) for tier in plan.tiers] for plan in (old, new)]
    return Amendment(
        added=tuple(one for one in after if one not in before),
        removed=tuple(one for one in before if one not in after),
        changed=tuple(one for one in both if before[one] != after[one] or one in moved),
        settings=(
            *(name for name in settings if getattr(old, name) != getattr(new, name)),
            *(("tiers",) if budgets[0] != budgets[1] else ()),
        ),
        diff="\n".join(
            difflib.unified_diff(_yaml(old), _yaml(new), "the run's plan", "the new plan", lineterm="")
        ),
    )


def _yaml(plan: Plan) -> list[str]:
    from ruamel.yaml import YAML

    told: dict[str, Any] = plan.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    yaml: Any = YAML()
    out = io.StringIO()
    yaml.width = 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(told, out)
    return out.getvalue().splitlines()
