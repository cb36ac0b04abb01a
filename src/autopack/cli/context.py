"""`autopack context`: a run in a few lines, to paste into a chat."""

from __future__ import annotations

from autopack.cli.door import MaybeRun, in_loop, records
from autopack.cli.out import say
from autopack.cli.words import clean


def context(run: MaybeRun = None) -> None:
    """Print where a run stands, to paste into a chat.

    A block of Markdown; of the newest run without RUN.
    """
    say(clean(in_loop(_context(run)).removesuffix("\n"), lines=True))


async def _context(said: str | None) -> str:
    from autopack.views.context import context_block
    from autopack.views.find import find_run

    async with records() as here, here.read() as session:
        return await context_block(session, await find_run(session, said))
