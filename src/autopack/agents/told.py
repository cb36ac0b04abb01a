"""What a coding agent's program tells while it works, in one form for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from autopack.agents.base import AgentTask
from autopack.routing.accounts import AccountUsage
from autopack.routing.policy import CodingAgent
from autopack.usage.schemas import TokenUsage


@dataclass(frozen=True)
class Began:
    """The conversation can be gone on with under this name."""

    session: str


@dataclass(frozen=True)
class Answered:
    """One call to the model ended; `usage` includes what came from the cache."""

    usage: TokenUsage
    response_id: str | None
    last: bool = False
    """Whether it is known to be followed by no other, as nothing was asked to be done."""


@dataclass(frozen=True)
class Doing:
    """What it is at just now, on one line."""

    activity: str


@dataclass(frozen=True)
class Failing:
    """A call failed, and the program tries again by itself."""

    said: str


@dataclass(frozen=True)
class Ended:
    """Its terminal event: nothing but this says that it came to an end."""

    text: str = ""
    answer: object = None
    """Its answer as JSON, where it gave one apart from its text."""
    usage: TokenUsage | None = None
    """All that this start of it took; None where it does not say, or said it call by call."""
    failure: str = ""
    """Why it failed, in its own words; empty: it says that it did not."""


@dataclass(frozen=True)
class Limited:
    """A limit of the account is reached, until an instant where it named one."""

    said: str
    until: datetime | None = None
    whole_quota: bool = True
    """Whether it holds for all models of the account, and not for this one alone."""


@dataclass(frozen=True)
class AccountSaid:
    """How much of the account's own windows is used, as it says itself."""

    usage: AccountUsage


Told: TypeAlias = Began | Answered | Doing | Failing | Ended | Limited | AccountSaid


class Sitting(Protocol):
    """One start of an agent's program: how, and what its lines mean."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    said: bytes
    """What it reads first."""
    interrupting: bytes
    """What makes it stop and tell what it took; empty: it has no such word, and its input ends at once."""
    reads: tuple[Path, ...]
    """Folders that the program is made of."""
    writes: tuple[Path, ...]
    """Folders of its configuration and its conversations."""

    def read(self, event: Mapping[str, Any]) -> Iterable[Told]:
        """What one event of its stream tells; nothing, for those that are not known."""
        ...

    def look(self) -> Iterable[Told]:
        """What it has written elsewhere since; called after each event, and when it has ended."""
        ...


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a program is started with."""

    task: AgentTask[Any]
    program: Path
    prompt: str
    session: str | None
    """Go on with this conversation."""
    schema: Mapping[str, Any] | None
    """JSON Schema of the answer; None: text."""
    folder: Path
    environ: Mapping[str, str] = field(repr=False)


class Adapter(Protocol):
    """What is particular to one coding agent."""

    name: CodingAgent
    programs: tuple[str, ...]
    """Names of its program, as found on PATH."""
    advisory: bool
    """It tells what it took at its end only: caps can be passed meanwhile."""
    tried: str
    """The version of its program that all this was tried with; empty: none was."""

    def sit(self, start: Start) -> Sitting:
        """One start of its program."""
        ...
