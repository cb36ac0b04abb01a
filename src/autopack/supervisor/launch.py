"""From a plan file to a queued run: everything that can be known to be wrong is said before it starts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autopack import userfiles
from autopack.agents.agents import check_installed, is_advisory
from autopack.errors import Conflict, InvalidInput, Unavailable
from autopack.idempotency import queries as idempotency
from autopack.idempotency.queries import IdempotencyKey
from autopack.plan import Complexity, Phase, Plan, parse_plan
from autopack.processes import Confinement, probe_sandbox
from autopack.projects import queries as projects
from autopack.redaction import Redactor
from autopack.routing.policy import ModelRef, Policy
from autopack.routing.policyfile import load_policy
from autopack.routing.router import ModelRouter, Overrides
from autopack.runs import queries, service
from autopack.runs.states import RunState
from autopack.runs.tables import RunRow
from autopack.supervisor import workers
from autopack.supervisor.budgets import check_priced
from autopack.supervisor.control import refuse_discarded
from autopack.supervisor.hold import current_policy
from autopack.supervisor.services import Services
from autopack.workspace import source

_SCOPE = "run"


@dataclass(frozen=True, kw_only=True)
class Created:
    """A run that waits for its start, and what its user should know before."""

    run_id: str
    epoch: int
    """The one it is driven under from the start; 0 where it waits for a service."""
    notices: tuple[str, ...]


async def create_run(
    services: Services,
    *,
    plan_path: Path,
    repository: Path,
    unsandboxed: bool,
    accept_red_baseline: bool,
    digest: str | None = None,
    owner: str | None = None,
    key: IdempotencyKey | None = None,
) -> Created:
    """Check plan, repository, policy, keys and sandbox, and create the run.

    `repository` is any folder inside the repository to work on. `digest` is that of the plan as it was looked
    at. The run is `owner`'s to drive, or it waits for a service. A second request under one `key` gets the
    first one's run. Raises `InvalidInput`, `Unavailable`, and `Conflict` where a run of this plan has not
    ended, or the plan is not the one of the digest.
    """
    plan_path = await asyncio.to_thread(plan_path.resolve)
    plan = parse_plan(userfiles.read(plan_path), source=str(plan_path))
    if digest is not None and digest != plan.digest:
        raise Conflict(
            f"{plan_path.name} has changed since it was looked at, so nothing was started.",
            hint="Look at it again, then start it.",
        )
    found = await source.inspect(repository)
    policy = load_policy(services.settings.policy_path)
    models = check_plan(plan, policy, services)
    confinement = await confinement_for(unsandboxed=unsandboxed)
    notices = (*_notices(plan, policy, models, confinement),)
    async with services.database.write() as session:
        if key is not None and (answer := await idempotency.answer_of(session, _SCOPE, key)) is not None:
            return _created_before(answer)
        project, _ = await projects.register(session, found.top)
        former = await queries.unfinished_of_plan(session, project_id=project.id, plan_path=str(plan_path))
        if former is not None:
            raise _second_run(former, alive=await workers.is_alive(session, former.owner))
        new = service.NewRun(
            project_id=project.id,
            project_name=project.name,
            plan_path=str(plan_path),
            plan=plan,
            policy=policy.model_dump(mode="json"),
            confinement=confinement,
            accept_red_baseline=accept_red_baseline,
        )
        run_id, epoch = await service.create(session, new), 0
        if owner is not None:
            await workers.register(session, owner)
            epoch = await service.claim(session, run_id, epoch=0, owner=owner)
        if key is not None:
            await idempotency.keep_answer(session, _SCOPE, key, {"run_id": run_id, "notices": [*notices]})
    return Created(run_id=run_id, epoch=epoch, notices=notices)


async def created_under(services: Services, key: IdempotencyKey) -> Created | None:
    """The run that an earlier request under this key created, whatever has become of its plan since.

    Raises `InvalidInput` where that one asked for something else.
    """
    async with services.database.read() as session:
        answer = await idempotency.known_answer(session, _SCOPE, key)
    return None if answer is None else _created_before(answer)


def _created_before(answer: Mapping[str, Any]) -> Created:
    return Created(run_id=answer["run_id"], epoch=0, notices=tuple(answer["notices"]))


def check_plan(
    plan: Plan, policy: Policy, services: Services, *, overrides: Overrides | None = None
) -> Mapping[str, ModelRef]:
    """Check that a plan can be run here, but for its sandbox; gives the models it needs, by name.

    `overrides` are those of its run. Raises `InvalidInput`.
    """
    models = _models(plan, policy, overrides)
    _check_passed_through(plan, policy, services.environ)
    check_holds_no_key(plan, services.redactor)
    remedy = "or map these phases to other models in models.yaml."
    check_keys(models, services.environ, remedy=remedy)
    check_installed(models.values(), services.environ)
    check_priced(plan, policy, models.values())
    return models


async def check_resume(services: Services, run_id: str) -> None:
    """Check what a run needs to go on: its branch, keys and prices, and the sandbox that it was created with.

    Raises `NotFound`, `InvalidInput`, `Unavailable`, and `Conflict` where it was discarded.
    """
    async with services.database.read() as session:
        run = await queries.run(session, run_id)
    refuse_discarded(run)
    policy = current_policy(services, run).now()
    plan = Plan.model_validate(run.plan)
    _check_passed_through(plan, policy, services.environ)
    models = _models(plan, policy, run.model_overrides)
    check_keys(models, services.environ, remedy="a run keeps the models it began with.")
    check_installed(models.values(), services.environ)
    check_priced(plan, policy, models.values())
    await confinement_for(unsandboxed=run.confinement == Confinement.NONE)


def _models(plan: Plan, policy: Policy, overrides: Overrides | None) -> Mapping[str, ModelRef]:
    """Every model that the plan's phases are mapped to, at their complexity and the ones above in reach."""
    router = ModelRouter(policy, overrides=overrides)
    pairs = dict.fromkeys(
        (phase.category, complexity)
        for _, _, _, phase in plan.phases()
        for complexity in Complexity
        if _reachable(phase, complexity)
    )
    return {
        decision.model.name: decision.model
        for category, complexity in pairs
        for decision in router.decide_attempt(category=category, complexity=complexity)
    }


