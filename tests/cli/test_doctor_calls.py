"""`autopack doctor --call`: one call to each model, and what is said and recorded of it."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.conversing import path_of, script
from agents.stages import Call, Play, install
from autopack.cli import calls
from autopack.config import Settings
from autopack.db import Database
from autopack.routing import queries as ledger
from autopack.routing.policy import CodingAgent, ProviderKind
from autopack.simulator import LogEntry, RunningSimulator, serve
from autopack.usage.recorder import get_usage_summary
from cli.calling import Autopack, Called

POLICY = """\
schema_version: 1
complexity_models:
  low: {{builder: gpt-5, auditor: claude-haiku-5-5}}
  medium: {{builder: glm-4.6, auditor: claude-haiku-5-5}}
  high: {{builder: qwen, auditor: claude-haiku-5-5}}
agents: {{planner: gpt-5-mini}}
providers:
  openai: {{kind: openai-responses, base_url: "{url}/v1", simulated: true}}
  anthropic: {{base_url: "{url}", simulated: true}}
  glm: {{base_url: "{zai}", simulated: true}}
  local: {{kind: openai, base_url: "{url}/v1", api_key_env: LOCAL_KEY, simulated: true}}
models: {{qwen: {{provider: local}}}}
"""
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ZAI_API_KEY", "LOCAL_KEY")
OK = script({"text": "ok"})


@pytest.fixture
def keys(autopack: Autopack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "sk-very-secret")


async def doctor(
    autopack: Autopack, settings: Settings, simulator: RunningSimulator, *options: str
) -> Called:
    zai = simulator.url + path_of(ProviderKind.ZAI)
    settings.policy_path.write_text(POLICY.format(url=simulator.url, zai=zai))
    return await asyncio.to_thread(autopack, "doctor", *options)


def called(simulator: RunningSimulator) -> list[LogEntry]:
    """Requests to a model: looking for a server is none."""
    return [entry for entry in simulator.entries() if entry.method == "POST"]


def of(told: Called, name: str = "call") -> list[dict[str, Any]]:
    return [one for one in told.said["findings"] if one["name"] == name]


@pytest.mark.usefixtures("keys")
async def test_each_model_is_called_once_and_the_cost_is_said_before_and_after(
    autopack: Autopack, settings: Settings, database: Database
) -> None:
    async with serve(OK) as simulator:
        told = await doctor(autopack, settings, simulator, "--call", "--json")
        asked = called(simulator)
    assert sorted(str(entry.model) for entry in asked) == [
        *("claude-haiku-5-5", "glm-4.6", "gpt-5", "gpt-5-mini", "qwen")
    ]
    assert "Calling 5 models: 512 tokens of answer each at most, $" in told.err
    assert "for all, and 1 call of unknown price." in told.err
    found = of(told)
    assert [one["grade"] for one in found] == ["ok"] * 5
    assert " answered in " in found[0]["said"]
    assert found[0]["said"].startswith("gpt-5 ")
    assert "~$0." in found[0]["said"]
    assert "unknown" in next(one["said"] for one in found if one["said"].startswith("qwen "))
    (bill,) = of(told, "calls")
    assert bill["said"].startswith("5 answers: ")
    assert "sk-very-secret" not in told.out + told.err

    async with database.read() as session:
        (summed,) = await get_usage_summary(session, None, ("role", "run_id"))
    assert (summed.role, summed.run_id, summed.calls, summed.unknown_calls) == ("agent:doctor", None, 5, 0)
    usages = [entry.usage for entry in asked if entry.usage is not None]
    assert summed.total_tokens == sum(usage.input_tokens + usage.output_tokens for usage in usages)


@pytest.mark.usefixtures("keys")
async def test_no_call_is_larger_than_what_was_said_before(
    autopack: Autopack, settings: Settings, database: Database
) -> None:
    from autopack.routing.queries import open_reservations

    async with serve(OK) as simulator:
        await doctor(autopack, settings, simulator, "--call")
        requests = [entry.request for entry in called(simulator)]
    assert max(len(str(request)) for request in requests) < calls.ASKED_TOKENS
    async with database.read() as session:
        assert await open_reservations(session, run_id=None) == []


@pytest.mark.usefixtures("keys")
async def test_a_model_that_refuses_says_what_a_run_would_say(autopack: Autopack, settings: Settings) -> None:
    refusing = script({"text": "ok", "faults": [{"status": 401, "times": "always"}]})
    async with serve(refusing) as simulator:
        told = await doctor(autopack, settings, simulator, "--call", "--json")
    found = {one["said"].split()[0]: one for one in of(told)}
    assert told.code == 1
    assert "did not accept the key in OPENAI_API_KEY" in found["gpt-5"]["said"]
    assert found["gpt-5"]["remedy"].startswith("put a key that may use this model into OPENAI_API_KEY")
    assert {name: one["grade"] for name, one in found.items()} == {
        "gpt-5": "missing",
        "claude-haiku-5-5": "missing",
        "glm-4.6": "missing",
        "qwen": "missing",
        "gpt-5-mini": "warning",
    }
    assert of(told, "calls")[0]["said"].startswith("no model answered")


@pytest.mark.usefixtures("keys")
async def test_an_answer_without_a_word_is_a_warning(autopack: Autopack, settings: Settings) -> None:
    async with serve(script({"text": "ok", "faults": [{"empty": True, "times": "always"}]})) as simulator:
        told = await doctor(autopack, settings, simulator, "--call", "--json")
    assert {one["grade"] for one in of(told)} == {"warning"}


@pytest.mark.usefixtures("keys")
async def test_a_model_without_a_key_is_not_called(
    autopack: Autopack, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZAI_API_KEY")
    async with serve(OK) as simulator:
        told = await doctor(autopack, settings, simulator, "--call", "--json")
        assert len(called(simulator)) == 4
    assert "Calling 4 models" in told.err
    assert "glm-4.6 was not called: ZAI_API_KEY is not set" in [one["said"] for one in of(told)]


async def test_without_the_option_nobody_is_called(autopack: Autopack, settings: Settings) -> None:
    async with serve(OK) as simulator:
        told = await doctor(autopack, settings, simulator, "--json")
        assert called(simulator) == []
    assert of(told) == []


@pytest.mark.usefixtures("keys")
async def test_a_model_that_answers_need_not_rest_any_more(
    autopack: Autopack, settings: Settings, database: Database
) -> None:
    later = datetime.now(UTC) + timedelta(days=3)
    rests = [("openai", "gpt-5"), ("openai", "gpt-4o"), ("anthropic", "")]
    async with database.write() as session:
        for pool, model in rests:
            await ledger.cool_down(session, ledger.Cooldown(pool, model, later, "said so"))
    async with serve(OK) as simulator:
        await doctor(autopack, settings, simulator, "--call", "--json")
    async with database.read() as session:
        left = await ledger.cooldowns(session, now=datetime.now(UTC))
    assert [(one.pool, one.model) for one in left] == [("openai", "gpt-4o")]


AGENTS = """\
schema_version: 1
complexity_models:
  low: &same {builder: claude-code/claude-sonnet-4-5, auditor: codex/gpt-5.1}
  medium: *same
  high: *same
