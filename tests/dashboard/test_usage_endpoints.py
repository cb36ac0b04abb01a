"""Usage over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.db import Database
from dashboard.served import Served, refused, served
from usage.calls import call, record
from views.recorded import record_run

PROVIDER = {
    "provider": "openai",
    "period": "day",
    "prompt_tokens": 100,
    "completion_tokens": 10,
    "total_tokens": 110,
    "cap_tokens": None,
    "percent_of_cap": None,
}
MODEL = {
    "provider": "openai",
    "model": "gpt-5",
    "prompt_tokens": 100,
    "completion_tokens": 10,
    "total_tokens": 110,
}


@pytest.fixture
async def http(settings: Settings) -> AsyncGenerator[Served]:
    async with served(settings) as http:
        yield http


async def test_usage_has_the_seeds_fields(database: Database, http: Served) -> None:
    await record(database, call(cost_usd=Decimal("0.000000001")))
    said = (await http.get("/dashboard/usage?period=day")).json()
    (provider,), (model,) = said["providers"], said["models"]
    assert {name: provider[name] for name in PROVIDER} == PROVIDER
    assert {name: model[name] for name in MODEL} == MODEL
    assert provider["usage"]["cost_usd"] == "0.000000001"
    assert said["policy_problem"] is None
    assert (await http.get("/dashboard/usage")).json()["period"] == "week"


async def test_a_cap_and_a_broken_policy_are_seen_without_a_restart(
    database: Database, settings: Settings, http: Served
) -> None:
    await record(database, call())
    await http.get("/dashboard/usage")
    text = settings.policy_path.read_text()
    capped = text.replace("providers: {}", "providers: {openai: {weekly_cap_tokens: 1_100}}")
    settings.policy_path.write_text(capped)
    (provider,) = (await http.get("/dashboard/usage")).json()["providers"]
    assert (provider["cap_tokens"], provider["percent_of_cap"]) == (1_100, 10.0)
    settings.policy_path.write_text(capped + "provider: {}\n")
    said = (await http.get("/dashboard/usage")).json()
    assert "provider" in said["policy_problem"]
    assert said["providers"] == [provider]


async def test_a_series_is_in_buckets(database: Database, http: Served) -> None:
    await record(database, call(), call(role="agent:planner"))
    said = (await http.get("/dashboard/usage/series?period=day&by=role_class")).json()
    assert len(said["buckets"]) == 25
    parts = [part for bucket in said["buckets"] for part in bucket["parts"]]
    assert sorted(part["name"] for part in parts) == ["aux", "core"]


async def test_a_series_by_run_has_calls_of_no_run_as_a_part_without_a_name(
    database: Database, http: Served
) -> None:
    await record(database, call(), call(run_id=None))
    said = (await http.get("/dashboard/usage/series?period=day&by=run")).json()
    assert (said["by"], said["names"]) == ("run", [{"name": "run_a", "title": "run_a"}])
    parts = [part for bucket in said["buckets"] for part in bucket["parts"]]
    assert [(part["name"], part["other"], part["usage"]["calls"]) for part in parts] == [
        ("run_a", False, 1),
        (None, False, 1),
    ]


@pytest.mark.parametrize("path", ["usage?period=year", "usage/series?by=phase"])
async def test_what_there_is_no_usage_of_is_refused(http: Served, path: str) -> None:
    refused(await http.get(f"/dashboard/{path}"), 422, "invalid_input", "not one of")


async def test_a_run_s_usage_is_cut_into_its_parts(settings: Settings, http: Served, tmp_path: Path) -> None:
    run_id = await record_run(settings, repository=tmp_path)
    said = (await http.get(f"/dashboard/runs/{run_id}/usage")).json()
    assert said["booked"]["usage"]["tokens"] == 3_300
    assert sum(tier["booked"]["usage"]["tokens"] for tier in said["tiers"]) == 3_300
    assert said["accepted"] == {
        "phases": 1,
        "tokens_per_phase": 3_300,
        "cost_usd_per_phase": "0.75",
        "whole": False,
    }
    refused(await http.get("/dashboard/runs/run_20250303_101500_ab12/usage"), 404, "not_found")
