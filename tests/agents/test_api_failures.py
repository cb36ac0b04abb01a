from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from agents.conversing import KEY, KINDS, PATIENCE, Books, Notes, model_at, script, task_for
from agents.faulty import Fault, Passes, Says, beginning, gate_to, refusal
from autopack.agents.api import ApiAgent
from autopack.agents.base import AgentGaveUp, ProviderRefused, ProviderUnreachable
from autopack.agents.patience import Patience
from autopack.routing.policy import ProviderKind
from autopack.simulator import serve

pytestmark = pytest.mark.parametrize("kind", KINDS)
DONE = script(
    {"text": "Done, and at some length, so that there is something to be cut off.", "reasoning": "Hm."}
)
INTO_THE_STREAM = 700
OVERFLOW = {
    ProviderKind.OPENAI: "context_length_exceeded",
    ProviderKind.OPENAI_RESPONSES: "context_length_exceeded",
    ProviderKind.ANTHROPIC: "invalid_request_error",
    ProviderKind.ZAI: "1261",
}


async def ask(
    kind: ProviderKind,
    checkout: Path,
    faults: list[Fault],
    *,
    patience: Patience = PATIENCE,
) -> tuple[str | Exception, Books, Notes]:
    """One short conversation through spoiled answers: what came of it, the books, and the notes."""
    books, notes = Books(), Notes()
    outcome: str | Exception
    async with serve(DONE) as simulator, gate_to(simulator, faults) as gate:
        task = task_for(model_at(gate.url(kind), kind), checkout, str)
        try:
            result = await ApiAgent(patience=patience).run(task, meter=books, watch=notes)
            outcome = result.output
        except (ProviderRefused, ProviderUnreachable) as error:
            outcome = error
    assert not books.open
    return outcome, books, notes


@pytest.mark.parametrize("status", [429, 500, 503, 529])
async def test_a_passing_error_is_tried_again_and_costs_nothing(
    kind: ProviderKind, tmp_path: Path, status: int
) -> None:
    outcome, books, notes = await ask(kind, tmp_path, [refusal(status, "not now", retry_after="0")])
    assert str(outcome).startswith("Done")
    assert list(books.released.values()) == [f"HTTP {status}: not now"]
    assert (len(books.bounds), len(books.settled), len(books.lost)) == (2, 1, 0)
    assert any(activity.startswith("waiting 0 s for") for activity in notes.activities)


async def test_a_server_that_keeps_failing_is_unreachable(kind: ProviderKind, tmp_path: Path) -> None:
    outcome, books, _ = await ask(kind, tmp_path, [refusal(529, "overloaded")] * 5)
    assert isinstance(outcome, ProviderUnreachable)
    assert "HTTP 529: overloaded" in outcome.message
    assert "simulated" in outcome.message
    assert len(books.released) == len(books.bounds) == 3


async def test_a_server_that_asks_for_a_long_wait_is_not_waited_for(
    kind: ProviderKind, tmp_path: Path
) -> None:
    outcome, books, _ = await ask(kind, tmp_path, [refusal(429, "later", retry_after="3600")])
    assert isinstance(outcome, ProviderUnreachable)
    assert len(books.bounds) == 1


async def test_no_connection_costs_nothing(kind: ProviderKind, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        books = Books()
        model = model_at(f"http://127.0.0.1:{unused.getsockname()[1]}", kind)
        with pytest.raises(ProviderUnreachable, match="no connection") as raised:
            await ApiAgent(patience=PATIENCE).run(task_for(model, tmp_path, str), meter=books, watch=Notes())
    assert "\n" not in raised.value.message
    assert raised.value.hint
    assert len(books.released) == len(books.bounds) == 3


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (401, "invalid_api_key", "did not accept the key in"),
        (403, "permission_error", "did not accept the key in"),
        (404, "model_not_found", "was not found"),
        (400, "invalid_request_error", "refused the request"),
        (402, "billing_error", "credit or quota is used up"),
    ],
)
async def test_a_refusal_is_final_and_names_the_key_by_its_variable(
    kind: ProviderKind, tmp_path: Path, status: int, code: str, says: str
) -> None:
    outcome, books, _ = await ask(kind, tmp_path, [refusal(status, f"no, not with\n{KEY}", code=code)])
    assert isinstance(outcome, ProviderRefused)
    assert says in outcome.message
    assert outcome.hint
    assert KEY not in outcome.message + outcome.hint
    assert "no, not with ***" in outcome.message
    if status in (401, 403):
        assert model_at(None, kind).api_key_env in outcome.message
    assert list(books.released) == list(books.bounds) == ["call-1"]


