"""A booking is finished also while its caller is cancelled, and the cancellation goes on."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from autopack.agents.booking import surely
from autopack.errors import Unavailable


class Booking:
    """One that ends when it is told, and fails then."""

    def __init__(self) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def book(self) -> None:
        self.begun.set()
        await self.go.wait()
        raise Unavailable("The database is away.")


async def test_a_cancel_goes_on_though_the_booking_failed() -> None:
    booking = Booking()
    calling = asyncio.create_task(surely(booking.book()))
    await booking.begun.wait()
    calling.cancel()
    booking.go.set()
    with pytest.raises(asyncio.CancelledError) as ended:
        await calling
    assert isinstance(ended.value.__cause__, Unavailable)


async def test_a_cancelled_call_whose_booking_fails_is_cancelled() -> None:
    booking, asked = Booking(), asyncio.Event()
    booking.go.set()

    async def call() -> None:
        try:
            asked.set()
            await asyncio.Event().wait()
        except BaseException:
            await surely(booking.book())
            raise

    calling = asyncio.create_task(call())
    await asked.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError) as ended:
        await calling
    assert isinstance(ended.value.__cause__, Unavailable)


async def test_a_scope_that_is_cancelled_waits_for_the_booking() -> None:
    booking, ended = Booking(), list[str]()

    async def call() -> None:
        with pytest.raises(Unavailable):
            await surely(booking.book())
        ended.append("booked")
        await anyio.lowlevel.checkpoint()
        ended.append("went on")

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await booking.begun.wait()
            scope.cancel()
            booking.go.set()
    assert ended == ["booked"]
