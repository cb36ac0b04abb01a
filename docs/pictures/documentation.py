"""The pictures of docs/images."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser

from pictures.acting import ask_for_whom, chart_is_drawn, look_at_plan
from pictures.staging import Scene
from pictures.window import DESKTOP, DIALOG, PHONE, TALL, opened, settled, shoot

MOST_BYTES = 150_000


async def take(browser: Browser, scene: Scene, folder: Path) -> None:
    """Take each of them. Raises `RuntimeError` where one is larger than a repository should carry."""
    home = f"{scene.service.url}/dashboard"
    await scene.add()
    await scene.finished()
    async with opened(browser, home, DIALOG) as page:
        await look_at_plan(page)
        await settled(page)
        await shoot(page, folder / "start.png")
    run = await scene.at_work()
    await scene.note(run, "Times are shown in the reader's own zone; keep the clock out of the rules.")
    shown = f"{home}/view/runs/{run}"
    for name, dark in (("run-light", False), ("run-dark", True)):
        async with opened(browser, f"{shown}/phases/3", DESKTOP, dark=dark) as page:
            await page.evaluate("scrollTo(0, 0)")
            await shoot(page, folder / f"{name}.png")
    async with opened(browser, shown, DIALOG) as page:
        await ask_for_whom(page)
        await shoot(page, folder / "override.png")
    async with opened(browser, shown, PHONE) as page:
        await shoot(page, folder / "phone.png")
    async with opened(browser, f"{home}/view/usage/{run}", TALL) as page:
        await chart_is_drawn(page)
        await shoot(page, folder / "usage.png")
    if large := [file.name for file in folder.glob("*.png") if file.stat().st_size > MOST_BYTES]:
        raise RuntimeError(f"Over {MOST_BYTES} bytes: {', '.join(large)}")
