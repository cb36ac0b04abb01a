from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from agents.conversing import KINDS, Books, Killed, Notes, model_at, script, simulated, task_for
from agents.faulty import gate_to, refusal
from autopack.agents.api import ApiAgent
from autopack.agents.base import ProviderUnreachable
from autopack.agents.patience import Patience
from autopack.config import load_settings
from autopack.errors import InvalidInput
from autopack.routing.policy import ProviderKind
from autopack.simulator import serve

DONE = script({"text": "Done."})


def test_waits_double_up_to_a_minute_and_differ_by_a_quarter() -> None:
    patience = Patience()
    for tries, base in enumerate((1, 2, 4, 8, 16, 32, 60, 60), start=1):
        waits = [patience.wait_seconds(tries, asked=None) for _ in range(200)]
        assert base * 0.75 <= min(waits) < base < max(waits) <= base * 1.25


def test_a_run_waits_for_more_than_a_minute_before_it_pauses() -> None:
    patience = Patience(jitter=0)
    assert sum(patience.wait_seconds(tries, asked=None) for tries in range(1, patience.retries + 1)) == 63


def test_what_the_server_asks_for_is_waited_for_and_never_nothing() -> None:
    patience = Patience()
    assert patience.wait_seconds(6, asked=7.0) == 7.0
    assert 0.75 <= patience.wait_seconds(6, asked=0.0) <= 1.25


@dataclass
class Leaves(Notes):
    """Dies when a wait begins."""

    async def retrying(self, *, why: str, wait_seconds: float, tries: int) -> None:
        await super().retrying(why=why, wait_seconds=wait_seconds, tries=tries)
        raise Killed


async def told(kind: ProviderKind, checkout: Path, retry_after: str) -> tuple[str, float]:
    """What is said of a wait, and how long it would be."""
    notes, books = Leaves(), Books()
    async with (
        serve(DONE) as simulator,
        gate_to(simulator, [refusal(429, "no", retry_after=retry_after)]) as gate,
    ):
        task = task_for(model_at(gate.url(kind), kind), checkout, str)
        with pytest.raises(Killed):
            await ApiAgent().run(task, meter=books, watch=notes)
    assert not books.open
    ((why, wait, tries),) = notes.retries
    assert tries == 1
    assert notes.activities[-1].startswith("waiting ")
    return why, wait


@pytest.mark.parametrize("kind", KINDS)
async def test_a_retry_after_is_seconds_or_a_date(kind: ProviderKind, tmp_path: Path) -> None:
    assert await told(kind, tmp_path, "599") == ("HTTP 429: no", 599.0)
    at = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    _, wait = await told(kind, tmp_path, at)
    assert 280 < wait <= 300
    _, wait = await told(kind, tmp_path, "soon")
    assert wait < 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("retry_after", ["601", "9" * 30])
async def test_a_longer_one_pauses_the_run_and_names_the_time(
    kind: ProviderKind, tmp_path: Path, retry_after: str
) -> None:
    async with (
        serve(DONE) as simulator,
        gate_to(simulator, [refusal(429, "no", retry_after=retry_after)]) as gate,
    ):
        task = task_for(model_at(gate.url(kind), kind), tmp_path, str)
        before = datetime.now(UTC) + timedelta(seconds=601)
        with pytest.raises(ProviderUnreachable) as raised:
            await ApiAgent().run(task, meter=Books(), watch=Notes())
        after = datetime.now(UTC) + timedelta(seconds=601)
    if retry_after == "601":
        times = {f"until {one:%Y-%m-%d %H:%M} UTC" for one in (before, after)}
        assert any(time in raised.value.message for time in times)
    assert raised.value.hint == "wait until then, then resume the run"


async def test_a_wait_that_was_asked_for_is_kept(tmp_path: Path) -> None:
    scenario = script({"text": "Done.", "faults": [{"status": 429, "retry_after": 1}]})
    async with serve(scenario) as simulator, asyncio.timeout(20):
        task = task_for(simulated(simulator, ProviderKind.OPENAI), tmp_path, str)
        began = asyncio.get_running_loop().time()
        await ApiAgent(patience=Patience(backoff_seconds=0.01)).run(task, meter=Books(), watch=Notes())
        assert asyncio.get_running_loop().time() - began >= 1


def test_how_often_a_request_is_sent_again_can_be_set(tmp_path: Path) -> None:
    def retries(said: str) -> int:
        return load_settings({"AUTOPACK_HOME": str(tmp_path), "AUTOPACK_RETRIES": said}).retries

    assert (retries(""), retries("0"), retries(" 20 ")) == (Patience().retries, 0, 20)
    for wrong in ("21", "-1", "often", "1.5"):
        with pytest.raises(InvalidInput, match=f"AUTOPACK_RETRIES is {wrong}"):
            retries(wrong)
