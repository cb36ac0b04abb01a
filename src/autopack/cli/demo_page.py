"""The demo's dashboard: a service on the demo's home for as long as the demo lasts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autopack import main
from autopack.errors import Unavailable

if TYPE_CHECKING:
    from autopack.processes import Finished

READY_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_WHY = "`autopack serve` on the demo's home (AUTOPACK_HOME) starts it again, or says why not."


@dataclass(frozen=True)
class DemoPage:
    """The dashboard of a demo, while it lasts."""

    url: str
    service: asyncio.Task[Finished]

    async def until(self, ended: asyncio.Event) -> None:
        """Wait for the event. Raises `Unavailable` where the service ends before it."""
        waiting = asyncio.create_task(ended.wait())
        try:
            await asyncio.wait({waiting, self.service}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not ended.is_set():
            raise Unavailable(f"The demo's dashboard ended by itself. {_said(self.service)}", hint=_WHY)


@asynccontextmanager
async def demo_page(home: Path, environ: Mapping[str, str], *, unsandboxed: bool) -> AsyncGenerator[DemoPage]:
    """The page, once it answers; its service is a child that ends with the block, or with us.

    Port 8000 where it is free, else any. Raises `Unavailable` where the service does not begin.
    """
    from autopack.processes import Command, run

    port = _free_port()
    words = ("--port", str(port), *(["--unsandboxed"] if unsandboxed else []))
    own = {name: value for name, value in environ.items() if name != "AUTOPACK_DATABASE_URL"}
    command = Command(
        argv=(sys.executable, "-m", main.__name__, *words), cwd=home, env={**own, "AUTOPACK_HOME": str(home)}
    )
    service = asyncio.create_task(run(command))
    try:
        await _answering(port, service)
        yield DemoPage(f"http://localhost:{port}/dashboard", service)
    finally:
        service.cancel()
        with suppress(asyncio.CancelledError):
            await service


def _free_port() -> int:
    """The service's own port where nobody has it, else any. Raises `Unavailable`."""
    try:
        found = main.listen(main.HOST, main.PORT)
    except Unavailable:
        found = main.listen(main.HOST, 0)
    with closing(found):
        return int(found.getsockname()[1])


async def _answering(port: int, service: asyncio.Task[Finished]) -> None:
    """Wait until the service answers."""
    asked = f"GET /health HTTP/1.0\r\nHost: {main.HOST}:{port}\r\n\r\n".encode()
    with suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            while not service.done():
                with suppress(OSError):
                    reader, writer = await asyncio.open_connection(main.HOST, port)
                    with closing(writer):
                        writer.write(asked)
                        if await reader.read(1):
                            return
                await asyncio.sleep(_LOOK_SECONDS)
    raise Unavailable(f"The demo's dashboard did not begin. {_said(service)}", hint=_WHY)


def _said(service: asyncio.Task[Finished]) -> str:
    """What a service that ended said, with its exit code."""
    if not service.done():
        return "It takes too long."
    finished = service.result()
    words = finished.output.decode(errors="replace").strip().splitlines()
    return f"Exit code {finished.exit_code}; it said last: {words[-1] if words else 'nothing'}"
