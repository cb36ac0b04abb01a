"""Cutting a connection whose other end reads no more, which ASGI itself has no word for.

A server that closes such a connection waits for its buffer to be taken, for ever. Uvicorn hands each
request a state of its application; there this protocol puts a way to cut the request's own connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn.config import Config
    from uvicorn.server import ServerState

_NAME = "autopack.hang_up"


def http_protocol() -> type[asyncio.Protocol]:
    """What to give uvicorn as `http`, so that `hang_up_of` finds something."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Connection(H11Protocol):
        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(config, server_state, {**app_state, _NAME: self._hang_up}, _loop)

        def _hang_up(self) -> None:
            self.transport.abort()

    return Connection


def hang_up_of(scope: Scope) -> Callable[[], None] | None:
    """Cuts the connection of a request at once; None under a server that was not given the protocol."""
    return cast("dict[str, Any]", scope.get("state", {})).get(_NAME)
