"""Models called through their provider's API, as one conversation with tools in a checkout.

This file is light; what it calls loads Pydantic AI, its harness and the provider's SDK on first use.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable

from autopack.agents.base import AgentResult, AgentTask, Metering, T, Watcher
from autopack.agents.patience import Patience
from autopack.redaction import Redactor
from autopack.routing.policy import ModelRef, ProviderKind

_SDKS = {
    ProviderKind.OPENAI: ("pydantic_ai.models.openai", "pydantic_ai.providers.openai"),
    ProviderKind.OPENAI_RESPONSES: ("pydantic_ai.models.openai", "pydantic_ai.providers.openai"),
    ProviderKind.ZAI: ("pydantic_ai.models.zai", "pydantic_ai.providers.zai"),
    ProviderKind.ANTHROPIC: ("pydantic_ai.models.anthropic", "pydantic_ai.providers.anthropic"),
}


async def load(kinds: Iterable[ProviderKind]) -> None:
    """Import what calls to these kinds of provider need, in a thread: it takes seconds the first time.

    `ApiAgent.run` does it by itself; a caller that has something to wait for may do it meanwhile.
    """
    await asyncio.to_thread(_load, tuple(kinds))


def _load(kinds: tuple[ProviderKind, ...]) -> None:
    importlib.import_module("autopack.agents.conversation")
    for kind in kinds:
        for module in _SDKS[kind]:
            importlib.import_module(module)


class ApiAgent:
    """The agent of providers' APIs. Holds no connection: each `run` opens its client and closes it."""

    def __init__(self, *, patience: Patience | None = None, redactor: Redactor | None = None) -> None:
        """`redactor` knows the secrets of the environment: none of them is sent to a model."""
        self._patience = patience or Patience()
        self._redactor = redactor or Redactor()

    async def warm_up(self, models: Iterable[ModelRef]) -> None:
        """Import what calling these models needs; `run` does it too, but then one waits for it."""
        await load({model.kind for model in models})

    async def run(self, task: AgentTask[T], *, meter: Metering, watch: Watcher) -> AgentResult[T]:
        """Have the conversation.

        Raises ProviderUnreachable, ProviderRefused and AgentGaveUp (docs/faults.md says when); and whatever
        the meter, the watcher or the shell raise.
        """
        await load([task.model.kind])
        from autopack.agents.conversation import converse

        return await converse(
            task, meter=meter, watch=watch, patience=self._patience, redactor=self._redactor
        )
