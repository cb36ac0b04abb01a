"""What is wrong with a user's file, each problem at its place, and the message made of them."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

MAX_SHOWN = 100
"""Problems named in one message; how many more there are is said."""

Loc: TypeAlias = tuple[str | int, ...]
"""Where a value is, as pydantic counts: keys and 0-based list indexes from the top."""


class Misfits(ValueError):
    """Raised in a validator that compares several fields: what does not fit, each at its own place.

    Places are relative to the pydantic class whose validator raises it.
    """

    def __init__(self, found: Iterable[tuple[Loc, str]]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(text for _, text in self.found))


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: on which 1-based line, at which value, and what to write.

    Line 0: it has none, being no file.
    """

    line: int
    loc: Loc
    text: str


@dataclass(frozen=True)
class Spot:
    """Where a value stands (1-based line) and how a scalar is written there."""

    line: int
    written: str


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is most likely a misspelling of, if there is one."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def too_large(source: str) -> str:
    """Message for a file above the limit."""
    return f"{source}: is larger than 1 MiB; split it, or check that it is the right file"


def message(source: str, problems: Sequence[Problem]) -> str:
    """One line per problem, in the order of the file: `file:line: where: what`."""
    ordered = sorted(problems, key=lambda problem: problem.line)
    lines = [": ".join(_parts(source, problem)) for problem in ordered[:MAX_SHOWN]]
    if len(ordered) > MAX_SHOWN:
        lines.append(f"{source}: and {len(ordered) - MAX_SHOWN} more")
    return "\n".join(lines)


def _parts(source: str, problem: Problem) -> Iterator[str]:
    yield f"{source}:{problem.line}" if problem.line else source
    if problem.loc:
        yield path_text(problem.loc)
    yield problem.text


def path_text(loc: Loc) -> str:
    """A place as an error names it: `tiers[0].phases[1].complexity`."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            path += f".{part}" if path else part
        else:
            path += f"[{shown(part)}]"
    return path


def shown(value: object) -> str:
    """A value as an error quotes it: on one line, at most 60 characters."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
