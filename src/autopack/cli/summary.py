"""What is said at a run's end: what happened, what it cost, and what to type next."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autopack.cli.learned import print_learned
from autopack.cli.out import console, say, tell
from autopack.cli.usage import print_usage
from autopack.cli.words import clean, count, duration, instant, one_line, sentences, words
from autopack.runs.states import EndReason, RunState, Waiting

if TYPE_CHECKING:
    from autopack.views.integration import Integration
    from autopack.views.postmortem import PostmortemView
    from autopack.views.status import DashboardRunStatus
    from autopack.views.usage import UsageReport

_SHOWN_COMMITS = 12
_LONGEST = 200


def print_summary(
    status: DashboardRunStatus,
    work: Integration,
    report: UsageReport,
    *,
    home: Path | None = None,
    lasting: bool = True,
    also: str = "",
    failing: Sequence[str] = (),
    learned: PostmortemView | None = None,
) -> None:
    """The end of `run`. `home` is said where the commands to type need it; `also` is said of the commits.

    `failing` are the last lines of what a check said that used up the last attempt.

    Where the models are not `lasting`, going on with the run is not suggested.
    """
    say()
    tell(headline(status))
    if status.end_detail and status.state != RunState.SUCCEEDED:
        tell(sentences(one_line(status.end_detail, limit=4_000)), indent=2)
    for line in failing:
        say(f"  | {clean(line)[:_LONGEST]}".rstrip())
    say()
    _print_commits(work)
    if also:
        tell(also)
    if report.models:
        say()
        print_usage(report)
    if learned is not None and learned.state == "made":
        say()
        print_learned(learned)
    say()
    say("Next:")
    if command := _command_if_not_on_path():
        say(f"  alias autopack={shlex.quote(command)}")
    if home is not None:
        say(f"  export AUTOPACK_HOME={shlex.quote(str(home))}")
    _print_steps(
        [step for step in next_steps(status, work) if lasting or step[0].split()[1] not in _GOING_ON]
    )


_GOING_ON = ("resume", "retry", "skip")


def _command_if_not_on_path() -> str | None:
    """How this program was called, where typing `autopack` would not find it."""
    called = sys.argv[0]
    found = shutil.which("autopack")
    if not Path(called).is_file() or (found is not None and Path(found).samefile(called)):
        return None
    return str(Path(called).absolute())


def _print_steps(steps: Sequence[tuple[str, str]]) -> None:
    """Each command with what it does: beside it, or below it on a narrow terminal."""
    longest = max(len(command) for command, _ in steps)
    beside = longest + max(len(what) for _, what in steps) + 6 <= console().width
    for command, what in steps:
        say(f"  {command:<{longest}}   {what}" if beside else f"  {command}\n      {what}")


def headline(status: DashboardRunStatus) -> str:
    """What came of the run, in one line."""
    done = f"{status.completed_phases} of {count(status.total_phases, 'phase')}"
    notable = (status.skipped_phases, "skipped"), (status.unverified_phases, "verified by nothing")
    if said := ", ".join(f"{number:,} {what}" for number, what in notable if number):
        done += f" ({said})"
    effort = f"{count(status.attempts, 'attempt')}, {duration(status.elapsed_seconds)}"
    match status.state:
        case RunState.SUCCEEDED:
            return f"Succeeded: {done}, {effort}."
        case RunState.CANCELLED:
            return f"Cancelled: {done} kept, {effort}."
        case RunState.FAILED:
            return f"Failed ({words(status.end_reason or '')}): {done} kept, {effort}."
        case RunState.IN_PROGRESS | RunState.QUEUED:
            standing = words(status.state) if status.driven else "interrupted"
            return f"{standing[0].upper()}{standing[1:]}: {done}, {effort}."
        case RunState.PAUSED if status.waits_for == Waiting.ASKED:
            return f"Paused: {done}, {effort}."
        case RunState.SCHEDULED:
            at = "" if status.resumes_at is None else f", goes on at {instant(status.resumes_at)}"
            return f"Scheduled{at}: {done}, {effort}."
        case _:
            waiting = f" ({words(status.waits_for)})" if status.waits_for else ""
            return f"Stopped as {words(status.state)}{waiting}: {done}, {effort}."


def _print_commits(work: Integration) -> None:
    if not work.commits:
        tell("Nothing was committed; your repository is as it was.")
        return
    left_out = len(work.commits) - _SHOWN_COMMITS
    say(f"Branch {work.branch} in {clean(work.repository)}: {count(len(work.commits), 'commit')}")
    if left_out > 0:
        say(f"  … {left_out:,} more")
    for commit in work.commits[-_SHOWN_COMMITS:]:
        say(f"  {commit.commit[:10]} {clean(commit.name)}")


def next_steps(status: DashboardRunStatus, work: Integration) -> Sequence[tuple[str, str]]:
    """Commands that make sense now, the likeliest first."""
    run = status.run_id
    show = (f"autopack show {run}", "what each attempt did, and why")
    diff = (f"autopack diff {run}", "the whole change")
    merge = (f"autopack merge {run}", "take the work into your current branch")
    resume = (f"autopack resume {run}", "go on where it stopped")
    retry = (f"autopack retry {run}", "give its phase new attempts")
    skip = (f"autopack skip {run}", "go past that phase")
    discard = (f"autopack discard {run}", "delete the branch and the workspace")
    if status.discarded_at is not None:
        return (show,)
    if status.state == RunState.SUCCEEDED:
        return (show, diff, *(() if status.merged_at else (merge,)), discard)
    steps = [resume, show]
    if status.end_reason == EndReason.ATTEMPTS_EXHAUSTED:
        steps = [show, retry, skip]
    if status.end_reason == EndReason.BASELINE_RED:
        steps = [show]
    return (*steps, *((diff, merge) if work.commits else ()), discard)
