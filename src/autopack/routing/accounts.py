"""What the account behind a quota says of itself: how much of its own windows is used, and when they reset.

A subscription's programs pass it on. It counts what is used beside Autopack, too; the ledger can't.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from autopack.routing.windows import HOUR

_SLACK = timedelta(minutes=10)
"""By how much clocks may differ."""
_SAME = timedelta(minutes=1)
"""A reset that is told as seconds from now is told a little differently each time."""


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


def possible(
    told: AccountUsage, former: Mapping[timedelta, datetime], *, now: datetime
) -> list[AccountWindow]:
    """The windows that can be as they were told, in whole hours; a reset that is told again stays as it was.

    `former` holds the resets that were told before, by the windows' lengths.
    """
    found: list[AccountWindow] = []
    for one in told.windows:
        length = round(one.length / HOUR) * HOUR
        to_come = timedelta(0) < one.resets_at - now <= length + _SLACK
        if length and to_come and math.isfinite(one.used) and one.used >= 0:
            before = former.get(length)
            same = before is not None and abs(before - one.resets_at) < _SAME
            resets_at = before if before is not None and same else one.resets_at
            found.append(AccountWindow(length=length, used=one.used, resets_at=resets_at))
    return found
