"""Events of the feed: one type for each thing that can happen, told apart by `kind`.

Payloads carry `schema_version`; a reader refuses newer ones. Fields hold plain values, so that an event
means the same years later, whatever the tables look like by then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

SCHEMA_VERSION = 1


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)


class RunCreated(_Event):
    """A run was created from a plan and waits for its start."""

    kind: Literal["run_created"] = "run_created"
    plan: str
    project: str
    tiers: int
    phases: int


class RunMoved(_Event):
    """A run went from one state to another. `reason` is an end reason or why it waits."""

    kind: Literal["run_moved"] = "run_moved"
    before: str
    after: str
    reason: str = ""
    detail: str = ""
    resumes_at: datetime | None = None
    """When a scheduled run goes on by itself."""


class RunClaimed(_Event):
    """A process took the run over: from here on only moves of this epoch count."""

    kind: Literal["run_claimed"] = "run_claimed"
    epoch: int
    owner: str


class CancelAsked(_Event):
    """Someone asked for the run to stop."""

    kind: Literal["cancel_asked"] = "cancel_asked"
    by: str


class PauseAsked(_Event):
    """Someone asked for the run to pause: it does before its next step or request."""

    kind: Literal["pause_asked"] = "pause_asked"
    by: str


class ResumeAsked(_Event):
    """Someone asked for the run to go on."""

    kind: Literal["resume_asked"] = "resume_asked"
    by: str


class RetryAsked(_Event):
    """Someone gave a phase new attempts: `attempts_allowed` in all from now on."""

    kind: Literal["retry_asked"] = "retry_asked"
    by: str
    phase_id: str
    attempts_allowed: int


class SkipAsked(_Event):
    """Someone asked for the run to go past a phase."""

    kind: Literal["skip_asked"] = "skip_asked"
    by: str
    phase_id: str


class PlanAmended(_Event):
    """Someone changed what has not started: phases by their ids, other keys of the plan by their names."""

    kind: Literal["plan_amended"] = "plan_amended"
    by: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    settings: tuple[str, ...]
    phases: int
    """Of the whole plan from now on."""


class ModelOverridden(_Event):
    """Someone gave a role at a category and complexity another model, for phases that begin later."""

    kind: Literal["model_overridden"] = "model_overridden"
    by: str
    role: str
    category: str
    complexity: str
    model: str | None
    """Null: the one that models.yaml had when the run was created, again."""


class LimitNear(_Event):
    """A time limit is near. `limit` is `run_minutes`, `phase_minutes` or `stall_minutes`."""

    kind: Literal["limit_near"] = "limit_near"
    phase_id: str
    limit: str
    minutes: float
    left_seconds: float
    waiting_for: str
    """What the run is at, on one line."""


class NoteAdded(_Event):
    """A human note is in force from now on: for this run, or for every run of its project."""

    kind: Literal["note_added"] = "note_added"
    note_id: str
    by: str
    text: str


class NoteWithdrawn(_Event):
    """A human note is no longer in force."""

    kind: Literal["note_withdrawn"] = "note_withdrawn"
    note_id: str
    by: str


class NoteDelivered(_Event):
    """A human note was in the prompt of this conversation, and the model answered it."""

    kind: Literal["note_delivered"] = "note_delivered"
    note_id: str
    phase_id: str
    phase_index: int
    attempt: int
    role: str
    lesson: bool = False
    """It was an accepted lesson, and `note_id` is that one's."""


class WorkspaceReady(_Event):
    """The run has its own clone of the repository, from this commit."""

    kind: Literal["workspace_ready"] = "workspace_ready"
    base_commit: str


class BaselineChecked(_Event):
    """Setup and verification ran on the untouched commit, before anything was spent."""

    kind: Literal["baseline_checked"] = "baseline_checked"
    passed: bool
    commands: int
    accepted: bool = False


class PhaseMoved(_Event):
    """A phase went from one state to another."""

    kind: Literal["phase_moved"] = "phase_moved"
    phase_id: str
    phase_index: int
    attempt: int
    before: str
    after: str


