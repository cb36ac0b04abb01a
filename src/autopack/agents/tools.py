"""The tools of a conversation: the harness's file tools in the checkout, and our own sandboxed shell."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic_ai import ModelRetry
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import SkipToolExecution
from pydantic_ai.messages import BinaryContent, ToolCallPart
from pydantic_ai.tools import RunContext, Tool, ToolDefinition
from pydantic_ai.workspaces import WorkspaceError
from pydantic_ai_harness.filesystem import FileSystem

from autopack.agents.base import Access, Shell
from autopack.agents.failures import one_line
from autopack.agents.storable import storable
from autopack.errors import AutopackError, Unavailable, of_system

READING = ("read_file", "list_directory", "search_files", "find_files")
WRITING = ("write_file", "edit_file")
_READ_BY_HARNESS = tuple(name for name in READING if name != "search_files")  # that one is in searching.py

SHELL_OUTPUT_CHARS = 20_000
"""What the model sees of one command's output; its head and its tail where it is longer."""
SHELL_TIMEOUT_SECONDS = 300.0
LONGEST_SHELL_TIMEOUT_SECONDS = 1800.0

LONGEST_COMMAND_BYTES = 100_000
"""Linux takes 128 KiB as one argument of a program."""

MOST_CALLS = 200
"""Tool calls of one answer that are carried out."""

TRIES_PER_TOOL = 8
"""Failures of one tool in a row before the conversation is given up."""

_LONGEST_ACTIVITY = 120
_WITHOUT_NUL = ("command", "path", "include_glob")
_SUBJECTS = ("command", "path", "pattern")


@functools.cache
def file_tools(access: Access) -> FileSystem[None]:
    """File tools for an access. `.git` can't be seen; `.autopack` (plan and notes) can't be changed.

    The harness's default patterns also forbid writing `.env*`, `*secrets*` and keys; such names are
    ordinary in test fixtures and examples, the checkout holds no others, and the diff shows them all.
    They hold nothing of a conversation, so there is one set per access.
    """
    return FileSystem[None](
        denied_patterns=["**/.git"],
        read_only_patterns=["**/.autopack"],
        read_only=access is Access.READ,
        tools=_READ_BY_HARNESS if access is Access.READ else (*_READ_BY_HARNESS, *WRITING),
        content_hashes=False,
        max_list_results=500,
        max_find_results=500,
        max_read_chars=40_000,
        max_retries=TRIES_PER_TOOL,
    )


def shell_tool(shell: Shell) -> Tool[None]:
    """The tool `shell`, whose commands run in the checkout's sandbox."""

    async def run_shell(command: str, timeout_seconds: float = SHELL_TIMEOUT_SECONDS) -> str:
        """Run a command line with sh in the repository's top folder and wait for it.

        The output is stdout and stderr as they came. Nothing is left running after the command ends.

        Args:
            command: The command line.
            timeout_seconds: Seconds after which it is killed; 300 if not given, 1800 at most.
        """
        seconds = min(max(timeout_seconds, 1.0), LONGEST_SHELL_TIMEOUT_SECONDS)
        result = await shell(command, seconds)
        ended = f"killed after {seconds:g} s" if result.timed_out else f"exit code {result.exit_code}"
        if result.stopped:
            ended = result.stopped
        return f"[{ended}]\n{bounded(result.output, SHELL_OUTPUT_CHARS)}"

    return Tool(run_shell, name="shell", max_retries=TRIES_PER_TOOL)


def bounded(text: str, limit: int) -> str:
    """The text, or its first third and its last two thirds with a note of what was left out."""
    if len(text) <= limit:
        return text
    head = limit // 3
    tail = limit - head
    return f"{text[:head]}\n[… {len(text) - limit} characters left out …]\n{text[-tail:]}"


@dataclass
class Desk(AbstractCapability[None]):
    """What happens around each tool: it is announced, folders are made, and pictures stay out.

    A picture or PDF costs tokens by its size in pixels, not by its bytes, so it would break the bound
    under which a request was reserved; the model is told that it is one.
    """

    doing: Callable[[str], None] = field(default=lambda activity: None)
    make_folder: Callable[[str, RunContext[None]], Awaitable[None]] | None = None
    _step: int = -1
    _calls: int = 0

    async def before_tool_execute(
        self,
        ctx: RunContext[None],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
    ) -> dict[str, Any]:
        """Send back what can't be carried out; announce the tool; give a file to be written its folder."""
        self._count(ctx.run_step)
        check(call.tool_name, args)
        self.doing(activity(call.tool_name, args))
        if call.tool_name == "write_file" and self.make_folder is not None:
            folder = posixpath.dirname(str(args["path"]))
            if folder:
                await self.make_folder(folder, ctx)
        return args

    def _count(self, step: int) -> None:
        self._calls = self._calls + 1 if step == self._step else 1
        self._step = step
        if self._calls > MOST_CALLS:
            raise SkipToolExecution(f"Not run: too many calls in one answer. {MOST_CALLS} at most are.")

    async def after_tool_execute(
        self,
        ctx: RunContext[None],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        result: Any,
    ) -> Any:
        """Replace pictures by words, and what can't be sent or stored."""
        if isinstance(result, list):
            parts = cast(list[object], result)
            result = "".join(
                f"({part.media_type}, {len(part.data)} bytes: not shown)\n"
                if isinstance(part, BinaryContent)
                else str(part)
                for part in parts
            )
        return storable(result) if isinstance(result, str) else result

    async def on_tool_execute_error(
        self,
        ctx: RunContext[None],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        error: Exception,
    ) -> Any:
        """What the model can't mend (a full disk, a checkout that is gone) ends the conversation.

        Anything else that a tool of the harness raises is told to the model, and so is an argument that
        our shell can't use: raised again, it would end each resumed run at the same place.
        """
        if call.tool_name in (*READING, *WRITING) and isinstance(error, OSError | WorkspaceError):
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            if isinstance(error, OSError) and (known := of_system(error)) is not None:
                raise known from error
            raise Unavailable(
                f"{call.tool_name} failed in the checkout: {reason}",
                hint="see that the disk has room and AUTOPACK_HOME can be written",
            ) from error
        harness = call.tool_name in (*READING, *WRITING) and not isinstance(error, AutopackError)
        if harness or isinstance(error, ValueError):
            raise ModelRetry(
                f"{call.tool_name} can't do this: {type(error).__name__}: {one_line(str(error))}"
            ) from error
        raise error


def check(tool: str, args: dict[str, Any]) -> None:
    """Raise ModelRetry for arguments that no file and no process can be given."""
    if any("\0" in str(args[name]) for name in _WITHOUT_NUL if args.get(name)):
        raise ModelRetry("A command or path can't hold a NUL character.")
    if tool == "shell" and len(str(args["command"]).encode()) > LONGEST_COMMAND_BYTES:
        raise ModelRetry(
            f"The command is longer than {LONGEST_COMMAND_BYTES} bytes: write a script and run that."
        )


def activity(tool: str, args: dict[str, Any]) -> str:
    """A tool call on one line, such as `shell: python3 -m unittest`."""
    subject = next((str(args[name]) for name in _SUBJECTS if args.get(name)), "")
    line = f"{tool}: {one_line(subject)}" if subject else tool
    return line if len(line) <= _LONGEST_ACTIVITY else line[: _LONGEST_ACTIVITY - 1] + "…"
