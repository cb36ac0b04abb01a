"""What the workspace is told and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autopack.processes import Confinement, Limits, machine_limits
from autopack.runs.schemas import Evidence, FileChange


@dataclass(frozen=True)
class CommandSettings:
    """How the plan's commands are run: the plan's words and the process's environment, handed in."""

    confinement: Confinement
    setup: tuple[str, ...]
    copy_files: tuple[str, ...]
    """Untracked files of the user's checkout that the commands need, relative to its top."""
    env: tuple[str, ...]
    """Names of variables that are passed through."""
    network: bool
    environ: Mapping[str, str]
    timeout_seconds: float
    limits: Limits = field(default_factory=machine_limits)
    """Memory and processes of each command, the Builder's shell included."""


@dataclass(frozen=True)
class Change:
    """What differs between two trees. A rename is a deletion and an addition, so that scopes see both."""

    files: tuple[FileChange, ...]
    nested_repositories: tuple[str, ...]
    """Git repositories inside the checkout: their files can't be committed, so the change is not whole."""


@dataclass(frozen=True)
class Setup:
    """What the plan's `setup` did in the Builder's checkout: nothing where it was not due."""

    evidence: tuple[Evidence, ...]
    """The commands that ran now, up to the first that failed."""
    failed: bool
    failure: str
    """For the Builder: the command, how it ended, the end of its output. Empty where it did not fail."""


@dataclass(frozen=True)
class Check:
    """What the commands said about one tree."""

    passed: bool
    setup: tuple[Evidence, ...]
    """The plan's `setup` commands that ran now, as they were due in the checkout that verifies."""
    evidence: tuple[Evidence, ...]
    """The verification commands, up to the first that failed. None ran where setup failed."""
    setup_failed: bool
    failure: str
    """For the Builder: the command, how it ended, the end of its output. Empty where it passed."""
    fingerprint: str | None
    """The same for the same failure, see `fingerprint.py`. None where it passed."""
    changed_by_checks: tuple[str, ...]
    """Tracked files that differ from the tree after the commands: then the check has not passed."""


@dataclass(frozen=True)
class Source:
    """The user's repository as it was found."""

    top: Path
    head: str
    branch: str | None
    """None where HEAD is detached."""


@dataclass(frozen=True)
class MergeResult:
    """What `merge` did: `commit` is the head of the branch `into` now, `message` one line for a person."""

    commit: str
    into: str
    already_merged: bool
    fast_forward: bool
    message: str
    notice: str
    """What the user should know of the run's branch beside that; empty where it is as the run left it."""
