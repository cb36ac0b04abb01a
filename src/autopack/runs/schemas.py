"""What a run's records hold: evidence of commands, file changes, plans as they were when the run began."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt


def branch_name(run_id: str) -> str:
    """Short name of the branch that holds a run's commits, in its workspace and in the user's repository."""
    return f"autopack/{run_id}"


class TestCounts(BaseModel):
    """What a test runner said of itself at its end."""

    __test__ = False
    model_config = ConfigDict(frozen=True)

    passed: NonNegativeInt = 0
    failed: NonNegativeInt = 0
    errors: NonNegativeInt = 0
    skipped: NonNegativeInt = 0


class Evidence(BaseModel):
    """One command that really ran: what it was, how it ended, on which tree, and where its output is.

    The output is whole up to a limit (`processes.command.OUTPUT_LIMIT_BYTES`). Beyond it the middle is left
    out, and a line in its place says how much.
    """

    model_config = ConfigDict(frozen=True)

    argv: tuple[str, ...]
    exit_code: int
    """Negative for a signal; 127 where the shell did not find the command."""
    duration_seconds: float
    output_sha: str
    """Artifact of the output, stdout and stderr in the order they came: all of it, or see `truncated`."""
    tree: str
    """Git tree id the command ran on."""
    counts: TestCounts | None = None
    timed_out: bool = False
    exceeded: str = ""
    """The limit over which it was killed, `memory` or `processes`; empty: none."""
    exceeded_by: str = ""
    """How much it held and what is allowed, such as `2.1 GB of 2.0 GB`."""
    truncated: bool = False
    """The output was longer than the limit: what is stored is its beginning and its end."""


class FileChange(BaseModel):
    """One path that differs between two trees. Line counts are None for binary files."""

    model_config = ConfigDict(frozen=True)

    path: str
    status: Literal["added", "modified", "deleted", "renamed", "type_changed"]
    binary: bool
    added_lines: int | None
    deleted_lines: int | None


class Lesson(BaseModel):
    """What a model would have later runs of a project know, and what a person decided about it."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    id: str
    """Eight hex digits: its heading's in `.autopack/lessons.md` once it is accepted."""
    text: str
    """One line."""
    state: Literal["proposed", "accepted", "dismissed"] = "proposed"
