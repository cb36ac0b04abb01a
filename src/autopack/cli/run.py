"""`autopack run`: drives a plan and shows it, or leaves it to a service."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.diagnostics import open_log
from autopack.cli.door import in_loop, named, settings
from autopack.cli.out import emit_line, note, plain, say
from autopack.config import Settings
from autopack.errors import Unavailable

if TYPE_CHECKING:
    from autopack.db import Database
    from autopack.supervisor.services import Services

FAILING_LINES = 8
"""Lines of a failing check's output that are shown at the end."""


@dataclass(frozen=True)
class Afterwards:
    """What was looked at after a run had succeeded: `passed` False makes the command fail."""

    passed: bool
    said: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the user asked for."""

    plan: Path | None = None
    repository: Path | None = None
    going_on: str | None = None
    """Id of a run to go on with, instead of a plan."""
    ask: Callable[[Database, str], Awaitable[object]] | None = None
    """Asked of the run that is gone on with, once it is known that it can be."""
    unsandboxed: bool = False
    accept_red_baseline: bool = False
    as_json: bool = False


@dataclass(frozen=True, kw_only=True)
class Staged:
    """What is different where the run is staged, as the demo's is: its models are gone when it has ended."""

    home: Path
    """Where the records are: said with the commands that are suggested at the end."""
    after: Callable[[str], Awaitable[Afterwards]]
    """Called with the id of a run that succeeded."""


def run(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="The plan.yaml to run.")],
    repository: Annotated[
        Path | None,
        typer.Option("--repo", metavar="DIR", help="The repository; the current one if not said."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print events as JSON lines, then the result.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Leave the run to `autopack serve`, and return at once.")
    ] = False,
    unsandboxed: Annotated[
        bool, typer.Option("--unsandboxed", help="Run what models write with your rights, unconfined.")
    ] = False,
    accept_red_baseline: Annotated[
        bool,
        typer.Option("--accept-red-baseline", help="Go on although the untouched commit fails its checks."),
    ] = False,
) -> int:
    """Run a plan: build, verify, audit, commit.

    Ctrl-C stops it cleanly, a second one at once; what is committed stays either way.
    """
    wanted = Wanted(
        plan=plan,
        repository=repository,
        unsandboxed=unsandboxed,
        accept_red_baseline=accept_red_baseline,
        as_json=as_json,
    )
    return in_loop((_detach if detach else perform)(settings(), os.environ, wanted))


async def _detach(here: Settings, environ: Mapping[str, str], wanted: Wanted) -> int:
    """Create the run and leave it to a live service."""
    from autopack.supervisor import workers
    from autopack.supervisor.machines import refuse_second_machine
    from autopack.supervisor.services import open_services

    async with open_services(here, environ=environ) as services:
        open_log(here, services.redactor)
        await refuse_second_machine(here, services.database)
        async with services.database.read() as session:
            serving = await workers.services(session)
        if not serving:
            raise Unavailable(
                "No service is alive to leave the run to.",
                hint="Start one with `autopack serve` in another terminal, or leave out --detach.",
            )
        run_id, _ = await _created(services, wanted, owner=None, introduced=False)
    if wanted.as_json:
        emit_line({"kind": "result", "exit_code": 0, "run_id": run_id, "service": serving[0].address})
    else:
        say(f"{run_id} is left to the service at {serving[0].address}.")
        say(f"Watch it with `autopack logs {run_id} -f`.")
    return 0


async def perform(
    here: Settings, environ: Mapping[str, str], wanted: Wanted, *, staged: Staged | None = None
) -> int:
    """Create or find the run, drive it, and say what came of it. Returns the exit code."""
    from autopack.cli.displays import display_for
    from autopack.cli.driving import drive, exit_code, usage_of
    from autopack.cli.learned import learn
    from autopack.cli.summary import print_summary
    from autopack.supervisor import repair
    from autopack.supervisor.machines import refuse_second_machine
    from autopack.supervisor.services import open_services
    from autopack.views.evidence import failing_output
    from autopack.views.integration import integration

    display = display_for(as_json=wanted.as_json)
    async with open_services(here, environ=environ, activity=display.activity) as services:
        open_log(here, services.redactor)
        await refuse_second_machine(here, services.database)
        await repair.at_start(here, services.database)
        introduced = staged is not None and not wanted.as_json
        run_id, epoch = await _run_id(services, wanted, introduced=introduced)
        status = await drive(services, run_id, display, epoch=epoch, lasting=staged is None)
        learned = await learn(services, run_id)
        report = await usage_of(services, run_id)
        async with services.database.read() as session:
            work = await integration(session, run_id)
            failing = await failing_output(session, run_id, lines=FAILING_LINES)
    code = exit_code(status)
    after = await staged.after(run_id) if code == 0 and staged is not None else None
    if after is not None and not after.passed:
        code = 1
    if wanted.as_json:
        result = {"kind": "result", "exit_code": code, "status": plain(status), "usage": plain(report)}
        result["postmortem"] = plain(learned)
        emit_line(result)
    else:
        print_summary(
            status,
            work,
            report,
            home=staged.home if staged else None,
            lasting=staged is None,
            also=after.said if after else "",
            failing=failing,
            learned=learned,
        )
    return code


async def _run_id(services: Services, wanted: Wanted, *, introduced: bool) -> tuple[str, int | None]:
    """The run, and the epoch it is ours under already; None: it is still to be taken."""
    from autopack.cli.notices import changed_plan
    from autopack.runs import queries
    from autopack.supervisor import launch

    if wanted.going_on is None:
        return await _created(services, wanted, owner=services.owner, introduced=introduced)
    async with services.database.read() as session:
        run = await queries.run(session, wanted.going_on)
    await launch.check_resume(services, run.id)
    if wanted.ask is not None:
        await wanted.ask(services.database, run.id)
    if changed := changed_plan(run):
        note(changed)
    return run.id, None


async def _created(
    services: Services, wanted: Wanted, *, owner: str | None, introduced: bool
) -> tuple[str, int]:
    from autopack.cli.estimates import estimate_of_run
    from autopack.cli.notices import notes_of_start
    from autopack.cli.starter import read_plan
    from autopack.runs import queries
    from autopack.supervisor import launch
    from autopack.workspace import source

    path, repository = named(wanted.plan or Path()).absolute(), named(wanted.repository or Path()).absolute()
    read_plan(path)
    found = await source.inspect(repository)
    created = await launch.create_run(
        services,
        plan_path=path,
        repository=repository,
        unsandboxed=wanted.unsandboxed,
        accept_red_baseline=wanted.accept_red_baseline,
        owner=owner,
    )
    async with services.database.read() as session:
        run = await queries.run(session, created.run_id)
        estimate = await estimate_of_run(session, run)
    more = await notes_of_start(services.settings, found, run)
    for text in () if introduced else (*created.notices, *more, *estimate):
        note(text)
    return created.run_id, created.epoch
