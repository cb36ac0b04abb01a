"""Running the simulator inside the current event loop, without uvicorn's own server and signal handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autopack.errors import Unavailable
from autopack.simulator.app import HANG_UP, Simulator
from autopack.simulator.log import LogEntry, RequestLog, served_tokens
from autopack.simulator.scenario import Scenario
from autopack.simulator.usage import ServedUsage

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol
    from uvicorn.server import ServerState

HOST = "127.0.0.1"

_IDLE_SECONDS = 3600
"""How long an idle connection is kept: a client must never meet one that is just being closed."""

_CLOSE_SECONDS = 1.0


@dataclass(frozen=True)
class RunningSimulator:
    """A simulator that is listening."""

    url: str
    """Base URL for Anthropic clients, without a slash at its end: they add `/v1/messages`."""
    log: RequestLog

    @property
    def openai_url(self) -> str:
        """Base URL for OpenAI clients: they add `/chat/completions`."""
        return f"{self.url}/v1"

    @property
    def zai_url(self) -> str:
        """Base URL for Z.ai clients: they add `/chat/completions`."""
        return f"{self.url}/api/paas/v4"

    def entries(self) -> list[LogEntry]:
        """The log so far, in the order in which answers ended."""
        return self.log.entries()

    def served(self) -> dict[str, ServedUsage]:
        """Tokens in completed answers so far, by model."""
        return served_tokens(self.entries())


@asynccontextmanager
async def serve(
    scenario: Scenario, *, log: Path | None = None, port: int = 0
) -> AsyncGenerator[RunningSimulator]:
    """Serve a scenario on 127.0.0.1 until the block is left; then open requests are cut.

    `log` is appended to; None keeps the entries in memory. Port 0 is any free one. Raises Unavailable
    where the port can't be had, InvalidInput where the log can't be written.
    """
    from uvicorn.config import Config
    from uvicorn.protocols.http.h11_impl import H11Protocol
    from uvicorn.server import ServerState

    request_log = RequestLog(log)
    config = Config(
        Simulator(scenario, request_log),
        http=H11Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()

    def connection() -> H11Protocol:
        found: dict[str, object] = {}
        protocol = H11Protocol(config, state, found)
        found[HANG_UP] = lambda: protocol.transport.close()
        return protocol

    try:
        server = await loop.create_server(connection, host=HOST, port=port)
    except (OSError, OverflowError) as error:
        request_log.close()
        hint = "Name another port, or 0 for any free one."
        raise Unavailable(f"The simulator can't listen on {HOST}:{port}: {error}.", hint=hint) from error
    try:
        bound_port: int = server.sockets[0].getsockname()[1]
        yield RunningSimulator(f"http://{HOST}:{bound_port}", request_log)
    finally:
        server.close()
        await _close(state)
        request_log.close()


async def _close(state: ServerState) -> None:
    """Close idle connections, cut those in use, and wait until their requests are in the log."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    for connection in list(state.connections):
        if isinstance(connection, H11Protocol) and not _in_use(connection):
            connection.shutdown()
        else:
            connection.transport.abort()
    if state.tasks:
        await asyncio.wait(state.tasks, timeout=_CLOSE_SECONDS)
    await asyncio.sleep(0)


def _in_use(connection: H11Protocol) -> bool:
    if connection.cycle is None:  # pyright: ignore[reportUnnecessaryComparison]  (None before any request)
        return False
    return not connection.cycle.response_complete
