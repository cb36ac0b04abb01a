"""`autopack serve`: the service, for the dashboard and HTTP clients."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from autopack.cli.diagnostics import open_log
from autopack.cli.door import in_loop, settings
from autopack.cli.out import say


def serve(
    host: Annotated[
        str, typer.Option("--host", help="A loopback address: 127.0.0.1, ::1 or localhost.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 is any free one.")] = 8000,
    unsandboxed: Annotated[
        bool,
        typer.Option("--unsandboxed", help="Run what models write with your rights, in runs started here."),
    ] = False,
) -> None:
    """Serve the dashboard and the HTTP API, and drive runs.

    Ctrl-C ends it; runs that it was driving go on when it is started again.
    """
    from autopack import main

    here = settings()
    main.loopback(host)
    open_log(here)

    def ready(url: str) -> None:
        say(f"Autopack listens on {url} (dashboard: {url}/dashboard, API: {url}/docs). Ctrl-C ends it.")

    def ending() -> None:
        say("Ending: runs in hand stop before their next request. A second Ctrl-C ends it at once.")

    serving = main.serve(
        here, os.environ, host=host, port=port, unsandboxed=unsandboxed, ready=ready, ending=ending
    )
    in_loop(serving)
