"""One start of a coding agent's program: its events as they come, its calls booked, its end made certain."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from collections import deque
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from autopack.agents.base import AgentGaveUp, Program, Seat
from autopack.agents.booking import surely
from autopack.agents.books import Books
from autopack.agents.faults import Fault, fault_of, last_words
from autopack.agents.lines import Events, Silent, TooMuch
from autopack.agents.patience import Patience
from autopack.agents.told import AccountSaid, Answered, Began, Doing, Ended, Failing, Limited, Sitting, Told
from autopack.errors import AutopackError
from autopack.processes import Finished
from autopack.routing.accounts import AccountUsage
from autopack.routing.quota import QuotaBusy
from autopack.usage.schemas import TokenUsage

_INTERRUPT_SECONDS = 5.0
_LAST_SECONDS = 2.0
"""How long one without such a word is listened to once its last call is answered: it is to say its end."""
_LEAVE_SECONDS = 5.0
"""How long it may take to leave, once it has said its last."""


@dataclass
class Outcome:
    """How one start ended."""

    books: Books
    ended: Ended | None = None
    limited: Limited | None = None
    account: AccountUsage = field(default_factory=AccountUsage)
    """What its account said last."""
    said: str = ""
    """What it said beside its stream."""
    exceeded: str = ""
    """For the model: that it was ended for what its commands held."""
    answered: int = 0
    resumed: bool = False
    """Whether it was to go on with a conversation."""
    charged: bool = False
    """It was interrupted, as its account charges for more than it includes."""
    no_room: bool = False
    """It was interrupted, as other calls took the quota's room for now."""


async def sit(sitting: Sitting, seat: Seat, books: Books, patience: Patience) -> Outcome:
    """Run the program once, to its end. Raises what the books or the watcher raise: it is ended then."""
    one = _Sat(sitting, books, Outcome(books, resumed=books.session is not None))
    await books.open()
    try:
        async with one.started(seat) as running:
            try:
                await one.listen_long(patience)
            finally:
                await surely(one.wind_up(running))
    except BaseException:
        await surely(books.close(known=None, lost=""))  # where it was not even started; else it is closed
        raise
    if not running.cancelled() and (error := running.exception()) is not None:
        raise error
    return one.outcome


class _Charged(Exception):
    """The account charges for more than it includes, and that is not wanted."""


class _Refused(Exception):
    """It may make no further call."""

    def __init__(self, why: AutopackError) -> None:
        super().__init__(str(why))
        self.why = why


class _Stuck(Exception):
    """Its calls fail, again and again; with what it says of it."""


