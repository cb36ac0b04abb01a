"""`autopack logs`: what happened in a run, from any process."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import RunArgument, in_loop, records
from autopack.errors import Unavailable

if TYPE_CHECKING:
    from autopack.cli.board import Board
    from autopack.db import Database

_LIVENESS_SECONDS = 2.0


def logs(
    run: RunArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print events as JSON lines.")] = False,
) -> None:
    """Print what happened in a run, one line per event."""
    in_loop(_logs(run, follow=follow, as_json=as_json))


async def _logs(said: str, *, follow: bool, as_json: bool) -> None:
    from autopack.cli.displays import JsonDisplay, LineDisplay
    from autopack.cli.follow import Follower, board_of
    from autopack.views.find import find_run

    display = JsonDisplay() if as_json else LineDisplay()
    async with records() as here:
        async with here.read() as session:
            run_id = await find_run(session, said)
        board = await board_of(here.database, run_id)
        display.begin(board)
        follower = Follower(here.database, board, display)
        await follower.catch_up()
        if not follow:
            return
        over = asyncio.Event()
        watch = asyncio.create_task(_owned(here.database, board, over))
        try:
            await follower.until(lambda: board.state.ended or watch.done())
        finally:
            over.set()
            await watch


async def _owned(database: Database, board: Board, over: asyncio.Event) -> None:
    """Until it is over, raise `Unavailable` when nobody drives the run any more: nothing would follow."""
    from autopack.views.status import run_status

    while not over.is_set():
        async with database.read() as session:
            status = await run_status(session, board.run_id)
        if status.interrupted:
            raise Unavailable(
                f"No process works on run {board.run_id} any more.",
                hint=f"Go on with `autopack resume {board.run_id}`.",
            )
        with suppress(TimeoutError):
            async with asyncio.timeout(_LIVENESS_SECONDS):
                await over.wait()
