"""A conversation that is not gone on with: nothing of it is kept, and nobody is told how it goes."""

from __future__ import annotations

import asyncio

from autopack.agents.base import Keep
from autopack.db import WriteSession


class Unwatched:
    """The watcher of such a conversation."""

    def begins(self) -> None:
        """Nothing is kept of a prompt."""

    async def asking(self) -> None:
        """Nothing is kept of a checkout."""

    async def responded(self, transcript: bytes) -> Keep:
        """Nothing is kept of an answer."""
        return _nothing

    async def kept(self, transcript: bytes) -> None:
        """Nothing is kept of a conversation that a program holds."""

    async def retrying(self, *, why: str, wait_seconds: float, tries: int) -> None:
        """Nobody is told."""

    async def rest(self, seconds: float) -> None:
        """Wait before a request is sent again."""
        await asyncio.sleep(seconds)

    def doing(self, activity: str, *, tokens: int | None = None) -> None:
        """Nobody is shown."""


async def _nothing(_session: WriteSession) -> None: ...
