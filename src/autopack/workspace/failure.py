"""A failed command in words for the Builder: which it was, how it ended, the end of its output."""

from __future__ import annotations

import re
from typing import Literal

from autopack.processes import Finished
from autopack.workspace.counts import plain

Part = Literal["setup", "verify"]
"""The list of the plan's that a command stands in."""

_TAIL_CHARACTERS = 8_000
_NOT_FOUND = re.compile(
    r"^\S*sh: (?:line )?(?:\d+: )?(?P<name>[^:\n]+): (?:command )?not found$", re.MULTILINE
)
_CALLED: dict[Part, str] = {"setup": "The plan's setup command", "verify": "The command"}
_ASKED: dict[Part, str] = {
    "setup": "is it on the PATH, and written right in the plan's setup?",
    "verify": "is it installed by the plan's setup and written right in the plan's verify?",
}


def has_failed(finished: Finished) -> bool:
    """Whether a command failed: one that was stopped at one of its limits has, whatever its exit code."""
    return finished.exit_code != 0 or finished.timed_out or bool(finished.exceeded)


def over_limit(finished: Finished) -> str:
    """How a command went over its limit of memory or processes; empty where it did not."""
    return (
        f"was killed: with all that it started it took more {finished.exceeded} than one command may "
        f"({finished.exceeded_by}); `limits: {{{finished.exceeded}: …}}` in the plan sets it"
        if finished.exceeded
        else ""
    )


def describe_failure(finished: Finished, *, part: Part) -> str:
    """Say how one of the plan's commands (`sh -c <command>`) failed."""
    command, said = finished.argv[-1], plain(finished.output)
    if finished.timed_out:
        reason = f"did not end within {finished.duration_seconds:.0f} s and was stopped"
    elif finished.exceeded:
        reason = over_limit(finished)
    elif finished.exit_code == 127:
        missing = _NOT_FOUND.search(said)
        name = missing["name"] if missing else command.split()[0]
        reason = f"failed with exit code 127, command not found: {name}; {_ASKED[part]}"
    elif finished.exit_code < 0:
        reason = f"was killed by signal {-finished.exit_code}"
    else:
        reason = f"failed with exit code {finished.exit_code}"
    tail = said[-_TAIL_CHARACTERS:].strip()
    shown = "It said nothing." if not tail else "The end of its output:\n" + tail
    return f"{_CALLED[part]} `{command}` {reason}.\n{shown}"
