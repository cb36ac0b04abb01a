from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models import ModelRequestParameters

from agents.conversing import KEY, KINDS, PATIENCE, Books, Notes, calls, model_at, script, simulated, task_for
from agents.faulty import Says, gate_to
from autopack.agents.api import ApiAgent
from autopack.agents.base import Keep, ProviderRefused, ShellResult
from autopack.agents.metered import MeteredModel
from autopack.agents.providers import open_model
from autopack.agents.tools import activity, bounded
from autopack.errors import Unavailable
from autopack.routing.policy import ProviderKind
from autopack.simulator import serve
from autopack.usage.schemas import TokenUsage

AGENT = ApiAgent(patience=PATIENCE)
OPENAI, ANTHROPIC = ProviderKind.OPENAI, ProviderKind.ANTHROPIC


async def test_an_answer_without_usage_is_taken_and_its_cost_is_unknown(tmp_path: Path) -> None:
    chunk = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "local",
        "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": "Done."}, "finish_reason": "stop"}
        ],
    }
    told = Says(
        200, f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n", (("content-type", "text/event-stream"),)
    )
    books = Books()
    async with serve(script({"text": "never"})) as simulator, gate_to(simulator, [told]) as gate:
        task = task_for(model_at(gate.url(OPENAI), OPENAI), tmp_path, str)
        result = await AGENT.run(task, meter=books, watch=Notes())
    assert result.output == "Done."
    assert result.usage == TokenUsage()
    assert books.lost == {"call-1": "the answer reported no usage"}


@pytest.mark.parametrize("kind", [OPENAI, ANTHROPIC])
async def test_cache_and_reasoning_are_parts_of_the_counts(kind: ProviderKind, tmp_path: Path) -> None:
    usage = {
        "input_tokens": 1200,
        "cache_read_tokens": 1000,
        "cache_write_tokens": 100 if kind is ANTHROPIC else 0,
        "output_tokens": 50,
        "reasoning_tokens": 20,
    }
    async with serve(script({"text": "Done.", "reasoning": "Hm.", "usage": usage})) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str)
        result = await AGENT.run(task, meter=Books(), watch=Notes())
    assert result.usage == TokenUsage(**usage)


async def test_anthropic_is_asked_to_cache(tmp_path: Path) -> None:
    async with serve(script({"text": "Done."})) as simulator:
        task = task_for(simulated(simulator, ANTHROPIC), tmp_path, str)
        await AGENT.run(task, meter=Books(), watch=Notes())
        assert "cache_control" in json.dumps(simulator.entries()[0].request)


ADDRESSES = ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "ZAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY")
KEYS = ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ZAI_API_KEY")
OTHERS = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_WEBHOOK_SECRET", "ANTHROPIC_PROFILE")
HEADERS = ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS", "ZAI_CUSTOM_HEADERS")
LEAK = "from-the-environment"


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_of_the_environment_reaches_a_request(
    kind: ProviderKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ADDRESSES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in (*KEYS, *OTHERS):
        monkeypatch.setenv(name, LEAK)
    for name in HEADERS:
        monkeypatch.setenv(name, f"Authorization: Bearer {LEAK}\nX-Api-Key: {LEAK}\nX-Own: {LEAK}")
    steps = (calls(("list_directory", {"path": "."})), {"text": "Done."})
    async with serve(script(*steps)) as simulator, gate_to(simulator, []) as gate:
        task = task_for(model_at(gate.url(kind), kind), tmp_path, str)
        assert (await AGENT.run(task, meter=Books(), watch=Notes())).output == "Done."
    assert len(gate.heads) == 2
    for head in gate.heads:
        assert LEAK not in head
        assert KEY in head
        assert "retry-count: 0" in head.lower()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["", " \n", "sk-1\nX-Other: 1", "sk-\u2026"])
async def test_what_can_t_be_a_key_is_never_sent(kind: ProviderKind, tmp_path: Path, key: str) -> None:
    books = Books()
    task = replace(task_for(model_at(None, kind), tmp_path, str), api_key=key)
    with pytest.raises(ProviderRefused, match=f"what {task.model.api_key_env} holds can't be a key"):
        await AGENT.run(task, meter=books, watch=Notes())
    assert not books.bounds


@dataclass
class SlowBooks(Books):
    """Books whose settling waits until it may go on."""

    settling: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def settle(
        self, call_id: str, *, usage: TokenUsage, response_id: str | None, keep: Keep | None = None
    ) -> None:
        self.settling.set()
        await self.go_on.wait()
        await super().settle(call_id, usage=usage, response_id=response_id, keep=keep)


