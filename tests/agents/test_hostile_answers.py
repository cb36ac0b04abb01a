"""Well-formed JSON that can't be stored, run or shown is the model's mistake: it never breaks the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import ModelRetry
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.models.test import TestModel
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.usage import RunUsage

from agents.conversing import KEY, PATIENCE, Books, Notes, model_at, script, task_for
from agents.faulty import Fault, Says, gate_to, refusal
from autopack.agents import tools
from autopack.agents.api import ApiAgent
from autopack.agents.base import AgentResult, ProviderRefused, ShellResult
from autopack.agents.failures import one_line
from autopack.agents.tools import Desk, activity
from autopack.errors import DiskFull, Fenced
from autopack.redaction import Redactor
from autopack.routing.policy import ProviderKind
from autopack.simulator import serve

LONE = "\ud83d"
OPENAI = ProviderKind.OPENAI
NAMED = "AKIA" + "Q7W3E9R2T5Y8U1I4"
SECRET = "a-value-of-the-environment-4711"


def says(delta: dict[str, Any], reason: str) -> Says:
    """A whole streamed answer of the Chat protocol."""
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": reason}
    chunk: dict[str, Any] = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    events = [chunk | {"choices": [choice]}, chunk | {"choices": list[str](), "usage": usage}]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return Says(200, body, (("content-type", "text/event-stream"),))


def calling(*named: tuple[str, dict[str, Any]]) -> Says:
    calls = [
        {
            "index": number,
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(args)},
        }
        for number, (name, args) in enumerate(named)
    ]
    return says({"tool_calls": calls}, "tool_calls")


DONE = says({"content": "Done."}, "stop")


class Ran:
    """A shell that notes what it ran, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.commands: list[str] = []
        self.error = error

    async def __call__(self, command: str, timeout_seconds: float) -> ShellResult:
        if self.error is not None:
            raise self.error
        self.commands.append(command)
        return ShellResult(exit_code=0, output=f"ran {LONE}")


async def talk(
    checkout: Path, *answers: Fault, shell: Ran | None = None, notes: Notes | None = None
) -> AgentResult[str]:
    agent = ApiAgent(patience=PATIENCE, redactor=Redactor([SECRET]))
    books = Books()
    try:
        async with serve(script({"text": "never"})) as simulator, gate_to(simulator, answers) as gate:
            task = task_for(model_at(gate.url(OPENAI), OPENAI), checkout, str, shell=shell or Ran())
            return await agent.run(task, meter=books, watch=notes or Notes())
    finally:
        assert not books.open
        assert not books.lost


@pytest.mark.parametrize(
    ("tool", "args", "told"),
    [
        ("shell", {"command": "echo a\0b"}, "NUL"),
        ("shell", {"command": f"echo {LONE}"}, "Invalid JSON"),
        ("shell", {"command": "x" * 100_001}, "longer than 100000 bytes"),
        ("read_file", {"path": f"a{LONE}"}, "Invalid JSON"),
        ("read_file", {"path": "a\0b"}, "NUL"),
        ("write_file", {"path": f"{LONE}/a", "content": ""}, "Invalid JSON"),
        ("write_file", {"path": "a\0/b", "content": ""}, "NUL"),
        ("write_file", {"path": "a", "content": LONE}, "Invalid JSON"),
        ("search_files", {"pattern": LONE}, "Invalid JSON"),
        ("find_files", {"pattern": f"*{LONE}"}, "Invalid JSON"),
        ("find_files", {"pattern": "*", "path": "a\0"}, "NUL"),
    ],
)
async def test_arguments_that_cannot_be_used_are_told_to_the_model(
    tool: str, args: dict[str, Any], told: str, tmp_path: Path
) -> None:
    notes, shell = Notes(), Ran()
    result = await talk(tmp_path, calling((tool, args)), DONE, shell=shell, notes=notes)
    assert result.output == "Done."
    assert told in notes.transcripts[-1].decode()
    assert not shell.commands
    assert not list(tmp_path.iterdir())


async def test_half_a_character_in_an_answer_is_replaced_so_that_it_can_be_stored(tmp_path: Path) -> None:
    notes = Notes()
    result = await talk(tmp_path, says({"content": f"Done {LONE}."}, "stop"), notes=notes)
    assert result.output == "Done \ufffd."
    assert "Done \ufffd." in notes.transcripts[-1].decode()
    assert result.usage.total == 13


async def test_half_a_character_in_what_a_tool_says_is_replaced(tmp_path: Path) -> None:
    notes = Notes()
    await talk(tmp_path, calling(("shell", {"command": "ls"})), DONE, notes=notes)
    assert "ran \ufffd" in notes.transcripts[-1].decode()


async def test_a_file_tool_that_breaks_is_told_to_the_model() -> None:
    context = RunContext(deps=None, model=TestModel(), usage=RunUsage())
    call, tool = ToolCallPart("read_file"), ToolDefinition(name="read_file")
    with pytest.raises(ModelRetry, match="read_file can't do this: KeyError"):
        await Desk().on_tool_execute_error(context, call=call, tool_def=tool, args={}, error=KeyError("odd"))


async def test_arguments_that_a_process_cannot_be_given_are_told_to_the_model(tmp_path: Path) -> None:
    notes = Notes()
    shell = Ran(ValueError("embedded null byte"))
    await talk(tmp_path, calling(("shell", {"command": "ls"})), DONE, shell=shell, notes=notes)
    assert "shell can't do this: ValueError: embedded null byte" in notes.transcripts[-1].decode()


@pytest.mark.parametrize("error", [DiskFull("The disk is full."), Fenced("Another owner.")])
async def test_errors_of_ours_pass_through(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)):
        await talk(tmp_path, calling(("shell", {"command": "ls"})), DONE, shell=Ran(error))


async def test_of_too_many_calls_the_first_are_run(tmp_path: Path) -> None:
    notes, shell = Notes(), Ran()
    many = [("shell", {"command": f"echo {number}"}) for number in range(tools.MOST_CALLS + 50)]
    result = await talk(tmp_path, calling(*many), calling(*many[:2]), DONE, shell=shell, notes=notes)
    assert result.output == "Done."
    assert shell.commands == [one["command"] for _, one in (*many[: tools.MOST_CALLS], *many[:2])]
    assert notes.transcripts[-1].decode().count("too many calls in one answer") == 50


async def test_no_secret_shows_in_what_is_said_of_an_error(tmp_path: Path) -> None:
    padding = "x" * (250 - len(SECRET))
    for hidden in (KEY, NAMED, SECRET):
        answer = refusal(400, f"{padding} no {hidden}\x1b[2J\u202e\0 here {hidden}")
        with pytest.raises(ProviderRefused) as caught:
            await talk(tmp_path, answer)
        assert hidden[:12] not in caught.value.message
        assert caught.value.message.isprintable()


def test_one_line_holds_nothing_that_acts_on_a_terminal() -> None:
    assert one_line("a\x1b[31m\0b\u202ec\u2066\n\td\u200b\ud800\x9b") == "a[31mbc d"
    assert activity("shell", {"command": "ls \x1b]0;x\x07\u202e"}) == "shell: ls ]0;x"
