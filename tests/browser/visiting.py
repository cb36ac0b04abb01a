"""The page as somebody visits it: any error that the browser tells of fails the test."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, ViewportSize, expect

from dashboard.steered import Service
from fixtures.world import builds, write_file

LIMIT_MS = 30_000
TEST_SECONDS = 180
DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=360, height=740)

expect.set_options(timeout=LIMIT_MS)


@asynccontextmanager
async def visitor(
    browser: Browser,
    service: Service,
    *,
    phone: bool = False,
    scheme: Literal["light", "dark"] = "light",
    permissions: tuple[str, ...] = (),
) -> AsyncGenerator[BrowserContext]:
    """Somebody with a browser of their own, in which nothing moves that need not."""
    context = await browser.new_context(
        base_url=service.url,
        viewport=PHONE if phone else DESKTOP,
        is_mobile=phone,
        has_touch=phone,
        color_scheme=scheme,
        reduced_motion="reduce",
        permissions=permissions,
    )
    context.set_default_timeout(LIMIT_MS)
    try:
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def watched(context: BrowserContext, *, forgives: str | None = None) -> AsyncGenerator[Page]:
    """A tab; what the browser says of errors and broken policies in it fails the test.

    `forgives`: a pattern of what the test itself provokes.
    """
    page = await context.new_page()
    told: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            told.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", hear)
    page.on("pageerror", lambda error: told.append(f"thrown: {error}"))
    try:
        yield page
    except BaseException as error:
        error.add_note(f"{page.url} told: {told}")
        raise
    wrong = [line for line in told if forgives is None or not re.search(forgives, line)]
    assert not wrong, wrong


@asynccontextmanager
async def visit(
    browser: Browser,
    service: Service,
    path: str = "/dashboard",
    *,
    forgives: str | None = None,
    **options: Any,
) -> AsyncGenerator[Page]:
    """The page at an address."""
    async with visitor(browser, service, **options) as context, watched(context, forgives=forgives) as page:
        answer = await page.goto(path)
        assert answer is not None
        assert answer.ok, await answer.text()
        yield page


def built(name: str, *steps: dict[str, Any], attempt: int = 1) -> dict[str, Any]:
    """A Builder that writes a file of the phase's name."""
    return builds(attempt, write_file(f"{name}.txt", f"{attempt}\n"), *steps, phase=name)


ACCEPTED: dict[str, Any] = {
    "when": ["Role: auditor"],
    "steps": [{"answer": {"decision": "approve", "summary": "Fine.", "issues": []}}],
}
"""An Auditor who accepts whatever no other conversation is about. Comes last."""


def keep(service: Service, plan: dict[str, Any]) -> Path:
    """Keep a plan in the project, where the page finds it."""
    path = service.world.repository / ".autopack" / f"{plan['name']}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(plan))
    return path


def button(within: Page | Locator, name: str) -> Locator:
    return within.get_by_role("button", name=name, exact=True)


def dialog(page: Page, title: str) -> Locator:
    return page.get_by_role("dialog", name=title)


def phase(page: Page, name: str) -> Locator:
    """The row of a phase, which opens it."""
    return page.get_by_role("button", name=re.compile(rf"^\d+ Phase {name}\b"))


async def start(page: Page, plan: str) -> str:
    """Start a run of a plan that the project keeps; gives its id."""
    await button(page, "Start").click()
    asked = dialog(page, "Start a run")
    await asked.get_by_label("Plan", exact=True).fill(f".autopack/{plan}.yaml")
    await button(asked, "Look at the plan").click()
    await expect(asked.get_by_role("region", name=f"The plan {plan}")).to_be_visible()
    await button(asked, "Start").click()
    return await run_of(page, plan)


async def run_of(page: Page, plan: str) -> str:
    """Id of the run of a plan, once the page has come to it."""
    await expect(page.get_by_role("heading", level=1, name=plan)).to_be_visible()
    return re.split(r"/runs/", page.url)[1].split("/")[0]


async def shows_state(page: Page, label: str) -> None:
    """Wait until the run is shown in a state, in words."""
    summary = page.get_by_role("region").filter(has=page.get_by_role("heading", level=1))
    await expect(summary.get_by_text(label, exact=True)).to_be_visible()


async def toast(page: Page, text: str) -> None:
    """Wait until the page confirms something."""
    await expect(page.get_by_text(text)).to_be_visible()
