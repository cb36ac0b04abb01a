"""A received response is never bought again, whenever the process is interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext

from agents.conversing import (
    KEY,
    KINDS,
    PATIENCE,
    Books,
    Finding,
    Killed,
    Notes,
    calls,
    script,
    simulated,
    task_for,
)
from autopack.agents.api import ApiAgent
from autopack.agents.base import Access, AgentTask, Keep, ShellResult
from autopack.agents.metered import MeteredModel
from autopack.agents.providers import open_model
from autopack.routing.policy import ProviderKind
from autopack.simulator import RunningSimulator, serve
from autopack.usage.schemas import TokenUsage

AGENT = ApiAgent(patience=PATIENCE)
BUILDING = script(
    calls(("shell", {"command": "one"})), calls(("shell", {"command": "two"})), {"text": "Built it."}
)
FINDING = script(
    {"answer": {"colour": "red", "count": "many"}},
    {"answer": {"colour": "red", "count": 3}},
)


@dataclass
class Journal:
    """What happened in which order, and one event of it at which the conversation waits, or dies."""

    stops_at: str = ""
    dies: bool = False
    events: list[str] = field(default_factory=list[str])
    there: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def add(self, event: str) -> None:
        self.events.append(event)
        if f"{event} {self.events.count(event)}" != self.stops_at:
            return
        if self.dies:
            raise Killed
        self.there.set()
        await self.go_on.wait()

    async def shell(self, command: str, timeout_seconds: float) -> ShellResult:
        await self.add(f"shell {command}")
        return ShellResult(exit_code=0, output="ok\n")


@dataclass
class KeptBooks(Books):
    journal: Journal = field(default_factory=Journal)

    async def settle(
        self, call_id: str, *, usage: TokenUsage, response_id: str | None, keep: Keep | None = None
    ) -> None:
        await self.journal.add("settle")
        await super().settle(call_id, usage=usage, response_id=response_id, keep=keep)


@dataclass
class KeptNotes(Notes):
    journal: Journal = field(default_factory=Journal)

    async def responded(self, transcript: bytes) -> Keep:
        await self.journal.add("responded")
        return await super().responded(transcript)


@dataclass
class Talk:
    """One conversation that is begun, stopped at an event, and gone on with from what was stored."""

    simulator: RunningSimulator
    task: AgentTask[Any]
    journal: Journal

    def __post_init__(self) -> None:
        self.books, self.notes = KeptBooks(journal=self.journal), KeptNotes(journal=self.journal)

    async def stop(self) -> None:
        running = asyncio.ensure_future(AGENT.run(self.task, meter=self.books, watch=self.notes))
        if self.journal.dies:
            with pytest.raises(Killed):
                await running
            return
        await self.journal.there.wait()
        running.cancel()
        await asyncio.sleep(0)
        running.cancel()
        asyncio.get_running_loop().call_later(0.02, self.journal.go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await running

    async def go_on(self) -> Any:
        history = self.notes.transcripts[-1]
        task = task_for(
            self.task.model,
            self.task.checkout,
            self.task.output,
            access=self.task.access,
            shell=self.task.shell,
            history=history,
        )
        return (await AGENT.run(task, meter=self.books, watch=self.notes)).output

    @property
    def served(self) -> list[int | None]:
        return [entry.step for entry in self.simulator.entries()]


@pytest.mark.parametrize("dies", [False, True], ids=["cancelled", "killed"])
@pytest.mark.parametrize("event", ["settle 1", "settle 2", "settle 3"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_response_outlives_the_end_of_its_booking(
    kind: ProviderKind, tmp_path: Path, event: str, dies: bool
) -> None:
    journal = Journal(stops_at=event, dies=dies)
    async with serve(BUILDING) as simulator, asyncio.timeout(20):
        task = task_for(simulated(simulator, kind), tmp_path, str, shell=journal.shell)
        talk = Talk(simulator, task, journal)
        await talk.stop()
        assert await talk.go_on() == "Built it."
        assert talk.served == [0, 1, 2]
    assert len(talk.books.settled) == (2 if dies else 3)


@pytest.mark.parametrize("event", ["responded 1", "responded 2", "responded 3"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_response_that_is_being_stored_when_the_cancellation_comes_is_stored_and_settled(
    kind: ProviderKind, tmp_path: Path, event: str
) -> None:
    journal = Journal(stops_at=event)
    async with serve(BUILDING) as simulator, asyncio.timeout(20):
        task = task_for(simulated(simulator, kind), tmp_path, str, shell=journal.shell)
        talk = Talk(simulator, task, journal)
        await talk.stop()
        assert not talk.books.open
        assert await talk.go_on() == "Built it."
        assert talk.served == [0, 1, 2]
    assert len(talk.books.settled) == 3


@pytest.mark.parametrize("event", ["settle 1", "settle 2", "responded 1", "responded 2"])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_that_does_not_validate_is_not_bought_again_either(
    kind: ProviderKind, tmp_path: Path, event: str
) -> None:
    journal = Journal(stops_at=event)
    async with serve(FINDING) as simulator, asyncio.timeout(20):
        task = task_for(simulated(simulator, kind), tmp_path, Finding, access=Access.READ)
        talk = Talk(simulator, task, journal)
        await talk.stop()
        assert await talk.go_on() == Finding(colour="red", count=3)
        assert talk.served == [0, 1]
    assert len(talk.books.settled) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_a_response_is_stored_then_settled_and_then_its_tools_run(
    kind: ProviderKind, tmp_path: Path
) -> None:
    journal = Journal()
    async with serve(BUILDING) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str, shell=journal.shell)
        books, notes = KeptBooks(journal=journal), KeptNotes(journal=journal)
        result = await AGENT.run(task, meter=books, watch=notes)
    kept = ["responded", "settle"]
    assert journal.events == [*kept, "shell one", *kept, "shell two", *kept]
    assert result.requests == len(notes.transcripts) == 3


async def test_what_was_bought_is_settled_where_it_could_not_be_stored(tmp_path: Path) -> None:
    class FullDisk(Notes):
        async def responded(self, transcript: bytes) -> Keep:
            raise OSError("no space left on device")

    books = Books()
    async with serve(BUILDING) as simulator:
        task = task_for(simulated(simulator, ProviderKind.OPENAI), tmp_path, str, shell=Journal().shell)
        with pytest.raises(OSError, match="no space"):
            await AGENT.run(task, meter=books, watch=FullDisk())
    assert list(books.settled) == ["call-1"]


class ClosesSlowly(WrapperModel):
    """A model whose connection takes long to close, or fails to, after the answer is in."""

    def __init__(self, wrapped: Model, *, fails: bool = False) -> None:
        super().__init__(wrapped)
        self.closing, self.fails = asyncio.Event(), fails

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        async with self.wrapped.request_stream(messages, model_settings, model_request_parameters) as stream:
            yield stream
            self.closing.set()
            if self.fails:
                raise TimeoutError
            await asyncio.Event().wait()


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_is_kept_however_its_connection_closes(kind: ProviderKind, fails: bool) -> None:
    books, notes = Books(), Notes()
    async with serve(script({"text": "Done."})) as simulator, asyncio.timeout(10):
        ref = simulated(simulator, kind)
        async with open_model(ref, api_key=KEY, patience=PATIENCE) as wrapped:
            slow = ClosesSlowly(wrapped, fails=fails)
            model = MeteredModel(
                slow,
                model=ref,
                meter=books,
                watch=notes,
                patience=PATIENCE,
                max_output_tokens=10,
                api_key=KEY,
            )
            question = ModelRequest.user_text_prompt("Role: builder")
            running = asyncio.ensure_future(model.request([question], None, ModelRequestParameters()))
            await slow.closing.wait()
            if fails:
                assert (await running).text == "Done."
            else:
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
        assert len(simulator.entries()) == 1
    assert list(books.settled) == ["call-1"]
    assert b"Done." in notes.transcripts[0]
