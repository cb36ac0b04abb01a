"""What the endpoints take and answer, beside the views."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from autopack.dashboard.access import PHASE, RUN_ID
from autopack.dashboard.contract import PLAN_REF
from autopack.supervisor.overriding import Scope
from autopack.views.estimate import PlanEstimate
from autopack.views.notes import DeliveredNote
from autopack.views.status import DashboardRunStatus
from autopack.views.timeline import PhaseTimeline
from autopack.views.waits import Wait


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, extra="forbid", strict=True)


class PlanRequest(_Request):
    """Which plan, on which project. Exactly one of `plan` and `plan_path`."""

    project: Annotated[int, Field(ge=1, le=2**31 - 1)] | Annotated[str, Field(max_length=4096)] | None = None
    """A registered project by its id, path or name. Null: the one that holds `plan_path`, or the only one."""
    plan: Annotated[dict[str, Any], WithJsonSchema({"$ref": PLAN_REF})] | None = None
    """The plan itself, as plan.yaml has it (docs/plan.schema.json)."""
    plan_path: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """A file inside the project: from its top, or absolute. Nothing outside is read, by no link either."""
    accept_red_baseline: bool = False
    """Go on although the untouched commit fails its own checks."""

    @model_validator(mode="after")
    def _one_plan(self) -> PlanRequest:
        if (self.plan is None) == (self.plan_path is None):
            raise ValueError("must hold one of plan and plan_path, and not both")
        return self


class StartRequest(PlanRequest):
    """Which plan to start, on which project."""

    digest: Annotated[str | None, Field(pattern="^[0-9a-f]{16}$")] = None
    """`POST /plans/check` gave it: where the plan says something else by now, nothing is started (409)."""


class SkipRequest(_Request):
    """Which phase to skip."""

    phase: Annotated[str, Field(pattern=PHASE, max_length=64)] | None = None
    """A phase's id; null: the one that the run is at."""


_Word = Field(min_length=1, max_length=200)
_Role = Annotated[str, _Word, Field(examples=["builder"])]
_Category = Annotated[str, _Word, Field(examples=["core_backend"])]
_Complexity = Annotated[str, _Word, Field(examples=["medium"])]
_MaybeRun = Annotated[str | None, Field(pattern=RUN_ID, max_length=40)]


class OverrideRequest(_Request):
    """Which model does what from now on."""

    role: _Role
    """`builder`, `auditor`, or a helper: `agent:planner`."""
    category: _Category
    """A category of models.yaml or of a plan; `*` for all, and for a helper."""
    complexity: _Complexity
    """`low`, `medium` or `high`; `*` for all, and for a helper."""
    model: Annotated[str, _Word]
    """Its name, as `GET /dashboard/models/choices` lists them; others may do too."""
    scope: Scope
    """`global`: runs that are created later. `run`: the phases that one run begins later."""
    run_id: _MaybeRun = None
    """The run, where `scope` is `run`."""


class OverrideAnswer(_Answer):
    """What a role has at a category and complexity after a change."""

    role: str
    category: str
    complexity: str
    model: str | None
    """Null: no model of its own any more, a less specific cell counts."""
    scope: Scope
    run_id: str | None
    changed: bool
    """False where it was so already."""
    notices: tuple[str, ...]
    """What its user should know, such as a key that is not set."""


class ExplainRequest(_Request):
    """Which decision to explain."""

    role: _Role
    """`builder`, `auditor`, or a helper: `agent:planner`."""
    category: _Category
    """Any word; `*` for a helper."""
    complexity: _Complexity
    """`low`, `medium` or `high`; `*` for a helper."""
    run_id: _MaybeRun = None
    """With the mapping and the overrides of this run."""
    avoid_family: Annotated[str | None, _Word] = None
    """A family that it should not be of. Null: for an Auditor that of the Builder, as in an attempt."""


class StartedRun(_Answer):
    """A run that was created, and starts as soon as the service has a hand free."""

    run_id: str
    state: str
    notices: tuple[str, ...]
    """What its user should know."""


class ControlAnswer(_Answer):
    """Where a run is after something was asked of it."""

    run_id: str
    state: str
    """As it is shown: `pausing` and `cancelling` while that is asked and not yet done."""
    changed: bool
    """False where it was so already."""


class RunList(_Answer):
    """The newest runs, newest first."""

    runs: tuple[DashboardRunStatus, ...]


class CommandOutput(_Answer):
    """The end of what one command said."""

    attempt: int
    step: str
    """`setup` or `verify`."""
    command: str
    lines: tuple[str, ...]
    left_out: int
    """Lines before them."""
    gone: bool
    """The output was removed from the home by hand."""


class PhaseDetail(_Answer):
    """All about one phase."""

    run_id: str
    phase: PhaseTimeline
    outputs: tuple[CommandOutput, ...]
    """Of every check of its attempts, in their order."""
    notes: tuple[DeliveredNote, ...]
    """Human notes that its conversations carried, in the order of delivery."""
    waits: tuple[Wait, ...]
    """When the run did not work while it was at this phase."""
    as_of: int
    """Id of the newest event of the feed that this holds: follow the feed from there."""


class ListedPlan(_Answer):
    """A file of a project that may be a plan."""

    path: str
    """From the project's top: what `plan_path` takes."""
    name: str | None
    """The plan's own; null where the file is no plan that can be used as it is."""


class Project(_Answer):
    """A repository that Autopack works on."""

    id: int
    name: str
    path: str
    there: bool
    """Whether its folder is there now."""
    created_at: datetime
    plans: tuple[ListedPlan, ...]
    """Its `.autopack/*.yaml` and `*.yml`, plan.yaml first, then by name; at most 50."""


class ProjectList(_Answer):
    """The registered projects, by name."""

    projects: tuple[Project, ...]


class ChosenModel(_Answer):
    """A model, and the rule that chose it."""

    model: str
    reason: str
    key_set: bool
    """Whether the key of its provider is set here: without it no run of the plan starts."""


class CheckedPhase(_Answer):
    """A phase of a plan, and who would build and audit its first attempt."""

    index: int
    id: str
    name: str
    tier_name: str
    category: str
    complexity: str
    attempts: int
    """How often the Builder may try."""
    files: tuple[str, ...]
    """Its scope, as globs: a change outside is a failed attempt. Empty: no scope."""
    verified: bool
    """Whether any command verifies it; not where the plan says `verify: none`."""
    builder: ChosenModel
    auditor: ChosenModel
    same_family: bool
    """Builder and Auditor are of one family: the policy has no other."""


class CheckedPlan(_Answer):
    """A plan that can be used. Nothing was created."""

    name: str
    digest: str
    """What the plan says, in short: send it with the start, and nothing else is started."""
    tiers: int
    phases: tuple[CheckedPhase, ...]
    estimate: PlanEstimate | None
    """What it would take; null where too little was run here to tell."""
    estimate_reason: str | None
    """Why there is no estimate, in words; null where there is one."""
    warnings: tuple[str, ...]
    """Budgets of the plan, and what is left of its models' quotas, that are less than the estimate."""
