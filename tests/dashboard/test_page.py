"""`/dashboard` as a browser gets it: its policy, its caching, and what is not there."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncGenerator

import pytest

from autopack.config import Settings
from dashboard.served import Served, served

FIRST_SCRIPTS = 150_000
"""Bytes of compressed JavaScript that a first visit may take, before the charts."""


@pytest.fixture
async def http(settings: Settings) -> AsyncGenerator[Served]:
    async with served(settings) as http:
        yield http


async def test_the_page_is_served_at_its_address_and_at_those_of_its_views(http: Served) -> None:
    page = await http.get("/dashboard")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for path in ("/dashboard/view/usage", "/dashboard/view/runs/run_20250303_101500_ab12/phases/3"):
        assert (await http.get(path)).text == page.text


async def test_an_address_with_a_slash_at_its_end_leads_to_the_page(http: Served) -> None:
    answer = await http.get("/dashboard/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "/dashboard")


async def test_only_an_editor_and_the_service_itself_may_frame_the_page(http: Served) -> None:
    page = await http.get("/dashboard")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["frame-ancestors"] == "'self' vscode-webview: vscode-file: https://*.vscode-cdn.net"
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "x-frame-options" not in page.headers
    api = await http.get("/health")
    assert "frame-ancestors 'none'" in api.headers["content-security-policy"]


async def test_the_page_asks_no_other_host_and_holds_no_script_of_its_own(http: Served) -> None:
    text = (await http.get("/dashboard")).text
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", text)
    assert not re.search(r"<style|style=|\son\w+=", text)
    assert set(re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)) == {""}


async def test_files_are_kept_for_good_and_the_page_is_asked_for_each_time(http: Served) -> None:
    page = await http.get("/dashboard")
    assert page.headers["cache-control"] == "no-cache"
    for path in _files(page.text):
        file = await http.get(path)
        assert file.status_code == 200, path
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_first_visit_takes_little_and_compressed(http: Served) -> None:
    scripts = [path for path in _files((await http.get("/dashboard")).text) if path.endswith(".js")]
    assert scripts
    size = 0
    for path in scripts:
        async with http.client.stream("GET", path, headers={"accept-encoding": "gzip"}) as packed:
            assert packed.headers["content-encoding"] == "gzip"
            raw = b"".join([part async for part in packed.aiter_raw()])
        plain = await http.get(path, headers={"accept-encoding": "identity"})
        assert gzip.decompress(raw) == plain.content
        size += len(raw)
    assert size <= FIRST_SCRIPTS


@pytest.mark.parametrize(
    "path",
    [
        "/dashboard/assets/missing.js",
        "/dashboard/assets/..%2findex.html",
        "/dashboard/assets/%2e%2e",
        "/dashboard/assets/..%2f.built-from",
        "/dashboard/assets/%00.js",
        "/dashboard/assets/",
        f"/dashboard/assets/{'a' * 300}.js",
        "/dashboard/assets/index.html",
        "/dashboard/nothing",
    ],
)
async def test_what_is_no_part_of_the_page_is_not_found(http: Served, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 404, path
    assert answer.json()["error"]["hint"]


async def test_a_client_that_wants_no_compressed_files_gets_plain_ones(http: Served) -> None:
    path = next(path for path in _files((await http.get("/dashboard")).text) if path.endswith(".js"))
    for said, packed in (("gzip;q=0", False), ("br, gzip", True), ("gzip;q=0.5, br", True), ("", False)):
        answer = await http.get(path, headers={"accept-encoding": said})
        assert ("content-encoding" in answer.headers) is packed, said


def _files(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/dashboard/assets/[^"]+)"', page)
