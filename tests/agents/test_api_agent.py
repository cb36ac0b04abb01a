from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.conversing import (
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
from autopack.agents.base import Access, AgentGaveUp, ShellResult
from autopack.routing.policy import ProviderKind
from autopack.simulator import RunningSimulator, serve
from autopack.usage.schemas import TokenUsage

pytestmark = pytest.mark.parametrize("kind", KINDS)
AGENT = ApiAgent(patience=PATIENCE)

BUILDING = script(
    calls(("list_directory", {"path": "."})),
    calls(("write_file", {"path": "todo/store.py", "content": "X = 1\n"}), ("shell", {"command": "run it"})),
    calls(("edit_file", {"path": "todo/store.py", "old_text": "X = 1", "new_text": "X = 2"})),
    {"text": "Wrote the store.", "reasoning": "All is done."},
)


class Terminal:
    """A shell that keeps what it was asked."""

    def __init__(self, output: str = "ok\n") -> None:
        self.asked: list[tuple[str, float]] = []
        self.output = output

    async def __call__(self, command: str, timeout_seconds: float) -> ShellResult:
        self.asked.append((command, timeout_seconds))
        return ShellResult(exit_code=0, output=self.output)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tool_results(simulator: RunningSimulator) -> str:
    """All that the last request told the model, as text."""
    return json.dumps(simulator.entries()[-1].request, ensure_ascii=False)


async def test_a_conversation_with_tools_ends_in_a_text(kind: ProviderKind, tmp_path: Path) -> None:
    books, notes, terminal = Books(), Notes(), Terminal()
    async with serve(BUILDING) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str, shell=terminal)
        result = await AGENT.run(task, meter=books, watch=notes)
    assert result.output == "Wrote the store."
    assert result.requests == 4
    assert (tmp_path / "todo/store.py").read_text() == "X = 2\n"
    assert terminal.asked == [("run it", 300.0)]
    assert names(tmp_path) == ["todo"]
    assert len(notes.transcripts) == 4
    assert notes.activities == [
        "thinking",
        "list_directory: .",
        "thinking",
        "write_file: todo/store.py",
        "shell: run it",
        "thinking",
        "edit_file: todo/store.py",
        "thinking",
    ]


async def test_the_books_equal_what_was_served_to_the_token(kind: ProviderKind, tmp_path: Path) -> None:
    books = Books()
    async with serve(BUILDING) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str, shell=Terminal())
        result = await AGENT.run(task, meter=books, watch=Notes())
        (served,) = simulator.served().values()
        answered = [entry.response_id for entry in simulator.entries()]
    assert books.spent == result.usage == TokenUsage(**served.model_dump())
    assert result.usage.reasoning_tokens > 0
    assert [response_id for _, response_id in books.settled.values()] == answered
    assert not books.open
    assert not books.lost


async def test_no_request_takes_more_than_was_reserved(kind: ProviderKind, tmp_path: Path) -> None:
    books = Books()
    async with serve(BUILDING) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str, shell=Terminal("é€😀" * 900))
        await AGENT.run(task, meter=books, watch=Notes())
        sizes = [len(json.dumps(entry.request, ensure_ascii=False).encode()) for entry in simulator.entries()]
        served = [entry.usage.input_tokens for entry in simulator.entries() if entry.usage is not None]
        limits = [entry.request for entry in simulator.entries()]
    assert [bound.output_tokens for bound in books.bounds.values()] == [1234] * 4
    for request in limits:
        assert isinstance(request, dict)
        asked = [request.get(name) for name in ("max_tokens", "max_completion_tokens", "max_output_tokens")]
        assert [number for number in asked if number is not None] == [1234]
    # Every byte may be a token, but for those that the provider has counted already.
    counted = [0, *served[:-1]]
    fresh = [size - before for size, before in zip(sizes, [0, *sizes[:-1]], strict=True)]
    for bound, before, new, took in zip(books.bounds.values(), counted, fresh, served, strict=True):
        assert bound.input_tokens > before + new
        assert bound.input_tokens >= took


