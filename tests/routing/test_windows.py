from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopack.routing.windows import HOUR, Named, Rolling, Span, Turn, whole_hour

NOW = datetime(2026, 11, 27, 21, 40, tzinfo=UTC)
"""A Friday."""

instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
lengths = st.timedeltas(HOUR, timedelta(days=31))
spans = st.one_of(
    st.builds(Rolling, length=lengths),
    st.builds(
        Named,
        turn=st.sampled_from(("day", "week", "month")),
        zone=st.sampled_from(("UTC", "Europe/Vienna", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Apia")),
        at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
        weekday=st.integers(0, 6),
        day=st.integers(1, 28),
    ),
)
hours = st.lists(
    st.tuples(st.integers(-40 * 24, 1), st.integers(0, 1000)), max_size=20, unique_by=lambda hour: hour[0]
)


def named(turn: Turn, *, zone: str = "UTC", at: time = time(0), weekday: int = 0, day: int = 1) -> Named:
    return Named(turn=turn, zone=zone, at=at, weekday=weekday, day=day)


@pytest.mark.parametrize(
    ("span", "last", "following"),
    [
        (named("day"), datetime(2026, 11, 27), datetime(2026, 11, 28)),
        (named("day", at=time(22)), datetime(2026, 11, 26, 22), datetime(2026, 11, 27, 22)),
        (named("week"), datetime(2026, 11, 23), datetime(2026, 11, 30)),
        (named("week", weekday=4, at=time(22)), datetime(2026, 11, 20, 22), datetime(2026, 11, 27, 22)),
        (named("month"), datetime(2026, 11, 1), datetime(2026, 12, 1)),
        (named("month", day=28), datetime(2026, 10, 28), datetime(2026, 11, 28)),
        (named("day", zone="America/Los_Angeles"), datetime(2026, 11, 27, 8), datetime(2026, 11, 28, 8)),
        (named("day", zone="Asia/Kolkata"), datetime(2026, 11, 27, 18, 30), datetime(2026, 11, 28, 18, 30)),
    ],
)
def test_a_named_window_begins_at_the_last_reset(span: Named, last: datetime, following: datetime) -> None:
    assert span.last_reset(NOW) == last.replace(tzinfo=UTC)
    assert span.next_reset(NOW) == following.replace(tzinfo=UTC)


def test_a_day_is_an_hour_shorter_where_the_clocks_go_forward() -> None:
    span = named("day", zone="Europe/Vienna")
    day = datetime(2026, 3, 29, 10, tzinfo=UTC)
    assert span.next_reset(day) - span.last_reset(day) == timedelta(hours=23)


@given(span=spans, now=instants)
def test_a_window_includes_the_whole_of_its_oldest_hour(span: Span, now: datetime) -> None:
    exact = now - span.length if isinstance(span, Rolling) else span.last_reset(now)
    since = span.since(now)
    assert since == whole_hour(since)
    assert timedelta(0) <= exact - since < HOUR


@given(span=spans, now=instants, later=st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_window_never_goes_back(span: Span, now: datetime, later: timedelta) -> None:
    assert span.since(now) <= span.since(now + later)


@given(length=lengths, now=instants, told=st.floats(-2, 1), later=st.timedeltas(timedelta(0), timedelta(40)))
def test_a_window_whose_account_told_a_reset_begins_there_or_one_length_before(
    length: timedelta, now: datetime, told: float, later: timedelta
) -> None:
    reset = now + length * told
    span, plain = Rolling(length=length, reset=reset), Rolling(length=length)
    assert plain.since(now) <= span.since(now) <= whole_hour(now)
    assert span.since(now) <= span.since(now + later)
    if reset > now:
        assert span.since(now) == whole_hour(min(reset - length, now))
        assert span.next_reset(now) == reset
        assert span.since(reset) == whole_hour(reset)
    else:
        assert span.since(now) == max(plain.since(now), whole_hour(reset))
        assert span.next_reset(now) is None


@given(length=lengths, now=instants, told=st.floats(-2, 1), used=hours, limit=st.integers(0, 3000))
def test_usage_falls_at_the_reset_that_the_account_told(
    length: timedelta, now: datetime, told: float, used: list[tuple[int, int]], limit: int
) -> None:
    """Unless it was used in the very hour of the reset, which counts as a whole."""
    span = Rolling(length=length, reset=now + length * told)
    by_hour = sorted((whole_hour(now) + index * HOUR, amount) for index, amount in used if index <= 0)

    def left(at: datetime) -> int:
        return sum(amount for hour, amount in by_hour if hour >= span.since(at))

    at = span.falls_under(by_hour, limit, now=now)
    assert left(at) <= limit
    assert at == now or limit < left(at - timedelta(seconds=1))


@given(span=spans, now=instants, used=hours, limit=st.integers(0, 3000))
def test_usage_has_fallen_when_it_is_said_to_and_not_an_hour_before(
    span: Span, now: datetime, used: list[tuple[int, int]], limit: int
) -> None:
    by_hour = sorted((whole_hour(now) + index * HOUR, amount) for index, amount in used)

    def left(at: datetime) -> int:
        return sum(amount for hour, amount in by_hour if hour >= span.since(at))

    at = span.falls_under(by_hour, limit, now=now)
    if at == now:
        assert left(now) <= limit
        return
    assert left(now) > limit
    if isinstance(span, Rolling):
        assert left(at) <= limit < left(at - timedelta(seconds=1))
    else:
        assert at == span.next_reset(now)
