"""What is refused before anything is done: foreign hosts and pages, proxies, large and strange bodies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message, Receive, Scope, Send

from autopack.config import Settings
from autopack.dashboard.guard import BODY_BYTES, Guard, check
from autopack.errors import AutopackError, Forbidden
from dashboard.served import Served, refused, served

CHECK = {"plan_path": "plan.yaml"}


@pytest.fixture
async def http(settings: Settings) -> AsyncGenerator[Served]:
    async with served(settings) as http:
        yield http


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "LOCALHOST"])
async def test_this_machines_own_names_are_answered(http: Served, name: str) -> None:
    port = http.url.rsplit(":", 1)[1]
    for host in (name, f"{name}:{port}"):
        assert (await http.get("/health", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "autopack.example",
        "localhost.evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "192.168.1.2:8000",
        "0.0.0.0:8000",
        "user@localhost",
        "localhost:x",
        "[::2]",
        "",
    ],
)
async def test_a_foreign_host_is_refused_as_after_dns_rebinding(http: Served, host: str) -> None:
    for path in ("/health", "/docs", "/openapi.json", "/nowhere"):
        refused(await http.get(path, headers={"host": host}), 403, "forbidden", "localhost")


async def test_two_hosts_or_none_are_refused(http: Served) -> None:
    status, _ = await http.raw("GET /health HTTP/1.1", "Host: localhost", "Host: localhost")
    assert status in (400, 403)
    status, body = await http.raw("GET /health HTTP/1.0")
    assert (status, json.loads(body)["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "x-forwarded-anything",
        "X-Real-IP",
        "CF-Connecting-IP",
        "CF-Ray",
        "Via",
        "True-Client-IP",
        "X-Client-IP",
        "X-Original-Host",
        "Tailscale-User-Login",
        "Fly-Client-IP",
    ],
)
async def test_what_a_proxy_or_a_tunnel_adds_is_refused(http: Served, name: str) -> None:
    refused(await http.get("/health", headers={name: "1"}), 403, "forbidden", "proxy")
    refused(await http.post("/plans/check", CHECK, headers={name: ""}), 403, "forbidden", "proxy")


async def test_a_page_of_another_site_can_change_nothing(http: Served) -> None:
    for origin in (
        "https://evil.example",
        "null",
        "http://localhost:1",
        "http://127.0.0.1",
        "https://localhost",
    ):
        for path in ("/plans/check", "/runs/start", "/runs/run_20250101_000000_abcd/cancel"):
            refused(
                await http.post(path, CHECK, headers={"origin": origin}), 403, "forbidden", "another site"
            )
    for site in ("cross-site", "same-site", "Cross-Site", "something"):
        refused(await http.post("/plans/check", CHECK, headers={"sec-fetch-site": site}), 403, "forbidden")


async def test_its_own_page_and_programs_may_ask(http: Served) -> None:
    known = {"origin": http.url, "sec-fetch-site": "same-origin"}
    for headers in (known, {"sec-fetch-site": "none"}, {"origin": http.url.upper()}, {}):
        answer = await http.post("/plans/check", CHECK, headers=headers)
        refused(answer, 404, "not_found", "No project is registered")


async def test_a_link_on_another_site_may_lead_here(http: Served) -> None:
    answer = await http.get("/docs", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})
    assert answer.status_code == 200


async def test_a_body_above_two_mebibytes_is_refused_with_its_length_and_in_chunks(http: Served) -> None:
    async def chunks(count: int) -> AsyncGenerator[bytes]:
        for _ in range(count):
            yield b" " * 65536

    much = b" " * (BODY_BYTES + 1)
    json_type = {"content-type": "application/json"}
    for path in ("/plans/check", "/runs/start", "/nowhere"):
        refused(await http.client.post(path, content=much, headers=json_type), 413, "too_large", "2 MiB")
        many = BODY_BYTES // 65536 + 1
        answer = await http.client.post(path, content=chunks(many), headers=json_type)
        refused(answer, 413, "too_large", "2 MiB")
    for content in (much[:-1], chunks(BODY_BYTES // 65536)):
        answer = await http.client.post("/plans/check", content=content, headers=json_type)
        refused(answer, 422, "invalid_input", "not JSON")


async def test_a_length_that_is_only_claimed_is_refused_at_once(http: Served) -> None:
    lines = ("POST /runs/start HTTP/1.1", "Host: localhost", "Content-Type: application/json")
    async with asyncio.timeout(10):
        status, body = await http.raw(*lines, f"Content-Length: {10**15}")
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "said",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
        "json",
    ],
)
async def test_a_body_that_is_not_json_is_refused(http: Served, said: str | None) -> None:
    headers = {} if said is None else {"content-type": said}
    answer = await http.client.post("/plans/check", content=b'{"plan_path": "x"}', headers=headers)
    refused(answer, 415, "unsupported_media_type", "application/json")


async def test_json_may_say_its_charset_and_an_empty_body_says_nothing(http: Served) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    answer = await http.client.post("/plans/check", content=json.dumps(CHECK).encode(), headers=headers)
    refused(answer, 404, "not_found")
    refused(await http.post("/runs/run_20250101_000000_abcd/pause"), 404, "not_found")


async def test_every_answer_has_the_headers_that_keep_it_to_itself(http: Served) -> None:
    answers = [
        await http.get("/health"),
        await http.get("/docs"),
        await http.get("/docs/start.js"),
        await http.get("/openapi.json"),
        await http.get("/nowhere"),
        await http.get("/dashboard/runs?limit=x"),
        await http.get("/health", headers={"host": "evil.example"}),
        await http.client.request("PUT", "/runs/start"),
        await http.client.options("/runs/start"),
        await http.client.post("/runs/start", content=b" " * (BODY_BYTES + 1)),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers


async def test_head_is_get_without_the_body(http: Served) -> None:
    for path in ("/health", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/dashboard/runs"):
        whole, head = await http.get(path), await http.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]
        assert head.headers["content-type"] == whole.headers["content-type"]
    assert (await http.client.head("/runs/start")).status_code == 405
    assert (await http.client.head("/nowhere")).status_code == 404


async def test_options_says_what_an_address_takes_and_allows_no_other_site(http: Served) -> None:
    for path, allowed in (("/runs/start", "POST, OPTIONS"), ("/health", "GET, HEAD, OPTIONS")):
        answer = await http.client.options(
            path, headers={"origin": "https://evil.example", "access-control-request-method": "POST"}
        )
        assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", allowed)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_another_machine_is_refused_even_where_the_service_listens_for_it() -> None:
    def scope(address: str) -> Scope:
        headers = [(b"host", b"localhost")]
        return {"type": "http", "method": "GET", "path": "/", "headers": headers, "client": (address, 5)}

    for own in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "testclient"):
        check(scope(own))
    for other in ("192.168.1.9", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1"):
        with pytest.raises(Forbidden, match="another machine"):
            check(scope(other))


async def test_what_nobody_foresaw_is_one_shape_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Errors of every kind, before an answer begins and in the middle of one."""

    async def get(raised: Exception, *, begun: bool = False) -> list[Message]:
        async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
            if begun:
                await send({"type": "http.response.start", "status": 200, "headers": []})
            raise raised

        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        headers = [(b"host", b"localhost")]
        scope: Scope = {"type": "http", "method": "GET", "path": "/x", "headers": headers}
        await Guard(broken)(scope, receive, send)
        return sent

    start, body = await get(ZeroDivisionError("secret words"))
    assert start["status"] == 500
    assert json.loads(body["body"])["error"]["code"] == "internal_error"
    assert b"secret" not in body["body"]
    assert "secret words" in caplog.text
    start, body = await get(OSError(28, "No space left on device", "/somewhere"))
    assert (start["status"], json.loads(body["body"])["error"]["code"]) == (503, "disk_full")
    start, body = await get(AutopackError("Said.", hint="Do."))
    assert json.loads(body["body"]) == AutopackError("Said.", hint="Do.").body()
    (start,) = await get(ZeroDivisionError("late"), begun=True)
    assert "late" in caplog.text