async def test_a_typed_answer_is_validated_and_asked_for_again(kind: ProviderKind, tmp_path: Path) -> None:
    scenario = script(
        {"answer": {"colour": "red", "count": "many"}},
        {"answer": {"colour": "red", "count": 3}},
    )
    books = Books()
    async with serve(scenario) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, Finding, access=Access.READ)
        result = await AGENT.run(task, meter=books, watch=Notes())
    assert result.output == Finding(colour="red", count=3)
    assert len(books.settled) == result.requests == 2


async def test_an_answer_that_never_validates_is_given_up(kind: ProviderKind, tmp_path: Path) -> None:
    books = Books()
    async with serve(script({"answer": {"colour": "red"}})) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, Finding, access=Access.READ)
        with pytest.raises(AgentGaveUp, match="no usable answer"):
            await AGENT.run(task, meter=books, watch=Notes())
        assert len(books.settled) == len(simulator.entries())
    assert not books.open


async def test_a_blank_answer_is_not_an_answer(kind: ProviderKind, tmp_path: Path) -> None:
    async with serve(script({"text": " "})) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str)
        with pytest.raises(AgentGaveUp):
            await AGENT.run(task, meter=Books(), watch=Notes())


async def test_too_many_requests_are_given_up(kind: ProviderKind, tmp_path: Path) -> None:
    async with serve(script(calls(("list_directory", {})))) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str, max_requests=3)
        with pytest.raises(AgentGaveUp, match="within 3 requests"):
            await AGENT.run(task, meter=Books(), watch=Notes())
        assert len(simulator.entries()) == 3


@pytest.mark.parametrize("dies_at", [1, 2, 3, 4])
async def test_a_stored_conversation_goes_on_without_asking_anything_again(
    kind: ProviderKind, tmp_path: Path, dies_at: int
) -> None:
    books, notes = Books(), Notes(dies_at=dies_at)
    async with serve(BUILDING) as simulator:
        model = simulated(simulator, kind)
        with pytest.raises(Killed):
            await AGENT.run(task_for(model, tmp_path, str, shell=Terminal()), meter=books, watch=notes)
        later = Notes()
        task = task_for(model, tmp_path, str, shell=Terminal(), history=notes.transcripts[-1])
        result = await AGENT.run(task, meter=books, watch=later)
        steps = [entry.step for entry in simulator.entries()]
    assert steps == [0, 1, 2, 3]
    assert result.output == "Wrote the store."
    assert result.requests == 4 - dies_at == len(later.transcripts)
    assert (tmp_path / "todo/store.py").read_text() == "X = 2\n"
    assert len(books.settled) == 3  # the first one's process died before it was closed


async def test_a_typed_answer_in_a_stored_conversation_is_taken_as_it_is(
    kind: ProviderKind, tmp_path: Path
) -> None:
    notes = Notes(dies_at=1)
    async with serve(script({"answer": {"colour": "red", "count": 3}})) as simulator:
        model = simulated(simulator, kind)
        task = task_for(model, tmp_path, Finding, access=Access.READ)
        with pytest.raises(Killed):
            await AGENT.run(task, meter=Books(), watch=notes)
        task = task_for(model, tmp_path, Finding, access=Access.READ, history=notes.transcripts[-1])
        result = await AGENT.run(task, meter=Books(), watch=Notes())
        assert len(simulator.entries()) == 1
    assert result.output == Finding(colour="red", count=3)
    assert result.requests == 0


async def test_requests_of_the_stored_conversation_count_for_the_limit(
    kind: ProviderKind, tmp_path: Path
) -> None:
    notes = Notes(dies_at=2)
    async with serve(script(calls(("list_directory", {})))) as simulator:
        model = simulated(simulator, kind)
        with pytest.raises(Killed):
            await AGENT.run(task_for(model, tmp_path, str), meter=Books(), watch=notes)
        task = task_for(model, tmp_path, str, history=notes.transcripts[-1], max_requests=3)
        with pytest.raises(AgentGaveUp):
            await AGENT.run(task, meter=Books(), watch=Notes())
        assert len(simulator.entries()) == 3


