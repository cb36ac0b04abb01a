"""The keyboard: Tab comes to everything, and where the focus is is always seen."""

from __future__ import annotations

from playwright.async_api import Page

FAR = 100
"""Presses of Tab within which everything is reached."""


async def tab_to(page: Page, role: str, name: str, *, back: bool = False) -> None:
    """Press Tab until something has the focus; each step on the way has to be seen."""
    passed: list[str] = []
    while len(passed) < FAR:
        await page.keyboard.press("Shift+Tab" if back else "Tab")
        where = await focused(page)
        if where.startswith(f'- {role} "{name}'):
            return
        passed.append(where)
    raise AssertionError((name, passed))


async def is_focused(page: Page, role: str, name: str) -> None:
    """Assert what has the focus, and that this is seen."""
    assert (await focused(page)).startswith(f'- {role} "{name}'), await focused(page)


async def focused(page: Page) -> str:
    """Role and name of what has the focus. Asserts that it is in sight, not covered, and marked."""
    there = page.locator(":focus")
    if await there.count() == 0:
        return "- document"
    told = (await there.aria_snapshot()).splitlines()[0]
    problem = await there.evaluate(
        """(focus) => {
            const marked = (part) => {
                const { outlineStyle, outlineWidth } = getComputedStyle(part);
                return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
            };
            const shown = focus.closest("label") ?? focus;
            if (!marked(focus) && !marked(shown)) return "nothing marks it";
            const { left, top, width, height } = shown.getBoundingClientRect();
            const [x, y] = [left + width / 2, top + Math.min(height / 2, innerHeight / 2)];
            if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return `out of sight: ${x}, ${y}`;
            const top_most = document.elementFromPoint(x, y);
            if (shown.contains(top_most) || top_most?.contains(shown)) return null;
            return `covered by ${top_most?.outerHTML.slice(0, 200)}`;
        }"""
    )
    assert problem is None, (told, problem)
    return told