class ModelsChosen(_Event):
    """The router decided who builds and who audits this attempt, and why."""

    kind: Literal["models_chosen"] = "models_chosen"
    phase_id: str
    attempt: int
    complexity: str
    builder: str
    builder_reason: str
    auditor: str
    auditor_reason: str
    same_family: bool
    simulated: bool


class ModelReplaced(_Event):
    """Another model takes over a role in an attempt, and why: quota, a rest, or a new Builder's family."""

    kind: Literal["model_replaced"] = "model_replaced"
    phase_id: str
    attempt: int
    role: str
    before: str
    after: str
    reason: str
    simulated: bool


class CallRetried(_Event):
    """A request to a model failed and is sent again after a wait. `tries` is how often it was sent."""

    kind: Literal["call_retried"] = "call_retried"
    phase_id: str
    attempt: int
    role: str
    model: str
    why: str
    wait_seconds: float
    tries: int


class AttemptFailed(_Event):
    """An attempt ended without its change being accepted. `attempts_left` may be 0."""

    kind: Literal["attempt_failed"] = "attempt_failed"
    phase_id: str
    attempt: int
    outcome: str
    detail: str
    attempts_left: int
    escalated_to: str | None = None


class VerdictGiven(_Event):
    """The Auditor's verdict on an attempt."""

    kind: Literal["verdict_given"] = "verdict_given"
    phase_id: str
    attempt: int
    decision: str
    summary: str
    major: int
    minor: int


class PhaseCommitted(_Event):
    """The verified tree of a phase is a commit on the integration branch, in the user's repository."""

    kind: Literal["phase_committed"] = "phase_committed"
    phase_id: str
    attempt: int
    commit: str
    branch: str
    summary: str


class RunMerged(_Event):
    """The user merged the run's work, up to this commit, into a branch of theirs."""

    kind: Literal["run_merged"] = "run_merged"
    commit: str
    into: str


class PostmortemMoved(_Event):
    """The account of the run's end is being written, was made, or was not: `reason` says why not."""

    kind: Literal["postmortem_moved"] = "postmortem_moved"
    state: str
    """`writing`, `made` or `not_made`."""
    reason: str = ""
    lessons: int = 0


class LessonDecided(_Event):
    """Someone accepted a lesson of the run, or dismissed it: later prompts carry it, or carry it no more."""

    kind: Literal["lesson_decided"] = "lesson_decided"
    lesson_id: str
    decision: str
    """`accepted` or `dismissed`."""
    text: str
    by: str


class RunDiscarded(_Event):
    """The user deleted the run's branch, which was at `commit` if it was there, and its workspace."""

    kind: Literal["run_discarded"] = "run_discarded"
    commit: str | None


EventBody = Annotated[
    RunCreated
    | RunMoved
    | RunClaimed
    | CancelAsked
    | PauseAsked
    | ResumeAsked
    | RetryAsked
    | SkipAsked
    | PlanAmended
    | ModelOverridden
    | LimitNear
    | NoteAdded
    | NoteWithdrawn
    | NoteDelivered
    | WorkspaceReady
    | BaselineChecked
    | PhaseMoved
    | ModelsChosen
    | ModelReplaced
    | CallRetried
    | AttemptFailed
    | VerdictGiven
    | PhaseCommitted
    | PostmortemMoved
    | LessonDecided
    | RunMerged
    | RunDiscarded,
    Field(discriminator="kind"),
]

EVENT_BODY: TypeAdapter[EventBody] = TypeAdapter(EventBody)


BY_PEOPLE = frozenset(
    {
        "cancel_asked",
        "pause_asked",
        "resume_asked",
        "retry_asked",
        "skip_asked",
        "plan_amended",
        "model_overridden",
        "note_added",
        "note_withdrawn",
        "postmortem_moved",
        "lesson_decided",
        "run_merged",
        "run_discarded",
    }
)
"""Kinds of which a person is the cause, or a run's end: they are no sign that anyone drives the run."""


class Event(BaseModel):
    """An event as it is read: its gapless id, its run, when it was committed, and what happened."""

    model_config = ConfigDict(frozen=True)

    id: int
    run_id: str
    created_at: datetime
    schema_version: int = SCHEMA_VERSION
    body: EventBody
