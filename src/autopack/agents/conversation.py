"""One conversation on Pydantic AI, from the first prompt or a stored transcript to a typed answer."""

from __future__ import annotations

import pydantic_ai
from pydantic_ai import Agent, ModelRetry, UsageLimits
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model
from pydantic_ai.tools import RunContext, Tool
from pydantic_ai_harness.filesystem import FileSystemToolset

from autopack.agents.base import Access, AgentGaveUp, AgentResult, AgentTask, Metering, T, Watcher
from autopack.agents.checkout import CheckoutFiles
from autopack.agents.failures import one_line, plain
from autopack.agents.metered import MeteredModel
from autopack.agents.patience import Patience
from autopack.agents.providers import open_model, settings_for
from autopack.agents.searching import search_tool
from autopack.agents.tools import TRIES_PER_TOOL, Desk, file_tools, shell_tool
from autopack.redaction import Redactor

_TRIES_FOR_AN_ANSWER = 3


async def converse(
    task: AgentTask[T], *, meter: Metering, watch: Watcher, patience: Patience, redactor: Redactor
) -> AgentResult[T]:
    """Have `task`'s conversation; see `ApiAgent.run`."""
    async with open_model(task.model, api_key=task.api_key, patience=patience) as provider_model:
        model = MeteredModel(
            provider_model,
            model=task.model,
            meter=meter,
            watch=watch,
            patience=patience,
            max_output_tokens=task.max_output_tokens,
            api_key=task.api_key,
            redactor=redactor,
        )
        agent = _agent(task, model, watch)
        if task.history is None:
            watch.begins()
        try:
            return await _have(agent, task, model)
        except UsageLimitExceeded as error:
            raise AgentGaveUp(
                f"{task.model.name} came to no end within {task.max_requests} requests",
                hint="make the phase smaller, or give it a stronger model",
            ) from error
        except UnexpectedModelBehavior as error:
            raise AgentGaveUp(
                f"{task.model.name} gave no usable answer: {one_line(redactor.text(plain(error.message)))}",
                hint="a stronger model may do better with this phase",
            ) from error


def _agent(task: AgentTask[T], model: Model, watch: Watcher) -> Agent[None, T]:
    pydantic_ai.BANNER_ENABLED = False  # the library would greet on stderr
    files = file_tools(task.access)
    toolset = file_tools(Access.WRITE).get_toolset()  # not wrapped; what it does obeys the workspace's access
    desk = Desk(doing=watch.doing)
    tools: list[Tool[None]] = []
    if isinstance(toolset, FileSystemToolset):
        tools.append(search_tool(task.checkout, toolset, max_retries=TRIES_PER_TOOL))

        async def make_folder(folder: str, ctx: RunContext[None]) -> None:
            await toolset.create_directory(folder, workspace=ctx.workspace)

        desk.make_folder = make_folder
    if task.access is Access.WRITE and task.shell is not None:
        tools.append(shell_tool(task.shell))
    capabilities: list[AbstractCapability[None]] = [files, desk]
    # A system prompt and not `instructions`: it is part of the transcript, and a transcript that ends in
    # an answer is then taken as one, where instructions would have it asked for again.
    agent = Agent[None, T](
        model,
        name="autopack",
        deps_type=type(None),
        output_type=task.output,
        system_prompt=task.instructions,
        model_settings=settings_for(task.model, max_output_tokens=task.max_output_tokens),
        retries={"tools": TRIES_PER_TOOL, "output": _TRIES_FOR_AN_ANSWER},
        tools=tools,
        capabilities=capabilities,
    )
    agent.output_validator(_not_blank)
    return agent


def _not_blank(output: T) -> T:
    if isinstance(output, str) and not output.strip():
        raise ModelRetry("The answer was empty. Go on with the task, and end with the summary asked for.")
    return output


async def _have(agent: Agent[None, T], task: AgentTask[T], model: MeteredModel) -> AgentResult[T]:
    history: list[ModelMessage] = []
    if task.history is not None:
        history = list(ModelMessagesTypeAdapter.validate_json(task.history))
    answered = sum(isinstance(message, ModelResponse) for message in history)
    with Agent.parallel_tool_call_execution_mode("sequential"):
        result = await agent.run(
            None if history else task.prompt,
            message_history=history or None,
            usage_limits=UsageLimits(request_limit=max(task.max_requests - answered, 0)),
            workspace=CheckoutFiles(task.checkout, access=task.access),
        )
    return AgentResult(output=result.output, requests=model.answered, usage=model.usage)
