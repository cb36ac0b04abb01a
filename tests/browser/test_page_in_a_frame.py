"""The page in a frame: in an editor's panel it is all there, and other sites can't have it.

An editor's panel is a frame in a page whose address a browser has no way to open (`vscode-webview:`). So the
frame here is in a page of the service's own address, which the policy lets in by the same list, with the
rights that VS Code's Simple Browser gives its frame; the clipboard is none of them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, expect

from browser.visiting import ACCEPTED, TEST_SECONDS, built, keep, visitor, watched
from dashboard.steered import Service, plan_of, waits_as

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(TEST_SECONDS)]

CONVERSATIONS = [built("framed", waits_as("framed")), built("beyond"), ACCEPTED]


def editor(service: Service) -> str:
    """A page with the dashboard in a frame."""
    rights = "allow-scripts allow-forms allow-same-origin allow-downloads"
    refused = "clipboard-read 'none'; clipboard-write 'none'"
    frame = f'<iframe title="Panel" sandbox="{rights}" allow="{refused}" src="{service.url}/dashboard"'
    return f'<!doctype html><title>Editor</title>{frame} width="900" height="800"></iframe>'


@asynccontextmanager
async def another_site(page: str) -> AsyncGenerator[str]:
    """A server of its own that answers with a page; its URL."""
    answer = f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {len(page)}\r\n\r\n{page}"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_a_run_is_steered_and_its_context_copied_in_an_editors_panel(
    browser: Browser, service: Service
) -> None:
    keep(service, plan_of("framed", "beyond"))
    refusal = "permissions policy|can escape its sandboxing"
    async with (
        visitor(browser, service, permissions=("clipboard-read",)) as context,
        watched(context, forgives=refusal) as page,
    ):
        address = f"{service.url}/panel"
        await context.route(
            address, lambda route: route.fulfill(body=editor(service), content_type="text/html")
        )
        await page.goto(address)
        frame = page.frame_locator("iframe")
        await frame.get_by_role("button", name="Start", exact=True).click()
        asked = frame.get_by_role("dialog", name="Start a run")
        await asked.get_by_label("Plan", exact=True).fill(".autopack/framed.yaml")
        await asked.get_by_role("button", name="Look at the plan").click()
        await expect(asked.get_by_role("region", name="The plan framed")).to_be_visible()
        await asked.get_by_role("button", name="Start", exact=True).click()
        await expect(frame.get_by_role("heading", level=1, name="framed")).to_be_visible()
        (run_id,) = await service.runs_of("framed")
        await service.waits(run_id, "framed")

        await frame.get_by_role("button", name="Pause", exact=True).click()
        service.release(run_id, "framed")
        await expect(frame.get_by_text("Paused on request.")).to_be_visible()
        await frame.get_by_label("Model: builder, core_backend, low").select_option("gpt-5.1")
        change = frame.get_by_role("dialog", name="Change the model?")
        await change.get_by_role("button", name="Apply for this run only").click()
        await expect(change).to_be_hidden()
        await frame.get_by_label("Note for the models").fill("From the panel.")
        await frame.get_by_role("button", name="Leave the note").click()
        await frame.get_by_role("button", name="Resume", exact=True).click()
        await expect(frame.get_by_text("2 of 2 phases · 100 %")).to_be_visible()
        await expect(frame.get_by_role("link", name="phase 2, attempt 1").first).to_be_visible()
        await frame.get_by_role("button", name=re.compile("Phase beyond")).click()
        why = frame.get_by_role("region", name="Models, and why these")
        await expect(why).to_contain_text("the run's override for core_backend:low maps builder to gpt-5.1")

        tries = "navigator.clipboard.writeText('').then(() => 'let', () => 'refused')"
        assert await frame.locator("body").evaluate(f"() => {tries}") == "refused"
        await frame.get_by_role("button", name="Copy to clipboard").click()
        await expect(frame.get_by_role("button", name="Copied")).to_be_visible()
        copied = await page.evaluate("navigator.clipboard.readText()")
        context_now = await service.client.get(f"{service.url}/dashboard/runs/{run_id}/context")
        assert copied == context_now.text


async def test_a_page_of_another_origin_shows_nothing_of_it(browser: Browser, service: Service) -> None:
    async with (
        another_site(editor(service)) as address,
        visitor(browser, service) as context,
        watched(context, forgives="frame-ancestors") as page,
    ):
        async with page.expect_console_message(lambda told: "frame-ancestors" in told.text):
            await page.goto(address)
        (inner,) = (one for one in page.frames if one is not page.main_frame)
        assert inner.url == "chrome-error://chromewebdata/"
