"""What was learned of a run: had it written when the run has ended, and shown. `autopack postmortem`."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from autopack.cli.diagnostics import open_log
from autopack.cli.door import Json, RunArgument, in_loop, settings
from autopack.cli.out import emit, note, say, tell
from autopack.cli.stopping import stopping
from autopack.cli.words import clean, count, dollars, one_line, tokens, unknowns
from autopack.errors import NotFound

if TYPE_CHECKING:
    from autopack.supervisor.services import Services
    from autopack.views.postmortem import PostmortemView

_SILENT_SECONDS = 1.0
"""How long it is written before that is said."""
_MARKS = {"proposed": "", "accepted": " (accepted)", "dismissed": " (dismissed)"}


def postmortem(run: RunArgument, as_json: Json = False) -> None:
    """Have the account of a run that ended written.

    It is one conversation with the model that models.yaml has for the helper `postmortem`. A run's own
    process does it at the end of each run; this is for one where it could not.
    """
    in_loop(_postmortem(run, as_json=as_json))


async def _postmortem(said: str, *, as_json: bool) -> None:
    from autopack.supervisor import postmortems
    from autopack.supervisor.machines import refuse_second_machine
    from autopack.supervisor.services import open_services
    from autopack.supervisor.workers import known_worker
    from autopack.views.find import find_run

    stopped = asyncio.Event()

    async def stop(_by: str) -> None:
        stopped.set()

    here = settings()
    async with open_services(here, environ=os.environ) as services:
        open_log(here, services.redactor)
        await refuse_second_machine(here, services.database)
        async with services.database.read() as session:
            run_id = await find_run(session, said)
        async with known_worker(services.database) as owner:
            with stopping(stop, lambda: None):
                await postmortems.write_asked(services, run_id, owner=owner, stop=stopped)
        view = await _view(services, run_id)
    if as_json:
        emit(view)
        return
    print_account(view)
    if view.state == "not_made":
        raise NotFound(
            f"What was learned of {run_id} was not written.", hint="Mend the reason above, and try again."
        )


async def learn(services: Services, run_id: str) -> PostmortemView:
    """Where a run has just ended, have it written what was learned; Ctrl-C leaves it unwritten.

    The run's outcome is told by then, and nothing here changes it.
    """
    from autopack.supervisor import postmortems
    from autopack.supervisor.workers import known_worker

    stopped = asyncio.Event()

    async def stop(_by: str) -> None:
        stopped.set()

    async def write() -> None:
        async with known_worker(services.database) as owner:
            await postmortems.write_due(services, run_id, owner=owner, stop=stopped)

    writing = asyncio.create_task(write())

    with stopping(stop, lambda: None):
        await asyncio.wait({writing}, timeout=_SILENT_SECONDS)
        if not writing.done():
            note("Writing what was learned; Ctrl-C leaves it unwritten.")
        await asyncio.wait({writing})
    if (error := writing.exception()) is not None:
        note(f"what was learned was not written: {one_line(str(error))}")
    return await _view(services, run_id)


async def _view(services: Services, run_id: str) -> PostmortemView:
    from autopack.views.postmortem import postmortem_view

    async with services.database.read() as session:
        return await postmortem_view(session, run_id)


def print_learned(view: PostmortemView) -> None:
    """The account and its lessons, with what to type to have them kept."""
    say("What was learned" + (" (simulated)" if view.simulated else ""))
    tell(f"Built: {one_line(view.built, limit=4_000)}", indent=2)
    tell(f"Failed: {one_line(view.failed, limit=4_000)}", indent=2)
    for number, lesson in enumerate(view.lessons, 1):
        tell(f"{number}  {clean(lesson.text)}{_MARKS[lesson.state]}", indent=2)
    if any(lesson.state == "proposed" for lesson in view.lessons):
        say(f"  autopack lessons accept {view.run_id} N   has later prompts carry number N")
    if not view.lessons:
        say("  No lesson.")


def print_account(view: PostmortemView) -> None:
    """All of it, with what each phase cost; why, where it was not made. Nothing where there is none."""
    if view.state == "none":
        return
    say()
    match view.state:
        case "made":
            print_learned(view)
        case "writing":
            say("What was learned is being written.")
        case "not_made":
            tell(f"What was learned was not written: {one_line(view.reason, limit=2_000)}.")
            say(f"  autopack postmortem {view.run_id}   has it written now")
    _print_costs(view)


def _print_costs(view: PostmortemView) -> None:
    rows = [(phase.id, phase.usage, f" in {count(phase.attempts, 'attempt')}") for phase in view.phases] + [
        (clean(one.role), one.booked.usage, "") for one in view.beside
    ]
    if not rows:
        return
    say()
    say("Cost by phase")
    longest = max(len(name) for name, _, _ in rows)
    for name, usage, tried in rows:
        more = f"; {unknowns(usage)}" if unknowns(usage) else ""
        say(f"  {name:<{longest}}  {dollars(usage)}, {tokens(usage)} tokens{tried}{more}")
