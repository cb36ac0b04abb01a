from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent, PromptedOutput
from pydantic_ai.messages import ModelMessage, ModelResponse, ThinkingPart
from pydantic_ai.settings import ModelSettings

from autopack.simulator import Api, RunningSimulator, Scenario, ServedUsage, serve
from simulator.speaking import (
    APPROVED,
    CLIENTS,
    PROMPT,
    WRITING,
    Client,
    Verdict,
    builder_of,
    model_of,
    scenario_of,
    usage_seen,
)


async def talk(
    simulator: RunningSimulator, client: Client, *, streamed: bool
) -> tuple[Verdict, list[ModelMessage], dict[str, str]]:
    written: dict[str, str] = {}
    async with model_of(client, simulator) as model:
        agent = builder_of(model, written)
        if streamed:
            async with agent.run_stream(PROMPT) as stream:
                return await stream.get_output(), stream.all_messages(), written
        done = await agent.run(PROMPT)
        return done.output, done.all_messages(), written


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return scenario_of(tmp_path, WRITING, APPROVED)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("client", CLIENTS)
async def test_tools_are_called_and_a_structured_answer_arrives(
    scenario: Scenario, client: Client, streamed: bool
) -> None:
    async with serve(scenario) as simulator:
        output, messages, written = await talk(simulator, client, streamed=streamed)
        entries = simulator.entries()
    assert output == Verdict.model_validate(APPROVED["answer"])
    assert written == {"store.py": "print('größer')\n" * 30, "empty.py": ""}
    responses = [message for message in messages if isinstance(message, ModelResponse)]
    assert responses[0].text == WRITING["text"]
    assert [part.content for part in responses[0].parts if isinstance(part, ThinkingPart)] == [
        WRITING["reasoning"]
    ]
    assert [entry.response_id for entry in entries] == [
        response.provider_response_id for response in responses
    ]
    assert [entry.step for entry in entries] == [0, 1]
    assert entries[0].when == ("Role: builder", "Phase: store")


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("client", CLIENTS)
async def test_the_client_sees_the_usage_that_the_log_tells(
    scenario: Scenario, client: Client, streamed: bool
) -> None:
    async with serve(scenario) as simulator:
        _, messages, _ = await talk(simulator, client, streamed=streamed)
        entries, served = simulator.entries(), simulator.served()
    seen = usage_seen(messages)
    assert seen == [entry.usage for entry in entries]
    assert served == {entries[0].model: seen[0] + seen[1]}
    first, second = seen
    assert first.cache_read_tokens == 0
    assert 0 < first.reasoning_tokens < first.output_tokens
    assert 0.9 * first.input_tokens < second.cache_read_tokens <= first.input_tokens < second.input_tokens
    assert (second.cache_write_tokens > 0) == (client == "anthropic")


@pytest.mark.parametrize("client", CLIENTS)
async def test_the_same_request_costs_the_same_whether_streamed_or_not(
    scenario: Scenario, client: Client
) -> None:
    async with serve(scenario) as simulator:
        await talk(simulator, client, streamed=False)
        await talk(simulator, client, streamed=True)
        entries = simulator.entries()
    assert entries[0].usage == entries[2].usage
    assert entries[0].response_id != entries[2].response_id


@pytest.mark.parametrize("client", CLIENTS)
async def test_derived_usage_has_a_price(scenario: Scenario, client: Client) -> None:
    async with serve(scenario) as simulator:
        _, messages, _ = await talk(simulator, client, streamed=False)
    for message in messages:
        if isinstance(message, ModelResponse):
            assert message.usage.cost is not None
            assert message.usage.cost > 0


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("client", CLIENTS)
async def test_usage_that_the_scenario_names_is_served_as_it_is(
    tmp_path: Path, client: Client, streamed: bool
) -> None:
    usage = ServedUsage(
        input_tokens=1200,
        cache_read_tokens=1000,
        cache_write_tokens=100,
        output_tokens=50,
        reasoning_tokens=20,
    )
    scenario = scenario_of(tmp_path, {**APPROVED, "reasoning": "Short.", "usage": usage.model_dump()})
    async with serve(scenario) as simulator:
        _, messages, _ = await talk(simulator, client, streamed=streamed)
        assert simulator.served() == {simulator.entries()[0].model: usage}
    assert usage_seen(messages) == [usage]


