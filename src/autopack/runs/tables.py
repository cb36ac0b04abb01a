"""Rows of runs, their phases, attempts and evidence. These tables are the truth; the engine holds none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from autopack.db import Base
from autopack.projects.tables import ProjectRow
from autopack.runs.states import AttemptOutcome, Intent, PhaseState, RunState


class RunRow(Base):
    """A run of one plan on one repository."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_project_id_created_at", "project_id", "created_at"),
        Index("ix_runs_state", "state"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id))
    plan_path: Mapped[str] = mapped_column(Text)
    plan_name: Mapped[str] = mapped_column(String(255))
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The plan as it was when the run was created, or as it was last amended."""
    plan_revision: Mapped[int] = mapped_column(default=0)
    """Counts amendments: whoever drives the run reads the plan anew when it has changed."""
    policy: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The routing policy as it was when the run was created."""
    model_overrides: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Role, then `category:complexity`, to the model of this run's phases from then on."""
    confinement: Mapped[str] = mapped_column(String(20))
    accept_red_baseline: Mapped[bool]
    fence_secret: Mapped[str] = mapped_column(String(64))
    """Makes the fences in this run's prompts unforgeable; never leaves the database."""

    state: Mapped[str] = mapped_column(String(20), default=RunState.QUEUED)
    epoch: Mapped[int] = mapped_column(default=0)
    """Counts owners: a move carries its owner's epoch, and one of an earlier epoch is fenced off."""
    seq: Mapped[int] = mapped_column(default=0)
    """Counts moves."""
    owner: Mapped[str | None] = mapped_column(String(64))
    intent: Mapped[str] = mapped_column(String(10), default=Intent.NONE)
    intent_by: Mapped[str | None] = mapped_column(String(255))

    base_commit: Mapped[str | None] = mapped_column(String(64))
    baseline_done: Mapped[bool] = mapped_column(default=False)
    head_commit: Mapped[str | None] = mapped_column(String(64))
    """Tip of the integration branch: the base, then the commit of each completed phase."""
    end_reason: Mapped[str | None] = mapped_column(String(40))
    end_detail: Mapped[str] = mapped_column(Text, default="")
    waits_for: Mapped[str | None] = mapped_column(String(40))
    resumes_at: Mapped[datetime | None]
    """When it goes on by itself, while it is scheduled."""
    worked_seconds: Mapped[float] = mapped_column(Float, default=0.0)
    """Time in which it was driven since a person last had it start or go on: what its limit counts."""
    phase_worked_seconds: Mapped[float] = mapped_column(Float, default=0.0)
    """The same of the phase it is at."""
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    merged_at: Mapped[datetime | None]
    """When its work was last merged with `merge`; None again once the run is gone on with."""
    discarded_at: Mapped[datetime | None]
    """When its branch and workspace were deleted: it is never gone on with."""


class PhaseRow(Base):
    """A phase of a run. Indexes are 1-based; phases are counted over the whole run."""

    __tablename__ = "phases"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    phase_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    phase_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    tier_index: Mapped[int]
    tier_name: Mapped[str] = mapped_column(String(255))
    category: Mapped[str] = mapped_column(String(64))
    complexity: Mapped[str] = mapped_column(String(10))
    attempts_allowed: Mapped[int]
    verified: Mapped[bool] = mapped_column(default=True)
    """Whether any command verifies it; not where the plan says `verify: none`."""
    model_overrides: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """The run's, as they were when it was begun: a later one is for the phases after it."""
    state: Mapped[str] = mapped_column(String(20), default=PhaseState.PENDING)
    commit_id: Mapped[str | None] = mapped_column(String(64))
    summary: Mapped[str] = mapped_column(Text, default="")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class AttemptRow(Base):
    """One try at a phase: what it started from, who worked on it, what came of it."""

    __tablename__ = "attempts"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    phase_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(30), default=AttemptOutcome.OPEN)
    complexity: Mapped[str] = mapped_column(String(10))
    base_commit: Mapped[str] = mapped_column(String(64))
    start_tree: Mapped[str] = mapped_column(String(64))
    """What the Builder's checkout held at its start: the base, or the last attempt's work."""
    builder_decision: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    auditor_decision: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    transcript_sha: Mapped[str | None] = mapped_column(String(64))
    """Artifact of the Builder's conversation up to the last response received."""
    checkpoint_tree: Mapped[str | None] = mapped_column(String(64))
    """The Builder's checkout when that response came: where a recovered Builder goes on."""
    audit_transcript_sha: Mapped[str | None] = mapped_column(String(64))
    """Artifact of the Auditor's conversation up to the last response received."""
    audit_parts: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    """The parts of a large diff in their order, with what the Auditor found: `PartRead` of the supervisor."""
    tree: Mapped[str | None] = mapped_column(String(64))
    """The change as the Builder left it: what is verified, audited and committed."""
    diff_sha: Mapped[str | None] = mapped_column(String(64))
    verdict: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    summary: Mapped[str] = mapped_column(Text, default="")
    failure: Mapped[str] = mapped_column(Text, default="")
    """Why it was not accepted, on one line."""
    failure_output: Mapped[str] = mapped_column(Text, default="")
    """What the next attempt's Builder is shown of it."""
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    commit_message: Mapped[str | None] = mapped_column(Text)
    commit_time: Mapped[datetime | None]
    commit_id: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class EvidenceRow(Base):
    """One command that ran: for the baseline (phase 0, attempt 0) or for an attempt."""

    __tablename__ = "evidence"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    phase_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(20), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`Evidence` of runs/schemas.py."""


class ActivityRow(Base):
    """What a run is at in this moment, as its owner said a moment ago. Overwritten; never in the feed."""

    __tablename__ = "activities"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    phase_id: Mapped[str] = mapped_column(String(64))
    """Empty before the first phase."""
    what: Mapped[str] = mapped_column(String(20))
    """`builder` or `auditor` at work, or `clone`, `setup`, `baseline`, `verify`."""
    doing: Mapped[str] = mapped_column(Text)
    tokens: Mapped[int | None] = mapped_column(BigInteger)
    """Reported tokens of the conversation so far; None where no model is at work."""
    since: Mapped[datetime]
    seen_at: Mapped[datetime]


class PostmortemRow(Base):
    """What was learned of one end of a run. Its owner alone writes it; people decide about its lessons."""

    __tablename__ = "postmortems"
    __table_args__ = (Index("ix_postmortems_state", "state"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The run's at that end: it ends once under each."""
    state: Mapped[str] = mapped_column(String(10))
    owner: Mapped[str | None] = mapped_column(String(64))
    """The process that is to write it, or writes it."""
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it was not made."""
    model: Mapped[str | None] = mapped_column(String(200))
    simulated: Mapped[bool] = mapped_column(default=False)
    built: Mapped[str] = mapped_column(Text, default="")
    failed: Mapped[str] = mapped_column(Text, default="")
    lessons: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """`Lesson` of runs/schemas.py, in their order."""
    due_at: Mapped[datetime]
    written_at: Mapped[datetime | None]
