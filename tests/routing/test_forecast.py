from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from autopack.routing.forecast import burn_of, reached_at
from autopack.routing.windows import HOUR, Named, Rolling

NOW = datetime(2025, 3, 5, 12, 30, tzinfo=UTC)
TOP = NOW.replace(minute=0)
FIVE = Rolling(length=timedelta(hours=5))
DAY = Named(turn="day", zone="UTC", at=time(0))


def test_the_rate_counts_idle_hours_and_the_whole_of_the_oldest() -> None:
    burn = burn_of([(TOP - 30 * HOUR, 10**6), (TOP - 24 * HOUR, 490), (TOP, 490)], now=NOW)
    assert (burn.since, burn.hours, burn.per_hour) == (TOP - 24 * HOUR, 24.5, 40.0)


def test_the_rate_of_a_short_window_is_that_of_its_own_length() -> None:
    burn = burn_of([(TOP - 6 * HOUR, 10**6), (TOP - HOUR, 55)], now=NOW, over=FIVE.length)
    assert (burn.since, burn.hours, burn.per_hour) == (TOP - 5 * HOUR, 5.5, 10.0)


def test_a_named_window_is_exhausted_before_its_reset_or_not_at_all() -> None:
    assert reached_at(DAY, [], spent=90, cap=100, per_hour=10, now=NOW) == NOW + HOUR
    assert reached_at(DAY, [], spent=0, cap=100, per_hour=8, now=NOW) is None
    assert reached_at(DAY, [], spent=100, cap=100, per_hour=0, now=NOW) == NOW
    assert reached_at(DAY, [], spent=99, cap=100, per_hour=0, now=NOW) is None


def test_what_leaves_a_rolling_window_makes_room() -> None:
    hours = [(TOP - 5 * HOUR, 80), (TOP - HOUR, 10)]  # the 80 leave at 13:00
    assert reached_at(FIVE, hours, spent=90, cap=100, per_hour=20, now=NOW) == NOW + HOUR / 2
    assert reached_at(FIVE, hours, spent=90, cap=100, per_hour=18, now=NOW) == NOW + 100 / 18 * HOUR
    assert reached_at(FIVE, hours, spent=90, cap=100, per_hour=10, now=NOW) is None


used = st.dictionaries(st.integers(0, 5), st.integers(0, 1000), max_size=6)


@given(used, st.integers(1, 3000), st.integers(0, 400))
def test_a_forecast_is_what_an_hour_by_hour_count_finds(
    amounts: dict[int, int], cap: int, per_hour: int
) -> None:
    """The same by a count of every minute, of what is left of the past and of what comes at the rate."""
    hours = sorted((TOP - age * HOUR, amount) for age, amount in amounts.items())
    spent = sum(amount for _, amount in hours)
    at = reached_at(FIVE, hours, spent=spent, cap=cap, per_hour=per_hour, now=NOW)
    minutes = range(6 * 60 + 1)
    counted = (
        minute
        for minute in minutes
        if sum(amount for hour, amount in hours if hour + 6 * HOUR >= NOW + timedelta(minutes=minute))
        + per_hour * minute / 60
        >= cap
    )
    first = next(counted, None)
    if first is None:
        assert at is None or at > NOW + 6 * HOUR - timedelta(minutes=1)
    else:
        assert at is not None
        assert NOW + timedelta(minutes=first - 1) < at <= NOW + timedelta(minutes=first)