@pytest.mark.parametrize("client", CLIENTS)
async def test_an_answer_is_json_text_where_no_output_tool_is_offered(tmp_path: Path, client: Client) -> None:
    async with serve(scenario_of(tmp_path, APPROVED)) as simulator, model_of(client, simulator) as model:
        agent = Agent(model, output_type=PromptedOutput(Verdict))
        done = await agent.run(PROMPT)
    assert done.output == Verdict.model_validate(APPROVED["answer"])


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_conversation_goes_on_at_the_step_its_history_is_at(
    scenario: Scenario, client: Client
) -> None:
    async with serve(scenario) as simulator:
        _, messages, _ = await talk(simulator, client, streamed=False)
        written: dict[str, str] = {}
        async with model_of(client, simulator) as model:
            again = await builder_of(model, written).run(message_history=messages[:2])
        assert again.output.decision == "approve"
        assert [entry.step for entry in simulator.entries()] == [0, 1, 1]
    assert written.keys() == {"store.py", "empty.py"}


@pytest.mark.parametrize("client", CLIENTS)
async def test_past_the_last_step_the_last_is_repeated(tmp_path: Path, client: Client) -> None:
    async with (
        serve(scenario_of(tmp_path, {"text": "So it is."})) as simulator,
        model_of(client, simulator) as model,
    ):
        agent = Agent(model)
        first = await agent.run(PROMPT)
        second = await agent.run("And now?", message_history=first.all_messages())
        assert first.output == second.output == "So it is."
        assert [entry.step for entry in simulator.entries()] == [0, 0]


async def test_a_whole_message_is_what_anthropics_own_client_reads(tmp_path: Path) -> None:
    """Without a stream; Pydantic AI always asks this provider for one."""
    from anthropic import AsyncAnthropic
    from anthropic.types import TextBlock, ThinkingBlock, ToolUseBlock

    async with (
        serve(scenario_of(tmp_path, WRITING)) as simulator,
        AsyncAnthropic(base_url=simulator.url, api_key="none") as client,
    ):
        message = await client.messages.create(
            model="claude-opus-4-5",
            max_tokens=4096,
            messages=[{"role": "user", "content": PROMPT}],
            tools=[{"name": "write_file", "input_schema": {"type": "object"}}],
        )
        (entry,) = simulator.entries()
    thinking, text, *calls = message.content
    assert isinstance(thinking, ThinkingBlock)
    assert thinking.thinking == WRITING["reasoning"]
    assert isinstance(text, TextBlock)
    assert text.text == WRITING["text"]
    assert [call.input for call in calls if isinstance(call, ToolUseBlock)] == [
        call["args"] for call in WRITING["calls"]
    ]
    assert message.stop_reason == "tool_use"
    assert entry.usage is not None
    assert message.usage.output_tokens == entry.usage.output_tokens
    assert message.usage.cache_creation_input_tokens == entry.usage.cache_write_tokens
    assert message.usage.input_tokens == entry.usage.input_tokens - entry.usage.cache_write_tokens
    assert message.usage.output_tokens_details is not None
    assert message.usage.output_tokens_details.thinking_tokens == entry.usage.reasoning_tokens > 0


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_response_is_what_openais_own_client_reads(tmp_path: Path, streamed: bool) -> None:
    from openai import AsyncOpenAI
    from openai.types.responses import (
        FunctionToolParam,
        Response,
        ResponseFunctionToolCall,
        ResponseOutputMessage,
        ResponseReasoningItem,
    )

    tool = FunctionToolParam(type="function", name="write_file", parameters={"type": "object"}, strict=False)
    async with (
        serve(scenario_of(tmp_path, WRITING)) as simulator,
        AsyncOpenAI(base_url=simulator.openai_url, api_key="none") as client,
    ):
        if streamed:
            async with client.responses.stream(model="gpt-5", input=PROMPT, tools=[tool]) as stream:
                numbers = [event.sequence_number async for event in stream]
                response: Response = await stream.get_final_response()
            assert numbers == list(range(len(numbers)))
        else:
            response = await client.responses.create(model="gpt-5", input=PROMPT, tools=[tool])
        (entry,) = simulator.entries()
    Response.model_validate(response.model_dump(warnings=False), strict=False)
    reasoning, message, *calls = response.output
    assert isinstance(reasoning, ResponseReasoningItem)
    assert [part.text for part in reasoning.summary] == [WRITING["reasoning"]]
    assert isinstance(message, ResponseOutputMessage)
    assert response.output_text == WRITING["text"]
    assert [json.loads(call.arguments) for call in calls if isinstance(call, ResponseFunctionToolCall)] == [
        call["args"] for call in WRITING["calls"]
    ]
    assert entry.usage is not None
    assert response.usage is not None
    assert response.usage.output_tokens == entry.usage.output_tokens
    assert response.usage.output_tokens_details.reasoning_tokens == entry.usage.reasoning_tokens > 0
    assert response.usage.input_tokens == entry.usage.input_tokens


