"""Models that are called through a coding agent's program: one conversation, supervised and booked.

The program makes its calls by itself. One reservation is always open for its next call: what it reports of
a call settles that one and reserves the next, and where there is no room it is interrupted. An exit code
says nothing: the terminal event of its stream does, and the checkout.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic

from autopack.agents.answers import Misshapen, read_answer, schema_of
from autopack.agents.base import (
    AgentGaveUp,
    AgentResult,
    AgentTask,
    Metering,
    ProviderRefused,
    ProviderUnreachable,
    Seat,
    T,
    Watcher,
)
from autopack.agents.books import Books
from autopack.agents.faults import Fault, fault_of, is_limit_alone, last_words
from autopack.agents.installed import find_program
from autopack.agents.patience import Patience
from autopack.agents.resets import named_reset
from autopack.agents.sitting import Outcome, sit
from autopack.agents.told import Adapter, Limited, Start
from autopack.redaction import Redactor
from autopack.routing.accounts import AccountUsage
from autopack.routing.policy import ModelRef

UNNAMED_LIMIT_SECONDS = 900.0
"""How long an account is left alone that reached a limit and did not say until when."""
_WAIT = "wait until then, then resume the run"
_CHARGED = "what the account includes is used up, and it charges for more"
_CORRECTIONS = 2
_GO_ON = (
    "You were interrupted, and go on now. Files may be older than you remember: look at what the checkout "
    "holds before you change anything. Then finish the task that you were given, and end as it says."
)
_CORRECT = (
    "Your answer does not fit the schema: {problem}\n"
    "Give the whole answer again, as JSON that fits, and nothing else."
)


class ProgramAgent:
    """The agent of one coding agent's program."""

    def __init__(
        self,
        adapter: Adapter,
        *,
        environ: Mapping[str, str],
        patience: Patience | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        """`environ` is where its program, its login and its key are found."""
        self._adapter = adapter
        self._environ = environ
        self._patience = patience or Patience()
        self._redactor = redactor or Redactor()

    async def warm_up(self, models: Iterable[ModelRef]) -> None:
        """Nothing to load: the program brings what it needs."""

    async def run(self, task: AgentTask[T], *, meter: Metering, watch: Watcher) -> AgentResult[T]:
        """Have the conversation. Raises ProviderUnreachable, ProviderRefused and AgentGaveUp."""
        if task.seat is None:
            raise ProviderRefused(
                f"{task.model.name} works in a checkout, and there is none here.",
                hint="Map a model that is called through its provider's API.",
            )
        program = find_program(self._adapter, self._environ)
        conversation = _Conversation(
            self._adapter, task, task.seat, program, self._environ, self._patience, self._redactor
        )
        return await conversation.have(meter, watch)


@dataclass
class _Conversation(Generic[T]):
    adapter: Adapter
    task: AgentTask[T]
    seat: Seat
    program: Path
    environ: Mapping[str, str]
    patience: Patience
    redactor: Redactor

    async def have(self, meter: Metering, watch: Watcher) -> AgentResult[T]:
        """Start the program as often as it takes."""
        session, before = _session_of(self.adapter, self.task.history)
        books = Books(meter, watch, self.task, session=session, answered=before)
        prompt, tries, corrections = self._first_prompt(books), 0, 0
        while True:
            outcome = await sit(self.adapter.sit(self._start(prompt, books)), self.seat, books, self.patience)
            why = await self._fault(outcome, meter)
            if why is None and outcome.ended is not None:
                try:
                    output = read_answer(self.task, text=outcome.ended.text, answer=outcome.ended.answer)
                    return AgentResult(output=output, requests=books.answered - before, usage=books.usage)
                except Misshapen as error:
                    corrections += 1
                    if corrections > _CORRECTIONS:
                        raise AgentGaveUp(
                            f"{self.task.model.name} gave no answer that fits: {error}"
                        ) from error
                    prompt = _CORRECT.format(problem=error)
                    continue
            if outcome.no_room:  # the next start waits for it
                prompt = self._first_prompt(books)
                continue
            tries += 1
            why = why or "it ended without saying how"
            if tries > self.patience.retries:
                raise ProviderUnreachable(
                    f"{self.task.model.name} did not come to an end in {tries} starts: {why}",
                    hint=f"See that {self.adapter.name} works in a terminal, then resume the run.",
                )
            wait = self.patience.wait_seconds(tries, asked=None)
            await watch.retrying(why=why, wait_seconds=wait, tries=tries)
            await watch.rest(wait)
            prompt = self._first_prompt(books) + outcome.exceeded

    def _first_prompt(self, books: Books) -> str:
        if books.session is not None:
            return _GO_ON
        books.watch.begins()
        return self.redactor.exact(self.task.prompt.encode()).decode()

    def _start(self, prompt: str, books: Books) -> Start:
        return Start(
            task=self.task,
            program=self.program,
            prompt=prompt,
            session=books.session,
            schema=schema_of(self.task),
            folder=self.seat.folder,
            environ=self.environ,
        )

    async def _fault(self, outcome: Outcome, meter: Metering) -> str | None:
        """Why another start is needed; None: it came to an end. Raises what no other start would mend."""
        said, limited, ended = self._said(outcome), outcome.limited, outcome.ended
        if outcome.charged:
            rest = await self._rest(Limited(_CHARGED), outcome.account, meter, hint=self._charging())
            if ended is None:
                raise rest
        if ended is not None and not ended.failure:
            taken = outcome.answered or (ended.usage is not None and ended.usage.total > 0)
            says_limit = ended.answer is None and is_limit_alone(ended.text)
            words = ended.text.strip() or ended.answer is not None
            if taken or (words and limited is None and not says_limit):
                return None
            said = ended.text.strip() or "it ended at once, without a word and without a token"
            limited = limited or Limited(said)  # a limit that looks like success
        fault = Fault.LIMIT if limited is not None else fault_of(said if ended else last_words(outcome.said))
        if fault is Fault.LOST and not outcome.resumed:
            fault = Fault.BROKEN
        name = self.task.model.name
        match fault:
            case Fault.LIMIT:
                raise await self._rest(limited or Limited(said), outcome.account, meter)
            case Fault.LOGIN:
                key = self.task.model.api_key_env
                raise ProviderRefused(
                    f"{self.adapter.name} may not call {name}: {said}",
                    hint=f"put a key that may use it into {key}"
                    if key
                    else f"log in with {self.program.name}",
                )
            case Fault.REFUSED:
                raise ProviderRefused(
                    f"{self.adapter.name} refused {name}: {said}",
                    hint="check the model's name in models.yaml, and the version of the program",
                )
            case Fault.MISSHAPEN:
                raise AgentGaveUp(f"{name} gave no answer that fits: {said}")
            case Fault.LOST:
                outcome.books.forget()
                return said
            case Fault.BROKEN:
                return said or "it ended without saying how"

    def _charging(self) -> str:
        pool = self.task.model.pool
        return f"Wait until then, or set extra_usage: true for {pool} under pools: in models.yaml."

    async def _rest(
        self, limited: Limited, account: AccountUsage, meter: Metering, *, hint: str = _WAIT
    ) -> ProviderUnreachable:
        now = datetime.now(UTC)
        told = (one for one in (limited.until, account.room_again) if one is not None and one > now)
        asked = next(told, None) or named_or_soon(limited.said, now)
        said = self.redactor.text(limited.said)
        until = await meter.cool_down(
            seconds=(asked - now).total_seconds(), why=said, whole_quota=limited.whole_quota
        )
        return ProviderUnreachable(
            f"{self.task.model.name} has reached a limit of its account, until "
            f"{until:%Y-%m-%d %H:%M} UTC: {said}",
            hint=hint,
            until=until,
        )

    def _said(self, outcome: Outcome) -> str:
        said = outcome.ended.failure if outcome.ended is not None else ""
        return self.redactor.text(" ".join((said or outcome.said).split()))[:500]


def named_or_soon(said: str, now: datetime) -> datetime:
    """Until when a limit lasts that an agent tells of: what it names, or a while."""
    return named_reset(said, now=now) or now + timedelta(seconds=UNNAMED_LIMIT_SECONDS)


def _session_of(adapter: Adapter, history: bytes | None) -> tuple[str | None, int]:
    """The conversation that a transcript of ours names, and how many calls it took."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        told: Any = json.loads(history or b"null")
        if told["agent"] == adapter.name and told["session"]:
            return str(told["session"]), int(told["answered"])
    return None, 0