def _reachable(phase: Phase, complexity: Complexity) -> bool:
    """Whether an attempt can get there: the first step up takes two failures, each further one another."""
    steps = list(Complexity).index(complexity) - list(Complexity).index(phase.complexity)
    return steps >= 0 and (steps == 0 or phase.attempts > steps + 1)


def _check_passed_through(plan: Plan, policy: Policy, environ: Mapping[str, str]) -> None:
    if "AUTOPACK_DATABASE_URL" in plan.env:
        raise InvalidInput(
            "The plan passes AUTOPACK_DATABASE_URL to its commands: it holds Autopack's own password.",
            hint="Remove it from the plan's `env`; give the tests a database of their own.",
        )
    if keys := sorted(set(plan.env) & policy.key_names()):
        raise InvalidInput(
            f"The plan passes {', '.join(keys)} to its commands, and models.yaml says that it holds a key.",
            hint="Remove it from the plan's `env`: keys never reach what a model writes.",
        )
    held = {environ[name].strip() for name in policy.key_names() if environ.get(name, "").strip()}
    if same := sorted(name for name in plan.env if environ.get(name, "").strip() in held):
        raise InvalidInput(
            f"The plan passes {', '.join(same)} to its commands, and its value is a provider's key.",
            hint="Remove it from the plan's `env`, or give the tests a key of their own.",
        )


def check_holds_no_key(plan: Plan, redactor: Redactor) -> None:
    """A plan is stored with its run, where keys are redacted: its commands would not be the same.

    Raises `InvalidInput`.
    """
    for part, text in _texts(plan):
        if redactor.text(text) != text:
            raise InvalidInput(
                f"The plan holds what looks like a key, in {part}.",
                hint="Put it into a file that git ignores, and name that file in the plan's `copy`.",
            )


def _texts(plan: Plan) -> Iterator[tuple[str, str]]:
    """A plan as JSON in pieces, with the words for where each is."""
    for _, _, _, phase in plan.phases():
        yield f"the phase {phase.id}", phase.model_dump_json()
    yield "its setup, its verify or another part", plan.model_dump_json()


def check_keys(models: Mapping[str, ModelRef], environ: Mapping[str, str], *, remedy: str) -> None:
    """Check that the keys of these models are set. Raises `InvalidInput` that names each variable."""
    missing: dict[str, list[str]] = {}
    for model in models.values():
        if not model.key_set(environ):
            missing.setdefault(model.api_key_env, []).append(model.name)
    if missing:
        named = "; ".join(f"{key} (for {', '.join(names)})" for key, names in sorted(missing.items()))
        raise InvalidInput(
            f"Not set: {named}.",
            hint=f"Set it in the environment; {remedy}",
        )


async def confinement_for(*, unsandboxed: bool) -> Confinement:
    """How commands are confined here. Raises `Unavailable` where there is no sandbox and that is not said."""
    if unsandboxed:
        return Confinement.NONE
    probe = await probe_sandbox()
    if not probe.available:
        raise Unavailable(
            f"There is no sandbox for what the model writes: {probe.detail}",
            hint="Mend that, or run with --unsandboxed where the machine itself is disposable.",
        )
    return Confinement.BUBBLEWRAP


def _second_run(former: RunRow, *, alive: bool) -> Conflict:
    if alive:
        return Conflict(
            f"Run {former.id} of this plan is being driven by another process.",
            hint=f"Watch it with `autopack logs {former.id} -f`.",
        )
    interrupted = RunState(former.state) is RunState.IN_PROGRESS
    standing = "was interrupted" if interrupted else f"is {former.state}"
    return Conflict(
        f"Run {former.id} of this plan {standing} and has not ended.",
        hint=f"Go on with `autopack resume {former.id}`, or drop it: `autopack discard {former.id}`.",
    )


def _notices(
    plan: Plan, policy: Policy, models: Mapping[str, ModelRef], confinement: Confinement
) -> list[str]:
    notices: list[str] = []
    if confinement is Confinement.NONE:
        notices.append("Unsandboxed: commands that a model writes run with your rights.")
    if plan.network:
        notices.append("The plan opens the network to Builder and verification (network: true).")
    if any(model.simulated for model in models.values()):
        notices.append("Simulated: models are answered by a script, not by a provider.")
    if advisory := [model.name for model in models.values() if is_advisory(model)]:
        notices.append(
            f"Caps are advisory for {', '.join(advisory)}: what was taken is told at the end of a task only."
        )
    same = _same_family(plan, policy)
    if same:
        notices.append(f"Builder and Auditor are of one family in: {', '.join(same)}.")
    return notices


def _same_family(plan: Plan, policy: Policy) -> list[str]:
    router = ModelRouter(policy)
    return [
        phase.id
        for _, _, _, phase in plan.phases()
        if router.decide_attempt(category=phase.category, complexity=phase.complexity).auditor.same_family
    ]
