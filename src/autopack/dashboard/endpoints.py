"""What is read: runs as they stand and as they went, projects, plans looked at, and the service's health."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from autopack import __version__
from autopack.artifacts import ArtifactStore
from autopack.dashboard.access import Here, MaybePhase, PhaseId, Reading, RunId, serving_of
from autopack.dashboard.problems import OF_POST, answers
from autopack.dashboard.schemas import (
    CheckedPhase,
    CheckedPlan,
    ChosenModel,
    CommandOutput,
    ListedPlan,
    PhaseDetail,
    PlanRequest,
    Project,
    ProjectList,
    RunList,
)
from autopack.errors import InvalidInput, NotFound
from autopack.feed import queries as feed
from autopack.plan import Plan
from autopack.projects import queries as projects
from autopack.projects.tables import ProjectRow
from autopack.redaction import Redactor
from autopack.routing.decisions import Decision
from autopack.routing.policy import Policy
from autopack.routing.policyfile import load_policy
from autopack.routing.router import ModelRouter
from autopack.runs import queries as runs
from autopack.supervisor import planfiles
from autopack.views.change import change_of
from autopack.views.context import context_block
from autopack.views.estimate import Outlook, plan_outlook
from autopack.views.evidence import output_tail
from autopack.views.health import Health, health
from autopack.views.notes import delivered_notes
from autopack.views.outline import RunOutline, run_outline
from autopack.views.status import DashboardRunStatus, run_list, run_status
from autopack.views.timeline import PhaseTimeline, RunTimeline, phase_timeline, run_timeline
from autopack.views.waits import run_waits, within

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]
MaybeAttempt = Annotated[
    int | None,
    Query(ge=1, le=2**31 - 1, description="Number of an attempt at the phase; without it, the last one."),
]
Lines = Annotated[int, Query(ge=0, le=1000, description="Lines of each command's output.")]
Unfinished = Annotated[bool, Query(description="And every older run that has not ended.")]
OfProject = Annotated[
    str | None, Query(max_length=4096, description="Only of the project of this id, path or name.")
]


class DiffAnswer(Response):
    """A diff, byte for byte."""

    media_type = "text/x-diff"


class MarkdownAnswer(Response):
    """A text in Markdown."""

    media_type = "text/markdown"


@router.get("/dashboard/runs", tags=["Runs"], responses=answers(NotFound, InvalidInput))
async def list_runs(
    session: Reading, limit: Limit = 20, project: OfProject = None, unfinished: Unfinished = False
) -> RunList:
    """The newest runs, newest first."""
    of = None if project is None else (await planfiles.find_project(session, project)).id
    runs = await run_list(session, limit=limit, project_id=of, unfinished=unfinished)
    return RunList(runs=tuple(runs))


@router.get("/dashboard/runs/{run_id}/status", tags=["Runs"], responses=answers(NotFound, InvalidInput))
async def get_run_status(session: Reading, run_id: RunId) -> DashboardRunStatus:
    """Where a run stands."""
    return await run_status(session, run_id)


@router.get("/dashboard/runs/{run_id}/timeline", tags=["Runs"], responses=answers(NotFound, InvalidInput))
async def get_run_timeline(session: Reading, run_id: RunId) -> RunTimeline:
    """What a run did: every phase and attempt, with its decision, checks, verdict and cost."""
    return await run_timeline(session, run_id)


@router.get(
    "/dashboard/runs/{run_id}/outline",
    tags=["Runs"],
    response_model=RunOutline,
    responses=answers(NotFound, InvalidInput),
)
async def get_run_outline(session: Reading, run_id: RunId) -> Response:
    """A run as one picture: phases and attempts with their stages and cost, and when it waited.

    In a fraction of the time and size of the timeline, however many phases there are.
    """
    outline = await run_outline(session, run_id)
    return Response(outline.model_dump_json(), media_type="application/json")  # valid as it was made


@router.get(
    "/dashboard/runs/{run_id}/phases/{phase}", tags=["Runs"], responses=answers(NotFound, InvalidInput)
)
async def get_phase(
    here: Here, session: Reading, run_id: RunId, phase: PhaseId, lines: Lines = 40
) -> PhaseDetail:
    """All about one phase, with the end of what each command said."""
    found = await phase_timeline(session, run_id, phase)
    waits = await run_waits(session, await runs.run_head(session, run_id))
    notes = await delivered_notes(session, here.redactor, run_id, found.index)
    head = await feed.head(session)
    return PhaseDetail(
        run_id=run_id,
        phase=found,
        outputs=await asyncio.to_thread(_outputs, here.artifacts, found, lines),
        notes=tuple(notes),
        waits=tuple(within(waits, found.started_at, found.ended_at)),
        as_of=head,
    )


def _outputs(artifacts: ArtifactStore, phase: PhaseTimeline, lines: int) -> tuple[CommandOutput, ...]:
    found: list[CommandOutput] = []
    for attempt in phase.attempts:
        for check in attempt.checks:
            tail = output_tail(artifacts, check.evidence, lines=lines)
            output = CommandOutput(
                attempt=attempt.number,
                step=check.step,
                command=check.command,
                lines=tail.lines,
                left_out=tail.left_out,
                gone=tail.gone,
            )
            found.append(output)
    return tuple(found)


@router.get(
    "/dashboard/runs/{run_id}/diff",
    tags=["Runs"],
    response_class=DiffAnswer,
    responses={200: {"content": {"text/x-diff": {}}}, **answers(NotFound, InvalidInput)},
)
async def get_diff(
    here: Here, run_id: RunId, phase: MaybePhase = None, attempt: MaybeAttempt = None
) -> DiffAnswer:
    """What a run committed, or what an attempt at a phase changed, as a diff that git applies."""
    diff = await change_of(
        here.database, run_id, phase, attempt, settings=here.settings, artifacts=here.artifacts
    )
    return DiffAnswer(diff)


@router.get(
    "/dashboard/runs/{run_id}/context",
    tags=["Runs"],
    response_class=MarkdownAnswer,
    responses={200: {"content": {"text/markdown": {}}}, **answers(NotFound, InvalidInput)},
)
async def get_context(session: Reading, run_id: RunId) -> MarkdownAnswer:
    """Where a run stands as a block of Markdown, to paste into a chat."""
    return MarkdownAnswer(await context_block(session, run_id))


@router.get("/projects", tags=["Projects and plans"], responses=answers())
async def list_projects(here: Here) -> ProjectList:
    """The registered projects, each with the plans that it keeps."""
    async with here.database.read() as session:
        known = await projects.every(session)
    return ProjectList(projects=tuple([await _project(one, here.redactor) for one in known]))


async def _project(row: ProjectRow, redactor: Redactor) -> Project:
    there = _is_there(row.path)
    files = await asyncio.to_thread(planfiles.plan_files, Path(row.path)) if there else []
    plans = [
        ListedPlan(path=file.path, name=None if file.name is None else redactor.text(file.name))
        for file in files
    ]
    return Project(
        id=row.id,
        name=row.name,
        path=row.path,
        there=there,
        created_at=row.created_at,
        plans=tuple(plans),
    )


def _is_there(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except ValueError:  # no path at all
        return False


@router.post("/plans/check", tags=["Projects and plans"], responses=answers(*OF_POST, NotFound))
async def check_plan(here: Here, asked: PlanRequest) -> CheckedPlan:
    """Look at a plan without running it: what is wrong, or who would do what, and what it would take."""
    project = None
    if asked.project is not None or asked.plan_path is not None:
        async with here.database.read() as session:
            project = await planfiles.find_project(session, asked.project, plan_path=asked.plan_path)
    if project is not None and asked.plan_path is not None:
        path = planfiles.plan_in_project(Path(project.path), asked.plan_path)
        plan = await asyncio.to_thread(planfiles.read_plan, path)
    else:
        plan = await asyncio.to_thread(planfiles.check_document, asked.plan or {}, here.redactor)
    policy = load_policy(here.settings.policy_path)
    async with here.database.read() as session:
        outlook = await plan_outlook(
            session, plan, policy, project_id=project and project.id, now=datetime.now(UTC)
        )
    return _checked(plan, policy, outlook, here.environ)


def _checked(plan: Plan, policy: Policy, outlook: Outlook, environ: Mapping[str, str]) -> CheckedPlan:
    router = ModelRouter(policy)
    phases: list[CheckedPhase] = []
    for _, index, tier, phase in plan.phases():
        chosen = router.decide_attempt(category=phase.category, complexity=phase.complexity)
        checked = CheckedPhase(
            index=index,
            id=phase.id,
            name=phase.name,
            tier_name=tier.name,
            category=phase.category,
            complexity=phase.complexity,
            attempts=phase.attempts,
            files=phase.files,
            verified=bool(plan.commands(phase)),
            builder=_chosen(chosen.builder, environ),
            auditor=_chosen(chosen.auditor, environ),
            same_family=chosen.auditor.same_family,
        )
        phases.append(checked)
    return CheckedPlan(
        name=plan.name,
        digest=plan.digest,
        tiers=len(plan.tiers),
        phases=tuple(phases),
        estimate=outlook.estimate,
        estimate_reason=outlook.reason,
        warnings=outlook.warnings,
    )


def _chosen(decision: Decision, environ: Mapping[str, str]) -> ChosenModel:
    model = decision.model
    return ChosenModel(model=model.name, reason=decision.reason, key_set=model.key_set(environ))


@router.get(
    "/health",
    tags=["Service"],
    responses={**answers(), 503: {"model": Health, "description": "A part of the service is not ok."}},
)
async def get_health(request: Request, response: Response, here: Here) -> Health:
    """Whether the service can work: its database, its engine and its disk."""
    serving = serving_of(request)
    found = await health(
        here.settings,
        here.database,
        here.policy,
        version=__version__,
        driving=serving.driving,
        healthy=serving.healthy,
    )
    response.status_code = 200 if found.ok else 503
    return found
