"""What the account behind a quota says of itself: how much of its own windows is used, and when they reset.

A subscription's programs pass it on. It counts what is used beside Autopack, too; the ledger can't.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from autopack.routing.limits import Limits
from autopack.routing.policy import ModelRef
from autopack.routing.schemas import allows_extra_usage
from autopack.routing.standings import OPEN, Standing, at_words
from autopack.routing.windows import HOUR, can_be, length_words

_SLACK = timedelta(minutes=10)
"""By how much a window may be shorter than its length."""


@dataclass(frozen=True, kw_only=True)
class AccountWindow:
    """One window of an account, such as a subscription's five hours."""

    length: timedelta
    used: float
    """1 is all of it, 0.5 half."""
    resets_at: datetime


@dataclass(frozen=True, kw_only=True)
class AccountUsage:
    """What an account tells with the answer to a call."""

    windows: tuple[AccountWindow, ...] = ()
    extra: bool = False
    """The call was beyond what the account includes, and is charged for."""
    limit_resets_at: datetime | None = None
    """When the limit resets that it named beside its windows."""

    @property
    def room_again(self) -> datetime | None:
        """When what is used up resets, the last of it; None: nothing is, as far as it tells."""
        full = [one.resets_at for one in self.windows if one.used >= 1]
        return max([*full, *([self.limit_resets_at] if self.limit_resets_at else [])], default=None)


@dataclass(frozen=True, kw_only=True)
class ToldWindow(AccountWindow):
    """A window as it was told last."""

    agent: str
    """The coding agent that passed it on."""
    told_at: datetime


@dataclass(frozen=True, kw_only=True)
class KeptWindow(AccountWindow):
    """A window to be kept, in whole hours."""

    turns_at: datetime
    """The reset at which caps of this length begin anew."""


def believed(told: AccountUsage, former: Mapping[timedelta, datetime], *, now: datetime) -> list[KeptWindow]:
    """The windows that can be as they were told.

    `former` holds the resets at which caps begin, by the windows' lengths. Caps begin at another one only a
    whole window after the former: one that was told sooner would let them be filled twice.
    """
    found: list[KeptWindow] = []
    for one in told.windows:
        length, used = round(one.length / HOUR) * HOUR, one.used
        if not length or not one.resets_at > now or not can_be(one.resets_at, length, now) or not used >= 0:
            continue
        before = former.get(length)
        if before is None or not can_be(before, length, now) or one.resets_at - before >= length - _SLACK:
            before = one.resets_at
        found.append(KeptWindow(length=length, used=used, resets_at=one.resets_at, turns_at=before))
    return found


def standing_of(
    told: Mapping[str, Sequence[ToldWindow]], limits: Limits, model: ModelRef, *, role: str, category: str
) -> Standing:
    """What the account behind a model has for a role and category, as it says itself, whoever used the rest.

    `told` is what all accounts say, by pool. Where several windows are used up, the last of them counts.
    """
    free, standing, until = float(limits.open_to(role, category)), OPEN, None
    for window in told.get(model.pool, ()):
        if window.agent != (model.agent or ""):
            continue  # another account
        kept = f", {1 - free:.0%} of it kept free" if free < 1 else ""
        said = (
            f"{model.pool}'s account says that {window.used:.0%} of its {length_words(window.length)} are "
            f"used{kept}, until {at_words(window.resets_at)}"
        )
        charged = window.used >= 1 and allows_extra_usage(limits)  # what was kept free is used, too
        if window.used >= free and not charged:
            if until is None or window.resets_at > until:
                until = window.resets_at
                standing = Standing(level="cooling", said=said, until=until)
        elif until is None and window.used >= min(limits.soft_limit, free):
            standing = Standing(level="soft", said=said)
    return standing
