"""The tool `search_files`: the harness says which files are searched, a process of its own searches them.

A pattern can take for ever, and Python's engine can't be interrupted: on the event loop it would stop the
heartbeats of every run, in a thread nobody could end it. What the harness sees of the checkout is what is
searched: its own search is had with a pattern that never matches, over files that look empty.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
from pathlib import Path
from typing import cast

from pydantic_ai import ModelRetry
from pydantic_ai.tools import Tool
from pydantic_ai_harness.filesystem import FileSystemToolset

from autopack.agents import searcher
from autopack.agents.base import Access
from autopack.agents.checkout import CheckoutFiles
from autopack.errors import Unavailable
from autopack.processes import Command, run

SEARCH_SECONDS = 20.0
MOST_MATCHES = 200

_LONGEST_PATTERN = 1000
_NEVER = "(?!)"
_NOTHING = "No matches found."


class _Seen(CheckoutFiles):
    """The checkout with every file empty; keeps which ones were opened."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, access=Access.READ)
        self.opened: list[str] = []

    async def read_bytes(self, path: str) -> bytes:
        """Nothing, of a file that may be read."""
        await self.inside(path)
        self.opened.append(path)
        return b""


def search_tool(checkout: Path, files: FileSystemToolset[None], *, max_retries: int) -> Tool[None]:
    """The tool `search_files` over what `files` may read of the checkout."""

    async def search_files(pattern: str, path: str = ".", include_glob: str | None = None) -> str:
        """Search file contents using a regular expression, line by line, for 20 seconds at most.

        Lines that match are shown as file:line_number:text, with paths relative to the working directory.

        Args:
            pattern: Regex pattern (Python's `re`) to search for.
            path: Directory to search in, relative to the working directory.
            include_glob: If provided, only search files whose path from the root matches this glob, where `*`
                also spans `/`: '*.py' for every Python file, 'src/*.py' for those anywhere under `src`.
        """
        if len(pattern) > _LONGEST_PATTERN:
            raise ModelRetry(f"This pattern is longer than {_LONGEST_PATTERN} characters: search in parts.")
        seen = _Seen(checkout)
        notice = await files.search_files(_NEVER, path=path, include_glob=include_glob, workspace=seen)
        question = await asyncio.to_thread(_question, pattern, await seen.working_dir(), seen.opened)
        found = await _search(question)
        return _told(found, notice)

    return Tool(search_files, name="search_files", max_retries=max_retries)


def _question(pattern: str, root: str, paths: list[str]) -> searcher.Question:
    return searcher.Question(
        pattern=pattern,
        root=root,
        files=[(os.path.relpath(path, root), os.path.realpath(path)) for path in paths],
        most=MOST_MATCHES,
        seconds=math.ceil(SEARCH_SECONDS),
    )


async def _search(question: searcher.Question) -> searcher.Found:
    command = Command(
        argv=(sys.executable, "-I", "-S", "-X", "utf8", searcher.__file__),
        cwd=Path(question["root"]),
        env={},
        timeout_seconds=SEARCH_SECONDS,
        separate_errors=True,
        input_bytes=json.dumps(question).encode(),
    )
    finished = await run(command)
    if finished.timed_out:
        raise ModelRetry(
            f"The search took longer than {SEARCH_SECONDS:g} seconds and was stopped. Use a simpler pattern, "
            "or search fewer files."
        )
    if finished.exit_code != 0:
        last = finished.errors.decode(errors="replace").strip().splitlines()[-1:]
        raise Unavailable(
            f"search_files could not search: {''.join(last) or f'exit code {finished.exit_code}'}",
            hint="see that this machine has memory left",
        )
    found = cast("searcher.Found", json.loads(finished.output))
    if found["error"]:
        raise ModelRetry(found["error"])
    return found


def _told(found: searcher.Found, notice: str) -> str:
    lines = list(found["lines"])
    if found["more"]:
        lines.append(f"[... truncated at {MOST_MATCHES} matches]")
    if found["unread"]:
        named = ", ".join(found["unread"][:10])
        lines.append(f"[{len(found['unread'])} files skipped (too large or unreadable): {named}]")
    notices = notice.removeprefix(_NOTHING).strip("\n")
    if notices:
        lines.append(notices)
    return "\n".join(lines if found["lines"] else [_NOTHING, *lines])
