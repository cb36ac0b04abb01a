"""`autopack show`: what a run did, attempt by attempt, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import Json, MaybePhase, Records, RunArgument, in_loop, records
from autopack.cli.out import emit, plain

if TYPE_CHECKING:
    from autopack.views.postmortem import PostmortemView
    from autopack.views.timeline import RunTimeline

Lines = Annotated[int, typer.Option("--lines", min=0, max=10_000, help="Lines of each command's output.")]


def show(run: RunArgument, phase: MaybePhase = None, lines: Lines = 20, as_json: Json = False) -> None:
    """Show a run's attempts and lessons, or all about a phase.

    Of a phase: which models and why, what was checked and what it said, the verdict, tokens and cost.
    """
    in_loop(_show(run, phase, lines, as_json=as_json))


async def _show(run: str, phase: str | None, lines: int, *, as_json: bool) -> None:
    from autopack.views.find import find_run
    from autopack.views.postmortem import postmortem_view
    from autopack.views.timeline import run_timeline

    async with records() as here:
        async with here.read() as session:
            timeline = await run_timeline(session, await find_run(session, run))
            learned = await postmortem_view(session, timeline.status.run_id)
        _print(here, timeline, learned, phase, lines, as_json=as_json)


def _print(
    here: Records,
    timeline: RunTimeline,
    learned: PostmortemView,
    phase: str | None,
    lines: int,
    *,
    as_json: bool,
) -> None:
    from autopack.cli.learned import print_account
    from autopack.cli.pages import Page
    from autopack.views.find import find_phase

    wanted = None
    if phase is not None:
        wanted = timeline.phases[find_phase([one.id for one in timeline.phases], phase) - 1]
    if as_json:
        emit({**plain(timeline), "postmortem": plain(learned)} if wanted is None else wanted)
        return
    page = Page(here.artifacts, lines)
    if wanted is None:
        page.run(timeline)
        print_account(learned)
    else:
        page.phase(timeline, wanted)
