"""A run in a few lines, to paste into a chat: the seed's "Run Context Block"."""

from __future__ import annotations

from pathlib import PurePath

from autopack.db import ReadSession
from autopack.runs import queries
from autopack.views.status import DashboardRunStatus, run_status

_LONGEST_SUMMARY = 500


async def context_block(session: ReadSession, run_id: str) -> str:
    """The block as Markdown, with a newline at its end. Raises `NotFound`.

    What a model wrote stays on its line: a summary can't close its quotes or begin a line of its own.
    """
    status = await run_status(session, run_id)
    said = [one.summary for one in await queries.attempts(session, run_id) if one.summary.strip()]
    return (
        "## Current Autopack Run Context\n"
        "\n"
        f"- Run ID: `{status.run_id}`\n"
        f"- State: `{status.state}`\n"
        f"- Current: {_where(status)} ({status.percent_complete:.0%} complete)\n"
        f"- Last Summary: {_quoted(said[-1]) if said else 'none yet'}\n"
        f"- Strategy File: `{_strategy(status)}`\n"
    )


def _where(status: DashboardRunStatus) -> str:
    if status.ended:
        return "Ended"
    if status.started_at is None or status.current_phase_index is None:
        return "Not started"
    return f"Tier {status.current_tier_index} / Phase {status.current_phase_index}"


def _quoted(summary: str) -> str:
    line = _one_line(summary).replace('"', "'")
    if len(line) > _LONGEST_SUMMARY:
        line = line[: _LONGEST_SUMMARY - 1].rstrip() + "…"
    return f'"{line}"'


def _strategy(status: DashboardRunStatus) -> str:
    """The plan's path from the top of its repository; the whole path of one that is kept elsewhere."""
    path = PurePath(status.plan_path)
    inside = path.is_relative_to(status.repository)
    return _one_line(str(path.relative_to(status.repository) if inside else path)).replace("`", "'")


def _one_line(text: str) -> str:
    return "".join(char for char in " ".join(text.split()) if char.isprintable())
