"""The page while things happen: it shows them at once, stands still when asked to, and misses nothing."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from browser.visiting import (
    ACCEPTED,
    TEST_SECONDS,
    built,
    button,
    shows_state,
    visit,
    visitor,
    watched,
)
from cli.processes import call
from dashboard.steered import Service, plan_of, waits_as

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(TEST_SECONDS)]

HELD = ["cut", "read", "polled"]
CONVERSATIONS = [*(built(name, waits_as(name)) for name in HELD), ACCEPTED]


async def test_a_page_whose_service_is_gone_says_so_and_lacks_nothing_when_it_is_back(
    browser: Browser, service: Service
) -> None:
    run_id = await service.create(plan_of("cut"))
    await service.waits(run_id, "cut")
    gone = "net::ERR_"
    async with visit(browser, service, f"/dashboard/view/runs/{run_id}", forgives=gone) as page:
        await shows_state(page, "in progress")
        await is_connected(page, "Live")
        await service.stop()
        await is_connected(page, "Offline")
        paused = await call(service.world, "pause", run_id)
        noted = await call(service.world, "notes", "add", "Written while it was gone.", "--run", run_id)
        assert (paused.code, noted.code) == (0, 0), (paused, noted)
        async with page.expect_event("requestfailed", lambda one: "/dashboard/runs" in one.url):
            pass
        await service.begin()
        await is_connected(page, "Live")
        await shows_state(page, "paused")
        await expect(page.get_by_text("Written while it was gone.")).to_be_visible()


async def test_a_page_without_the_feed_asks_every_five_seconds(browser: Browser, service: Service) -> None:
    run_id = await service.create(plan_of("polled"))
    await service.waits(run_id, "polled")
    async with visitor(browser, service) as context, watched(context, forgives="net::ERR_FAILED") as page:
        await context.route("**/dashboard/events*", lambda route: route.abort())
        await page.goto(f"/dashboard/view/runs/{run_id}")
        await shows_state(page, "in progress")
        await is_connected(page, "Every 5 s")
        service.release(run_id, "polled")
        await shows_state(page, "succeeded")
        await is_connected(page, "Every 5 s")


async def test_a_page_that_is_held_stands_still_and_shows_everything_when_let_go(
    browser: Browser, service: Service
) -> None:
    run_id = await service.create(plan_of("read"))
    await service.waits(run_id, "read")
    async with visit(browser, service, f"/dashboard/view/runs/{run_id}") as page:
        await shows_state(page, "in progress")
        await is_connected(page, "Live")
        await button(page, "Hold live updates").click()
        await is_connected(page, "Held")
        content = page.get_by_role("main")
        await expect(content.get_by_text("Loading")).to_have_count(0)
        before = await content.inner_text()
        service.release(run_id, "read")
        await service.reaches(run_id, "succeeded")
        await expect(page.get_by_role("banner").get_by_text(re.compile(r"^\d+ changes?$"))).to_be_visible()
        assert await content.inner_text() == before
        await button(page, "Go on with live updates").click()
        await is_connected(page, "Live")
        await shows_state(page, "succeeded")
        await expect(page.get_by_text("1 of 1 phase · 100 %")).to_be_visible()


async def is_connected(page: Page, how: str) -> None:
    """Wait until the page says how it is connected."""
    await expect(page.get_by_role("status", name="Connection")).to_have_text(how)
