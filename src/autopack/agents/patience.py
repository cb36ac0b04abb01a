"""How long a model's server is waited for."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long, in seconds, and how often a model's server is waited for."""

    connect_seconds: float = 10.0
    read_seconds: float = 300.0
    """Longest silence inside a response: answers are streamed, so this is a stall, not a long answer."""
    request_seconds: float = 1800.0
    """Longest time for one whole response."""
    silence_seconds: float = 1200.0
    """Longest silence of a coding agent's program: while a command of its runs, it may say nothing."""
    failing_seconds: float = 120.0
    """How long a coding agent's program may tell of nothing but failing calls: some try for ever."""
    program_seconds: float = 4 * 3600.0
    """Longest time for one start of a coding agent's program."""
    retries: int = 6
    """Further tries of one request after a fault that may pass; each is its own reservation."""
    backoff_seconds: float = 1.0
    """Wait before the first retry where the server names none; doubled for each further one."""
    longest_backoff_seconds: float = 60.0
    jitter: float = 0.25
    """The part of a wait by which it is made longer or shorter, so that many clients do not come at once."""
    longest_wait_seconds: float = 600.0
    """A server that asks for more than this counts as unreachable for now."""

    def wait_seconds(self, tries: int, *, asked: float | None) -> float:
        """How long to wait after so many tries: what the server asked for, at least the first backoff."""
        doubled = self.backoff_seconds * 2 ** (0 if asked is not None else tries - 1)
        wait = min(doubled, self.longest_backoff_seconds)
        wait *= random.uniform(1 - self.jitter, 1 + self.jitter)
        return max(wait, asked or 0.0)
