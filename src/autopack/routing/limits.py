"""How much of a quota Autopack may use: its caps, its soft limit, and what is kept free for whom.

Amounts are integers: thousandths of a token (its kinds may weigh less than one), billionths of a dollar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, NamedTuple, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from autopack.plan import MAX_TOKENS
from autopack.routing.windows import Named, Rolling, Span, Turn
from autopack.usage.money import NANO
from autopack.usage.schemas import TokenUsage

MILLI = 1000
"""Thousandths in a token."""

Unit: TypeAlias = Literal["tokens", "usd"]

Tokens = Annotated[int, Field(gt=0, le=MAX_TOKENS)]
Dollars = Annotated[Decimal, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Headroom = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


def _whole_thousandths(weight: Decimal) -> Decimal:
    if weight * MILLI != int(weight * MILLI):
        raise ValueError(f"{weight} is too fine; write at most three decimals")
    return weight


Weight = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False), AfterValidator(_whole_thousandths)]


class Section(BaseModel):
    """A part of models.yaml: frozen, and no key in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Weights(Section):
    """How much a token of each kind counts against caps in tokens; 1 where it is not said."""

    input: Weight = Decimal(1)
    """Input tokens that were not read from or written to a cache."""
    cache_read: Weight = Decimal(1)
    """Input tokens read from the provider's cache."""
    cache_write: Weight = Decimal(1)
    """Input tokens written to the provider's cache."""
    output: Weight = Decimal(1)
    """Output tokens, reasoning included."""

    @cached_property
    def milli(self) -> MilliWeights:
        """The same in thousandths."""
        return MilliWeights(
            int(self.input * MILLI),
            int(self.cache_read * MILLI),
            int(self.cache_write * MILLI),
            int(self.output * MILLI),
        )


@dataclass(frozen=True)
class MilliWeights:
    """How many thousandths of a token each kind counts."""

    input: int
    cache_read: int
    cache_write: int
    output: int

    @property
    def most(self) -> int:
        """The most that an input token can count, of which kind it may turn out to be."""
        return max(self.input, self.cache_read, self.cache_write)

    def parameters(self) -> dict[str, int]:
        """As parameters of the ledger's statements."""
        return {
            "weight_input": self.input,
            "weight_cache_read": self.cache_read,
            "weight_cache_write": self.cache_write,
            "weight_output": self.output,
            "weight_most": self.most,
        }

    def bound(self, usage: TokenUsage) -> int:
        """The most that a call of at most `usage` can count, in thousandths."""
        return usage.input_tokens * self.most + usage.output_tokens * self.output


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is not a time zone; write it as the IANA list does, such as Europe/Vienna"
        ) from None
    return name


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f"{text!r} is not a time of day; write HH:MM in quotes, such as '00:00'")
    return text


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Resets(Section):
    """When a provider resets its days, weeks and months, as it says. Without it they roll."""

    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Time zone, as in the IANA list."""
    at: Annotated[str, AfterValidator(_time_of_day)] = "00:00"
    """Time of day, HH:MM."""
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    """Day on which a week begins."""
    day: Annotated[int, Field(ge=1, le=28)] = 1
    """Day on which a month begins."""

    def span(self, turn: Turn) -> Named:
        """The window of a day, a week or a month."""
        return Named(
            turn=turn,
            zone=self.zone,
            at=time.fromisoformat(self.at),
            weekday=_WEEKDAYS.index(self.weekday),
            day=self.day,
        )


class Window(Section):
    """A rolling window of another length, and what may be used in it; without a cap it is only shown."""

    hours: Annotated[int, Field(gt=0, le=24 * 366)] | None = None
    """Hours."""
    days: Annotated[int, Field(gt=0, le=366)] | None = None
    """Days."""
    cap_tokens: Tokens | None = None
    """Tokens of the whole account."""
    cap_usd: Dollars | None = None
    """US dollars of the whole account."""

    @model_validator(mode="after")
    def _is_one(self) -> Window:
        if (self.hours is None) == (self.days is None):
            raise ValueError("must say either hours or days")
        return self

    @property
    def name(self) -> str:
        """Such as `5 hours`."""
        count, word = (self.hours, "hour") if self.hours is not None else (self.days, "day")
        return f"{count} {word}" + ("" if count == 1 else "s")

    @property
    def span(self) -> Rolling:
        """Its length."""
        return Rolling(length=timedelta(hours=self.hours or 0, days=self.days or 0))


@dataclass(frozen=True, kw_only=True)
class Cap:
    """The most that Autopack may use of a quota in a window: the account's cap times Autopack's share."""

    window: str
    """`day`, `week`, `month` or such as `5 hours`."""
    span: Span
    unit: Unit
    account: int
    """The whole account's, as configured, in thousandths of a token or billionths of a dollar."""
    amount: int
    """Autopack's part of it."""

    @property
    def words(self) -> str:
        """Such as `10,000,000 tokens a week`."""
        per = f"a {self.window}" if self.window in TURNS else f"in {self.window}"
        return f"{in_words(self.amount, self.unit)} {per}"