async def test_reading_offers_no_way_to_change_anything(kind: ProviderKind, tmp_path: Path) -> None:
    async with serve(script({"text": "Read."})) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str, access=Access.READ, shell=Terminal())
        await AGENT.run(task, meter=Books(), watch=Notes())
        offered = tool_results(simulator)
    for name in ("read_file", "list_directory", "search_files", "find_files"):
        assert name in offered
    for name in ("write_file", "edit_file", '"shell"', "create_directory"):
        assert name not in offered


async def test_git_can_not_be_seen_and_autopack_not_be_changed(kind: ProviderKind, tmp_path: Path) -> None:
    for folder in (".git", ".autopack"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config").write_text(f"secret of {folder}\n")
    (tmp_path / "link").symlink_to(tmp_path / ".git")
    scenario = script(
        calls(
            ("read_file", {"path": ".git/config"}),
            ("read_file", {"path": "link/config"}),
            ("write_file", {"path": ".git/hooks/pre-commit", "content": "boo"}),
            ("write_file", {"path": ".autopack/config", "content": "boo"}),
            ("write_file", {"path": ".autopack/new/file", "content": "boo"}),
        ),
        calls(("read_file", {"path": ".autopack/config"})),
        {"text": "Tried."},
    )
    async with serve(scenario) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str)
        await AGENT.run(task, meter=Books(), watch=Notes())
        told = tool_results(simulator)
    assert "secret of .git" not in told
    assert "secret of .autopack" in told
    assert names(tmp_path / ".git") == ["config"]
    assert names(tmp_path / ".autopack") == ["config"]


async def test_nothing_outside_the_checkout_is_read_or_written(kind: ProviderKind, tmp_path: Path) -> None:
    outside, checkout = tmp_path / "outside", tmp_path / "checkout"
    outside.mkdir()
    checkout.mkdir()
    (outside / "key").write_text("private key\n")
    (checkout / "way-out").symlink_to(outside)
    (checkout / "key").symlink_to(outside / "key")
    scenario = script(
        calls(
            ("read_file", {"path": "../outside/key"}),
            ("read_file", {"path": str(outside / "key")}),
            ("read_file", {"path": "way-out/key"}),
            ("read_file", {"path": "key"}),
            ("search_files", {"pattern": "private"}),
        ),
        calls(
            ("write_file", {"path": "way-out/new", "content": "boo"}),
            ("write_file", {"path": "way-out/deep/new", "content": "boo"}),
            ("write_file", {"path": "../outside/new", "content": "boo"}),
            ("write_file", {"path": "key", "content": "boo"}),
            ("edit_file", {"path": "key", "old_text": "private", "new_text": "boo"}),
        ),
        {"text": "Tried."},
    )
    async with serve(scenario) as simulator:
        task = task_for(simulated(simulator, kind), checkout, str)
        await AGENT.run(task, meter=Books(), watch=Notes())
        told = tool_results(simulator)
    assert "private key" not in told
    assert names(outside) == ["key"]
    assert (outside / "key").read_text() == "private key\n"


async def test_long_output_of_the_shell_is_shown_with_its_head_and_tail(
    kind: ProviderKind, tmp_path: Path
) -> None:
    terminal = Terminal("HEAD" + "x" * 1_000_000 + "TAIL")
    scenario = script(calls(("shell", {"command": "yes", "timeout_seconds": 99999})), {"text": "Seen."})
    async with serve(scenario) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str, shell=terminal)
        await AGENT.run(task, meter=Books(), watch=Notes())
        told = tool_results(simulator)
    assert terminal.asked == [("yes", 1800.0)]
    assert "HEADx" in told
    assert "xTAIL" in told
    assert "characters left out" in told
    assert len(told) < 50_000


async def test_a_picture_is_named_and_not_sent(kind: ProviderKind, tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
    (tmp_path / "logo.png").write_bytes(picture)
    scenario = script(calls(("read_file", {"path": "logo.png"})), {"text": "Seen."})
    async with serve(scenario) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str)
        await AGENT.run(task, meter=Books(), watch=Notes())
        told = tool_results(simulator)
    assert "image/png, 72 bytes: not shown" in told
    assert "iVBORw0KGgo" not in told
