"""The service as a process: listens on a loopback address until it is told to end.

`python -m autopack.main` is the command `autopack serve`, with the same options.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from autopack.config import Settings
from autopack.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from starlette.applications import Starlette

HOST = "127.0.0.1"
PORT = 8000
_CANCELLED = 130
_GRACE_SECONDS = 2
"""How long requests that are being answered may take when it ends; streams are cut then."""


async def serve(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    host: str = HOST,
    port: int = PORT,
    unsandboxed: bool = False,
    ready: Callable[[str], None],
    ending: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called with the URL once requests are answered.

    `ending` is called when it is told to end, which takes some seconds where runs are in hand.

    Port 0 is any free one. Raises `InvalidInput` for a host that is not this machine's loopback,
    `Unavailable` where the port can't be had, and what `create_app` raises when it starts.
    """
    from autopack.app import create_app

    listening = listen(loopback(host), port)
    app = create_app(settings, environ, address=url_of(listening), unsandboxed=unsandboxed)
    asked = asyncio.Event()

    def end() -> None:
        asked.set()
        ending()

    with contextlib.closing(listening), _ended_by_signals(end):
        async with answering(app, listening) as server:
            gc.freeze()  # the libraries stay: to look through them for garbage stops every request for 60 ms
            ready(url_of(listening))
            stop = asyncio.create_task(asked.wait())
            await asyncio.wait({server, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()


@asynccontextmanager
async def answering(app: Starlette, listening: socket.socket) -> AsyncGenerator[asyncio.Task[None]]:
    """Answer requests on a socket until the block is left, or until the given task ends by itself.

    The application's lifespan is entered here and not by uvicorn, so that what goes wrong in it is raised.
    """
    from uvicorn import Config, Server

    from autopack.dashboard.hang_up import http_protocol

    started = asyncio.Event()

    class Quiet(Server):
        """Without handlers of its own for signals: they end the process before what is open is closed."""

        @contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    config = Config(
        app,
        http=http_protocol(),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = Quiet(config)
    async with app.router.lifespan_context(app):
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await started.wait()
            yield serving
        finally:
            app.state.tailer.end()  # streams end themselves, and so hold nothing up
            server.should_exit = True
            await serving


def loopback(host: str) -> str:
    """The address to listen on. Raises `InvalidInput` for one that other machines reach."""
    named = HOST if host.lower() == "localhost" else host
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(named).is_loopback:
            return named
    raise InvalidInput(
        f"{host} is not a loopback address: whoever reaches the service may do everything, until keys exist.",
        hint="Use 127.0.0.1, ::1 or localhost. From another machine, bring its port there with ssh -L.",
    )


def listen(address: str, port: int) -> socket.socket:
    """A socket that has the port. Raises `Unavailable` where it can't be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(
                f"Port {port} of {address} is in use by another program.",
                hint=f"End that one if it is an earlier `autopack serve`, or name another: --port {port + 1}",
            ) from None
        raise Unavailable(
            f"Port {port} of {address} can't be had: {os.strerror(error.errno or 0)}.",
            hint="Name a port from 1024 to 65535, or 0 for any free one.",
        ) from None
    return listening


def url_of(listening: socket.socket) -> str:
    """Where a listening socket is reached."""
    address, port = listening.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


@contextmanager
def _ended_by_signals(end: Callable[[], None]) -> Generator[None]:
    """A first SIGINT or SIGTERM calls `end`, a second one ends the process at once."""
    asked: list[signal.Signals] = []

    def heed(number: signal.Signals) -> None:
        if asked:
            os._exit(_CANCELLED)
        asked.append(number)
        end()

    loop = asyncio.get_running_loop()
    heeded = (signal.SIGINT, signal.SIGTERM)
    for number in heeded:
        loop.add_signal_handler(number, heed, number)
    try:
        yield
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)


if __name__ == "__main__":
    from autopack.cli import main

    sys.exit(main(["serve", *sys.argv[1:]]))
