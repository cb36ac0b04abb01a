"""One browser and one service for each file; its `CONVERSATIONS` are what the models do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from autopack.config import Settings
from dashboard.steered import Service, steered
from fixtures.browser import chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(shared_settings: Settings, request: pytest.FixtureRequest) -> AsyncGenerator[Service]:
    module = cast("Any", request).module
    async with steered(shared_settings, *module.CONVERSATIONS) as service:
        await service.begin()
        yield service
