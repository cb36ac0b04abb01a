"""Every state of the page by axe's rules, also its best practices: light and dark, desk and phone."""

from __future__ import annotations

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from browser.rules import KINDS, Scheme, breaks_no_rule
from browser.visiting import (
    ACCEPTED,
    TEST_SECONDS,
    built,
    button,
    dialog,
    keep,
    phase,
    shows_state,
    visit,
)
from dashboard.steered import Service, plan_of, waits_as
from fixtures.world import rejects

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(TEST_SECONDS),
]

CONVERSATIONS = [
    built("made"),
    built("making", waits_as("making")),
    built("refused"),
    rejects(1, phase="refused"),
    ACCEPTED,
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(service: Service) -> tuple[str, str]:
    """A run that is in progress, and one that has failed."""
    failing = plan_of("refused")
    failing["tiers"][0]["phases"][0]["attempts"] = 1
    failed = await service.create(failing)
    await service.reaches(failed, "failed")
    going = await service.create(plan := plan_of("made", "making"))
    keep(service, plan)
    await service.waits(going, "making")
    return going, failed


@KINDS
async def test_no_state_of_the_page_breaks_a_rule(
    browser: Browser, service: Service, runs: tuple[str, str], scheme: Scheme, *, phone: bool
) -> None:
    going, failed = runs
    async with visit(browser, service, f"/dashboard/view/runs/{going}", scheme=scheme, phone=phone) as page:
        await shows_state(page, "in progress")
        await phase(page, "made").click()
        await page.get_by_text("What it changed").click()
        await expect(page.get_by_role("group", name="The change")).to_be_visible()
        await breaks_no_rule(page)

        await button(page, "Start").click()
        asked = dialog(page, "Start a run")
        await asked.get_by_label("Plan", exact=True).fill(".autopack/made.yaml")
        await button(asked, "Look at the plan").click()
        await expect(asked.get_by_role("region", name="The plan made")).to_be_visible()
        await breaks_no_rule(page)
        await page.keyboard.press("Escape")

        await page.get_by_label("Model: builder, core_backend, low").select_option("gpt-5.1")
        await expect(dialog(page, "Change the model?")).to_be_visible()
        await breaks_no_rule(page)
        await page.keyboard.press("Escape")

        await button(page, "Where it went").click()
        await expect(dialog(page, "Where tokens and dollars went").get_by_role("table").first).to_be_visible()
        await breaks_no_rule(page)
        await page.keyboard.press("Escape")

        await button(page, "Why this model: builder, core_backend, low").click()
        await expect(dialog(page, "Why this model?").get_by_text("considered").first).to_be_visible()
        await breaks_no_rule(page)
        await page.keyboard.press("Escape")

        await page.get_by_label("Model: builder, core_backend, low").select_option("gpt-5.1")
        await button(dialog(page, "Change the model?"), "Apply for this run only").click()
        await button(page, "Reset: builder, core_backend, low").click()
        asked = dialog(page, "Reset the model?")
        await expect(asked).to_be_visible()
        await breaks_no_rule(page)
        await button(asked, "Reset").click()
        await expect(asked).to_be_hidden()

        await button(page, "Stop").click()
        await expect(dialog(page, "Stop this run?")).to_be_visible()
        await breaks_no_rule(page)
        await page.keyboard.press("Escape")

        await page.get_by_role("link", name="Usage", exact=True).click()
        await expect(page.get_by_role("application", name="Tokens by model")).to_be_visible()
        await page.get_by_text("As a table").click()
        await breaks_no_rule(page)

        await page.get_by_label("Run", exact=True).select_option(failed)
        await page.get_by_role("link", name="Run", exact=True).click()
        await shows_state(page, "failed")
        await phase(page, "refused").click()
        await expect(page.get_by_role("region", name="What the Auditor says")).to_be_visible()
        await breaks_no_rule(page)