"""


async def test_coding_agents_are_called_too_with_their_own_login(
    autopack: Autopack,
    settings: Settings,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resets_at = int(time.time()) + 7_500
    says = Play(calls=(Call(shell="true", account=(0.42, resets_at, False)),), text="ok")
    plays = {CodingAgent.CLAUDE_CODE: says, CodingAgent.CODEX: Play(fault="auth")}
    folders = [install(agent, [play], tmp_path / agent) for agent, play in plays.items()]
    monkeypatch.setenv("PATH", ":".join([*map(str, folders), os.environ["PATH"]]))
    settings.policy_path.write_text(AGENTS)
    later = datetime.now(UTC) + timedelta(days=3)
    async with database.write() as session:
        await ledger.cool_down(session, ledger.Cooldown("claude-code", "", later, "said so"))
    told = await asyncio.to_thread(autopack, "doctor", "--call", "--json")
    claude, codex = of(told)
    assert "Calling 2 models: 512 tokens of answer each at most, $" in told.err
    assert claude["grade"] == "ok", claude
    assert claude["said"].startswith("claude-code/claude-sonnet-4-5 answered in ")
    assert codex["grade"] == "missing"
    assert "codex may not call codex/gpt-5.1" in codex["said"]
    assert codex["remedy"] == "log in with codex"
    async with database.read() as session:
        assert await ledger.cooldowns(session, now=datetime.now(UTC)) == []
        windows = await ledger.account_windows(session, now=datetime.now(UTC))
        sums = await get_usage_summary(session, None, ("model", "role"))
    assert [one.used for one in windows["claude-code"]] == [0.42, 0.1]
    assert [(one.model, one.role, one.total_tokens) for one in sums] == [
        ("claude-code/claude-sonnet-4-5", "agent:doctor", says.calls[0].tokens.total)
    ]
    assert [*settings.workspaces.glob("*")] == []
