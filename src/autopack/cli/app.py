"""All commands as one program, and the one place where errors leave it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from autopack import __version__
from autopack.cli import (
    branch,
    context,
    demo,
    diagnostics,
    diff,
    doctor,
    init,
    learned,
    lessons,
    logs,
    mapping,
    notes,
    plan,
    project,
    run,
    runs,
    serve,
    show,
    steer,
    usage,
)
from autopack.cli.out import complain, fail, prepare_streams, say
from autopack.errors import AutopackError, of_system

EPILOG = "Every command has --help. Start with: autopack demo"

app = typer.Typer(
    name="autopack",
    help="Runs a written plan on a git repository: built, verified, audited, committed.",
    epilog=EPILOG,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False,
) -> None:
    """Runs a written plan on a git repository: built, verified, audited, committed."""
    if version:
        print(f"autopack {__version__}")
        raise typer.Exit()


app.command("init")(init.init)
app.add_typer(project.app, name="project")
app.add_typer(plan.app, name="plan")
app.command("run")(run.run)
app.command("pause")(steer.pause)
app.command("resume")(steer.resume)
app.command("cancel")(steer.cancel)
app.command("retry")(steer.retry)
app.command("skip")(steer.skip)
app.command("runs")(runs.runs)
app.command("status")(runs.status)
app.command("show")(show.show)
app.command("diff")(diff.diff)
app.command("logs")(logs.logs)
app.command("context")(context.context)
app.add_typer(notes.app, name="notes")
app.command("postmortem")(learned.postmortem)
app.add_typer(lessons.app, name="lessons")
app.command("merge")(branch.merge)
app.command("discard")(branch.discard)
app.add_typer(mapping.app, name="models")
app.command("route")(mapping.route)
app.add_typer(usage.app, name="usage")
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)


def call(arguments: Sequence[str]) -> int:
    """Run one command; errors become lines on standard error and an exit code, never a traceback."""
    prepare_streams()
    diagnostics.keep_quiet()
    try:
        return int(app(list(arguments), prog_name="autopack", standalone_mode=False) or 0)
    except AutopackError as error:
        return fail(error)
    except typer.TyperException as error:
        return _misused(error)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except SystemExit:  # typer's answer to a reader that closed the pipe; nobody is left to tell
        _forget_output()
        return 0
    except Exception as error:
        if isinstance(error, OSError) and (known := of_system(error)) is not None:
            return fail(known)
        if os.environ.get("AUTOPACK_DEBUG") == "1":
            say(diagnostics.redacted("".join(traceback.format_exception(error))), stderr=True)
            return 1
        return _unforeseen(error)
    finally:
        diagnostics.close_log()


def _misused(error: typer.TyperException) -> int:
    path = getattr(getattr(error, "ctx", None), "command_path", "autopack")
    said = " ".join(error.format_message().split())
    if said.startswith("Usage:"):  # a group without a command shows its help
        print(error.format_message())
    else:
        complain(said, f"`{path} --help` shows how it is used.")
    return error.exit_code


def _unforeseen(error: Exception) -> int:
    details = "AUTOPACK_DEBUG=1 shows the traceback."
    if diagnostics.record_defect(error):
        details = "autopack.log in AUTOPACK_HOME has the traceback; AUTOPACK_DEBUG=1 shows it here."
    said = f"Autopack itself failed: {type(error).__name__}: {error}".splitlines()[0]
    complain(said, f"This is a defect. {details}")
    return 1


def _forget_output() -> None:
    """Let what is still buffered for a closed pipe go to nowhere, in silence."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
