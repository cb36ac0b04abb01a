"""Docs that are made from the code: `python -m autopack.cli.reference [--check]`.

docs/cli.md is what the commands say of themselves, docs/http.md what the service does (docs/openapi.json for
programs), docs/events.md every event of the feed; the two schemas are those of the files users write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path("docs")
COMMAND = "python -m autopack.cli.reference"

_INTRO = """\
# Commands

Written by `python -m autopack.cli.reference` from the commands' own help; don't edit it.

| exit code | meaning |
|---|---|
| 0 | succeeded |
| 1 | the run failed or is paused, or something outside Autopack failed |
| 2 | wrong use: what was typed or written can't be used as it is |
| 130 | cancelled |

Errors are one line, and one with a hint, on standard error. `RUN` is the id of a run, its beginning or its
end (`run_20250303_101500_ab12`, or just `ab12`). With `--json` the output is for scripts: dollars are texts
(`"0.0123"`), and `null` where no price is known.

| variable | meaning |
|---|---|
| `AUTOPACK_HOME` | where everything is kept; default: the platform's folder for user data |
| `AUTOPACK_BUSY_SECONDS` | seconds to wait for another process's write to SQLite; default: 30 |
| `AUTOPACK_DATABASE_URL` | a PostgreSQL database for the records ([postgres.md](postgres.md)) |
| `AUTOPACK_RETRIES` | how often a request that failed is sent again, 0 to 20; default: 6 |
| `AUTOPACK_RUNS_AT_ONCE` | how many runs `autopack serve` drives at a time, 1 to 64; default: 4 |
| `AUTOPACK_DEBUG` | `1` shows the traceback of a defect instead of one line |
| `NO_COLOR` | anything: no colour |
| `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `ZAI_API_KEY` | keys, or the variables that `models.yaml` names |
"""


def pages() -> dict[str, str]:
    """Whole texts, by the names of their files in docs/."""
    from autopack.cli.event_reference import events_page
    from autopack.cli.http_reference import http_document, http_page
    from autopack.plan import plan_schema
    from autopack.routing.policy import policy_schema

    return {
        "cli.md": _commands(),
        "events.md": events_page(),
        "http.md": http_page(),
        "openapi.json": json.dumps(http_document(), indent=1) + "\n",
        "plan.schema.json": json.dumps(plan_schema(), indent=2) + "\n",
        "models.schema.json": json.dumps(policy_schema(), indent=2) + "\n",
    }


def _commands() -> str:
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


def main(arguments: list[str], *, folder: Path = DOCS) -> int:
    """Write the files, or with --check name those that are stale; 1 if there are any."""
    stale = False
    for name, told in pages().items():
        file = folder / name
        if arguments != ["--check"]:
            file.write_text(told, encoding="utf-8")
        elif not file.is_file() or file.read_text(encoding="utf-8") != told:
            print(f"{file} is stale: run {COMMAND}")
            stale = True
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
