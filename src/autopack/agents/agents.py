"""Every way of calling a model as one agent: a provider's API, or a coding agent's program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from autopack.agents.api import ApiAgent
from autopack.agents.base import Agent, AgentResult, AgentTask, Metering, T, Watcher
from autopack.agents.claude_code import ClaudeCode
from autopack.agents.codex import Codex
from autopack.agents.coding import ProgramAgent
from autopack.agents.cursor import Cursor
from autopack.agents.installed import find_program
from autopack.agents.patience import Patience
from autopack.agents.told import Adapter
from autopack.redaction import Redactor
from autopack.routing.policy import CodingAgent, ModelRef

ADAPTERS: Mapping[CodingAgent, Adapter] = {one.name: one for one in (ClaudeCode(), Codex(), Cursor())}


def check_installed(models: Iterable[ModelRef], environ: Mapping[str, str]) -> None:
    """Raises ProviderRefused where the program of one of these models is not on PATH."""
    for agent in {model.agent: None for model in models}:
        if agent is not None:
            find_program(ADAPTERS[agent], environ)


def is_advisory(model: ModelRef) -> bool:
    """Whether a model is called through a program that tells what it took at its end only."""
    return model.agent is not None and ADAPTERS[model.agent].advisory


class AnyAgent:
    """Calls each model in the way that its name says: `codex/gpt-5.1` by Codex, a bare one by its API."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        patience: Patience | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        """`environ` is where programs and their logins are found; `redactor` knows its secrets."""
        self._api = ApiAgent(patience=patience, redactor=redactor)
        self._programs: Mapping[CodingAgent, Agent] = {
            name: ProgramAgent(adapter, environ=environ, patience=patience, redactor=redactor)
            for name, adapter in ADAPTERS.items()
        }

    async def warm_up(self, models: Iterable[ModelRef]) -> None:
        """Load what calling these models needs, while the caller still waits for something else."""
        await self._api.warm_up([model for model in models if model.agent is None])

    async def run(self, task: AgentTask[T], *, meter: Metering, watch: Watcher) -> AgentResult[T]:
        """Have the conversation. Raises ProviderUnreachable, ProviderRefused, AgentGaveUp."""
        agent = self._api if task.model.agent is None else self._programs[task.model.agent]
        return await agent.run(task, meter=meter, watch=watch)