class Level(NamedTuple):
    """How far calls of one role and category may fill a cap, and from where on others are preferred."""

    cap: Cap
    limit: int
    soft: int


TURNS: Mapping[Turn, timedelta] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
"""Windows with a name of their own, and their lengths where they roll."""


class Limits(Section):
    """What may be used of a quota. No cap, no limit."""

    daily_cap_tokens: Tokens | None = None
    """Tokens per day of the whole account."""
    weekly_cap_tokens: Tokens | None = None
    """Tokens per week of the whole account."""
    monthly_cap_tokens: Tokens | None = None
    """Tokens per month of the whole account."""
    daily_cap_usd: Dollars | None = None
    """US dollars per day of the whole account."""
    weekly_cap_usd: Dollars | None = None
    """US dollars per week of the whole account."""
    monthly_cap_usd: Dollars | None = None
    """US dollars per month of the whole account."""
    windows: tuple[Window, ...] = ()
    """Other windows, such as a subscription's five hours."""
    resets: Resets | None = None
    """When days, weeks and months begin; without it they are the last 24 hours, 7 and 30 days."""
    autopack_share: Share = 1.0
    """The part of the caps that Autopack may use."""
    soft_limit: Share = 0.8
    """The part of its share above which Autopack prefers other providers."""
    reserve_for: Mapping[str, Headroom] = Field(default_factory=dict[str, float])
    """Parts of Autopack's share that are kept free for a category or a role; others stop before them."""
    weights: Weights = Weights()
    """How much tokens of each kind count against caps in tokens."""
    _resets_told: Mapping[timedelta, datetime] = PrivateAttr(default_factory=dict[timedelta, datetime])

    @model_validator(mode="after")
    def _leaves_something(self) -> Limits:
        if sum(self.reserve_for.values()) >= 1:
            raise ValueError("reserve_for keeps everything free, which leaves nothing for others")
        return self

    @cached_property
    def caps(self) -> tuple[Cap, ...]:
        """Every cap that is set."""
        return tuple(self._caps())

    @cached_property
    def spans(self) -> Mapping[str, Span]:
        """Every window that is capped or to be shown, by its name."""
        named = {cap.window: cap.span for cap in self.caps}
        return named | {window.name: self._turning(window.span) for window in self.windows}

    def turned(self, resets: Mapping[timedelta, datetime]) -> Self:
        """The same, with each rolling window beginning where the account told a reset of its length."""
        turned = self.model_construct(self.model_fields_set, **dict(self))
        turned._resets_told = resets
        return turned

    def _turning(self, span: Rolling) -> Rolling:
        return replace(span, reset=self._resets_told.get(span.length))

    def _caps(self) -> Iterator[Cap]:
        for turn, prefix in _PREFIXES.items():
            rolling = self._turning(Rolling(length=TURNS[turn]))
            span = self.resets.span(turn) if self.resets is not None else rolling
            yield from self._both(
                turn, span, getattr(self, f"{prefix}_cap_tokens"), getattr(self, f"{prefix}_cap_usd")
            )
        for window in self.windows:
            yield from self._both(window.name, self._turning(window.span), window.cap_tokens, window.cap_usd)

    def _both(self, window: str, span: Span, tokens: int | None, usd: Decimal | None) -> Iterator[Cap]:
        share = Decimal(str(self.autopack_share))
        amounts: list[tuple[Unit, int]] = []
        if tokens is not None:
            amounts.append(("tokens", tokens * MILLI))
        if usd is not None:
            amounts.append(("usd", int(usd * NANO)))
        for unit, account in amounts:
            yield Cap(window=window, span=span, unit=unit, account=account, amount=int(account * share))

    @cached_property
    def _levels(self) -> dict[tuple[str, str], tuple[Level, ...]]:
        """Those that were asked for, by role and category."""
        return {}

    def levels(self, role: str, category: str) -> tuple[Level, ...]:
        """What calls of a role and category may fill of each cap: not what is kept free for others."""
        if (known := self._levels.get((role, category))) is not None:
            return known
        free = self.open_to(role, category)
        soft = min(Decimal(str(self.soft_limit)), free)
        levels = tuple(Level(cap, int(cap.amount * free), int(cap.amount * soft)) for cap in self.caps)
        return self._levels.setdefault((role, category), levels)

    def open_to(self, role: str, category: str) -> Decimal:
        """The part of each cap that calls of a role and category may fill: 1 is all of it."""
        others = (part for name, part in self.reserve_for.items() if name not in (role, category))
        return 1 - sum((Decimal(str(part)) for part in others), Decimal(0))


_PREFIXES: Mapping[Turn, str] = {"day": "daily", "week": "weekly", "month": "monthly"}


def in_words(amount: int, unit: Unit) -> str:
    """An amount as people read it."""
    if unit == "usd":
        return f"${amount / NANO:,.2f}"
    return f"{amount // MILLI:,} tokens"
