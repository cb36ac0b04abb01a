"""What was used: by role and model, by provider, real and simulated apart."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.usage.recorder import get_usage_summary
from autopack.usage.schemas import UsageSum
from autopack.usage.service import PERIODS, Period
from autopack.views.spend import Spend, spend_of


class ModelSpend(BaseModel):
    """What one role used of one model."""

    model_config = ConfigDict(frozen=True)

    role: str
    provider: str
    model: str
    usage: Spend


class ProviderSpend(BaseModel):
    """What was used of one provider."""

    model_config = ConfigDict(frozen=True)

    provider: str
    usage: Spend


class UsageReport(BaseModel):
    """Usage of one run, or of every run in a period. Real and simulated calls are never added up."""

    model_config = ConfigDict(frozen=True)

    run_id: str | None
    period: str | None
    """`day`, `week` or `month`, rolling; None is all time."""
    real: Spend | None
    """All calls to real providers; None where there was none."""
    simulated: Spend | None
    """All calls that a script answered; None where there was none."""
    models: tuple[ModelSpend, ...]
    providers: tuple[ProviderSpend, ...]


async def usage_report(
    session: ReadSession, *, run_id: str | None = None, period: Period | None = None
) -> UsageReport:
    """Usage from Autopack's own records, largest first."""
    window = None if period is None else PERIODS[period]
    sums = await get_usage_summary(session, window, ("role", "provider", "model", "simulated"), run_id=run_id)
    sums.sort(key=lambda one: (-one.total_tokens, str(one.role), str(one.model)))
    return UsageReport(
        run_id=run_id,
        period=period,
        real=_all([one for one in sums if not one.simulated]),
        simulated=_all([one for one in sums if one.simulated]),
        models=tuple(
            ModelSpend(
                role=str(one.role), provider=str(one.provider), model=str(one.model), usage=spend_of([one])
            )
            for one in sums
        ),
        providers=_by_provider(sums),
    )


def _all(sums: list[UsageSum]) -> Spend | None:
    return spend_of(sums) if sums else None


def _by_provider(sums: list[UsageSum]) -> tuple[ProviderSpend, ...]:
    keys = dict.fromkeys((str(one.provider), one.simulated) for one in sums)
    return tuple(
        ProviderSpend(
            provider=provider,
            usage=spend_of([one for one in sums if (one.provider, one.simulated) == (provider, simulated)]),
        )
        for provider, simulated in keys
    )


async def spend_by_phase(session: ReadSession, run_id: str) -> dict[str, Spend]:
    """What each phase of a run used so far, by phase id; phases without a call are absent."""
    sums = await get_usage_summary(session, None, ("phase_id",), run_id=run_id)
    return {one.phase_id: spend_of([one]) for one in sums if one.phase_id is not None}
