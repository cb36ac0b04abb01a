"""A window of a real Chromium on the page, and pictures of what it shows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page

from pictures.palette import with_palette

LIMIT_MS = 30_000

_LOADED = (
    "() => ![...document.querySelectorAll('[role=status]')].some((one) => /^Loading/.test(one.textContent))"
)

Act = Callable[[Page], Awaitable[object]]


@dataclass(frozen=True)
class Size:
    """Of a window, in CSS pixels."""

    width: int
    height: int
    scale: float = 1
    touch: bool = False


DESKTOP = Size(1280, 960)
TALL = Size(1280, 1120)
DIALOG = Size(1180, 900)
PHONE = Size(360, 740, 2, touch=True)


@asynccontextmanager
async def opened(
    browser: Browser,
    address: str,
    size: Size,
    *,
    dark: bool = False,
    before: Act | None = None,
    loads: bool = True,
) -> AsyncGenerator[Page]:
    """The page in a window of its own, once it has loaded, or where it never `loads`, once it has its bar."""
    context = await browser.new_context(
        viewport={"width": size.width, "height": size.height},
        device_scale_factor=size.scale,
        has_touch=size.touch,
        is_mobile=size.touch,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    context.set_default_timeout(LIMIT_MS)
    try:
        page = await context.new_page()
        if before is not None:
            await before(page)
        await page.goto(address)
        await page.get_by_role("banner").wait_for()
        await page.evaluate("document.documentElement.style.scrollbarGutter = 'auto'")  # none are drawn here
        if before is None:
            await page.get_by_role("status", name="Connection").get_by_text("Live").wait_for()
        if loads:
            await settled(page)
        yield page
    finally:
        await context.close()


async def settled(page: Page) -> None:
    """Wait until nothing is being loaded, letters are there, and all is drawn."""
    await page.wait_for_load_state("load")
    await page.wait_for_function(_LOADED)
    await page.evaluate("document.fonts.ready")
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


async def shoot(page: Page, path: Path) -> None:
    """Write what the window shows, as small a file as it can be."""
    path.write_bytes(with_palette(await page.screenshot(animations="disabled", caret="hide")))


async def copy(page: Page, path: Path, *, whole: bool) -> None:
    """Write what the window shows, or the whole page, as it is."""
    if whole:
        await page.evaluate("scrollTo(0, 0)")
    await page.screenshot(path=path, full_page=whole, animations="disabled", caret="hide")
