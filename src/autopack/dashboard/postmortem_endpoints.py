"""Endpoints of what was learned at a run's end, and of what people decide about its lessons."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from autopack.dashboard.access import Here, Reading, RunId
from autopack.dashboard.problems import OF_POST, answers
from autopack.errors import Conflict, InvalidInput, NotFound
from autopack.runs.schemas import Lesson
from autopack.supervisor import learning
from autopack.views.postmortem import PostmortemView, postmortem_view

BY = "dashboard"
router = APIRouter(tags=["Lessons"])


class LessonDecision(BaseModel):
    """What becomes of a lesson."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    decision: Literal["accepted", "dismissed"]
    """`accepted`: into the project's `.autopack/lessons.md`, which later prompts carry. `dismissed`: not, or
    out of it again."""


@router.get("/dashboard/runs/{run_id}/postmortem", responses=answers(NotFound, InvalidInput))
async def get_postmortem(session: Reading, run_id: RunId) -> PostmortemView:
    """What was learned at a run's last end, with what each phase cost."""
    return await postmortem_view(session, run_id)


@router.post("/dashboard/runs/{run_id}/lessons/{lesson_id}", responses=answers(*OF_POST, NotFound, Conflict))
async def decide_lesson(
    here: Here,
    run_id: RunId,
    lesson_id: Annotated[str, Path(pattern=r"^[0-9a-f]{8}$", description="A lesson's id.")],
    asked: LessonDecision,
) -> Lesson:
    """Accept a lesson of a run, or dismiss it. Again is fine."""
    return await learning.decide(
        here.database,
        here.settings,
        here.redactor,
        run_id=run_id,
        lesson_id=lesson_id,
        decision=asked.decision,
        by=BY,
    )
