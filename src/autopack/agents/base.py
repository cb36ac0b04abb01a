"""What every way of calling a model has in common: the task, its result, and who is told meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Generic, Protocol, TypeAlias, TypeVar

from autopack.db import WriteSession
from autopack.errors import AutopackError, Unavailable
from autopack.processes import Finished
from autopack.routing.accounts import AccountUsage
from autopack.routing.policy import ModelRef
from autopack.usage.schemas import TokenUsage

T = TypeVar("T")


class Access(StrEnum):
    """What the model may do in the checkout. READ offers neither the writing tools nor a shell."""

    WRITE = "write"
    READ = "read"


@dataclass(frozen=True, kw_only=True)
class ShellResult:
    """How one shell command of the model ended. `output` is stdout and stderr as they came."""

    exit_code: int
    output: str
    timed_out: bool = False
    stopped: str = ""
    """How it went over another limit than that of time, for the model."""


Shell: TypeAlias = Callable[[str, float], Awaitable[ShellResult]]
"""Runs one command line in the checkout, sandboxed, for at most so many seconds."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A coding agent's own program, as it is to be started in the checkout."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    """What it needs beside PATH, HOME, the locale and what leads through the user's network."""
    stdin: int
    """A descriptor that it reads; the caller closes it."""
    heard: Callable[[bytes], None]
    """Told each piece of its standard output."""
    reads: tuple[Path, ...]
    """Folders that it is made of."""
    writes: tuple[Path, ...]
    """Folders where it keeps its configuration and its conversations."""


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Where a coding agent's program works."""

    launch: Callable[[Program], Awaitable[Finished]]
    """Runs it in the checkout, confined as the run is, to its end; cancelled, it leaves no process."""
    folder: Path
    """Of the run, and of this agent alone, for what it keeps between two starts."""
    sandboxed: bool
    """Whether it is confined: then it needs no sandbox of its own."""


@dataclass(frozen=True, kw_only=True)
class AgentTask(Generic[T]):
    """One conversation to be had with a model, from its first prompt to a typed answer."""

    model: ModelRef
    instructions: str
    prompt: str
    checkout: Path
    """The only folder whose files the model sees; `.git` and `.autopack` in it stay out of reach."""
    access: Access
    output: type[T]
    """`str`, or a pydantic model that the answer is validated against."""
    shell: Shell | None = None
    max_requests: int
    """Requests of this conversation that got an answer, those in `history` included."""
    max_output_tokens: int
    """Sent with every request; also the output side of its reservation."""
    history: bytes | None = None
    """A transcript as `Watcher.responded` got it: the conversation goes on behind it, unasked."""
    api_key: str = field(repr=False)
    seat: Seat | None = None
    """For a model that is called through a coding agent's program."""


@dataclass(frozen=True, kw_only=True)
class AgentResult(Generic[T]):
    """The answer, and what this call of `run` took; what came before a resumption is not counted again."""

    output: T
    requests: int
    usage: TokenUsage


Keep: TypeAlias = Callable[[WriteSession], Awaitable[None]]
"""What a transaction has to write beside its own; it comes first in it."""


class Metering(Protocol):
    """Books of one conversation. Each request that is sent is one reservation, closed exactly once:

    settled (it was answered), lost (it may have been billed; how much is unknown), released (it was never
    sent, or refused with an error answer, which no provider bills) or withdrawn (nobody meant to send it).
    """

    async def reserve(self, *, bound: TokenUsage) -> str:
        """Commit to at most `bound` before a request is sent; gives its call id.

        Raises QuotaBusy where it may fit once others have ended, and others where it may not be sent.
        """
        ...

    async def cool_down(self, *, seconds: float, why: str, whole_quota: bool) -> datetime:
        """The provider asked to be left alone so long: this model, or all of its quota. Gives until when."""
        ...

    async def account_says(self, told: AccountUsage) -> bool:
        """The account told how much of its own windows is used. Gives whether to go on.

        Not where it charges for more than it includes, and that is not wanted.
        """
        ...

    async def settle(
        self, call_id: str, *, usage: TokenUsage, response_id: str | None, keep: Keep | None = None
    ) -> None:
        """The request was answered, and this is what the provider says it took.

        `keep` stores what was answered, in the same transaction.
        """
        ...

    async def lose(self, call_id: str, *, why: str, keep: Keep | None = None) -> None:
        """The request went out and no usage came back: recorded as unknown, never as zero."""
        ...

    async def release(self, call_id: str, *, why: str) -> None:
        """Nothing was bought: no connection, or an error answer. The reservation closes without usage."""
        ...

    async def withdraw(self, call_id: str) -> None:
        """No call was made after all: it is as if it had not been reserved."""
        ...


class Watcher(Protocol):
    """Who is told how a conversation goes."""

    def begins(self) -> None:
        """A conversation is about to begin with the prompt; not told of one that is gone on with."""
        ...

    async def asking(self) -> None:
        """A request is about to be reserved and sent: what the checkout holds now, its answer stands on.

        May raise, to end the conversation before it: it goes on from the transcript later.
        """
        ...

    async def responded(self, transcript: bytes) -> Keep:
        """A response is in and none of its tools has run: makes the transcript durable (`history` takes it).

        What it gives back refers to it, in the transaction that closes the call: a response is kept and
        paid for at one moment. Both finish before any cancellation goes on.
        """
        ...

    async def kept(self, transcript: bytes) -> None:
        """Make the transcript and what the checkout holds durable now: of a conversation that others hold.

        A coding agent's program keeps the words itself; the transcript says which conversation it is.
        """
        ...

    async def retrying(self, *, why: str, wait_seconds: float, tries: int) -> None:
        """A request failed and is sent again after a wait; `tries` is how often it was sent."""
        ...

    async def rest(self, seconds: float) -> None:
        """Wait before a request is sent again. May raise, to end the conversation here."""
        ...

    def doing(self, activity: str, *, tokens: int | None = None) -> None:
        """What the model is at just now, on one line; ephemeral.

        What follows a first comma may change while it is the same activity. `tokens` is what the provider
        reported of this conversation so far, where that is new.
        """
        ...


class Agent(Protocol):
    """One way of calling a model."""

    async def warm_up(self, models: Iterable[ModelRef]) -> None:
        """Load what calling these models needs, while the caller still waits for something else."""
        ...

    async def run(self, task: AgentTask[T], *, meter: Metering, watch: Watcher) -> AgentResult[T]:
        """Have the conversation. Raises ProviderUnreachable, ProviderRefused, AgentGaveUp."""
        ...


class ProviderUnreachable(Unavailable):
    """The model's server did not answer, or kept failing, after every retry.

    `until` is when it said that it may be asked again; None where it did not say.
    """

    code = "provider_unreachable"

    def __init__(self, message: str, *, hint: str = "", until: datetime | None = None) -> None:
        super().__init__(message, hint=hint)
        self.until = until


class ProviderRefused(Unavailable):
    """The model's server refused the request itself (key, permission, name, size): asking again is no use."""

    code = "provider_refused"


class AgentGaveUp(AutopackError):
    """The model came to no usable answer: too many requests, or nothing that validates. A failed attempt."""

    code = "agent_gave_up"
