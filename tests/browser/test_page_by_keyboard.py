"""The page by keyboard alone: where the focus is is always seen, and after a dialog it is where it was."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from browser.keyboard import is_focused, tab_to
from browser.visiting import ACCEPTED, TEST_SECONDS, built, dialog, keep, phase, run_of, shows_state, visit
from dashboard.steered import Service, plan_of, waits_as

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(TEST_SECONDS)]

CONVERSATIONS = [built("typed"), built("held", waits_as("held")), ACCEPTED]
LOW = ViewportSize(width=1280, height=500)
"""So low that the bar on top could cover what one comes back to."""


async def test_a_run_is_started_opened_and_stopped_without_a_pointer(
    browser: Browser, service: Service
) -> None:
    keep(service, plan_of("typed", "held"))
    async with visit(browser, service) as page:
        await expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
        await page.keyboard.press("Tab")
        await is_focused(page, "link", "Skip to the content")
        await tab_to(page, "button", "Start")
        await page.keyboard.press("Enter")
        asked = dialog(page, "Start a run")
        await expect(asked.get_by_label("Project")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(asked).to_be_hidden()
        await is_focused(page, "button", "Start")

        await page.keyboard.press("Enter")
        await tab_to(page, "combobox", "Plan")
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type(".autopack/typed.yaml")
        await page.keyboard.press("Enter")
        await expect(asked.get_by_role("region", name="The plan typed")).to_be_visible()
        await tab_to(page, "button", "Start")
        await page.keyboard.press("Enter")
        run_id = await run_of(page, "typed")
        await is_focused(page, "button", "Start")
        await service.waits(run_id, "held")

        await tab_to(page, "button", "2 Phase held")
        await page.keyboard.press("Enter")
        await expect(phase(page, "held")).to_have_attribute("aria-expanded", "true")
        await expect(page.get_by_text("Attempt 1 of 2")).to_be_visible()
        await is_focused(page, "button", "2 Phase held")

        await page.set_viewport_size(LOW)
        await expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)
        await tab_to(page, "group", "Context for a chat")
        await tab_to(page, "button", "Stop", back=True)
        await page.keyboard.press("Enter")
        await expect(dialog(page, "Stop this run?")).to_be_visible()
        await tab_to(page, "button", "Let it run")
        await page.keyboard.press("Space")
        await expect(dialog(page, "Stop this run?")).to_be_hidden()
        await is_focused(page, "button", "Stop")
        await page.keyboard.press("Enter")
        await tab_to(page, "button", "Stop it")
        await page.keyboard.press("Space")
        await shows_state(page, "stopped")
