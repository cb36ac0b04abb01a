"""What a child process is asked to do, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024
"""What is kept of one command's output where nobody says otherwise."""


@dataclass(frozen=True)
class Limits:
    """What a command with all its children may hold at a time; see `limiter.py` for what is counted."""

    memory_bytes: int
    processes: int


@dataclass(frozen=True)
class Command:
    """One program to run to its end, with `input_bytes` (by default nothing) on its standard input."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    """The whole environment for `run`; for `run_confined` what is added to the cleaned one (never `PATH`)."""
    timeout_seconds: float | None = None
    output_limit_bytes: int = OUTPUT_LIMIT_BYTES
    """Above it the middle of the output is left out and the command goes on."""
    separate_errors: bool = False
    """Keep stderr apart from stdout, for output that is parsed."""
    input_bytes: bytes = b""
    stdin: int | None = None
    """A descriptor to read instead, such as the end of a pipe; the caller closes it."""
    heard: Callable[[bytes], None] | None = None
    """Told each piece of standard output as it comes, on the event loop."""
    limits: Limits | None = None
    """None: not counted, for what is ours. Counted on Linux only."""


@dataclass(frozen=True)
class Finished:
    """How a command ended. `exit_code` is negative for a signal, 127 where there is no such program."""

    argv: tuple[str, ...]
    exit_code: int
    duration_seconds: float
    output: bytes
    """Standard output and error in the order they came (only standard output with `separate_errors`)."""
    truncated: bool
    timed_out: bool
    errors: bytes = b""
    exceeded: str = ""
    """The limit over which it was killed, `memory` or `processes`; empty: none."""
    exceeded_by: str = ""
    """How much it held and what is allowed, such as `2.1 GB of 2.0 GB`."""


class Confinement(StrEnum):
    """What keeps a command that a model wrote away from the rest of the machine."""

    BUBBLEWRAP = "bubblewrap"
    NONE = "none"


@dataclass(frozen=True)
class Profile:
    """What a confined command may see and touch beyond the system's own programs."""

    writable: tuple[Path, ...]
    readable: tuple[Path, ...]
    home: Path
    """A private folder that is `HOME` inside; the user's own home is not there."""
    network: bool
    hidden: tuple[Path, ...] = ()
    """Folders of ours that must not show, wherever they are; what is above listed inside them does."""


@dataclass(frozen=True)
class SandboxProbe:
    """Whether the sandbox works here, and if not, why and what to do about it."""

    available: bool
    detail: str
