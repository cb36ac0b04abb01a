"""The service as its users meet it: uvicorn on a loopback port, and a client that speaks HTTP to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any

import httpx2
from fastapi import FastAPI

from autopack.app import create_app
from autopack.config import Settings
from autopack.main import answering, listen, url_of

LIMIT_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Served:
    """A service that answers."""

    url: str
    app: FastAPI
    client: httpx2.AsyncClient

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        """A reading."""
        return await self.client.get(path, **options)

    async def post(self, path: str, body: object = None, **options: Any) -> httpx2.Response:
        """Something asked, with a body of JSON or none."""
        if body is None:
            return await self.client.post(path, **options)
        return await self.client.post(path, json=body, **options)

    async def raw(self, *lines: str, body: bytes = b"") -> tuple[int, bytes]:
        """A request as these lines and nothing else; status and body of the answer."""
        host, port = self.url.removeprefix("http://").rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body)
        await writer.drain()
        async with asyncio.timeout(LIMIT_SECONDS):
            answer = await reader.read()
        writer.close()
        head, _, rest = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), rest


@asynccontextmanager
async def served(
    settings: Settings, environ: Mapping[str, str] | None = None, *, unsandboxed: bool = True
) -> AsyncGenerator[Served]:
    """The service on a home, until the block is left."""
    with closing(listen("127.0.0.1", 0)) as listening:
        url = url_of(listening)
        app = create_app(settings, environ or {}, address=url, unsandboxed=unsandboxed)
        async with (
            answering(app, listening),
            httpx2.AsyncClient(base_url=url, timeout=LIMIT_SECONDS, trust_env=False) as client,
        ):
            yield Served(url=url, app=app, client=client)


def refused(answer: httpx2.Response, status: int, code: str, *words: str) -> None:
    """Assert an error of the one shape that holds these words, and shows nothing of the code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = json.loads(answer.text)
    assert list(body) == ["error"], body
    assert sorted(body["error"]) == ["code", "hint", "message"], body
    assert body["error"]["code"] == code, body
    for word in words:
        assert word in body["error"]["message"] + " " + body["error"]["hint"], body
    for word in ("Traceback", 'File "', '.py"', "site-packages"):
        assert word not in answer.text
