"""The page on a phone of 360 by 740, by touch: nothing is cut off, and everything can be done."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from browser.visiting import (
    ACCEPTED,
    PHONE,
    TEST_SECONDS,
    built,
    button,
    dialog,
    keep,
    phase,
    run_of,
    shows_state,
    visit,
)
from dashboard.steered import Service, plan_of, waits_as

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(TEST_SECONDS)]

NAME = "pocketful-of-phases-that-nobody-would-call-so-briefly-again"
CONVERSATIONS = [built("done"), built(NAME, waits_as(NAME)), ACCEPTED]


async def test_a_run_is_started_watched_paused_and_stopped_by_touch(
    browser: Browser, service: Service
) -> None:
    keep(service, {**plan_of("done", NAME), "name": f"{NAME}-plan"})
    async with visit(browser, service, phone=True) as page:
        await expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
        await nothing_is_cut_off(page)
        await button(page, "Start").tap()
        asked = dialog(page, "Start a run")
        await asked.get_by_label("Plan", exact=True).fill(f".autopack/{NAME}-plan.yaml")
        await button(asked, "Look at the plan").tap()
        await expect(asked.get_by_text("1 tier, 2 phases. Nothing is started yet.")).to_be_visible()
        await nothing_is_cut_off(page)
        await button(asked, "Start").tap()
        run_id = await run_of(page, f"{NAME}-plan")
        await service.waits(run_id, NAME)

        await shows_state(page, "in progress")
        await expect(page.get_by_text("1 of 2 phases · 50 %")).to_be_visible()
        await nothing_is_cut_off(page)
        for name in ("done", NAME):
            await phase(page, name).tap()
            await expect(page.get_by_role("region", name="Models, and why these")).to_be_visible()
            await nothing_is_cut_off(page)
        await page.get_by_role("link", name="Usage", exact=True).tap()
        await expect(page.get_by_role("application", name="Tokens by model")).to_be_visible()
        await nothing_is_cut_off(page)
        await page.get_by_role("link", name="Run", exact=True).tap()

        await button(page, "Pause").tap()
        await shows_state(page, "pausing")
        await button(page, "Stop").tap()
        asked = dialog(page, "Stop this run?")
        await expect(asked).to_contain_text("What is committed stays: 1 phase")
        await nothing_is_cut_off(page)
        await button(asked, "Stop it").tap()
        await shows_state(page, "stopped")
        await nothing_is_cut_off(page)


async def nothing_is_cut_off(page: Page) -> None:
    """Assert that neither the page nor what is open over it scrolls sideways."""
    wide = await page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll("dialog, dialog > div")]
            .filter((part) => part.scrollWidth > part.clientWidth)
            .map((part) => `${part.tagName}: ${part.scrollWidth} of ${part.clientWidth}`)"""
    )
    assert wide == []
    assert await page.evaluate("innerWidth") == PHONE["width"], "the browser had to zoom out"
