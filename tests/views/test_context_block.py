"""The block of Markdown that people paste into chats: the seed's, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.plan import parse_plan
from autopack.projects import queries as projects
from autopack.runs import queries, service
from autopack.runs.states import EndReason, RunState
from autopack.views.context import context_block
from cli.calling import Autopack, autopack, recorded
from views.recorded import PLAN, end_run, record_run

__all__ = ["autopack", "recorded"]


async def block_of(database: Database, run_id: str) -> str:
    async with database.read() as session:
        return await context_block(session, run_id)


async def summarise(database: Database, run_id: str, summary: str) -> None:
    async with database.write() as session:
        (await queries.attempt(session, run_id, 2, 1)).summary = summary


async def test_a_block_is_the_seeds_to_the_letter(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    await summarise(database, run_id, "Implemented authentication middleware, now auditing security")
    assert await block_of(database, run_id) == (
        "## Current Autopack Run Context\n"
        "\n"
        f"- Run ID: `{run_id}`\n"
        "- State: `in_progress`\n"
        "- Current: Tier 2 / Phase 2 (33% complete)\n"
        '- Last Summary: "Implemented authentication middleware, now auditing security"\n'
        "- Strategy File: `.autopack/plan.yaml`\n"
    )


async def test_before_the_first_attempt_and_after_the_end_the_words_fit(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    async with database.write() as session:
        project, _ = await projects.register(session, tmp_path / "project")
        new = service.NewRun(
            project_id=project.id,
            project_name=project.name,
            plan_path="/elsewhere/plan.yaml",
            plan=parse_plan(PLAN, source="plan.yaml"),
            policy={},
            confinement="none",
            accept_red_baseline=False,
        )
        queued = await service.create(session, new)
    lines = (await block_of(database, queued)).splitlines()
    assert lines[3:] == [
        "- State: `queued`",
        "- Current: Not started (0% complete)",
        "- Last Summary: none yet",
        "- Strategy File: `/elsewhere/plan.yaml`",
    ]
    ended = await record_run(settings, repository=tmp_path)
    await end_run(settings, ended, state=RunState.FAILED, reason=EndReason.UNAVAILABLE)
    lines = (await block_of(database, ended)).splitlines()
    assert lines[3:5] == ["- State: `failed`", "- Current: Ended (33% complete)"]


@pytest.mark.parametrize(
    ("summary", "shown"),
    [
        ("Two\n\n lines\tand\r\nmore", '"Two lines and more"'),
        ('It says "done".\n- State: `succeeded`', "\"It says 'done'. - State: `succeeded`\""),
        ("\x1b[2J\u202eturned", '"[2Jturned"'),
        ("word " * 200, '"' + ("word " * 100)[:499].rstrip() + '…"'),
    ],
)
async def test_a_summary_stays_on_its_line_and_in_its_quotes(
    settings: Settings, database: Database, tmp_path: Path, summary: str, shown: str
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    await summarise(database, run_id, summary)
    lines = (await block_of(database, run_id)).splitlines()
    assert len(lines) == 7
    assert lines[5] == f"- Last Summary: {shown}"


async def test_an_attempt_without_a_summary_leaves_the_one_before_it(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    assert '- Last Summary: "Wrote it.' in await block_of(database, run_id)


def test_the_command_prints_the_block_of_a_run_or_of_the_newest(autopack: Autopack, recorded: str) -> None:
    whole = autopack("context", recorded)
    assert whole.out.startswith(f"## Current Autopack Run Context\n\n- Run ID: `{recorded}`\n")
    assert len(whole.out.splitlines()) == 7
    assert autopack("context").out == autopack("context", recorded[-4:]).out == whole.out
    autopack("context", "nobody").failed(2, "no run nobody")
