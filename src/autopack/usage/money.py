"""Money: integer nano-dollars in the database (SQLite's NUMERIC is a float), Decimal dollars in Python."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import overload

NANO = 1_000_000_000
"""Billionths in a dollar."""


@overload
def to_nano(usd: Decimal) -> int: ...
@overload
def to_nano(usd: None) -> None: ...
def to_nano(usd: Decimal | None) -> int | None:
    """Dollars to whole billionths of a dollar, half to even; None (unknown) stays None."""
    return None if usd is None else int((usd * NANO).to_integral_value(ROUND_HALF_EVEN))


@overload
def to_usd(nano: int) -> Decimal: ...
@overload
def to_usd(nano: None) -> None: ...
def to_usd(nano: int | None) -> Decimal | None:
    """Billionths of a dollar to dollars; None (unknown) stays None."""
    return None if nano is None else Decimal(nano) / NANO
