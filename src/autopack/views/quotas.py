"""The quotas: what is used and reserved of each, of which caps, how fast, and when they reset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.routing import queries
from autopack.routing.accounts import ToldWindow
from autopack.routing.forecast import LOOKS_BACK, Burn, burn_of, reached_at
from autopack.routing.limits import MILLI, Cap, Limits, Unit
from autopack.routing.policy import NO_LIMITS, Policy
from autopack.routing.queries import Amounts, OpenCalls, Use
from autopack.routing.schemas import CodingAgent, Pool
from autopack.routing.windows import HOUR, Rolling, Span, length_words
from autopack.usage.money import to_usd
from autopack.usage.schemas import UsageSum
from autopack.views.spend import Spend, Usd, spend_of

Amount: TypeAlias = int | Usd
"""Whole tokens, or dollars as a text: the `unit` beside it says which."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Reserved(_Shown):
    """Calls that are under way, at the most that they can take."""

    calls: int
    tokens: int
    cost_usd: Usd | None
    """Null where a price is not known."""


class BurnRate(_Shown):
    """What was used per hour on average, hours without a call included."""

    since: datetime
    hours: float
    """Hours from then to now."""
    tokens_per_hour: int
    """As caps count them: weighed by kind, calls of unknown usage at their reserved size."""
    usd_per_hour: Usd


class WindowUsage(_Shown):
    """One window of a quota and its cap. Amounts are in its `unit`, and count what the cap counts.

    That is tokens weighed by their kind, calls of unknown usage at their reserved size, real and simulated
    calls alike, and the whole of the oldest hour.
    """

    window: str
    """`day`, `week`, `month`, or such as `5 hours`."""
    unit: Unit
    rolling: bool
    """It is the time up to now; otherwise it begins anew at each reset."""
    since: datetime
    account_cap: Amount | None
    """The whole account's; null where the window has no cap and is only shown."""
    cap: Amount | None
    """Autopack's share of it."""
    spent: Amount
    reserved: Amount
    """By calls that are under way."""
    percent: float | None
    """Of the cap, spent; 100 is all of it."""
    percent_reserved: float | None
    """Of the cap, by calls that are under way."""
    unpriced_calls: int
    """Calls in it without a known price, which a cap in dollars can't count: with any, it lets none pass."""
    resets_at: datetime | None
    """When a named window begins anew, and a rolling one whose account says when; null: nobody says."""
    oldest_leaves_at: datetime | None
    """When the oldest usage leaves a rolling window; null for one that resets, and where there is none."""
    burn_hours: float
    burn_per_hour: Amount
    """On average over those hours."""
    exhausted_at: datetime | None
    """When the cap is reached if that goes on, now where it is; null: not before it resets, or never."""


class ToldUsage(_Shown):
    """What the account behind a quota last said of one of its own windows, use beside Autopack included."""

    agent: str
    """The coding agent that passed it on, whose account it is."""
    window: str
    """Such as `5 hours`."""
    percent: float
    """Used; 100 is all of it, and it may be more."""
    resets_at: datetime
    told_at: datetime


class PoolUsage(_Shown):
    """What runs out: a provider's account, or a quota of its own such as a subscription."""

    pool: str
    billing: Literal["api", "subscription"]
    """Dollars of a subscription are list-price equivalents: nobody is charged for them by the call."""
    real: Spend | None
    """In the period, by real providers; null where there was no call."""
    simulated: Spend | None
    """In the period, answered by a script; null where there was no call."""
    reserved: Reserved
    soft_limit_percent: float
    """Of a cap: above it other quotas are preferred."""
    kept_free_percent: float
    """Of a cap: kept free for some categories and roles."""
    burn: BurnRate
    windows: tuple[WindowUsage, ...]
    """Every window that is configured."""
    account: tuple[ToldUsage, ...]
    """What the account itself says, until each window resets; empty where it says nothing."""


async def pool_usages(
    session: ReadSession, policy: Policy | None, sums: Sequence[UsageSum], *, now: datetime
) -> tuple[PoolUsage, ...]:
    """Every quota of the policy, of the period's sums (by pool and simulated), or with a call under way."""
    wanted = dict.fromkeys((*(policy.quotas() if policy else ()), *(str(one.pool) for one in sums)))
    opened = await queries.open_calls(session, {*wanted, *await queries.pools(session)})
    told = await queries.account_windows(session, now=now)
    return tuple(
        [
            await _pool(
                session,
                pool,
                policy,
                [one for one in sums if one.pool == pool],
                opened.get(pool),
                told.get(pool, ()),
                now,
            )
            for pool in dict.fromkeys((*wanted, *sorted(opened), *told))
        ]
    )


