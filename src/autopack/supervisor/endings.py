"""Which end a run comes to when a step can't go on: the run's, not the attempt's, failure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

from autopack.agents.base import ProviderRefused, ProviderUnreachable
from autopack.errors import (
    AutopackError,
    BranchCheckedOut,
    BranchMoved,
    DatabaseLocked,
    DatabaseUnreachable,
    DiskFull,
    DiskUnusable,
    RepositoryUnreachable,
    Unavailable,
    of_system,
)
from autopack.runs.states import EndReason, RunState, Waiting
from autopack.supervisor.budgets import BudgetReached
from autopack.supervisor.choosing import NoModel
from autopack.supervisor.clock import Stalled, TimeLimitReached


class SetupFailed(AutopackError):
    """The plan's setup commands fail on the untouched repository."""

    code = "setup_failed"


class BaselineRed(AutopackError):
    """Verification fails on the untouched commit, before anything was spent."""

    code = "baseline_red"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The state a run goes to, why, and what to do about it."""

    state: RunState
    reason: EndReason | Waiting
    detail: str
    resumes_at: datetime | None = None
    """When a scheduled run goes on by itself."""


def ending(error: Exception) -> Ending:
    """The ending that an error of a step means. One that nobody foresaw is an internal error.

    What a person mends outside, without a change to plan or repository, is a pause.
    """
    if isinstance(error, OSError):
        error = _of_disk(error)
    detail = _sentences(error.message, error.hint) if isinstance(error, AutopackError) else ""
    match error:
        case ProviderUnreachable():
            return Ending(state=RunState.PAUSED, reason=Waiting.PROVIDER_UNREACHABLE, detail=detail)
        case NoModel(until=datetime() as until):
            reason = Waiting.QUOTA_RESET
            return Ending(state=RunState.SCHEDULED, reason=reason, detail=detail, resumes_at=until)
        case NoModel():
            return Ending(state=RunState.FAILED, reason=EndReason.QUOTA_REACHED, detail=detail)
        case DiskFull():
            return Ending(state=RunState.PAUSED, reason=Waiting.DISK_FULL, detail=detail)
        case DiskUnusable():
            return Ending(state=RunState.PAUSED, reason=Waiting.DISK_UNUSABLE, detail=detail)
        case DatabaseLocked():
            return Ending(state=RunState.PAUSED, reason=Waiting.DATABASE_LOCKED, detail=detail)
        case DatabaseUnreachable():
            return Ending(state=RunState.PAUSED, reason=Waiting.DATABASE_UNREACHABLE, detail=detail)
        case RepositoryUnreachable():
            return Ending(state=RunState.PAUSED, reason=Waiting.REPOSITORY_UNREACHABLE, detail=detail)
        case ProviderRefused():
            return Ending(state=RunState.FAILED, reason=EndReason.PROVIDER_REFUSED, detail=detail)
        case BranchCheckedOut():
            return Ending(state=RunState.PAUSED, reason=Waiting.BRANCH_CHECKED_OUT, detail=detail)
        case BranchMoved():
            return Ending(state=RunState.FAILED, reason=EndReason.BRANCH_MOVED, detail=detail)
        case BudgetReached(fails=False):
            return Ending(state=RunState.PAUSED, reason=Waiting.BUDGET_REACHED, detail=detail)
        case BudgetReached():
            return Ending(state=RunState.FAILED, reason=EndReason.BUDGET_REACHED, detail=detail)
        case TimeLimitReached():
            return Ending(state=RunState.FAILED, reason=EndReason.TIME_LIMIT, detail=detail)
        case Stalled():
            return Ending(state=RunState.FAILED, reason=EndReason.STALLED, detail=detail)
        case SetupFailed():
            return Ending(state=RunState.FAILED, reason=EndReason.SETUP_FAILED, detail=detail)
        case BaselineRed():
            return Ending(state=RunState.FAILED, reason=EndReason.BASELINE_RED, detail=detail)
        case AutopackError():
            return Ending(state=RunState.FAILED, reason=EndReason.UNAVAILABLE, detail=detail)
        case _:
            detail = (
                f"Autopack itself failed: {type(error).__name__}: {error}. This is a defect; "
                "autopack.log in AUTOPACK_HOME has the details. Nothing finished is lost."
            )
            return Ending(state=RunState.FAILED, reason=EndReason.INTERNAL_ERROR, detail=detail)


def _of_disk(error: OSError) -> Exception:
    """A disk's error as one that says what to do; others stay what they are."""
    if isinstance(error, FileNotFoundError | NotADirectoryError) and error.filename is not None:
        return Unavailable(
            f"{os.fsdecode(error.filename)} is gone: it was removed while Autopack worked with it.",
            hint="Put it back and resume the run; otherwise merge what is finished and run the plan anew.",
        )
    return of_system(error) or error


def _sentences(*parts: str) -> str:
    """What happened and what to do as sentences of one line."""
    said = [" ".join(part.split()) for part in parts if part.strip()]
    whole = [part if part.endswith((".", "!", "?")) else f"{part}." for part in said]
    return " ".join([*whole[:1], *(part[0].upper() + part[1:] for part in whole[1:])])
