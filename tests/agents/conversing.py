"""What tests of conversations share: books in memory, a watcher that keeps what it is told, tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from autopack.agents.base import Access, AgentTask, Keep, Shell
from autopack.agents.patience import Patience
from autopack.routing.accounts import AccountUsage
from autopack.routing.meter import LONGEST_COOLDOWN
from autopack.routing.policy import ModelRef, ProviderKind
from autopack.simulator import RunningSimulator, Scenario
from autopack.usage.schemas import TokenUsage

T = TypeVar("T")

PATIENCE = Patience(connect_seconds=2, read_seconds=5, request_seconds=20, retries=2, backoff_seconds=0.01)
KINDS = tuple(ProviderKind)
_NAMES = {
    ProviderKind.OPENAI: ("openai", "gpt", "gpt-6.1-terra", "OPENAI_API_KEY"),
    ProviderKind.OPENAI_RESPONSES: ("openai", "gpt", "gpt-6.1-terra", "OPENAI_API_KEY"),
    ProviderKind.ANTHROPIC: ("anthropic", "claude", "claude-sonnet-5-5", "ANTHROPIC_API_KEY"),
    ProviderKind.ZAI: ("glm", "glm", "glm-5.3", "ZAI_API_KEY"),
}
KEY = "sk-test-0123456789"


class Finding(BaseModel):
    """A typed answer."""

    colour: str
    count: int


@dataclass
class Books:
    """A meter in memory: what was reserved, and how each reservation was closed."""

    bounds: dict[str, TokenUsage] = field(default_factory=dict[str, TokenUsage])
    settled: dict[str, tuple[TokenUsage, str | None]] = field(
        default_factory=dict[str, tuple[TokenUsage, str | None]]
    )
    lost: dict[str, str] = field(default_factory=dict[str, str])
    released: dict[str, str] = field(default_factory=dict[str, str])
    cooldowns: list[tuple[float, str, bool]] = field(default_factory=list[tuple[float, str, bool]])

    account: list[AccountUsage] = field(default_factory=list[AccountUsage])
    extra_usage: bool = False

    async def reserve(self, *, bound: TokenUsage) -> str:
        call_id = f"call-{len(self.bounds) + 1}"
        self.bounds[call_id] = bound
        return call_id

    async def cool_down(self, *, seconds: float, why: str, whole_quota: bool) -> datetime:
        self.cooldowns.append((seconds, why, whole_quota))
        return datetime.now(UTC) + min(timedelta(seconds=min(seconds, 1e9)), LONGEST_COOLDOWN)

    async def account_says(self, told: AccountUsage) -> bool:
        self.account.append(told)
        return self.extra_usage or not told.extra

    async def settle(
        self, call_id: str, *, usage: TokenUsage, response_id: str | None, keep: Keep | None = None
    ) -> None:
        self._close(call_id)
        self.settled[call_id] = (usage, response_id)

    async def lose(self, call_id: str, *, why: str, keep: Keep | None = None) -> None:
        self._close(call_id)
        self.lost[call_id] = why

    async def release(self, call_id: str, *, why: str) -> None:
        self._close(call_id)
        self.released[call_id] = why

    async def withdraw(self, call_id: str) -> None:
        self._close(call_id)
        del self.bounds[call_id]

    def _close(self, call_id: str) -> None:
        """A call without a reservation was made while a coding agent was interrupted."""
        self.bounds.setdefault(call_id, TokenUsage())
        assert call_id in self.open, f"{call_id} is not open"

    @property
    def open(self) -> set[str]:
        return self.bounds.keys() - self.settled.keys() - self.lost.keys() - self.released.keys()

    @property
    def spent(self) -> TokenUsage:
        return sum((usage for usage, _ in self.settled.values()), TokenUsage())


class Killed(BaseException):
    """Stands for the death of the process at one point."""


@dataclass
class Notes:
    """A watcher that keeps what it is told, and may die at the n-th response."""

    transcripts: list[bytes] = field(default_factory=list[bytes])
    activities: list[str] = field(default_factory=list[str])
    retries: list[tuple[str, float, int]] = field(default_factory=list[tuple[str, float, int]])
    dies_at: int | None = None
    kept_after: int = -1
    """How many responses there were when it was last kept by itself."""
    begun: int = 0
    """How often a conversation began with the task's prompt."""

    def begins(self) -> None:
        self.begun += 1

    async def asking(self) -> None:
        """Nothing to keep: the checkout is not followed."""

    async def retrying(self, *, why: str, wait_seconds: float, tries: int) -> None:
        self.retries.append((why, wait_seconds, tries))

    async def responded(self, transcript: bytes) -> Keep:
        self.transcripts.append(transcript)
        if len(self.transcripts) == self.dies_at:
            raise Killed
        return _nothing

    async def kept(self, transcript: bytes) -> None:
        self.kept_after = len(self.transcripts)
        self.transcripts.append(transcript)

    async def rest(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        while (left := until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(left)

    def doing(self, activity: str, *, tokens: int | None = None) -> None:
        self.activities.append(activity)


async def _nothing(_session: object) -> None:
    """These books have no transaction."""


def script(*steps: dict[str, Any], when: Sequence[str] = ()) -> Scenario:
    """A scenario of one conversation."""
    conversation = {"when": list(when), "steps": list(steps)}
    return Scenario.model_validate({"schema_version": 1, "name": "test", "conversations": [conversation]})


def model_at(url: str | None, kind: ProviderKind, *, name: str | None = None) -> ModelRef:
    """A model of a kind at an address."""
    provider, family, usual, variable = _NAMES[kind]
    return ModelRef(
        name=name or usual,
        provider=provider,
        kind=kind,
        family=family,
        base_url=url,
        api_key_env=variable,
        simulated=True,
    )


def simulated(simulator: RunningSimulator, kind: ProviderKind) -> ModelRef:
    """A model that the simulator answers for."""
    return model_at(simulator.url + path_of(kind), kind)


def path_of(kind: ProviderKind) -> str:
    """What a server's address ends with for clients of a kind."""
    return {ProviderKind.ANTHROPIC: "", ProviderKind.ZAI: "/api/paas/v4"}.get(kind, "/v1")


def task_for(
    model: ModelRef,
    checkout: Path,
    output: type[T],
    *,
    access: Access = Access.WRITE,
    shell: Shell | None = None,
    history: bytes | None = None,
    max_requests: int = 20,
    prompt: str = "Role: builder\nRun: run_1\nPhase: store\nAttempt: 1\n\nDo it.",
) -> AgentTask[T]:
    """A task with everything else filled in."""
    return AgentTask(
        model=model,
        instructions="You build things.",
        prompt=prompt,
        checkout=checkout,
        access=access,
        output=output,
        shell=shell,
        max_requests=max_requests,
        max_output_tokens=1234,
        history=history,
        api_key=KEY,
    )


def calls(*named: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A step that calls tools."""
    return {"calls": [{"tool": tool, "args": args} for tool, args in named]}
