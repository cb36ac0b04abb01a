"""The page at /docs, and the document behind it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from autopack.config import Settings
from dashboard.served import Served, served

OUTSIDE = re.compile(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""")


@pytest.fixture
async def http(settings: Settings) -> AsyncGenerator[Served]:
    async with served(settings) as http:
        yield http


async def test_the_page_asks_no_other_host_and_runs_only_files_of_its_own(http: Served) -> None:
    page = await http.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert not OUTSIDE.search(page.text)
    assert not re.search(r"<style|style=|\son\w+=", page.text)
    assert re.findall(r"<script[^>]*>(.*?)</script>", page.text) == ["", ""]
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert not re.search(r"unsafe|\*|https?:", policy)
    for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        file = await http.get(path)
        assert file.status_code == 200, path
        assert len(file.content) > 100
    start = await http.get("/docs/start.js")
    assert start.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "validatorUrl: null" in start.text
    assert "//" not in start.text


async def test_every_operation_has_a_name_words_and_the_one_error_shape(http: Served) -> None:
    document = (await http.get("/openapi.json")).json()
    names: list[str] = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names.append(operation["operationId"])
            where = f"{method} {path}"
            assert operation["description"], where
            assert operation["tags"], where
            answers: dict[str, Any] = operation["responses"]
            assert {"403", "413", "500", "503"} <= set(answers), where
            assert ("415" in answers) == (method == "post"), where
            for status, answer in answers.items():
                if status >= "400" and (path, status) != ("/health", "503"):
                    said = answer["content"]["application/json"]["schema"]
                    assert said == {"$ref": "#/components/schemas/ErrorAnswer"}, (where, status)
    assert len(names) == len(set(names))
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_the_seeds_status_is_in_the_document_under_its_name(http: Served) -> None:
    document = (await http.get("/openapi.json")).json()
    shapes = document["components"]["schemas"]
    status = shapes["DashboardRunStatus"]
    assert set(status["required"]) == set(status["properties"])
    assert {"percent_complete", "issue_counts", "as_of", "activity"} <= set(status["required"])
    assert "required" not in shapes["PlanRequest"]
    for path in (
        "/dashboard/runs/{run_id}/status",
        "/runs/start",
        "/runs/{run_id}/skip",
        "/health",
        "/projects",
    ):
        assert path in document["paths"]