async def test_a_conversation_too_long_for_the_model_is_given_up(kind: ProviderKind, tmp_path: Path) -> None:
    books = Books()
    too_long = refusal(400, "prompt is too long: 300000 tokens > 200000 maximum", code=OVERFLOW[kind])
    async with serve(DONE) as simulator, gate_to(simulator, [too_long]) as gate:
        task = task_for(model_at(gate.url(kind), kind), tmp_path, str)
        with pytest.raises(AgentGaveUp, match="outgrew the model's context window"):
            await ApiAgent(patience=PATIENCE).run(task, meter=books, watch=Notes())
    assert len(books.released) == len(books.bounds) == 1


async def test_an_error_page_is_named_by_its_status(kind: ProviderKind, tmp_path: Path) -> None:
    page = Says(502, "", (("content-type", "text/html"),))
    outcome, books, _ = await ask(kind, tmp_path, [page] * 3)
    assert isinstance(outcome, ProviderUnreachable)
    assert outcome.message.endswith("HTTP 502")
    assert len(books.released) == 3


async def test_a_stream_that_breaks_off_is_lost_and_asked_again(kind: ProviderKind, tmp_path: Path) -> None:
    outcome, books, _ = await ask(kind, tmp_path, [Passes(INTO_THE_STREAM)])
    assert str(outcome).startswith("Done")
    assert list(books.lost) == ["call-1"]
    assert list(books.settled) == ["call-2"]


async def test_a_stream_that_falls_silent_is_lost_and_asked_again(kind: ProviderKind, tmp_path: Path) -> None:
    patience = Patience(read_seconds=0.3, backoff_seconds=0.01)
    outcome, books, _ = await ask(kind, tmp_path, [Passes(INTO_THE_STREAM, silent=True)], patience=patience)
    assert str(outcome).startswith("Done")
    assert list(books.lost) == ["call-1"]


async def test_an_answer_that_takes_too_long_as_a_whole_is_lost(kind: ProviderKind, tmp_path: Path) -> None:
    patience = Patience(request_seconds=0.3, retries=0)
    outcome, books, _ = await ask(kind, tmp_path, [Passes(INTO_THE_STREAM, silent=True)], patience=patience)
    assert isinstance(outcome, ProviderUnreachable)
    assert "took too long" in books.lost["call-1"]


async def test_a_gateway_that_times_out_may_have_cost_something(kind: ProviderKind, tmp_path: Path) -> None:
    outcome, books, _ = await ask(kind, tmp_path, [refusal(504, "gateway timeout")])
    assert str(outcome).startswith("Done")
    assert list(books.lost) == ["call-1"]


async def test_a_stream_that_just_ends_is_not_an_answer(kind: ProviderKind, tmp_path: Path) -> None:
    outcome, books, _ = await ask(kind, tmp_path, [beginning(kind)])
    assert str(outcome).startswith("Done")
    assert books.lost == {"call-1": "the answer broke off"}


async def test_a_cancelled_request_is_lost_and_the_server_is_left(kind: ProviderKind, tmp_path: Path) -> None:
    books = Books()
    async with (
        serve(DONE) as simulator,
        gate_to(simulator, [Passes(INTO_THE_STREAM, silent=True)]) as gate,
        asyncio.timeout(10),
    ):
        task = task_for(model_at(gate.url(kind), kind), tmp_path, str)
        running = asyncio.ensure_future(ApiAgent(patience=PATIENCE).run(task, meter=books, watch=Notes()))
        await gate.silent.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not books.open
        assert books.lost == {"call-1": "interrupted: CancelledError"}
        await gate.left.wait()
