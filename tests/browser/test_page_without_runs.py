"""The page of a home without a run, by axe's rules. A file of its own: its service never has one."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from browser.rules import KINDS, Scheme, breaks_no_rule
from browser.visiting import ACCEPTED, TEST_SECONDS, visit
from dashboard.steered import Service

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(TEST_SECONDS)]

CONVERSATIONS = [ACCEPTED]


@KINDS
async def test_a_page_without_a_run_breaks_no_rule(
    browser: Browser, service: Service, scheme: Scheme, *, phone: bool
) -> None:
    async with visit(browser, service, scheme=scheme, phone=phone) as page:
        await expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
        await breaks_no_rule(page)
