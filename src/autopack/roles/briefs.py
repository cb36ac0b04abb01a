"""What roles are told about a phase, and the parts of prompts they share."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autopack.agents.base import Access, AgentTask, Seat, Shell, T
from autopack.plan import Phase
from autopack.roles.fence import Fence
from autopack.routing.policy import ModelRef

INSTRUCTION_FILES = ("AGENTS.md", "CLAUDE.md")
INSTRUCTIONS_LIMIT_BYTES = 24_000
"""What is read of each file of agent instructions."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Which attempt at which phase of which run this is about."""

    run_id: str
    phase: Phase
    attempt: int
    commands: tuple[str, ...]
    """Commands that verify the phase; empty where the plan says `verify: none`."""
    secret: bytes = field(repr=False)
    """Of the run; boundary codes of fences are derived from it."""

    def fence(self, role: str) -> Fence:
        """The fence of this attempt for one role."""
        return Fence(
            secret=self.secret,
            run_id=self.run_id,
            phase_id=self.phase.id,
            attempt=self.attempt,
            role=role,
        )


@dataclass(frozen=True, kw_only=True)
class Call:
    """How the model is called: which one, with which limits, from the start or from a transcript."""

    model: ModelRef
    api_key: str = field(repr=False)
    max_requests: int
    max_output_tokens: int
    history: bytes | None = None
    shell: Shell | None = None
    """For the Builder; the Auditor gets none."""
    seat: Seat | None = None
    """Where a coding agent's program works."""

    def task(
        self, *, instructions: str, prompt: str, checkout: Path, access: Access, output: type[T]
    ) -> AgentTask[T]:
        """The task as the agent gets it: what this role is asked, with how the model is called."""
        return AgentTask(
            model=self.model,
            instructions=instructions,
            prompt=prompt,
            checkout=checkout,
            access=access,
            output=output,
            shell=self.shell,
            max_requests=self.max_requests,
            max_output_tokens=self.max_output_tokens,
            history=self.history,
            api_key=self.api_key,
            seat=self.seat,
        )


def scope_lines(phase: Phase) -> str:
    """The phase's file scope as a list."""
    if not phase.files:
        return "The plan names no files for this phase. Change what it needs and nothing else."
    listed = "\n".join(f"- `{pattern}`" for pattern in phase.files)
    return f"Only files that match one of these may be added, changed or deleted:\n\n{listed}"


def command_lines(commands: Iterable[str]) -> str:
    """Verification commands as a list."""
    listed = "\n".join(f"- `{command}`" for command in commands)
    return listed or "None: the plan says that nothing is verified by commands."


def instructions_section(checkout: Path, fence: Fence) -> str:
    """The part of a prompt that carries the repository's own words to agents; empty where it has none."""
    found = agent_instructions(checkout)
    if not found:
        return ""
    texts = "\n\n".join(fence.around(name, text) for name, text in found)
    return f"\n## The repository's own instructions for agents\n\n{texts}\n"


def agent_instructions(checkout: Path) -> list[tuple[str, str]]:
    """The repository's own words to agents: (file name, text) of AGENTS.md and CLAUDE.md at its top.

    A link is followed inside the checkout only, a text is given once, and what exceeds
    INSTRUCTIONS_LIMIT_BYTES is left out with a note.
    """
    found: list[tuple[str, str]] = []
    for name in INSTRUCTION_FILES:
        text = _read_inside(checkout, name)
        if text and text not in (known for _, known in found):
            found.append((name, text))
    return found


def _read_inside(checkout: Path, name: str) -> str | None:
    """The text of a regular file below the checkout, or None. Devices and pipes are not waited for."""
    root = checkout.resolve()
    target = (root / name).resolve()
    if not target.is_relative_to(root) or ".git" in target.relative_to(root).parts:
        return None
    try:
        handle = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(INSTRUCTIONS_LIMIT_BYTES + 1)
    finally:
        os.close(handle)
    text = content[:INSTRUCTIONS_LIMIT_BYTES].decode("utf-8", errors="replace").strip()
    more = len(content) > INSTRUCTIONS_LIMIT_BYTES
    return f"{text}\n[… cut here; the file goes on …]" if more else text
