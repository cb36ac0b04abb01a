"""A plan and a repository that are not the demo's, from the plan file to published commits."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from autopack.feed import queries as feed
from autopack.runs import queries
from autopack.runs.schemas import Evidence
from autopack.runs.tables import RunRow
from autopack.usage.tables import UsageEventRow
from fixtures.world import World, git


async def test_a_plan_becomes_verified_commits_and_each_token_is_on_the_books(
    textkit: World, tmp_path: Path
) -> None:
    run = await textkit.run()
    assert (run.state, run.end_reason) == ("succeeded", "completed"), run.end_detail
    await _commits_are_verified(textkit, run)
    await _every_served_token_is_recorded(textkit)
    _the_published_branch_passes(textkit, run, tmp_path)


async def _commits_are_verified(textkit: World, run: RunRow) -> None:
    branch = f"autopack/{run.id}"
    log = git(textkit.repository, "log", "--reverse", "--format=%s%n%b%x00", f"main..{branch}")
    commits = [entry.strip() for entry in log.split("\0") if entry.strip()]
    assert [commit.splitlines()[0] for commit in commits] == [
        "Wrapping by display width",
        "Slugs",
        "Statistics as JSON",
        "The package's README",
    ]
    trailers = (
        git(textkit.repository, "log", "-1", "--format=%(trailers)", f"{branch}~2").strip().splitlines()
    )
    assert trailers == [
        f"Autopack-Run: {run.id}",
        "Autopack-Phase: slug",
        "Autopack-Attempt: 2",
        "Autopack-Builder: gpt-5-mini (simulated)",
        "Autopack-Auditor: claude-haiku-5-5 (simulated)",
    ]

    async with textkit.services.database.read() as session:
        attempts = await queries.attempts(session, run.id)
        outcomes = [(attempt.phase_index, attempt.outcome) for attempt in attempts]
        assert outcomes == [
            (1, "committed"),
            (2, "verification_failed"),
            (2, "committed"),
            (3, "rejected"),
            (3, "committed"),
            (4, "committed"),
        ]
        for attempt in attempts:
            rows = await queries.evidence(
                session, run.id, phase_index=attempt.phase_index, attempt=attempt.number
            )
            evidence = [Evidence.model_validate(row.evidence) for row in rows]
            assert evidence
            assert {one.tree for one in evidence} == {attempt.tree}
            red = [one for one in evidence if one.exit_code != 0]
            assert bool(red) == (attempt.outcome == "verification_failed")
        events = await feed.after(session, event_id=0, run_id=None, limit=1000)
    assert [event.id for event in events] == list(range(1, len(events) + 1))


async def _every_served_token_is_recorded(textkit: World) -> None:
    recorded: Counter[tuple[str, str]] = Counter()
    kinds: Counter[str] = Counter()
    async with textkit.services.database.read() as session:
        for event in await session.scalars(select(UsageEventRow)):
            assert event.usage_status == "reported"
            recorded[event.role, event.model] += event.prompt_tokens + event.completion_tokens
            kinds["cache_read"] += event.cache_read_tokens
            kinds["reasoning"] += event.reasoning_tokens
    served: Counter[tuple[str, str | None]] = Counter()
    served_kinds: Counter[str] = Counter()
    for entry in textkit.simulator.entries():
        role = "builder" if "Role: builder" in (entry.when or ()) else "auditor"
        assert entry.usage is not None
        served[role, entry.model] += entry.usage.input_tokens + entry.usage.output_tokens
        served_kinds["cache_read"] += entry.usage.cache_read_tokens
        served_kinds["reasoning"] += entry.usage.reasoning_tokens
    assert recorded == served
    assert len(served) >= 6
    assert kinds == served_kinds
    assert kinds["cache_read"] > 0


def _the_published_branch_passes(textkit: World, run: RunRow, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    git(textkit.repository, "worktree", "add", "--quiet", str(checkout), f"autopack/{run.id}")
    (checkout / ".env.test").write_bytes((textkit.repository / ".env.test").read_bytes())
    for command in ("python tools/build_words.py", "python -m pytest -q"):
        done = subprocess.run(
            command,
            shell=True,
            cwd=checkout / "packages" / "textkit",
            env={name: value for name, value in textkit.environ.items() if name != "TEXTKIT_HIDDEN"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
