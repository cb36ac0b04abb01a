"""What a conversation with a coding agent's program takes: booked as it tells of it."""

from __future__ import annotations

import contextlib
import json
import secrets
from typing import Any

from autopack.agents.base import AgentGaveUp, AgentTask, Metering, Watcher
from autopack.agents.booking import reserve_when_free
from autopack.agents.told import Answered
from autopack.errors import AutopackError
from autopack.routing.accounts import AccountUsage
from autopack.routing.policy import ProviderKind
from autopack.usage.schemas import TokenUsage

CONTEXT_TOKENS = 200_000
"""Of a model whose window is not known."""
STEP_TOKENS = 50_000
"""What one call may have more in it than the one before held and said: results of tools."""
OWN_TOKENS = 30_000
"""What an agent adds to the first prompt: its own words, and its tools."""


class Books:
    """What a conversation took, over all its starts, and the one reservation that is open."""

    def __init__(
        self, meter: Metering, watch: Watcher, task: AgentTask[Any], *, session: str | None, answered: int
    ) -> None:
        self.model = task.model.name
        self.session = session
        self.usage = TokenUsage()
        self.answered = answered
        """Calls of the conversation, those of earlier processes included."""
        self.watch = watch
        self._meter = meter
        self._task = task
        self._call: str | None = None
        self._context = len(task.prompt.encode()) // 2 + OWN_TOKENS

    def transcript(self) -> bytes:
        """Names the conversation that the program holds."""
        agent = self._task.model.agent
        told = {"agent": agent, "session": self.session, "answered": self.answered}
        return json.dumps(told).encode()

    def forget(self) -> None:
        """The program does not know the conversation any more."""
        self.session = None

    async def open(self) -> None:
        """Reserve the first call, once the run may go on and there is room for it."""
        await self.watch.asking()
        self._call = await reserve_when_free(self._meter, self.watch, bound=self._bound())

    def _bound(self) -> TokenUsage:
        size = min(CONTEXT_TOKENS, self._context)
        return TokenUsage(
            input_tokens=size,
            output_tokens=self._task.max_output_tokens,
            cache_write_tokens=size if self._task.model.kind is ProviderKind.ANTHROPIC else 0,
        )

    async def keep(self) -> None:
        """Keep what the checkout holds: the conversation is left here, to be gone on with later."""
        if self.session is not None:
            with contextlib.suppress(AutopackError):  # the run is another's, or its database away
                await self.watch.kept(self.transcript())

    async def began(self, session: str) -> None:
        """The conversation has a name by which it can be gone on with."""
        if session != self.session:
            self.session = session
            await self.watch.kept(self.transcript())

    async def settle(self, told: Answered) -> None:
        """A call is answered: it closes the open reservation, also where keeping its checkout fails."""
        self.answered += 1
        self._context = told.usage.total + STEP_TOKENS
        call = self._call or _new_call()
        try:
            await self._settled(call, told)
        finally:
            self._call = None
            self.usage += told.usage

    async def _settled(self, call: str, told: Answered) -> None:
        try:
            keep = await self.watch.responded(self.transcript()) if self.session is not None else None
            await self._meter.settle(call, usage=told.usage, response_id=told.response_id, keep=keep)
        except Exception:
            await self._meter.settle(call, usage=told.usage, response_id=told.response_id)
            raise

    async def go_on(self) -> None:
        """Reserve one more call. Raises AgentGaveUp past the most that the task may make, and QuotaBusy: the
        program is at work, and waits for nothing.
        """
        if self.answered >= self._task.max_requests:
            name = self._task.model.name
            raise AgentGaveUp(f"{name} made {self.answered} calls and did not come to an end.")
        await self.watch.asking()
        self._call = await self._meter.reserve(bound=self._bound())

    async def account_says(self, told: AccountUsage) -> bool:
        """The account told how much of it is used. Gives whether to go on."""
        return await self._meter.account_says(told)

    async def close(self, *, known: TokenUsage | None, lost: str, answered: bool = False) -> None:
        """Close what is open: `known` is what beside the settled calls was taken; None: unknown, unless
        `lost` is empty, and so no call was under way. `answered`: it came to an end all the same."""
        call, self._call = self._call, None
        if known is not None and known.total > 0:
            self.answered += 1
            self.usage += known
            await self._settled(call or _new_call(), Answered(known, None))
        elif call is None:
            return
        elif known is not None or not lost:
            await self._meter.withdraw(call)
        else:
            keep = await self.watch.responded(self.transcript()) if answered and self.session else None
            await self._meter.lose(call, why=lost, keep=keep)


def _new_call() -> str:
    """The id of a call that nothing was reserved for: it was made all the same."""
    return f"call_{secrets.token_hex(12)}"
