"""docs/cli.md, made from the commands themselves: `python -m autopack.cli.reference [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path("docs/cli.md")

_INTRO = """\
# Commands

Written by `python -m autopack.cli.reference` from the commands' own help; don't edit it.

| exit code | meaning |
|---|---|
| 0 | succeeded |
| 1 | failed: the run, or something outside Autopack |
| 2 | wrong use: what was typed or written can't be used as it is |
| 130 | cancelled |

Errors are one line, and one with a hint, on standard error. `RUN` is the id of a run, its beginning or its
end (`run_20250303_101500_ab12`, or just `ab12`). With `--json` the output is for scripts: dollars are texts
(`"0.0123"`), and `null` where no price is known.

| variable | meaning |
|---|---|
| `AUTOPACK_HOME` | where everything is kept; default: the platform's folder for user data |
| `AUTOPACK_DEBUG` | `1` shows the traceback of a defect instead of one line |
| `NO_COLOR` | anything: no colour |
| `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` | keys, or the variables that `models.yaml` names |
"""


def page() -> str:
    """The whole page."""
    from typer.main import get_command

    from autopack.cli.app import app

    command = get_command(app)
    context = command.make_context(
        "autopack", [], resilient_parsing=True, terminal_width=100, max_content_width=100
    )
    parts = [_INTRO]
    for path, text in _helps(command, context):
        parts.append(f"\n## {path}\n\n```\n{text.strip()}\n```\n")
    return "".join(parts)


def _helps(command: object, context: Any) -> Iterator[tuple[str, str]]:
    """Name and help of every command, groups before their members."""
    from typer.core import TyperGroup

    if not isinstance(command, TyperGroup):
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is None:
            continue
        inside = inner.make_context(
            name, [], parent=context, resilient_parsing=True, terminal_width=100, max_content_width=100
        )
        yield (
            f"autopack {context.info_name} {name}".replace("autopack autopack", "autopack"),
            _plain(inner.get_help(inside)),
        )
        yield from _helps(inner, inside)


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is fresh."""
    told = page()
    if arguments == ["--check"]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == told:
            return 0
        print(f"{PAGE} is stale: run python -m autopack.cli.reference")
        return 1
    PAGE.write_text(told, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
