"""Real clients talking to the simulator, for its own tests."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.models.zai import ZaiModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.zai import ZaiProvider

from autopack.simulator import RunningSimulator, Scenario, ServedUsage, load_scenario

Client = Literal["openai", "responses", "anthropic", "zai"]
CLIENTS: tuple[Client, ...] = ("openai", "responses", "anthropic", "zai")

PROMPT = "Role: builder\nRun: r1\nPhase: store\nAttempt: 1\n\nBuild the store."


class Verdict(BaseModel):
    """What the agents of these tests end with."""

    decision: str
    summary: str


APPROVED: dict[str, Any] = {"answer": {"decision": "approve", "summary": "Sound — all of it."}}
WRITING: dict[str, Any] = {
    "text": "I'll write the store.",
    "reasoning": "A dictionary will do, kept in one file.",
    "calls": [
        {"tool": "write_file", "args": {"path": "store.py", "content": "print('größer')\n" * 30}},
        {"tool": "write_file", "args": {"path": "empty.py", "content": ""}},
    ],
}


def scenario_of(folder: Path, *steps: dict[str, Any], when: list[str] | None = None) -> Scenario:
    """A scenario of one conversation, by way of its file `scenario.yaml` (JSON is YAML)."""
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(content_of(*steps, when=when)), encoding="utf-8")
    return load_scenario(file)


def content_of(*steps: dict[str, Any], when: list[str] | None = None) -> dict[str, Any]:
    """What the file of such a scenario holds."""
    lines = ["Role: builder", "Phase: store"] if when is None else when
    return {"schema_version": 1, "name": "t", "conversations": [{"when": lines, "steps": steps}]}


@asynccontextmanager
async def model_of(client: Client, simulator: RunningSimulator) -> AsyncGenerator[Model]:
    """The client's model class with connections of its own, closed at the end."""
    match client:
        case "openai" | "responses":
            async with OpenAIProvider(base_url=simulator.openai_url, api_key="none") as openai:
                chosen = OpenAIChatModel if client == "openai" else OpenAIResponsesModel
                yield chosen("gpt-5", provider=openai)
        case "anthropic":
            async with AnthropicProvider(base_url=simulator.url, api_key="none") as anthropic:
                yield AnthropicModel("claude-opus-4-5", provider=anthropic)
        case "zai":
            async with ZaiProvider(base_url=simulator.zai_url, api_key="none") as zai:
                yield ZaiModel("glm-4.6", provider=zai)


def builder_of(model: Model, written: dict[str, str]) -> Agent[None, Verdict]:
    """An agent with one tool, which notes what it is told to write, and a structured output."""
    agent = Agent(model, output_type=Verdict, instructions="You build what the phase says.")

    @agent.tool_plain
    def write_file(path: str, content: str) -> str:  # pyright: ignore[reportUnusedFunction]  (registered)
        written[path] = content
        return f"{len(content)} characters written"

    return agent


def usage_seen(messages: list[ModelMessage]) -> list[ServedUsage]:
    """Each response's usage as the client took it from the wire."""
    return [
        ServedUsage(
            input_tokens=message.usage.input_tokens,
            output_tokens=message.usage.output_tokens,
            cache_read_tokens=message.usage.cache_read_tokens,
            cache_write_tokens=message.usage.cache_write_tokens,
            reasoning_tokens=message.usage.output_reasoning_tokens or 0,
        )
        for message in messages
        if isinstance(message, ModelResponse)
    ]
