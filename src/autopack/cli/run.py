"""`autopack run`: drives a plan, or goes on with a run, and shows it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.diagnostics import open_log
from autopack.cli.door import in_loop, named, settings
from autopack.cli.out import emit_line, note, plain
from autopack.config import Settings
from autopack.errors import InvalidInput

if TYPE_CHECKING:
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

    plan: Path | None
    repository: Path | None = None
    resume: str | None = None
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
    plan: Annotated[Path | None, typer.Argument(metavar="PLAN", help="The plan.yaml to run.")] = None,
    repository: Annotated[
        Path | None,
        typer.Option("--repo", metavar="DIR", help="The repository; the current one if not said."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print events as JSON lines, then the result.")
    ] = False,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Go on with a run instead.")
    ] = None,
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
        resume=resume,
        unsandboxed=unsandboxed,
        accept_red_baseline=accept_red_baseline,
        as_json=as_json,
    )
    _check(wanted)
    return in_loop(perform(settings(), os.environ, wanted))


def _check(wanted: Wanted) -> None:
    if wanted.resume is None and wanted.plan is None:
        raise InvalidInput(
            "Name a plan to run, or a run to go on with.",
            hint="`autopack run PLAN` or `autopack run --resume RUN`; `autopack init` writes a first plan.",
        )
    if wanted.resume is None:
        return
    if wanted.plan is not None or wanted.repository is not None:
        raise InvalidInput(
            "--resume goes on with a run's own plan and repository.", hint="Leave out PLAN and --repo."
        )
    if wanted.unsandboxed or wanted.accept_red_baseline:
        raise InvalidInput(
            "--unsandboxed and --accept-red-baseline are settled when a run is created.",
            hint="Leave them out, or start a new run with them.",
        )


async def perform(
    here: Settings, environ: Mapping[str, str], wanted: Wanted, *, staged: Staged | None = None
) -> int:
    """Create or find the run, drive it, and say what came of it. Returns the exit code."""
    from autopack.cli.displays import display_for
    from autopack.cli.driving import drive, exit_code, usage_of
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
        run_id = await _run_id(services, wanted, introduced=staged is not None and not wanted.as_json)
        resumed = wanted.resume is not None
        status = await drive(services, run_id, display, resumed=resumed, lasting=staged is None)
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
        )
    return code


async def _run_id(services: Services, wanted: Wanted, *, introduced: bool) -> str:
    from autopack.cli.notices import changed_plan, notes_of_start
    from autopack.cli.starter import read_plan
    from autopack.runs import queries
    from autopack.supervisor import launch
    from autopack.views.find import find_run
    from autopack.workspace import source

    if wanted.plan is None:
        async with services.database.read() as session:
            run = await queries.run(session, await find_run(session, wanted.resume))
        await launch.check_resume(services, run.id)
        if changed := changed_plan(run):
            note(changed)
        return run.id
    path, repository = named(wanted.plan).absolute(), named(wanted.repository or Path()).absolute()
    read_plan(path)
    found = await source.inspect(repository)
    created = await launch.create_run(
        services,
        plan_path=path,
        repository=repository,
        unsandboxed=wanted.unsandboxed,
        accept_red_baseline=wanted.accept_red_baseline,
    )
    async with services.database.read() as session:
        run = await queries.run(session, created.run_id)
    more = await notes_of_start(services.settings, found, run)
    for text in () if introduced else (*created.notices, *more):
        note(text)
    return created.run_id
