"""Ctrl-C and SIGTERM while a run is driven: the first asks the run to stop, the second ends at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

CANCELLED = 130


@contextmanager
def stopping(ask: Callable[[str], Awaitable[object]], leave: Callable[[], None]) -> Generator[None]:
    """Within the block, a first signal awaits `ask(by)`; a second one calls `leave` and ends the process.

    The process's children end with it: their guard sees its pipe close.
    """
    loop = asyncio.get_running_loop()
    asked: list[asyncio.Future[object]] = []

    def heed(number: signal.Signals) -> None:
        if asked:
            leave()
            os._exit(CANCELLED)
        by = "Ctrl-C" if number is signal.SIGINT else number.name
        asked.append(asyncio.ensure_future(ask(by)))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, heed, number)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
