"""Cursor: `cursor-agent -p` (read in its documentation; it can't be had from a package registry).

It tells what it took at its end only, and that is not documented: caps are advisory, and where the counts are
missing they are unknown. A failure is an exit code and words on stderr, without any event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from autopack.agents.base import Access
from autopack.agents.installed import folders_of, there
from autopack.agents.shared import write_anew
from autopack.agents.told import Began, Doing, Ended, Start, Told
from autopack.agents.words import count_in, object_in, one_line
from autopack.routing.policy import CodingAgent
from autopack.usage.schemas import TokenUsage

_KEY = "CURSOR_API_KEY"
_SETTINGS = ("cli-config.json", "mcp.json", "hooks.json", "rules", "commands")
"""What is in force where a user starts it, and so nothing for a model to write."""
_LONGEST_ARGUMENT_BYTES = 100_000
"""Linux takes no argument of 128 KiB; a longer prompt is a file that it is told to read."""


class Cursor:
    """The adapter of Cursor."""

    name: CodingAgent = CodingAgent.CURSOR
    programs: tuple[str, ...] = ("cursor-agent",)
    advisory: bool = True
    tried: str = ""

    def sit(self, start: Start) -> CursorSitting:
        """One start of `cursor-agent -p`."""
        return CursorSitting(start)


class CursorSitting:
    """One start of it."""

    said = interrupting = b""

    def __init__(self, start: Start) -> None:
        task = start.task
        prompt = start.prompt if start.session else f"{task.instructions}\n\n{start.prompt}"
        if start.schema is not None:
            schema = json.dumps(start.schema)
            prompt += f"\n\nEnd with JSON that fits this schema, and nothing else:\n{schema}\n"
        self.argv = (
            str(start.program), "-p", "--trust", "--output-format", "stream-json",
            "--model", task.model.called,
            *(("--force",) if task.access is Access.WRITE else ()),
            "--workspace", str(task.checkout),
            *(() if start.session is None else ("--resume", start.session)),
            _argument(prompt, start.folder),
        )  # fmt: skip
        home = Path(start.environ.get("HOME") or Path.home())
        logins = [folder for folder in (home / ".config/cursor", home / ".cursor") if folder.is_dir()]
        if key := start.environ.get(_KEY, "").strip():
            self.env: Mapping[str, str] = {_KEY: key}
            self.writes: tuple[Path, ...] = (start.folder,)
        else:
            self.env = {"XDG_CONFIG_HOME": str(home / ".config"), "CURSOR_CONFIG_DIR": str(home / ".cursor")}
            self.writes = (start.folder, *logins)
        self.reads = (*folders_of(start.program), *there(home / ".cursor", _SETTINGS))

    def read(self, event: Mapping[str, Any]) -> Iterator[Told]:
        """What one event tells."""
        match event:
            case {"type": "system", "subtype": "init", "session_id": str(session)}:
                yield Began(session)
            case {"type": "thinking"}:
                yield Doing("thinking")
            case {"type": "assistant"}:
                yield Doing("answering")
            case {"type": "tool_call", "subtype": "started", "tool_call": call}:
                yield from _doing(object_in(call))
            case {"type": "result"}:
                yield _ended(event)
            case _:
                return

    def look(self) -> Iterable[Told]:
        """Nothing: all is on its stream."""
        return ()


def _argument(prompt: str, folder: Path) -> str:
    if len(prompt.encode()) <= _LONGEST_ARGUMENT_BYTES:
        return prompt
    file = write_anew(folder, "task.md", prompt)
    return f"Read the file {file}: all of it is your task. Do what it says."


def _ended(event: Mapping[str, Any]) -> Ended:
    text = event.get("result")
    said = text if isinstance(text, str) else ""
    failed = event.get("is_error") is True or event.get("subtype") != "success"
    usage = object_in(event.get("usage"))
    return Ended(
        text="" if failed else said,
        usage=_usage(usage) if usage else None,
        failure=(said or "it failed without saying how") if failed else "",
    )


def _usage(counts: Mapping[str, Any]) -> TokenUsage:
    read, written = count_in(counts, "cacheReadTokens"), count_in(counts, "cacheWriteTokens")
    return TokenUsage(
        input_tokens=count_in(counts, "inputTokens") + read + written,
        output_tokens=count_in(counts, "outputTokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
    )


def _doing(call: dict[str, Any]) -> Iterator[Told]:
    """A call is `{"<kind>ToolCall": {"args": {…}}}`."""
    for name, told in call.items():
        what = object_in(object_in(told).get("args"))
        shown = what.get("command") or what.get("path") or what.get("pattern") or ""
        yield Doing(one_line(f"{name.removesuffix('ToolCall')} {shown}"))
