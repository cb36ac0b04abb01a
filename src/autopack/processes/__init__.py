"""Child processes: run to the end, confined or not, and killed as a whole. Knows nothing of runs."""

from __future__ import annotations

from autopack.processes.command import (
    Command,
    Confinement,
    Finished,
    Limits,
    Profile,
    SandboxProbe,
)
from autopack.processes.machine import machine_limits
from autopack.processes.probe import probe_sandbox
from autopack.processes.sandbox import run_confined
from autopack.processes.spawn import run

__all__ = [
    "Command",
    "Confinement",
    "Finished",
    "Limits",
    "Profile",
    "SandboxProbe",
    "machine_limits",
    "probe_sandbox",
    "run",
    "run_confined",
]