async def test_the_items_of_one_turn_count_as_one(tmp_path: Path) -> None:
    from openai import AsyncOpenAI
    from openai.types.responses import ResponseInputParam

    def call(name: str) -> Any:
        return {"type": "function_call", "call_id": name, "name": "look", "arguments": "{}"}

    def output(name: str) -> Any:
        return {"type": "function_call_output", "call_id": name, "output": "Role: auditor"}

    items: ResponseInputParam = [
        {"role": "user", "content": [{"type": "input_text", "text": "Phase: store"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"role": "assistant", "content": "I'll look twice."},
        call("a"),
        call("b"),
        output("a"),
        output("b"),
        call("c"),
        output("c"),
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": "Again, please."},
    ]
    steps = [{"text": str(number)} for number in range(5)]
    async with (
        serve(scenario_of(tmp_path, *steps)) as simulator,
        AsyncOpenAI(base_url=simulator.openai_url, api_key="none") as client,
    ):
        for end, step in ((1, 0), (6, 1), (7, 1), (9, 2), (11, 3)):
            answer = await client.responses.create(
                model="gpt-5", instructions="Role: builder", input=items[:end]
            )
            assert answer.output_text == str(step)
        known = [entry.usage.cache_read_tokens for entry in simulator.entries() if entry.usage]
    assert known[0] == 0
    assert known == sorted(known), "each request holds what the ones before it held"


async def test_glm_thinks_when_asked_to_and_gets_its_thoughts_back(tmp_path: Path) -> None:
    async with serve(scenario_of(tmp_path, WRITING, APPROVED)) as simulator:
        async with model_of("zai", simulator) as model:
            await builder_of(model, {}).run(PROMPT, model_settings=ModelSettings(thinking="high"))
        first, second = simulator.entries()
    assert first.api is Api.GLM
    assert isinstance(first.request, dict)
    assert first.request["thinking"] == {"type": "enabled", "clear_thinking": False}
    assert WRITING["reasoning"] in json.dumps(second.request)


async def test_the_first_conversation_whose_lines_are_all_there_is_taken(tmp_path: Path) -> None:
    from autopack.simulator.scenario import Conversation, Step

    def saying(text: str, *when: str) -> Conversation:
        return Conversation(when=when, steps=(Step(text=text),))

    scenario = Scenario(
        schema_version=1,
        name="several",
        conversations=(
            saying("second attempt", "Role: builder", "Attempt: 2"),
            saying("part of a line", "Phase: sto"),
            saying("first attempt", "Role: builder", "Attempt: 1"),
            saying("any"),
        ),
    )
    async with serve(scenario) as simulator, model_of("openai", simulator) as model:
        assert (await Agent(model).run(PROMPT)).output == "first attempt"
        assert (
            await Agent(model).run(PROMPT.replace("Attempt: 1", "  Attempt: 2  "))
        ).output == "second attempt"
        assert (await Agent(model, instructions="Role: builder").run("Attempt: 1")).output == "first attempt"
        assert (await Agent(model).run("Hello")).output == "any"
