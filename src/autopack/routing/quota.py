"""Whether a quota has room for a call: read from the ledger, decided under the quota's lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from autopack.db import AnySession
from autopack.errors import Unavailable
from autopack.routing import queries
from autopack.routing.accounts import ToldWindow, standing_of
from autopack.routing.limits import Cap, Limits, in_words
from autopack.routing.policy import ModelRef, Policy
from autopack.routing.queries import Amounts, Cooldown, Use
from autopack.routing.standings import OPEN, Level, Standing, at_words
from autopack.usage.money import to_nano
from autopack.usage.schemas import TokenUsage

_A_LITTLE = Amounts(1, 1, 0)
_SOON = timedelta(seconds=1)


class QuotaReached(Unavailable):
    """A call would pass a cap of its quota: it was not made. It fits at `until`; None: not as things are."""

    code = "quota_reached"
    level: Level = "spent"
    """How the quota stands then."""

    def __init__(self, message: str, *, hint: str = "", until: datetime | None = None) -> None:
        super().__init__(message, hint=hint)
        self.until = until


class AccountFull(QuotaReached):
    """The account says itself that it has nothing left for the call, until `until`."""

    code = "account_full"
    level = "cooling"


class QuotaBusy(Unavailable):
    """A call fits into its quota, but not beside those that are open: once they are settled it may."""

    code = "quota_busy"


@dataclass(frozen=True, kw_only=True)
class Over:
    """A cap that a call would pass."""

    cap: Cap
    limit: int
    """What calls of its role and category may fill of it."""
    passing: bool
    """It would fit, were no other call open."""
    said: str
    hint: str
    """What lets the call pass."""


_MORE = "Raise the cap in models.yaml, or map this work to another model"
_PRICE = "Give the model a price in models.yaml (`models:`), or map this work to another one"
_REPRICE = "Give that model a price in models.yaml (`models:`), then `autopack usage reprice`"


def bound_of(limits: Limits, usage: TokenUsage, cost: Decimal | None) -> Amounts:
    """The most that a call can take of a quota."""
    return Amounts(limits.weights.milli.bound(usage), to_nano(cost) or 0, int(cost is None))


def over(limits: Limits, use: Use, *, pool: str, role: str, category: str, bound: Amounts) -> Over | None:
    """The cap that keeps a call of at most `bound` from being made; one that time alone lifts comes last."""
    found = [*_passed(limits, use, pool=pool, role=role, category=category, bound=bound)]
    return next((one for one in found if not one.passing), found[0] if found else None)


def _passed(
    limits: Limits, use: Use, *, pool: str, role: str, category: str, bound: Amounts
) -> Iterator[Over]:
    for cap, limit, _ in limits.levels(role, category):
        spent = use.windows[cap.window]
        if cap.unit == "usd" and (bound.unpriced or spent.unpriced or use.open.unpriced):
            whose = "this call's" if bound.unpriced else "an earlier call's"
            said = f"{pool} has a cap of {cap.words}, and {whose} price is not known"
            hint = _PRICE if bound.unpriced else _REPRICE
            yield Over(cap=cap, limit=limit, passing=False, said=said, hint=hint)
            continue
        used, opened, most = (one.of(cap.unit) for one in (spent, use.open, bound))
        if used + opened + most <= limit:
            continue
        kept = "" if limit == cap.amount else f", {in_words(cap.amount - limit, cap.unit)} of it kept free"
        waiting = f" and {in_words(opened, cap.unit)} are reserved" if opened else ""
        yield Over(
            cap=cap,
            limit=limit,
            passing=used + most <= limit,
            said=f"{pool} has used {in_words(used, cap.unit)}{waiting}, of {cap.words}{kept}; "
            f"the next call can take {in_words(most, cap.unit)}",
            hint=_MORE,
        )


async def fits_at(
    session: AnySession,
    pool: str,
    limits: Limits,
    use: Use,
    *,
    role: str,
    category: str,
    bound: Amounts,
    now: datetime,
) -> datetime | None:
    """When a call of at most `bound` will fit, if nothing else is used until then; None: never.

    Calls that are open count as if they took what was reserved for them.
    """
    at = now
    for cap, limit, _ in limits.levels(role, category):
        left = limit - bound.of(cap.unit)
        spent = use.windows[cap.window]
        if left < 0 or (cap.unit == "usd" and (bound.unpriced or spent.unpriced)):
            return None
        if spent.of(cap.unit) + use.open.of(cap.unit) <= left:
            continue
        rows = await queries.hours_of(session, pool, limits, since=cap.span.since(now))
        hours = [(hour, amounts.of(cap.unit)) for hour, amounts in rows]
        at = max(at, cap.span.falls_under([*hours, (now, use.open.of(cap.unit))], left, now=now))
    return at if at > now else now + _SOON


class QuotaView:
    """What every quota had at one moment: a picture to decide by. The reservation has the last word."""

    def __init__(
        self,
        policy: Policy,
        uses: Mapping[str, Use],
        *,
        cooldowns: list[Cooldown],
        frees: Mapping[tuple[str, str], datetime | None],
        accounts: Mapping[str, Sequence[ToldWindow]],
    ) -> None:
        """`frees` holds when a quota of which nothing is left for a role has some again.

        `accounts` holds what the accounts behind the quotas said of their own windows.
        """
        self._policy = policy
        self._uses = uses
        self._cooldowns = {(one.pool, one.model): one for one in cooldowns}
        self._frees = frees
        self._accounts = accounts
        self._known: dict[tuple[str, str, str], Standing] = {}

    def standing(self, model: ModelRef, *, role: str, category: str) -> Standing:
        """What there is for a model."""
        key = model.name, role, category
        if (known := self._known.get(key)) is None:
            known = self._known[key] = self._look(model, role, category)
        return known

    def _look(self, model: ModelRef, role: str, category: str) -> Standing:
        for key in ((model.pool, ""), (model.pool, model.name)) if self._cooldowns else ():
            if (cooldown := self._cooldowns.get(key)) is not None:
                said = (
                    f"{key[1] or key[0]} is to be left alone until {at_words(cooldown.until)}: {cooldown.why}"
                )
                return Standing(level="cooling", said=said, until=cooldown.until)
        use = self._uses.get(model.pool)
        capped = OPEN if use is None else self._capped(model, use, role=role, category=category)
        if not capped.usable:
            return capped
        told = standing_of(
            self._accounts, self._policy.limits(model.pool), model, role=role, category=category
        )
        return capped if told.level == "open" else told

    def _capped(self, model: ModelRef, use: Use, *, role: str, category: str) -> Standing:
        limits, soft = self._policy.limits(model.pool), ""
        for cap, limit, preferred in limits.levels(role, category):
            spent = use.windows[cap.window]
            if cap.unit == "usd" and (spent.unpriced or not self._policy.is_priced(model)):
                said = f"{model.pool} has a cap of {cap.words}, and a price is not known"
                return Standing(level="unpriced", said=said)
            used = spent.of(cap.unit)
            if used >= limit:
                until = self._frees.get((model.pool, role))
                return Standing(level="spent", said=_share(model.pool, cap, used, limit), until=until)
            if not soft and used >= preferred:
                soft = _share(model.pool, cap, used, limit)
        return Standing(level="soft", said=soft) if soft else OPEN


def _share(pool: str, cap: Cap, used: int, limit: int) -> str:
    kept = "" if limit == cap.amount else f", {in_words(cap.amount - limit, cap.unit)} of it kept free"
    return f"{pool} has used {used / cap.amount:.0%} of {cap.words}{kept}"


async def read_view(
    session: AnySession, policy: Policy, *, roles: Sequence[str], category: str, now: datetime | None = None
) -> QuotaView:
    """The picture of now, of every quota that has a cap, for calls of some roles and a category."""
    now = now or datetime.now(UTC)
    uses: dict[str, Use] = {}
    frees: dict[tuple[str, str], datetime | None] = {}
    for pool in policy.quotas():
        limits = policy.limits(pool)
        if not limits.caps:
            continue
        limits = limits.turned(await queries.account_resets(session, pool))
        use = uses[pool] = await queries.use_of(session, pool, limits, now=now)
        for role in roles:
            levels = limits.levels(role, category)
            if any(use.windows[cap.window].of(cap.unit) >= limit for cap, limit, _ in levels):
                frees[pool, role] = await fits_at(
                    session,
                    pool,
                    limits,
                    use,
                    role=role,
                    category=category,
                    bound=_A_LITTLE,
                    now=now,
                )
    return QuotaView(
        policy,
        uses,
        cooldowns=await queries.cooldowns(session, now=now),
        frees=frees,
        accounts=await queries.account_windows(session, now=now),
    )
