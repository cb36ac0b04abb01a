"""`autopack plan draft`: has a plan written from a goal, and its commands tried. Starts nothing."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.diagnostics import open_log
from autopack.cli.door import in_loop, named, settings
from autopack.cli.out import forget_terminal, note, say, tell
from autopack.cli.planned import show_estimate, show_plan
from autopack.cli.stopping import CANCELLED, stopping
from autopack.cli.words import clean, count, dollars, duration, listed, one_line, tokens, unknowns
from autopack.errors import AutopackError

if TYPE_CHECKING:
    from autopack.supervisor.drafting import Drafted, Tried, Wish
    from autopack.supervisor.planning import Spending
    from autopack.supervisor.services import Services
    from autopack.workspace.schemas import Source

_FAILURE_LINES, _LONGEST = 12, 200


def draft(
    goal: Annotated[
        str, typer.Argument(metavar="GOAL", help="What to build, in words; or a file that says it.")
    ],
    repository: Annotated[
        Path | None,
        typer.Option("--repo", metavar="DIR", help="The repository; the current one if not said."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it; .autopack/plan.yaml if not said."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file that is there.")] = False,
    unsandboxed: Annotated[
        bool, typer.Option("--unsandboxed", help="Try what the model writes with your rights, unconfined.")
    ] = False,
) -> int:
    """Have a model write a plan for a goal, with commands that were tried.

    The model of `agents: {planner: …}` in models.yaml reads the repository's last commit in a clone. Its
    setup and verify commands are run there as a run's are; where they fail, it mends them, up to twice. The
    plan is shown with an estimate, and never started. Where its commands still fail, the file says so, and
    the exit code is 1. Where the file can't be written, the plan is printed.
    """
    return in_loop(_draft(goal, repository=repository, out=out, force=force, unsandboxed=unsandboxed))


async def _draft(
    said: str, *, repository: Path | None, out: Path | None, force: bool, unsandboxed: bool
) -> int:
    from autopack.supervisor.draftfiles import DEFAULT, check_place, plan_text, read_goal, write_plan
    from autopack.supervisor.drafting import Wish
    from autopack.supervisor.planning import Spending
    from autopack.supervisor.services import open_services
    from autopack.workspace import source

    goal = read_goal(said)
    found = await source.inspect(named(repository or Path()).absolute())
    place = named(out).absolute() if out is not None else found.top / DEFAULT
    check_place(place, top=found.top, force=force)
    here, spending = settings(), Spending()
    wish = Wish(goal=goal.text, found=found, unsandboxed=unsandboxed)
    async with open_services(here, environ=os.environ) as services:
        open_log(here, services.redactor)
        try:
            drafted = await _drafted(services, wish, spending)
        except AutopackError:
            _tell_spending(spending, stderr=True)
            raise
        if drafted is None:
            say("Stopped: nothing was written.", stderr=True)
            _tell_spending(spending, stderr=True)
            return CANCELLED
        text = plan_text(drafted, goal, services.redactor)
        try:
            place = write_plan(place, text, force=force)
        except AutopackError:
            say(clean(text, lines=True).rstrip())
            note("The plan is on standard output, as it was paid for and can't be written.")
            _tell_spending(spending, rounds=drafted.rounds, stderr=True)
            raise
    _tell_draft(drafted, place)
    await show_estimate(drafted.plan, found.top / DEFAULT)
    _tell_spending(spending, rounds=drafted.rounds)
    _tell_next(drafted, place, found, unsandboxed=unsandboxed)
    return 0 if drafted.trial.passed else 1


async def _drafted(services: Services, wish: Wish, spending: Spending) -> Drafted | None:
    """The draft; None where it was stopped by a signal."""
    from autopack.cli.notices import home_inside, uncommitted
    from autopack.supervisor import repair
    from autopack.supervisor.drafting import draft as make
    from autopack.supervisor.machines import refuse_second_machine
    from autopack.supervisor.workers import known_worker

    await refuse_second_machine(services.settings, services.database)
    await repair.at_start(services.settings, services.database)
    top = wish.found.top
    if changed := await uncommitted(top):
        note(f"Your uncommitted changes ({listed(changed, limit=3)}) are not looked at.")
    if inside := home_inside(services.settings, top):
        note(inside)
    async with known_worker(services.database) as owner:
        work = asyncio.ensure_future(make(services, wish, owner=owner, spending=spending, tell=note))
        asked = False

        async def ask(by: str) -> None:
            nonlocal asked
            asked = True
            if by == signal.SIGHUP.name:
                forget_terminal()
            note("Stopping: a call that is under way is recorded as unknown.")
            work.cancel()

        with stopping(ask, lambda: None):
            try:
                return await work
            except asyncio.CancelledError:
                if not asked:
                    raise
                return None


def _tell_draft(drafted: Drafted, place: Path) -> None:
    say(f"Wrote {clean(str(place))}")
    say()
    show_plan(drafted.plan)
    trial = drafted.trial
    if trial.commands:
        say(f"Tried in a clean checkout of {drafted.base[:10]}:")
    for one in trial.commands:
        say(f"  {one.step:<6}  {one_line(one.command, limit=_LONGEST)}: {_outcome(one)}")
    if trial.untried:
        tell(f"Its commands could not be tried: {clean(trial.untried)}")
    elif not trial.passed:
        tell("Its commands do not pass there: a run of this plan would end before anything is built.")
        for line in trial.failure.splitlines()[-_FAILURE_LINES:]:
            say(f"  | {clean(line)[:_LONGEST]}".rstrip())
    if drafted.unmended:
        tell(f"It was not mended: {clean(drafted.unmended)}")
    if drafted.remarks:
        say("The Planner's remarks:")
        for remark in drafted.remarks:
            tell(f"- {clean(' '.join(remark.split()))}", indent=2)


def _outcome(tried: Tried) -> str:
    if tried.passed is None:
        return "not run"
    took = "in an earlier round" if tried.seconds is None else duration(tried.seconds)
    return f"{'passed' if tried.passed else 'FAILED'} ({took})"


def _tell_spending(spending: Spending, *, rounds: int = 0, stderr: bool = False) -> None:
    from autopack.supervisor.planning import ROLE
    from autopack.views.spend import spend_of

    if not spending.calls:
        return
    spend = spend_of(spending.calls)
    within = f" in {count(rounds, 'round')}" if rounds else ""
    took = f"The draft took {tokens(spend)} tokens, {dollars(spend)}{within}; recorded as {ROLE}."
    more = [took, f"{said}." if (said := unknowns(spend)) else ""]
    more.append("~ simulated: a script answered." if spend.simulated else "")
    tell(" ".join(one for one in more if one), stderr=stderr)


def _tell_next(drafted: Drafted, place: Path, found: Source, *, unsandboxed: bool) -> None:
    here = Path.cwd()
    shown = shlex.quote(str(place.relative_to(here) if place.is_relative_to(here) else place))
    words = ["autopack run", shown]
    if not here.is_relative_to(found.top):
        words += ["--repo", shlex.quote(str(found.top))]
    if unsandboxed:
        words.append("--unsandboxed")
    say()
    if drafted.trial.passed:
        say("Next: read it, change what you want, then")
        say(f"  {clean(' '.join(words))}")
        return
    if drafted.trial.untried:
        say("Next: read it, see that its commands pass, then")
    else:
        part = "setup" if drafted.trial.setup_failed else "verify"
        say(f"Next: mend its {part}, or the repository, then")
    say(f"  autopack plan check {clean(shown)}")
    say(f"  {clean(' '.join(words))}")
