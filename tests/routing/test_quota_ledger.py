"""The ledger of a quota, in any order of calls, crashes, late answers and clocks: no cap is ever passed."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from autopack.config import Settings
from autopack.db import Database
from autopack.routing import queries
from autopack.routing.accounts import AccountUsage, AccountWindow
from autopack.routing.limits import Cap, Limits
from autopack.routing.meter import CallContext, Meter, lose_open_calls
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.policyfile import default_policy_text
from autopack.routing.quota import QuotaBusy, QuotaReached, read_view
from autopack.routing.tables import ReservationRow
from autopack.routing.windows import Rolling, Span
from autopack.usage.money import to_nano
from autopack.usage.rollups import differing_hours
from autopack.usage.schemas import TokenUsage
from autopack.usage.tables import UsageEventRow
from fixtures.refs import openai_model

T = TypeVar("T")

CAPS = (
    "{daily_cap_tokens: 20_000, autopack_share: 0.5}",
    "{daily_cap_tokens: 9_000, weekly_cap_tokens: 15_000, weights: {cache_read: 0.1, cache_write: 1.25}}",
    "{weekly_cap_usd: 0.10, monthly_cap_usd: 0.15}",
    "{daily_cap_tokens: 10_000, reserve_for: {auditor: 0.2, security_auth_change: 0.3}}",
    "{daily_cap_tokens: 8_000, weekly_cap_usd: 0.2, "
    "resets: {zone: Asia/Kolkata, at: '05:15', weekday: friday}}",
    "{windows: [{hours: 5, cap_tokens: 4_000}, {days: 3, cap_tokens: 7_000, cap_usd: 0.1}]}",
)
PRICE = "models: {gpt-5: {price: {input: 5, output: 20, cache_read: 0.5, cache_write: 6.25}}}"


def policy(caps: str) -> Policy:
    text = default_policy_text().replace("providers: {}", f"providers: {{openai: {caps}}}")
    return parse_policy(text.replace("models: {}", PRICE), source="models.yaml")


def open_to(limits: Limits, cap: Cap, role: str, category: str) -> int:
    return next(level.limit for level in limits.levels(role, category) if level.cap is cap)


@dataclass
class Call:
    """An open call, with the most that it may take."""

    meter: Meter
    bound: TokenUsage


class Ledger(RuleBasedStateMachine):
    """One quota, whoever calls."""

    migrated: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        shutil.copytree(self.migrated, self.folder / "home")
        self.database = Database(Settings(home=self.folder / "home").database_url)
        self.now = datetime(2026, 11, 27, 4, 40, tzinfo=UTC)
        self.open: dict[str, Call] = {}
        self.given_up: dict[str, Call] = {}
        self.set_back = False

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(caps=st.sampled_from(CAPS))
    def begin(self, caps: str) -> None:
        self.policy = policy(caps)
        self.limits = self.policy.limits("openai")
        self.resets: dict[timedelta, datetime] = {}

    @precondition(lambda self: not self.set_back)
    @rule(length=st.sampled_from((timedelta(hours=5), timedelta(days=7))), to_come=st.floats(0.01, 1))
    def the_account_tells_a_reset(self, length: timedelta, to_come: float) -> None:
        """Of a window that began no earlier than the one before it ended, as those of an account do."""
        reset = self.now + length * to_come
        former = self.resets.get(length, reset - length)
        if former > self.now or reset - length < former:
            return
        told = AccountUsage(windows=(AccountWindow(length=length, used=0.5, resets_at=reset),))
        self._do(self._meter("builder", "docs").account_says(told))
        self.resets[length] = reset
        self.limits = self.policy.limits("openai").turned(dict(self.resets))

    def _meter(self, role: str, category: str) -> Meter:
        model = openai_model("gpt-5", simulated=False)
        context = CallContext(
            run_id="run_a", phase_id="store", attempt=1, role=role, category=category, model=model, owner="me"
        )
        return Meter(self.database, context, policy=lambda: self.policy, clock=lambda: self.now)

    @rule(
        role=st.sampled_from(("builder", "auditor", "agent:planner")),
        category=st.sampled_from(("docs", "security_auth_change")),
        size=st.tuples(st.integers(0, 3000), st.integers(1, 1500)),
    )
    def a_call_is_reserved(self, role: str, category: str, size: tuple[int, int]) -> None:
        meter, bound = self._meter(role, category), TokenUsage(input_tokens=size[0], output_tokens=size[1])
        before = self._do(self._used())
        alone, beside = (
            self._passed(before, role, category, bound, opened=opened) for opened in (False, True)
        )
        if alone:
            with pytest.raises(QuotaReached) as refused:
                self._do(meter.reserve(bound=bound))
            assert refused.value.until is None or refused.value.until > self.now
        elif beside:
            with pytest.raises(QuotaBusy):
                self._do(meter.reserve(bound=bound))
        else:
            self.open[self._do(meter.reserve(bound=bound))] = Call(meter, bound)

    def _passed(
        self,
        used: dict[Cap, tuple[int, int]],
        role: str,
        category: str,
        bound: TokenUsage,
        *,
        opened: bool,
    ) -> bool:
        """Whether a call passes a cap, alone or beside those that are open."""
        for cap, (spent, waiting) in used.items():
            most = spent + (waiting if opened else 0) + self._size(cap, bound, bounded=True)
            if most > open_to(self.limits, cap, role, category):
                return True
        return False

    def _size(self, cap: Cap, usage: TokenUsage, *, bounded: bool) -> int:
        """What a call counts against a cap, by hand."""
        if cap.unit == "usd":
            table = self.policy.prices()["gpt-5"]
            return to_nano(table.of(usage))
        weights = self.limits.weights
        if bounded:
            dearest = max(weights.input, weights.cache_read, weights.cache_write)
            return int((usage.input_tokens * dearest + usage.output_tokens * weights.output) * 1000)
        plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
        cached = usage.cache_read_tokens * weights.cache_read + usage.cache_write_tokens * weights.cache_write
        return int((plain * weights.input + cached + usage.output_tokens * weights.output) * 1000)

    async def _used(self) -> dict[Cap, tuple[int, int]]:
        """Spent and open, from the events and reservations themselves and by whole hours."""
        async with self.database.read() as session:
            events = list(await session.scalars(select(UsageEventRow)))
            rows = list(await session.scalars(select(ReservationRow).where(ReservationRow.state == "open")))
        used: dict[Cap, tuple[int, int]] = {}
        for cap in self.limits.caps:
            since = cap.span.since(self.now)
            spent = sum(self._event(cap, event) for event in events if event.created_at >= since)
            bounds = [
                TokenUsage(input_tokens=row.input_tokens, output_tokens=row.output_tokens) for row in rows
            ]
            opened = sum(self._size(cap, bound, bounded=True) for bound in bounds)
            used[cap] = spent, opened
        return used

    def _event(self, cap: Cap, event: UsageEventRow) -> int:
        usage = TokenUsage(
            input_tokens=event.prompt_tokens,
            output_tokens=event.completion_tokens,
            cache_read_tokens=event.cache_read_tokens,
            cache_write_tokens=event.cache_write_tokens,
        )
        return self._size(cap, usage, bounded=event.usage_status == "unknown")

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 9), taken=st.floats(0, 1), cached=st.floats(0, 1), kept=st.booleans())
    def a_call_is_settled(self, which: int, taken: float, cached: float, kept: bool) -> None:
        call_id, call = self._pick(self.open, which)
        self._do(call.meter.settle(call_id, usage=self._usage(call, taken, cached), response_id=None))
        if not kept:
            self._do(call.meter.settle(call_id, usage=call.bound, response_id=None))  # said twice

    def _usage(self, call: Call, taken: float, cached: float) -> TokenUsage:
        inputs = int(call.bound.input_tokens * taken)
        return TokenUsage(
            input_tokens=inputs,
            cache_read_tokens=int(inputs * cached),
            output_tokens=int(call.bound.output_tokens * taken),
        )

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 9))
    def a_call_is_lost(self, which: int) -> None:
        call_id, call = self._pick(self.open, which)
        self._do(call.meter.lose(call_id, why="cut"))
        self.given_up[call_id] = call

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 9))
    def a_call_is_released(self, which: int) -> None:
        call_id, call = self._pick(self.open, which)
        self._do(call.meter.release(call_id, why="refused"))

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 9))
    def a_call_is_never_made(self, which: int) -> None:
        call_id, call = self._pick(self.open, which)
        self._do(call.meter.withdraw(call_id))

    @precondition(lambda self: self.given_up)
    @rule(which=st.integers(0, 9), taken=st.floats(0, 1))
    def an_answer_comes_late(self, which: int, taken: float) -> None:
        call_id, call = self._pick(self.given_up, which)
        self._do(call.meter.settle(call_id, usage=self._usage(call, taken, 0), response_id=None))

    @precondition(lambda self: not self.set_back)
    @rule()
    def the_process_dies(self) -> None:
        """Only while its clock is right: the sweep is another process, with a clock of its own."""
        self.given_up |= self.open
        self.open = {}
        self._do(lose_open_calls(self.database, "run_a", why="it died", clock=lambda: self.now))

    @rule(minutes=st.integers(1, 60 * 40))
    def time_goes_by(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(minutes=st.integers(1, 60 * 20))
    def the_clock_is_set_back(self, minutes: int) -> None:
        self.now -= timedelta(minutes=minutes)
        self.set_back = True

    @rule()
    def it_is_looked_at(self) -> None:
        """What a decision is made by agrees with what a reservation is."""
        view = self._do(self._view())
        standing = view.standing(openai_model("gpt-5"), role="builder", category="docs")
        used = self._do(self._used())
        spent = any(used[c][0] >= open_to(self.limits, c, "builder", "docs") for c in self.limits.caps)
        assert (standing.level == "spent") == spent
        if spent:
            assert standing.until is not None
            assert standing.until > self.now

    async def _view(self) -> Any:
        async with self.database.read() as session:
            return await read_view(session, self.policy, roles=("builder",), category="docs", now=self.now)

    @invariant()
    def no_cap_is_passed(self) -> None:
        """By the exact window, not by whole hours; a clock that went back may find more than it let in."""
        if not hasattr(self, "policy") or self.set_back:
            return
        for cap, (spent, opened) in self._do(self._exactly()).items():
            assert spent + opened <= cap.amount

    async def _exactly(self) -> dict[Cap, tuple[int, int]]:
        async with self.database.read() as session:
            events = list(await session.scalars(select(UsageEventRow)))
        used = await self._used()
        for cap, (_, opened) in used.items():
            exact = self._began(cap.span)
            used[cap] = sum(self._event(cap, event) for event in events if event.created_at > exact), opened
        return used

    def _began(self, span: Span) -> datetime:
        """When a window began, to the second."""
        if not isinstance(span, Rolling):
            return span.last_reset(self.now)
        rolled = self.now - span.length
        if (reset := self.resets.get(span.length)) is None:
            return rolled
        return max(rolled, reset if reset <= self.now else reset - span.length)

    def _pick(self, calls: dict[str, Call], which: int) -> tuple[str, Call]:
        call_id = [*calls][which % len(calls)]
        return call_id, calls.pop(call_id)

    def teardown(self) -> None:
        try:
            if hasattr(self, "policy"):
                self._do(self._come_to_rest())
        finally:
            self._do(self.database.close())
            self.loop.close()
            shutil.rmtree(self.folder)

    async def _come_to_rest(self) -> None:
        """Nothing stays open, the hours are the sums of their events, and what is used is what was said."""
        await lose_open_calls(self.database, "run_a", why="the end")
        async with self.database.read() as session:
            assert await differing_hours(session) == {}
            use = await queries.use_of(session, "openai", self.limits, now=self.now)
        assert use.open == (0, 0, 0)
        for cap, (spent, _) in (await self._used()).items():
            amounts = use.windows[cap.window]
            assert (amounts.milli_tokens if cap.unit == "tokens" else amounts.nano_usd) == spent


@pytest.mark.sqlite
@pytest.mark.timeout(3600)
def test_no_order_of_calls_and_clocks_passes_a_cap(migrated_home: Path, full: bool) -> None:
    Ledger.migrated = migrated_home
    kept = hypothesis_settings(
        max_examples=1_000 if full else 30,
        stateful_step_count=60 if full else 40,
        deadline=None,
        derandomize=not full,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(Ledger, settings=kept)


async def test_a_model_without_a_price_is_refused_under_a_cap_in_dollars(database: Database) -> None:
    capped = policy("{weekly_cap_usd: 100}")
    context = CallContext(role="builder", model=openai_model("gpt-nobody-sells"), owner="me")
    with pytest.raises(QuotaReached, match="price is not known") as refused:
        await Meter(database, context, policy=lambda: capped).reserve(bound=TokenUsage(output_tokens=1))
    assert refused.value.until is None


async def test_what_is_used_while_the_clock_is_set_back_stays_in_its_window(database: Database) -> None:
    """Booked in the hour in which the clock was right: or it would leave the window hours too soon."""
    right = datetime(2026, 11, 27, 10, 40, tzinfo=UTC)
    capped, told = policy("{daily_cap_tokens: 1000}"), [right]
    context = CallContext(role="builder", model=openai_model("gpt-5"), owner="me")
    meter = Meter(database, context, policy=lambda: capped, clock=lambda: told[0])
    bound = TokenUsage(output_tokens=400)
    await meter.settle(await meter.reserve(bound=bound), usage=bound, response_id=None)
    told[0] = right - timedelta(hours=5)
    await meter.settle(await meter.reserve(bound=bound), usage=bound, response_id=None)
    told[0] = right + timedelta(hours=20)
    with pytest.raises(QuotaReached) as refused:
        await meter.reserve(bound=bound)
    assert refused.value.until == datetime(2026, 11, 28, 11, tzinfo=UTC)
