"""What a visitor does on the page before a picture is taken."""

from __future__ import annotations

from playwright.async_api import Page


async def look_at_plan(page: Page) -> None:
    """Open the dialog that starts a run, and look at the demo's plan."""
    await press(page, "Start")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Plan", exact=True).fill(".autopack/plan.yaml")
    await dialog.get_by_role("button", name="Look at the plan").click()
    await dialog.get_by_role("button", name="Look again").wait_for()


async def ask_for_whom(page: Page) -> None:
    """Choose another model in the mapping, up to the question for whom it is."""
    models = page.get_by_role("region", name="Models", exact=True)
    await models.locator("summary", has_text="core_backend").click()
    cell = models.get_by_role("combobox", name="Model: builder, core_backend, high")
    await cell.select_option("gpt-6.1-sol")
    await page.get_by_role("dialog").get_by_role("button", name="this run only").wait_for()


async def ask_why(page: Page) -> None:
    """Ask why a call would get its model."""
    models = page.get_by_role("region", name="Models", exact=True)
    await models.get_by_role("button", name="Why").first.click()
    await page.get_by_role("dialog").get_by_text("What was considered").wait_for()


async def unfold_change(page: Page) -> None:
    """Show what the newest attempt of the open phase changed."""
    await page.locator("summary", has_text="What it changed").first.click()
    await page.get_by_role("group", name="The change").wait_for()


async def press(page: Page, name: str) -> None:
    """Press a button of the bar on top."""
    await page.get_by_role("banner").get_by_role("button", name=name, exact=True).click()


async def chart_is_drawn(page: Page) -> None:
    """Wait for the chart, which is loaded when it is needed."""
    await page.locator("svg.recharts-surface").first.wait_for()
