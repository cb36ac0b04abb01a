"""Time that a run and its phase are worked on, and since the last sign of life; against the plan's limits."""

from __future__ import annotations

import time
from dataclasses import dataclass

from autopack.errors import AutopackError
from autopack.plan import Limits
from autopack.runs.queries import Worked

MINUTE_SECONDS = 60.0
NOTICE_SHARE = 0.8
"""Share of a limit after which a notice is given."""


class TimeLimitReached(AutopackError):
    """A phase or a run was worked on for as long as its plan allows."""

    code = "time_limit_reached"


class Stalled(AutopackError):
    """Nothing of the run gave a sign of life for as long as its plan allows."""

    code = "stalled"


@dataclass(frozen=True, kw_only=True)
class Near:
    """A limit of which most is over."""

    limit: str
    minutes: float
    left_seconds: float


class Clock:
    """The clocks of a run in one process. They stand still while the machine sleeps."""

    def __init__(self, limits: Limits, before: Worked) -> None:
        """`before` is what earlier segments took."""
        now = time.monotonic()
        self._limits = limits
        self._began = now - before.run
        self._phase_began = now - before.phase
        self._sign = now
        self._noticed: set[str] = set()

    @property
    def worked(self) -> Worked:
        """Seconds so far."""
        now = time.monotonic()
        return Worked(now - self._began, now - self._phase_began)

    def begin_phase(self) -> None:
        """Another phase is at it from now on."""
        self._phase_began = time.monotonic()
        self._noticed.discard("phase_minutes")
        self.sign()

    def sign(self) -> None:
        """Something moves."""
        self._sign = time.monotonic()
        self._noticed.discard("stall_minutes")

    def near(self) -> Near | None:
        """A limit that is near and was not told of yet."""
        for limit, minutes, seconds in self._running():
            if seconds >= NOTICE_SHARE * MINUTE_SECONDS * minutes and limit not in self._noticed:
                self._noticed.add(limit)
                return Near(limit=limit, minutes=minutes, left_seconds=MINUTE_SECONDS * minutes - seconds)
        return None

    def check(self, doing: str) -> None:
        """Raise `TimeLimitReached` or `Stalled` where a limit is over. `doing` is what the run is at."""
        for limit, minutes, seconds in self._running():
            if seconds < MINUTE_SECONDS * minutes:
                continue
            hint = f"It goes on with `autopack retry`; {limit} is in the plan's limits."
            if limit == "stall_minutes":
                raise Stalled(f"No sign of life for {_minutes(minutes)} ({limit}), at: {doing}", hint=hint)
            whose = "The phase" if limit == "phase_minutes" else "The run"
            raise TimeLimitReached(
                f"{whose} was worked on for {_minutes(minutes)} ({limit}), now at: {doing}", hint=hint
            )

    def _running(self) -> list[tuple[str, float, float]]:
        """Each limit there is: its name, its minutes, and the seconds that are over."""
        run, phase = self.worked
        limits = (
            ("run_minutes", self._limits.run_minutes, run),
            ("phase_minutes", self._limits.phase_minutes, phase),
            ("stall_minutes", self._limits.stall_minutes, time.monotonic() - self._sign),
        )
        return [(name, minutes, seconds) for name, minutes, seconds in limits if minutes is not None]


def _minutes(number: float) -> str:
    return f"{number:g} minute{'' if number == 1 else 's'}"
