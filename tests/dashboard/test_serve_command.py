"""`autopack serve` and `python -m autopack.main` as processes of their own."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from autopack.config import Settings
from autopack.errors import InvalidInput, Unavailable
from autopack.main import listen, loopback, url_of
from cli.calling import Autopack, autopack
from dashboard.started import COMMAND, MODULE, end, start
from fixtures.world import World, approves, small_world

__all__ = ["autopack"]

ENDING = "Ending: runs in hand stop before their next request. A second Ctrl-C ends it at once.\n"


@pytest.fixture
async def world(tmp_path: Path, settings: Settings) -> AsyncGenerator[World]:
    async with small_world(tmp_path, settings, approves()) as world:
        yield world


async def health(url: str) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{url}/health")).status_code


async def test_two_services_share_a_home_and_end_cleanly_on_a_signal(world: World) -> None:
    first, one = await start(world, *COMMAND, "serve", "--port", "0")
    second, other = await start(world, *MODULE, "--port", "0")
    assert one != other
    assert [await health(url) for url in (one, other)] == [200, 200]
    assert await end(first, signal.SIGINT) == (0, ENDING, "")
    assert await health(other) == 200
    assert await end(second, signal.SIGTERM) == (0, ENDING, "")
    with pytest.raises(httpx2.ConnectError):
        await health(other)
    log = world.settings.home / "autopack.log"
    assert "GET /health" not in log.read_text()


async def test_an_open_connection_does_not_hold_the_end_up(world: World) -> None:
    process, url = await start(world, *COMMAND, "serve", "--port", "0")
    host, port = url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /runs/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    assert await health(url) == 200
    async with asyncio.timeout(20):
        assert (await end(process, signal.SIGTERM))[0] == 0
    writer.close()


async def test_a_port_in_use_is_an_error_that_names_another(autopack: Autopack) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        told = await asyncio.to_thread(autopack, "serve", "--port", port)
        told.failed(1, f"Port {port}", "in use", "--port")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.0.0.1.evil.example"]
)
def test_a_host_that_other_machines_reach_is_refused(autopack: Autopack, host: str) -> None:
    autopack("serve", "--host", host).failed(2, "not a loopback address", "127.0.0.1")


def test_loopback_addresses_are_what_is_listened_on() -> None:
    assert [loopback(host) for host in ("localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1")] == [
        "127.0.0.1",
        "127.0.0.1",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
    ]
    with pytest.raises(InvalidInput):
        loopback("::ffff:1.2.3.4")


def test_an_address_that_is_not_ours_to_have_is_an_error() -> None:
    with pytest.raises(Unavailable, match="can't be had"):
        listen("192.0.2.1", 0).close()


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6")
def test_an_address_of_ipv6_stands_in_brackets() -> None:
    try:
        listening = listen("::1", 0)
    except Unavailable:
        pytest.skip("IPv6 is switched off")
    with closing(listening):
        assert re.fullmatch(r"http://\[::1\]:\d+", url_of(listening))


def test_a_home_that_can_not_be_used_is_said_before_it_serves(
    autopack: Autopack, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOPACK_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("AUTOPACK_DATABASE_URL", raising=False)
    told = autopack("serve", "--port", 0)
    told.failed(1, str(tmp_path / "file"))
    assert "listens" not in told.out
