"""What every request passes before anything is done for it, and every answer on its way out.

Until there are keys, whoever reaches the service may do everything, so it takes requests of this machine
only. That it listens on a loopback address is not enough: a page of any site can send requests to it from
the user's own browser, a name can be made to lead to 127.0.0.1 (DNS rebinding), and a tunnel or proxy brings
the whole world to it. So a foreign Host, a foreign Origin and every header that a proxy adds are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
from collections.abc import AsyncGenerator, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autopack.dashboard.problems import refusal
from autopack.errors import AutopackError, Forbidden, TooLarge, UnsupportedMediaType, of_system

BODY_BYTES = 2 * 1024 * 1024
"""Largest body that is read."""
_DRAINED_BYTES = 8 * BODY_BYTES
_DRAIN_SECONDS = 5.0
_DIGITS = 18

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of all that is not a page."""

_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "content-security-policy": POLICY,
}
_HOST = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_OF_A_PROXY = re.compile(
    r"forwarded|via|x-forwarded\b.*|x-original-.*|x-real-ip|x-(?:cluster-)?client-ip|client-ip|true-client-ip|"
    r"x-envoy-.*|x-amzn-.*|x-azure-.*|x-appengine-.*|x-proxyuser-ip|x-host|x-rewrite-url|cf-.*|cdn-loop|"
    r"fastly-.*|fly-.*|ngrok-.*|tailscale-.*"
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PARSED_AS_JSON = frozenset({"POST", "PUT", "PATCH", "DELETE"})

log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware around the whole application. Every answer of it has the one shape of errors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on; what goes wrong behind it is logged and leaves as an error of ours."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        answering = _Answering(send, head_only=scope["method"] == "HEAD")
        try:
            check(scope)
            body = await _whole_body(scope, receive)
            _check_media_type(scope, body)
            passed_on = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
            await self._app(passed_on, _Replayed(body, receive, answering), answering.send)
        except ClientDisconnect:
            return
        except AutopackError as error:
            if not answering.started:
                await refusal(error)(scope, receive, answering.send)
        except Exception as error:
            await self._failed(error, scope, receive, answering)

    async def _failed(self, error: Exception, scope: Scope, receive: Receive, answering: _Answering) -> None:
        if answering.started:
            log.exception("unforeseen, while answering %s %s", scope["method"], scope["path"])
            return
        known = of_system(error) if isinstance(error, OSError) else None
        if known is None:
            log.exception("unforeseen, asked for %s %s", scope["method"], scope["path"])
            known = AutopackError(
                "Autopack itself failed.",
                hint="This is a defect. autopack.log in AUTOPACK_HOME has the traceback.",
            )
        await refusal(known)(scope, receive, answering.send)


def check(scope: Scope) -> None:
    """Raise `Forbidden` for a request that may not come from this machine, or not from a page of ours."""
    headers = Headers(scope=scope)
    if not _is_this_machine(scope.get("client")):
        raise Forbidden(
            "The request comes from another machine.", hint="Only this machine may use it, until keys exist."
        )
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise Forbidden(
            "The request names a host that is not this machine's.",
            hint="Use http://localhost or http://127.0.0.1 with the port that `autopack serve` says.",
        )
    if any(_OF_A_PROXY.fullmatch(name.lower()) for name in headers):
        raise Forbidden(
            "The request came through a proxy or a tunnel.",
            hint="Ask the service directly: until keys exist, it would be open to whoever the proxy lets in.",
        )
    if scope["method"] not in _SAFE:
        _check_origin(headers, hosts[0])


def _check_origin(headers: Headers, host: str) -> None:
    """A browser says which page sends a request that changes something; curl and scripts say nothing."""
    origins, site = headers.getlist("origin"), headers.get("sec-fetch-site", "none")
    ours = f"http://{host}".lower().removesuffix(":80")
    foreign = any(origin.lower().removesuffix(":80") != ours for origin in origins)
    if foreign or site.lower() not in ("same-origin", "none"):
        raise Forbidden(
            "The request was sent by a page of another site.",
            hint="Only pages of this service, and programs that are no browser, may change anything.",
        )


def _is_this_machine(client: tuple[str, int] | None) -> bool:
    """Whether the other end of a connection is; where it is no address (a socket file, a test), it is."""
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return True
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


async def _whole_body(scope: Scope, receive: Receive) -> bytes:
    """The body, whether it came with its length or in chunks. Raises `TooLarge`."""
    headers = Headers(scope=scope)
    if "content-length" not in headers and "transfer-encoding" not in headers:
        return b""
    told = headers.get("content-length", "0")
    size = int(told) if told.isdecimal() and len(told) <= _DIGITS else _DRAINED_BYTES + 1
    if size > _DRAINED_BYTES:
        raise _too_large()
    body, chunks = bytearray(), _chunks(receive)
    async for chunk in chunks:
        body += chunk
        if len(body) > BODY_BYTES:
            await _drain(chunks, _DRAINED_BYTES - len(body))
            raise _too_large()
    return bytes(body)


async def _chunks(receive: Receive) -> AsyncGenerator[bytes]:
    """The body as it comes. Raises `ClientDisconnect` where it breaks off."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _drain(chunks: AsyncGenerator[bytes], most: int) -> None:
    """Read on and forget it: whoever is still sending when the connection closes never sees the answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for chunk in chunks:
                most -= len(chunk)
                if most < 0:
                    return


def _too_large() -> TooLarge:
    return TooLarge(
        f"The request's body is larger than {BODY_BYTES // 1024**2} MiB.",
        hint="Put the plan into a file of the project, and send its path.",
    )


def _check_media_type(scope: Scope, body: bytes) -> None:
    if not body or scope["method"] not in _PARSED_AS_JSON:
        return
    said = Headers(scope=scope).get("content-type", "")
    if said.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType(
            f"The request's body is {said[:80] or 'of no said type'}; only JSON is read.",
            hint="Send it with `Content-Type: application/json`.",
        )


class _Answering:
    """Sends an answer with the headers that all have; of a HEAD request the head alone."""

    def __init__(self, send: Send, *, head_only: bool) -> None:
        self._send = send
        self._head_only = head_only
        self.started = False
        self.over = False

    async def send(self, message: Message) -> None:
        if self.over:
            raise OSError("the answer is over")  # what a server says to whoever sends to a closed connection
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        elif self._head_only:
            message = {"type": "http.response.body", "body": b"", "more_body": False}
            self.over = True
        await self._send(message)


class _Replayed:
    """The body that was read already, then whatever the server has to say."""

    def __init__(self, body: bytes, receive: Receive, answering: _Answering) -> None:
        self._body: bytes | None = body
        self._receive = receive
        self._answering = answering

    async def __call__(self) -> Message:
        if self._body is not None:
            message: Message = {"type": "http.request", "body": self._body, "more_body": False}
            self._body = None
            return message
        if self._answering.over:
            return {"type": "http.disconnect"}
        return await self._receive()
