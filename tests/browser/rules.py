"""axe's rules, also its best practices: light and dark, desk and phone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page

KINDS = pytest.mark.parametrize(
    ("scheme", "phone"), [("light", False), ("dark", False), ("light", True), ("dark", True)]
)
Scheme = Literal["light", "dark"]

FRONTEND = Path(__file__).parents[2] / "src/autopack/dashboard/frontend"


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
