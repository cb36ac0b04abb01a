"""Endpoints of usage: what was used of every provider, model, role class and quota."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from autopack.dashboard.access import Here, Reading, RunId
from autopack.dashboard.problems import answers
from autopack.errors import InvalidInput, NotFound
from autopack.usage.schemas import SeriesBy
from autopack.usage.service import Period
from autopack.views.run_usage import RunUsage, run_usage
from autopack.views.usage_periods import UsageResponse, usage_of_period
from autopack.views.usage_series import UsageSeries, usage_series

router = APIRouter(tags=["Usage"])

OfPeriod = Annotated[Period, Query(description="The last 24 hours, 7 or 30 days.")]


@router.get("/dashboard/usage", responses=answers(InvalidInput))
async def get_usage(here: Here, session: Reading, period: OfPeriod = "week") -> UsageResponse:
    """What was used in a period, and where every quota stands now."""
    return await usage_of_period(session, here.policy, period)


@router.get("/dashboard/usage/series", responses=answers(InvalidInput))
async def get_usage_series(
    session: Reading,
    period: OfPeriod = "week",
    by: Annotated[SeriesBy, Query(description="What the parts of each bucket are.")] = "provider",
) -> UsageSeries:
    """What was used over time, in buckets of an hour (day), 6 hours (week) or a day (month)."""
    return await usage_series(session, period, by)


@router.get("/dashboard/runs/{run_id}/usage", responses=answers(NotFound, InvalidInput))
async def get_run_usage(session: Reading, run_id: RunId) -> RunUsage:
    """What a run used, by tier, phase, attempt, role and model, to the token.

    Failed attempts are included, and calls that were refused or that nothing was bought with are counted.
    """
    return await run_usage(session, run_id)
