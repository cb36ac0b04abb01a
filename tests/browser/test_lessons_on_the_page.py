"""What was learned of a run, on the page: read, and decided about with a pointer or by keyboard."""

from __future__ import annotations

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from browser.keyboard import is_focused, tab_to
from browser.rules import KINDS, Scheme, breaks_no_rule
from browser.visiting import ACCEPTED, TEST_SECONDS, built, button, shows_state, visit
from dashboard.steered import Service, plan_of, waits_as
from supervisor.learned import accounts, have_it_written, in_file

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(TEST_SECONDS)]

KEPT, DROPPED, OPEN = "Write numbers as digits.", "Never write a number.", "Run the tests before the linter."
CONVERSATIONS = [
    built("told", waits_as("told")),
    built("decided"),
    accounts(KEPT, DROPPED, OPEN, failed="An attempt wrote a word."),
    ACCEPTED,
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def mapped(service: Service) -> None:
    """The world's models.yaml has a model for the account."""
    have_it_written(service.world)


def learned(page: Page) -> Locator:
    return page.get_by_role("region", name="What was learned")


def lesson(page: Page, text: str) -> Locator:
    return learned(page).get_by_role("listitem").filter(has_text=text)


async def test_lessons_are_decided_about_where_they_are_read_and_the_file_has_the_accepted_one(
    browser: Browser, service: Service
) -> None:
    run_id = await service.create(plan_of("told"))
    async with visit(browser, service, f"/dashboard/view/runs/{run_id}") as page:
        await service.waits(run_id, "told")
        await shows_state(page, "in progress")
        await expect(learned(page)).to_have_count(0)
        service.release(run_id, "told")
        await shows_state(page, "succeeded")
        await expect(learned(page)).to_contain_text("An attempt wrote a word.")
        await expect(learned(page)).to_contain_text("simulated")
        costs = learned(page).get_by_role("table", name="Cost by phase")
        await expect(costs.get_by_role("row", name="Phase told")).to_be_visible()
        await expect(costs.get_by_role("row", name="agent:postmortem")).to_be_visible()

        await button(lesson(page, KEPT), "Accept").click()
        await expect(lesson(page, KEPT)).to_contain_text("accepted")
        await expect(button(lesson(page, KEPT), "Accept")).to_have_attribute("aria-pressed", "true")
        await expect(button(lesson(page, KEPT), "Accept")).to_be_focused()
        await tab_to(page, "button", "Accept")
        await tab_to(page, "button", "Dismiss")
        await page.keyboard.press("Enter")
        await expect(lesson(page, DROPPED)).to_contain_text("dismissed")
        await expect(button(lesson(page, DROPPED), "Dismiss")).to_be_focused()
        await is_focused(page, "button", "Dismiss")
        await tab_to(page, "button", "Accept")
        await expect(button(lesson(page, OPEN), "Accept")).to_be_focused()
        assert [note.text for note in in_file(service.world) if note.run_id == run_id] == [KEPT]
        assert KEPT in (service.world.repository / ".autopack" / "lessons.md").read_text()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def decided(service: Service) -> str:
    """A run of whose lessons one is accepted, and one dismissed."""
    run_id = await service.create(plan_of("decided"))
    await service.reaches(run_id, "succeeded")
    await service.has_told(run_id)
    told = (await service.client.get(f"{service.url}/dashboard/runs/{run_id}/postmortem")).json()["lessons"]
    for one, decision in zip(told, ("accepted", "dismissed"), strict=False):
        answer = await service.post(f"/dashboard/runs/{run_id}/lessons/{one['id']}", {"decision": decision})
        assert answer.status_code == 200, answer.text
    return run_id


@KINDS
async def test_no_lesson_breaks_a_rule(
    browser: Browser, service: Service, decided: str, scheme: Scheme, *, phone: bool
) -> None:
    async with visit(browser, service, f"/dashboard/view/runs/{decided}", scheme=scheme, phone=phone) as page:
        await expect(lesson(page, KEPT)).to_contain_text("accepted")
        await expect(lesson(page, DROPPED)).to_contain_text("dismissed")
        await expect(button(lesson(page, OPEN), "Accept")).to_be_visible()
        await breaks_no_rule(page)
