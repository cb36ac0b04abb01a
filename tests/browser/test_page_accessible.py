"""Every state of the page by axe's rules, also its best practices: light and dark, desk and phone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

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
KINDS = pytest.mark.parametrize(
    ("scheme", "phone"), [("light", False), ("dark", False), ("light", True), ("dark", True)]
)
Scheme = Literal["light", "dark"]

FRONTEND = Path(__file__).parents[2] / "src/autopack/dashboard/frontend"
CONVERSATIONS = [
    built("made"),
    built("making", waits_as("making")),
    built("refused"),
    rejects(1, phase="refused"),
    ACCEPTED,
]


@KINDS
async def test_a_page_without_a_run_breaks_no_rule(
    browser: Browser, service: Service, scheme: Scheme, *, phone: bool
) -> None:
    async with visit(browser, service, scheme=scheme, phone=phone) as page:
        await expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
        await breaks_no_rule(page)


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


async def breaks_no_rule(page: Page) -> None:
    """Assert that axe finds nothing, by its standards or by what it calls best practice."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate((FRONTEND / "node_modules/axe-core/axe.min.js").read_text())
    found = await page.evaluate(
        """async () => {
            const rules = { "target-size": { enabled: true } };
            const { violations } = await axe.run({ resultTypes: ["violations"], rules });
            return violations.map(({ id, help, nodes }) =>
                `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 300)).join("\\n  ")}`);
        }"""
    )
    assert not found, "\n".join(found)
