"""`autopack diff`: what a run, or one phase of it, changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from autopack.cli.door import MaybePhase, Records, RunArgument, in_loop, records
from autopack.cli.out import console
from autopack.cli.words import clean
from autopack.errors import NotFound

if TYPE_CHECKING:
    from autopack.views.timeline import PhaseTimeline, RunTimeline


def diff(run: RunArgument, phase: MaybePhase = None) -> None:
    """Print what a run or a phase changed, as a diff.

    Of a phase: the change of its last attempt, committed or not. Piped, it is exact enough for git apply.
    """
    data = in_loop(_diff(run, phase))
    if sys.stdout.isatty():
        _show(data)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


async def _diff(run: str, phase: str | None) -> bytes:
    from autopack.views.find import find_phase, find_run
    from autopack.views.timeline import run_timeline

    async with records() as here:
        async with here.read() as session:
            timeline = await run_timeline(session, await find_run(session, run))
        if phase is None:
            return await _whole(here, timeline)
        index = find_phase([one.id for one in timeline.phases], phase)
        return _of_phase(here, timeline, timeline.phases[index - 1])


async def _whole(here: Records, timeline: RunTimeline) -> bytes:
    """From the base to the branch's tip; from the phases' own diffs where the workspace is gone."""
    from pathlib import Path

    from autopack.workspace import Workspace

    status = timeline.status
    if status.base_commit is None or status.head_commit in (None, status.base_commit):
        raise NotFound(
            f"Run {status.run_id} has committed nothing yet.",
            hint=f"`autopack diff {status.run_id} PHASE` shows the change of a phase that is not committed.",
        )
    root = here.settings.workspaces / status.run_id
    workspace = Workspace(root, Path(status.repository), status.run_id, here.artifacts)
    if workspace.git_dir.is_dir():
        return here.artifacts.redacted(await workspace.diff(status.base_commit, str(status.head_commit)))
    return b"".join(_of_phase(here, timeline, phase) for phase in timeline.phases if phase.commit)


def _of_phase(here: Records, timeline: RunTimeline, phase: PhaseTimeline) -> bytes:
    known = [attempt for attempt in phase.attempts if attempt.diff_sha is not None]
    if not known:
        raise NotFound(
            f"Phase {phase.id} has no change yet.",
            hint=f"`autopack show {timeline.status.run_id} {phase.id}`",
        )
    return here.artifacts.get(str(known[-1].diff_sha))


def _show(data: bytes) -> None:
    """On a terminal: what could steer it is shown escaped, added and removed lines are coloured."""
    out = console()
    coloured = out.color_system is not None and not out.no_color
    for line in data.decode(errors="replace").removesuffix("\n").split("\n"):
        start = _colour(line) if coloured else ""
        sys.stdout.write(f"{start}{clean(line)}{_PLAIN if start else ''}\n")
    sys.stdout.flush()


_PLAIN = "\x1b[0m"


def _colour(line: str) -> str:
    """What begins the line's style (ECMA-48 SGR), if it has one."""
    if line.startswith(("+++", "---", "diff ", "index ", "new file", "deleted file")):
        return "\x1b[1m"
    return {"@": "\x1b[36m", "+": "\x1b[32m", "-": "\x1b[31m"}.get(line[:1], "")
