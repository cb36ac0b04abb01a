"""The terminal: where text goes out, and how errors leave. Everything is sanitised before it is printed."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autopack.cli.diagnostics import redacted
from autopack.cli.words import clean
from autopack.errors import AutopackError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console, RenderableType

PIPE_WIDTH = 120
"""Columns of tables that don't go to a terminal."""


def prepare_streams() -> None:
    """What an old locale can't write is written escaped, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def forget_terminal() -> None:
    """The terminal is gone: what is still said to it goes nowhere, where it would be an error."""
    for stream in (sys.stdout, sys.stderr):
        if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def console(*, stderr: bool = False) -> Console:
    """A Rich console that shows text as it is: no markup, emoji codes, highlighting. NO_COLOR counts."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    told = os.environ.get("COLUMNS", "")
    width = None if stream.isatty() else int(told) if told.isdecimal() and int(told) else PIPE_WIDTH
    return Console(file=stream, markup=False, emoji=False, highlight=False, width=width, soft_wrap=False)


def show(renderable: RenderableType, *, least: int = 0) -> None:
    """Something of Rich's on standard output; without blanks at the ends of lines where it is no terminal.

    In fewer than `least` columns the terminal wraps it, and nothing is cut.
    """
    out = console()
    out.width = max(out.width, least)
    if out.is_terminal:
        out.print(renderable)
        return
    with out.capture() as captured:
        out.print(renderable)
    say("\n".join(line.rstrip() for line in captured.get().splitlines()))


def say(text: str = "", *, stderr: bool = False) -> None:
    """One line, or several, of text that is already clean."""
    print(text, file=sys.stderr if stderr else sys.stdout, flush=True)


def tell(text: str, *, indent: int = 0, stderr: bool = False) -> None:
    """A sentence, wrapped between words on a terminal. Commands to copy are `say`'s."""
    import shutil
    import textwrap

    stream = sys.stderr if stderr else sys.stdout
    width = max(20, shutil.get_terminal_size().columns) if stream.isatty() else 0
    space = " " * indent
    if len(space + text) <= width or not width:
        say(space + text, stderr=stderr)
        return
    wrapped = textwrap.wrap(
        text,
        width,
        initial_indent=space,
        subsequent_indent=space,
        break_long_words=False,
        break_on_hyphens=False,
    )
    say("\n".join(wrapped), stderr=stderr)


def emit(value: BaseModel | Sequence[BaseModel] | Sequence[dict[str, Any]] | dict[str, Any]) -> None:
    """One JSON value on standard output; ASCII, so that nothing in it can steer a terminal."""
    say(json.dumps(plain(value), indent=2))


def emit_line(value: dict[str, Any]) -> None:
    """One JSON value on one line, at once."""
    say(json.dumps(value))


def plain(value: object) -> Any:
    """The value as JSON has it. Decimals are texts, so that no cent is rounded."""
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, inf_nan_mode="strings")


def fail(error: AutopackError) -> int:
    """Say an error on standard error, in one line and a hint, and return its exit code."""
    complain(error.message, error.hint)
    return error.exit_code


def complain(message: str, hint: str = "") -> None:
    """`error: …` and `hint: …` on standard error."""
    say(f"error: {clean(redacted(message), lines=True)}", stderr=True)
    if hint:
        say(f"hint: {clean(redacted(hint))}", stderr=True)


def note(text: str) -> None:
    """Something worth knowing that is no result: on standard error."""
    tell(f"note: {clean(redacted(text))}", stderr=True)