class _Sat:
    """One start, while it lasts."""

    def __init__(self, sitting: Sitting, books: Books, outcome: Outcome) -> None:
        self.outcome = outcome
        self._sitting = sitting
        self._books = books
        self._events = Events()
        self._untaken = deque[Told]()
        self._refused: AutopackError | None = None
        self._at_its_end = False
        self._taken = TokenUsage()
        self._began = False
        self._input: asyncio.WriteTransport | None = None

    @asynccontextmanager
    async def started(self, seat: Seat) -> AsyncGenerator[asyncio.Future[Finished]]:
        """The program, started, with its first words."""
        sitting = self._sitting
        read_end, write_end = os.pipe()
        pipe = os.fdopen(write_end, "wb", buffering=0)
        self._input, _ = await asyncio.get_running_loop().connect_write_pipe(asyncio.BaseProtocol, pipe)
        program = Program(
            argv=sitting.argv,
            env=sitting.env,
            stdin=read_end,
            heard=self._events.hear,
            reads=sitting.reads,
            writes=sitting.writes,
        )
        running = asyncio.ensure_future(seat.launch(program))
        running.add_done_callback(lambda _: self._events.end())
        try:
            self._input.write(sitting.said)
            if not sitting.interrupting:
                self._input.close()
            yield running
        finally:
            self._input.close()
            os.close(read_end)

    async def listen_long(self, patience: Patience) -> None:
        """Listen to its end, for as long as it may take."""
        try:
            async with asyncio.timeout(patience.program_seconds):
                await self._listen(
                    patience.silence_seconds, more=True, failing_seconds=patience.failing_seconds
                )
        except TimeoutError as error:
            minutes = patience.program_seconds / 60
            raise AgentGaveUp(
                f"{self._books.model} worked for {minutes:.0f} minutes and did not come to an end."
            ) from error
        except _Refused as refused:
            self._refused = refused.why
        except _Charged:
            pass
        except _Stuck as error:
            self.outcome.said = f"its calls failed for {patience.failing_seconds:.0f} s: {error}"
        except Silent:
            self.outcome.said = f"it said nothing for {patience.silence_seconds / 60:.0f} minutes"
        except TooMuch as error:
            raise AgentGaveUp(f"{self._books.model} said more than anyone reads, and was stopped.") from error

    async def wind_up(self, running: asyncio.Future[Finished]) -> None:
        """Make its end certain: by its own word where it has one, then by signals; and close the books.

        Whatever fails on the way, the program has ended when this returns or raises.
        """
        interrupted, failed = self.outcome.ended is None, list[Exception]()
        try:
            await _trying(failed, self._interrupt(running))
        finally:
            if self._input is not None:
                self._input.close()
            await _end(running, grace=_LEAVE_SECONDS if self.outcome.ended is not None else 0)
        await _trying(failed, self._take_all(more=False))
        while self._untaken:
            await _trying(failed, self._take_untaken(more=False))
        self._hear_out(running)
        await _trying(
            failed, self._books.close(known=self._rest(), lost=self._lost(), answered=self._came_to_an_end())
        )
        ended = self.outcome.ended
        if interrupted or (ended is not None and ended.failure):
            await self._books.keep()
        if interrupted and (self._sitting.interrupting or ended is None or ended.failure):
            self.outcome.ended = None  # what it told was the answer to our word, not the end of its work
        if failed:
            raise failed[0]
        if self._refused is not None and self.outcome.ended is None:  # it was not its last one
            if not isinstance(self._refused, QuotaBusy):
                raise self._refused
            self.outcome.no_room = True

    async def _interrupt(self, running: asyncio.Future[Finished]) -> None:
        if self.outcome.ended is not None or running.done():
            return
        seconds = _INTERRUPT_SECONDS
        if not self._sitting.interrupting:
            if not self._at_its_end:
                return
            seconds = _LAST_SECONDS
        elif self._input is not None:
            self._input.write(self._sitting.interrupting)
        with contextlib.suppress(TimeoutError, Silent, TooMuch):
            async with asyncio.timeout(seconds):
                await self._listen(seconds, more=False)

    async def _take_all(self, *, more: bool) -> None:
        """What it told, in its order; what is left where one can't be taken comes next time."""
        self._untaken.extend(self._sitting.look())
        await self._take_untaken(more=more)

    async def _take_untaken(self, *, more: bool) -> None:
        while self._untaken:
            await self._take(self._untaken.popleft(), more=more)

    def _hear_out(self, running: asyncio.Future[Finished]) -> None:
        """What it said beside its stream, and whether it was ended for what it held."""
        finished = None if running.cancelled() or running.exception() is not None else running.result()
        if finished is not None and finished.exceeded:
            self.outcome.said = f"it was over its limit of {finished.exceeded}: {finished.exceeded_by}"
            self.outcome.exceeded = f" What ended you: {self.outcome.said}. Do it in a smaller way."
        if not self.outcome.said:
            errors = b"" if finished is None else finished.errors
            said = (*self._events.other, errors.decode(errors="replace")[-500:])
            self.outcome.said = "\n".join(said).strip()

    async def _listen(self, silence_seconds: float, *, more: bool, failing_seconds: float = math.inf) -> None:
        clock, failing_since = asyncio.get_running_loop().time, None
        while self.outcome.ended is None:
            event = await self._events.next(within=silence_seconds)
            if event is not None:
                found = [*self._sitting.read(event)]
                self._untaken.extend(found)
                failing = next((one for one in found if isinstance(one, Failing)), None)
                failing_since = None if failing is None else failing_since or clock()
                if failing and failing_since and clock() - failing_since >= failing_seconds:
                    raise _Stuck(failing.said)
            await self._take_all(more=more)
            if event is None:
                return

    async def _take(self, told: Told, *, more: bool) -> None:
        books, outcome, self._began = self._books, self.outcome, True
        match told:
            case Began(session):
                await books.began(session)
            case Answered(usage):
                self._taken += usage
                outcome.answered += 1
                self._at_its_end = told.last
                await surely(books.settle(told))
                if more and not told.last and not any(isinstance(one, Ended) for one in self._untaken):
                    try:
                        await books.go_on()
                    except AutopackError as error:
                        raise _Refused(error) from error
            case Doing(activity):
                books.watch.doing(activity, tokens=books.usage.total)
            case Failing(said):
                books.watch.doing(f"waiting for the model's server: {said}")
            case Limited():
                outcome.limited = told
            case AccountSaid(usage) if usage != outcome.account:
                outcome.account = usage
                if not await books.account_says(usage):
                    outcome.charged = True
                    if more:
                        raise _Charged
            case AccountSaid():
                pass
            case Ended():
                outcome.ended = told

    def _came_to_an_end(self) -> bool:
        return self.outcome.ended is not None and not self.outcome.ended.failure

    def _rest(self) -> TokenUsage | None:
        """What it took beside the calls that it told of one by one; None: it does not say."""
        if self.outcome.ended is None or (all_of_it := self.outcome.ended.usage) is None:
            return None
        return TokenUsage(
            **{name: max(0, getattr(all_of_it, name) - getattr(self._taken, name)) for name in _COUNTS}
        )

    def _lost(self) -> str:
        """Why what it took last is not known; empty: no call was under way, or an error answered it."""
        ended, outcome = self.outcome.ended, self.outcome
        failure = last_words(outcome.said) if ended is None else ended.failure
        if outcome.limited is not None or (failure and fault_of(failure) in _UNBOUGHT):
            return ""
        if ended is None:
            return "it was ended before it told what it took" if self._began else ""
        if ended.failure:
            return "it failed before it told what it took"
        return "it reported no usage" if outcome.answered == 0 else ""


async def _trying(failed: list[Exception], work: Awaitable[None]) -> None:
    """Do it, and go on where it fails: the first failure is raised when all is done."""
    try:
        await work
    except Exception as error:
        failed.append(error)


_UNBOUGHT = (Fault.LIMIT, Fault.LOGIN, Fault.LOST, Fault.REFUSED)
"""An error answers the call, which nobody bills."""
_COUNTS = tuple(TokenUsage.model_fields)


async def _end(running: asyncio.Future[Finished], *, grace: float) -> None:
    if not running.done() and grace:
        await asyncio.wait([running], timeout=grace)
    if not running.done():
        running.cancel()
    await asyncio.wait([running])
