"""Why which model: the decision that a call would get now, without the call."""

from __future__ import annotations

from autopack.db import ReadSession
from autopack.routing.decisions import Decision
from autopack.routing.policy import ROLES, Policy
from autopack.routing.policyfile import LivePolicy, policy_of_run
from autopack.routing.quota import read_view
from autopack.routing.router import ANY, ModelRouter, Overrides
from autopack.runs import queries


async def explain(
    session: ReadSession,
    live: LivePolicy,
    *,
    role: str,
    category: str,
    complexity: str,
    run_id: str | None = None,
    avoid_family: str | None = None,
) -> Decision:
    """The model that a role would get for work that begins now, with every candidate and why.

    Of a run to come, or of a run with its mapping and overrides. Without an `avoid_family` an Auditor avoids
    that of the Builder that would be chosen, as it does in an attempt. Raises `NotFound`, and `InvalidInput`
    for a question that no rule answers or where models.yaml can't be used.
    """
    policy, overrides = live.now(), None
    if run_id is not None:
        run = await queries.run(session, run_id)
        policy = policy_of_run(run.policy, live)
        overrides = run.model_overrides
    router = await _router(session, policy, overrides, role, category)
    if role == "auditor" and avoid_family is None:
        builder = router.decide(role="builder", category=category, complexity=complexity)
        avoid_family = builder.model.family
    return router.decide(role=role, category=category, complexity=complexity, avoid_family=avoid_family)


async def _router(
    session: ReadSession, policy: Policy, overrides: Overrides | None, role: str, category: str
) -> ModelRouter:
    on_phases = role in ROLES
    view = await read_view(
        session, policy, roles=ROLES if on_phases else (role,), category=category if on_phases else ANY
    )
    return ModelRouter(policy, overrides=overrides, quota=view)
