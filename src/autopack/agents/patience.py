"""How long a model's server is waited for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long, in seconds, and how often a model's server is waited for."""

    connect_seconds: float = 10.0
    read_seconds: float = 300.0
    """Longest silence inside a response: answers are streamed, so this is a stall, not a long answer."""
    request_seconds: float = 1800.0
    """Longest time for one whole response."""
    retries: int = 2
    """Further tries of one request after connection errors, 429, 5xx and 529; each is its own reservation."""
    backoff_seconds: float = 1.0
    """Wait before the first retry where the server names none; doubled for each further one."""
    longest_wait_seconds: float = 30.0
    """A server that asks for more than this counts as unreachable for now."""
