"""The part of the service that drives runs: an engine of its own, for as long as the service is up."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from autopack.supervisor.services import Services


@dataclass
class Serving:
    """A service that drives runs."""

    address: str
    driving: int = 0
    """Runs in hand."""
    healthy: bool = True

    def wake(self) -> None:
        """Look for queued runs now."""


@asynccontextmanager
async def serving(services: Services, *, address: str) -> AsyncGenerator[Serving]:
    """The engine of a service that is reached at `address`, until the end."""
    from autopack.supervisor.engine import engine

    async with engine(services):
        yield Serving(address)
