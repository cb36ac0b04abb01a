"""Signals while a run is driven: the first asks the run to stop, the second ends at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

CANCELLED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopping(ask: Callable[[str], Awaitable[object]], leave: Callable[[], None]) -> Generator[None]:
    """Within the block, a first signal awaits `ask(by)`; a second one calls `leave` and ends the process.

    A SIGHUP that the process was started to ignore (`nohup`) stays ignored. The process's children end
    with it: their guard sees its pipe close.
    """
    loop = asyncio.get_running_loop()
    asked: list[asyncio.Future[object]] = []

    def heed(number: signal.Signals) -> None:
        if asked:
            try:
                leave()
            finally:
                os._exit(CANCELLED)
        by = "Ctrl-C" if number is signal.SIGINT else number.name
        asked.append(asyncio.ensure_future(ask(by)))

    nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    heeded = [number for number in _SIGNALS if number is not signal.SIGHUP or not nohup]
    for number in heeded:
        loop.add_signal_handler(number, heed, number)
    try:
        yield
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
