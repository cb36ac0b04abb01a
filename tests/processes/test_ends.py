"""What is done to its end although it is cancelled, and the cancellation that is not lost by it."""

from __future__ import annotations

import asyncio

import pytest

from autopack.processes.ends import complete


class Work:
    """Something to be completed, which ends when it is told, and may fail then."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.begun, self.go, self.done = asyncio.Event(), asyncio.Event(), False
        self._failure = failure

    async def do(self) -> None:
        self.begun.set()
        await self.go.wait()
        self.done = True
        if self._failure is not None:
            raise self._failure


class Killed(BaseException):
    """No failure, but the end of all."""


async def cleaning_up(work: Work, waiting: asyncio.Event) -> None:
    try:
        waiting.set()
        await asyncio.Event().wait()
    finally:
        await complete(work.do())


async def test_what_is_completed_fails_as_it_would_without() -> None:
    work = Work(OSError("the disk is full"))
    work.go.set()
    with pytest.raises(OSError, match="the disk is full"):
        await complete(work.do())


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("failure", [None, OSError("the disk is full")])
async def test_a_cancel_waits_for_the_end_and_goes_on_whatever_that_is(
    times: int, failure: OSError | None
) -> None:
    work = Work(failure)
    completing = asyncio.create_task(complete(work.do()))
    await work.begun.wait()
    for _ in range(times):
        completing.cancel()
        await asyncio.wait([completing], timeout=0.01)
    assert not completing.done()
    work.go.set()
    with pytest.raises(asyncio.CancelledError) as ended:
        await completing
    assert work.done
    assert ended.value.__cause__ is failure


async def test_a_failure_of_the_cleaning_up_does_not_hide_what_it_was_cancelled_for() -> None:
    work, waiting = Work(OSError("the disk is full")), asyncio.Event()
    work.go.set()
    cleaning = asyncio.create_task(cleaning_up(work, waiting))
    await waiting.wait()
    cleaning.cancel()
    with pytest.raises(asyncio.CancelledError) as ended:
        await cleaning
    assert work.done
    assert isinstance(ended.value.__cause__, OSError)


async def test_the_end_of_all_is_no_failure_that_a_cancel_outdoes() -> None:
    work, waiting = Work(Killed()), asyncio.Event()
    work.go.set()
    cleaning = asyncio.create_task(cleaning_up(work, waiting))
    await waiting.wait()
    cleaning.cancel()
    with pytest.raises(Killed):
        await cleaning