async def test_a_settlement_that_has_begun_is_finished_before_the_cancellation(tmp_path: Path) -> None:
    books = SlowBooks()
    async with serve(script({"text": "Done."})) as simulator, asyncio.timeout(10):
        task = task_for(simulated(simulator, OPENAI), tmp_path, str)
        running = asyncio.ensure_future(AGENT.run(task, meter=books, watch=Notes()))
        await books.settling.wait()
        running.cancel()
        asyncio.get_running_loop().call_later(0.05, books.go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await running
    assert list(books.settled) == ["call-1"]
    assert not books.open


async def test_a_task_that_is_cancelled_twice_still_finishes_its_booking(tmp_path: Path) -> None:
    books = SlowBooks()
    async with serve(script({"text": "Done."})) as simulator, asyncio.timeout(10):
        ref = simulated(simulator, OPENAI)
        async with open_model(ref, api_key=KEY, patience=PATIENCE) as wrapped:
            model = MeteredModel(
                wrapped,
                model=ref,
                meter=books,
                watch=Notes(),
                patience=PATIENCE,
                max_output_tokens=10,
                api_key=KEY,
            )
            question = ModelRequest.user_text_prompt("Role: builder")
            running = asyncio.ensure_future(model.request([question], None, ModelRequestParameters()))
            await books.settling.wait()
            running.cancel()
            await asyncio.sleep(0)
            running.cancel()
            asyncio.get_running_loop().call_soon(books.go_on.set)
            with pytest.raises(asyncio.CancelledError):
                await running
    assert list(books.settled) == ["call-1"]


async def test_tools_of_one_answer_run_one_after_another(tmp_path: Path) -> None:
    running, most = 0, 0

    async def shell(command: str, timeout_seconds: float) -> ShellResult:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1
        (tmp_path / "made").mkdir()
        return ShellResult(exit_code=3, output="", timed_out=command == "slow")

    step = calls(
        ("shell", {"command": "slow", "timeout_seconds": 5}),
        ("write_file", {"path": "made/file", "content": ""}),
    )
    async with serve(script(step, {"text": "Done."})) as simulator:
        task = task_for(simulated(simulator, ANTHROPIC), tmp_path, str, shell=shell)
        await AGENT.run(task, meter=Books(), watch=Notes())
        told = json.dumps(simulator.entries()[-1].request)
    assert (tmp_path / "made/file").is_file()
    assert most == 1
    assert "killed after 5 s" in told


async def test_what_the_shell_raises_ends_the_conversation(tmp_path: Path) -> None:
    async def shell(command: str, timeout_seconds: float) -> ShellResult:
        raise OSError("the sandbox is gone")

    books = Books()
    async with serve(script(calls(("shell", {"command": "ls"})), {"text": "Done."})) as simulator:
        task = task_for(simulated(simulator, OPENAI), tmp_path, str, shell=shell)
        with pytest.raises(OSError, match="the sandbox is gone"):
            await AGENT.run(task, meter=books, watch=Notes())
    assert not books.open


async def test_a_checkout_that_is_gone_is_a_failure_of_ours(tmp_path: Path) -> None:
    async with serve(script(calls(("list_directory", {})), {"text": "Done."})) as simulator:
        task = task_for(simulated(simulator, OPENAI), tmp_path / "gone", str)
        with pytest.raises(Unavailable, match="list_directory failed in the checkout"):
            await AGENT.run(task, meter=Books(), watch=Notes())


@pytest.mark.parametrize(
    "pattern", ["foo|bar", "(foo|bar)_x", "def (get|set)?x", r"a \(b\)+", "[|)]+", r"(x|foo)\w+"]
)
async def test_ordinary_patterns_are_searched_for(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "text").write_text("foo bar_x def getx a (b) foo_x FOUND\n")
    (tmp_path / "more").write_text("a | b a (b) FOUND\n")
    step = calls(("search_files", {"pattern": pattern}))
    async with serve(script(step, {"text": "Done."})) as simulator:
        task = task_for(simulated(simulator, OPENAI), tmp_path, str)
        await AGENT.run(task, meter=Books(), watch=Notes())
        told = json.dumps(simulator.entries()[-1].request)
    assert "FOUND" in told


def test_an_activity_is_one_short_line() -> None:
    assert activity("shell", {"command": "a\n  b", "timeout_seconds": 3}) == "shell: a b"
    assert activity("final_result", {}) == "final_result"
    assert len(activity("shell", {"command": "x" * 999})) == 120


def test_a_bounded_text_keeps_its_ends() -> None:
    text = "a" * 50 + "b" * 50
    assert bounded(text, 100) == text
    assert bounded(text, 30) == f"{'a' * 10}\n[… 70 characters left out …]\n{'b' * 20}"


def test_importing_the_agent_loads_no_client() -> None:
    program = (
        "import sys, autopack.agents.api, autopack.roles.builder, autopack.roles.auditor\n"
        "print([name for name in ('pydantic_ai', 'openai', 'anthropic', 'httpx2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