async def _pool(
    session: ReadSession,
    pool: str,
    policy: Policy | None,
    sums: Sequence[UsageSum],
    opened: OpenCalls | None,
    told: Sequence[ToldWindow],
    now: datetime,
) -> PoolUsage:
    limits = policy.limits(pool) if policy else NO_LIMITS
    limits = limits.turned(await queries.account_resets(session, pool))
    use = await queries.use_of(session, pool, limits, now=now)
    hours = await queries.hours_of(session, pool, limits, since=_earliest(limits, now))
    tokens, usd = (burn_of([*_counted(hours, unit)], now=now) for unit in ("tokens", "usd"))
    return PoolUsage(
        pool=pool,
        billing=_billing(pool, limits),
        real=_spend(one for one in sums if not one.simulated),
        simulated=_spend(one for one in sums if one.simulated),
        reserved=_reserved(opened),
        soft_limit_percent=_percent(limits.soft_limit),
        kept_free_percent=_percent(sum(limits.reserve_for.values())),
        burn=_rate(tokens, usd),
        windows=tuple(_windows(limits, use, hours, now)),
        account=tuple(_told(one) for one in told),
    )


def _told(window: ToldWindow) -> ToldUsage:
    return ToldUsage(
        agent=window.agent,
        window=length_words(window.length),
        percent=_percent(window.used),
        resets_at=window.resets_at,
        told_at=window.told_at,
    )


def _billing(pool: str, limits: Limits) -> Literal["api", "subscription"]:
    if isinstance(limits, Pool):
        return limits.billing
    return "subscription" if pool in frozenset(CodingAgent) else "api"  # logged in by itself


def _spend(sums: Iterable[UsageSum]) -> Spend | None:
    rows = list(sums)
    return spend_of(rows) if rows else None


def _reserved(opened: OpenCalls | None) -> Reserved:
    if opened is None:
        return Reserved(calls=0, tokens=0, cost_usd=Decimal(0))
    cost = None if opened.unpriced else to_usd(opened.nano_usd)
    return Reserved(calls=opened.calls, tokens=opened.tokens, cost_usd=cost)


def _earliest(limits: Limits, now: datetime) -> datetime:
    """Since when each hour has to be known: those of rolling windows, and those the rate is taken of."""
    rolling = [span.since(now) for span in limits.spans.values() if isinstance(span, Rolling)]
    return min([now - LOOKS_BACK - HOUR, *rolling])


def _counted(hours: Iterable[tuple[datetime, Amounts]], unit: Unit) -> Iterator[tuple[datetime, int]]:
    return ((hour, _of(amounts, unit)) for hour, amounts in hours)


def _of(amounts: Amounts, unit: Unit) -> int:
    return amounts.milli_tokens if unit == "tokens" else amounts.nano_usd


def _rate(tokens: Burn, usd: Burn) -> BurnRate:
    return BurnRate(
        since=tokens.since,
        hours=round(tokens.hours, 2),
        tokens_per_hour=int(tokens.per_hour) // MILLI,
        usd_per_hour=to_usd(int(usd.per_hour)),
    )


def _windows(
    limits: Limits, use: Use, hours: Sequence[tuple[datetime, Amounts]], now: datetime
) -> Iterator[WindowUsage]:
    capped = {cap.window for cap in limits.caps}
    for cap in limits.caps:
        yield _window(cap.window, cap.span, cap.unit, cap, use, [*_counted(hours, cap.unit)], now)
    for name, span in limits.spans.items():
        if name not in capped:
            yield _window(name, span, "tokens", None, use, [*_counted(hours, "tokens")], now)


def _window(
    name: str,
    span: Span,
    unit: Unit,
    cap: Cap | None,
    use: Use,
    hours: Sequence[tuple[datetime, int]],
    now: datetime,
) -> WindowUsage:
    spent, reserved = _of(use.windows[name], unit), _of(use.open, unit)
    burn = burn_of(hours, now=now, over=span.length if isinstance(span, Rolling) else LOOKS_BACK)
    exhausted, resets_at = None, span.next_reset(now)
    if cap is not None:
        exhausted = reached_at(span, hours, spent=spent, cap=cap.amount, per_hour=burn.per_hour, now=now)
    return WindowUsage(
        window=name,
        unit=unit,
        rolling=resets_at is None,
        since=span.since(now),
        account_cap=None if cap is None else _amount(cap.account, unit),
        cap=None if cap is None else _amount(cap.amount, unit),
        spent=_amount(spent, unit),
        reserved=_amount(reserved, unit),
        percent=_part(spent, cap),
        percent_reserved=_part(reserved, cap),
        unpriced_calls=use.windows[name].unpriced,
        resets_at=resets_at,
        oldest_leaves_at=None if resets_at is not None else _oldest_leaves(span, hours, now),
        burn_hours=round(burn.hours, 2),
        burn_per_hour=_amount(int(burn.per_hour), unit),
        exhausted_at=exhausted,
    )


def _amount(amount: int, unit: Unit) -> Amount:
    return amount // MILLI if unit == "tokens" else to_usd(amount)


def _part(amount: int, cap: Cap | None) -> float | None:
    if cap is None:
        return None
    return _percent(amount / cap.amount) if cap.amount else 100.0


def _percent(part: float) -> float:
    return round(part * 100, 2)


def _oldest_leaves(span: Span, hours: Sequence[tuple[datetime, int]], now: datetime) -> datetime | None:
    if not isinstance(span, Rolling):
        return None
    oldest = next((hour for hour, used in hours if used and hour >= span.since(now)), None)
    return None if oldest is None else span.leaves(oldest, now=now)
