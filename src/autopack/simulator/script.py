"""From a request and a scenario to an answer: conversation, step, output tool, usage."""

from __future__ import annotations

import time
from uuid import uuid4

from pydantic import JsonValue
from pydantic_core import to_json

from autopack.errors import InvalidInput
from autopack.simulator.scenario import Conversation, Scenario, Step
from autopack.simulator.usage import ServedUsage, derive_usage
from autopack.simulator.wire import Answer, Asked, ToolCall, WireFormat

OUTPUT_TOOL = "final_result"
"""How the tools begin through which Pydantic AI takes a structured answer."""

_SHOWN_LINES = 6


def find_conversation(scenario: Scenario, asked: Asked) -> tuple[int, Conversation]:
    """The first conversation whose lines are all in the request, and its place in the scenario.

    Raises InvalidInput naming lines that were seen, and what the nearest conversation lacks.
    """
    lines = [line.strip() for text in asked.texts for line in text.splitlines()]
    present = set(lines)
    for place, conversation in enumerate(scenario.conversations):
        if present.issuperset(conversation.when):
            return place, conversation
    nearest = max(scenario.conversations, key=lambda found: len(present.intersection(found.when)))
    missing = [line for line in nearest.when if line not in present]
    raise InvalidInput(
        f"No conversation of the scenario {scenario.name!r} matches this request. "
        f"Lines seen: {_telling_lines(scenario, lines)}; "
        f"the nearest conversation {list(nearest.when)} lacks {missing}."
    )


def find_step(conversation: Conversation, asked: Asked) -> tuple[int, Step]:
    """The step for the assistant turns already in the request; past the last one, the last is repeated."""
    index = min(asked.turns, len(conversation.steps) - 1)
    return index, conversation.steps[index]


def compose(step: Step, asked: Asked, wire: WireFormat) -> Answer:
    """The step as an answer to this request.

    Raises InvalidInput for a tool that the request does not offer, and for an answer whose derived
    size is over the request's own output limit (a real provider would have cut it).
    """
    text, calls = step.text, [(call.tool, call.args) for call in step.calls]
    if step.answer is not None:
        if tool := _output_tool(asked):
            calls = [(tool, step.answer)]
        else:
            text = to_json(step.answer).decode()
    for name, _ in calls:
        if name not in asked.tools:
            raise InvalidInput(f"The step calls the tool {name!r}; the request offers {list(asked.tools)}.")
    return Answer(
        id=wire.id_prefix + uuid4().hex,
        model=asked.model,
        created=int(time.time()),
        text=text,
        reasoning=step.reasoning,
        calls=tuple(ToolCall(wire.call_id_prefix + uuid4().hex, name, args) for name, args in calls),
        usage=step.usage or _derived(text, step.reasoning, calls, asked, wire),
    )


def _telling_lines(scenario: Scenario, lines: list[str]) -> list[str]:
    """Lines that begin, up to a colon, like one that some conversation waits for; else the first ones."""
    keys = {line.partition(":")[0] for conversation in scenario.conversations for line in conversation.when}
    telling = [line for line in lines if line.partition(":")[0] in keys]
    return (telling or [line for line in lines if line])[:_SHOWN_LINES]


def _output_tool(asked: Asked) -> str | None:
    offered = [name for name in asked.tools if name.startswith(OUTPUT_TOOL)]
    if len(offered) > 1:
        raise InvalidInput(
            f"The step's `answer` could go through any of {offered}: write it as a call of one of them."
        )
    return offered[0] if offered else None


def _derived(
    text: str, reasoning: str, calls: list[tuple[str, dict[str, JsonValue]]], asked: Asked, wire: WireFormat
) -> ServedUsage:
    usage = derive_usage(
        prompt_bytes=asked.prompt_bytes,
        known_bytes=asked.known_bytes,
        answer_bytes=len(text.encode()) + sum(len(name) + len(to_json(args)) for name, args in calls),
        reasoning_bytes=len(reasoning.encode()),
        writes_cache=wire.writes_cache,
    )
    if asked.max_output_tokens is not None and usage.output_tokens > asked.max_output_tokens:
        raise InvalidInput(
            f"The step's answer is {usage.output_tokens} tokens, over the request's limit of "
            f"{asked.max_output_tokens}."
        )
    return usage
