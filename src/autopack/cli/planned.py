"""A plan in words, and what it would take: for `plan check` and `plan draft`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from autopack.cli.door import records, settings
from autopack.cli.out import note, say, tell
from autopack.cli.words import clean, count
from autopack.errors import AutopackError

if TYPE_CHECKING:
    from autopack.plan import Plan


def show_plan(plan: Plan) -> None:
    """Every tier and phase of a valid plan, and what no command verifies."""
    phases = [phase for _, _, _, phase in plan.phases()]
    unchecked = [phase.id for phase in phases if not plan.commands(phase)]
    size = f"{count(len(plan.tiers), 'tier')}, {count(len(phases), 'phase')}"
    say(f"{clean(plan.name)}: {size}. The plan is valid.")
    for tier in plan.tiers:
        say(f"  {clean(tier.name)}")
        width = max(len(phase.id) for phase in tier.phases)
        for phase in tier.phases:
            kind = f"{phase.category}, {phase.complexity}"
            say(f"    {phase.id:<{width}}  {clean(phase.name)} ({kind})")
    if unchecked:
        say(f"Verified by nothing: {', '.join(unchecked)}")


async def show_estimate(plan: Plan, file: Path) -> None:
    """What it would take. A plan is checked where there is no home, too, and none is made for it."""
    from autopack.cli.estimates import estimate_lines
    from autopack.routing.policyfile import LivePolicy
    from autopack.supervisor.planfiles import project_holding
    from autopack.views.estimate import plan_outlook

    here = settings()
    if here.postgres_url is None and not (here.home / "autopack.db").exists():
        return
    try:
        async with records() as kept, kept.read() as session:
            policy = LivePolicy(here.policy_path).now()
            project = await project_holding(session, file)
            outlook = await plan_outlook(
                session, plan, policy, project_id=project and project.id, now=datetime.now(UTC)
            )
    except AutopackError as error:
        note(f"No estimate: {error.message}")
        return
    first, *others = estimate_lines(outlook)
    tell(first)
    for line in others:
        tell(line, indent=2)
