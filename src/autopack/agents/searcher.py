"""The program that searches files with a model's pattern, in a process of its own that can be killed.

`searching.py` starts this file by its path, without Autopack or any package: it imports the standard library
only. A question comes as JSON on stdin, the answer goes as JSON to stdout.
"""

from __future__ import annotations

import json
import os
import re
import resource
import stat
import sys
from typing import TypedDict

LONGEST_LINE = 500
LARGEST_FILE = 10 * 1024 * 1024
_MEMORY_BYTES = 1024 * 1024 * 1024


class Question(TypedDict):
    """What is searched: `files` are pairs of the name that is shown and the path that is read."""

    pattern: str
    root: str
    files: list[tuple[str, str]]
    most: int
    seconds: int


class Found(TypedDict):
    """What was found; `error` says why nothing was searched, `unread` names files that couldn't be."""

    error: str
    lines: list[str]
    more: bool
    unread: list[str]


def search(question: Question) -> Found:
    """Every line of the files in which the pattern is found, as name:number:line."""
    found = Found(error="", lines=[], more=False, unread=[])
    try:
        pattern = re.compile(question["pattern"])
    except (re.error, OverflowError, RecursionError) as error:
        found["error"] = f"Invalid regex pattern: {error}"
        return found
    for name, path in question["files"]:
        try:
            data = _content(path, question["root"])
        except OSError:
            found["unread"].append(name)
            continue
        if b"\0" not in data[:8192]:
            _search_one(name, data.decode(errors="replace"), pattern, question["most"], found)
        if found["more"]:
            break
    return found


def _search_one(name: str, text: str, pattern: re.Pattern[str], most: int, found: Found) -> None:
    for number, ended in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        line = ended.removesuffix("\r")
        if pattern.search(line):
            if len(found["lines"]) >= most:
                found["more"] = True
                return
            shown = line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}… ({len(line)} characters)"
            found["lines"].append(f"{name}:{number}:{shown}")


def _content(path: str, root: str) -> bytes:
    """A file's bytes; its path has no links any more, and is refused if one has appeared since."""
    if os.path.realpath(path) != path or not path.startswith(root.rstrip("/") + "/"):
        raise PermissionError(path)
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(file, "rb") as opened:
        told = os.fstat(file)
        if not stat.S_ISREG(told.st_mode) or told.st_size > LARGEST_FILE:
            raise PermissionError(path)
        return opened.read(LARGEST_FILE)


def main() -> None:
    """Answer one question. The limits hold even where nobody is left to end this process."""
    question: Question = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CPU, (question["seconds"] + 5, question["seconds"] + 5))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    try:
        found = search(question)
    except MemoryError:
        found = Found(
            error="This pattern takes too much memory: use a simpler one.", lines=[], more=False, unread=[]
        )
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
