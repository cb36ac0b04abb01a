"""The demo's dashboard: there while the demo lasts, and never said to be there when it is not."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import httpx2
import pytest

from autopack.cli.demo_page import demo_page
from autopack.config import Settings
from autopack.errors import Unavailable
from fixtures.database import home_environ
from fixtures.world import environ_for

LIMIT_SECONDS = 60.0

pytestmark = pytest.mark.sqlite


async def test_the_page_answers_and_ends_with_the_demo(tmp_path: Path, settings: Settings) -> None:
    ended = asyncio.Event()
    environ = {**environ_for(tmp_path), **home_environ(settings)}
    async with (
        demo_page(settings.home, environ, unsandboxed=True) as page,
        httpx2.AsyncClient(trust_env=False) as client,
    ):
        assert (await client.get(page.url)).status_code == 200
        ended.set()
        async with asyncio.timeout(LIMIT_SECONDS):
            await page.until(ended)
    assert page.service.cancelled() or page.service.done()
    async with httpx2.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(page.url)


async def test_a_page_that_died_is_not_said_to_stay(tmp_path: Path, settings: Settings) -> None:
    environ = {**environ_for(tmp_path), **home_environ(settings)}
    async with demo_page(settings.home, environ, unsandboxed=True) as page:
        port = page.url.removeprefix("http://localhost:").partition("/")[0]
        os.kill(_process_with(f"--port {port}"), signal.SIGKILL)
        async with asyncio.timeout(LIMIT_SECONDS):
            with pytest.raises(Unavailable, match=r"The demo's dashboard ended by itself\. Exit code -9"):
                await page.until(asyncio.Event())


def _process_with(words: str) -> int:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "autopack.main" in line and words in line:
            return int(path.parent.name)
    raise AssertionError(f"no process with {words}")
