"""What every agent does with its books: waits for room, and closes a call also while it is cancelled."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import anyio

from autopack.agents.base import Metering, Watcher
from autopack.processes.ends import complete
from autopack.routing.quota import QuotaBusy
from autopack.usage.schemas import TokenUsage

_BUSY_SECONDS, _LONGEST_BUSY_SECONDS = 0.1, 2.0
"""How often a full quota is asked for room again, at first and at last."""


async def reserve_when_free(meter: Metering, watch: Watcher, *, bound: TokenUsage) -> str:
    """Reserve a call, and wait as long as only others that are open keep it from being made."""
    wait = _BUSY_SECONDS
    while True:
        try:
            return await meter.reserve(bound=bound)
        except QuotaBusy as busy:
            watch.doing(f"waiting for other calls to end: {busy.message}")
        await watch.rest(wait)
        wait = min(wait * 2, _LONGEST_BUSY_SECONDS)


async def surely(booking: Coroutine[Any, Any, None]) -> None:
    """Finish a booking even while being cancelled, once or often: the money is spent either way."""
    with anyio.CancelScope(shield=True):
        await complete(booking)
