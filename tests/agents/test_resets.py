from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopack.agents.resets import named_reset

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("Claude AI usage limit reached|1795870800", datetime(2026, 11, 28, 13, 0, tzinfo=UTC)),
        ("try again in 2 days 3 hours 5 minutes.", NOW + timedelta(days=2, hours=3, minutes=5)),
        ("try again in 30 seconds", NOW + timedelta(seconds=30)),
        ("resets in 2h 5m", NOW + timedelta(hours=2, minutes=5)),
        ("Please try again in 45s.", NOW + timedelta(seconds=45)),
        ("try again in 1d 3h", NOW + timedelta(days=1, hours=3)),
        ("resets in 3 hr 20 min", NOW + timedelta(hours=3, minutes=20)),
        ("resets in 2 hrs, 5 mins and 10 secs", NOW + timedelta(hours=2, minutes=5, seconds=10)),
        ("Rate limit reached. Please try again in 1m26.5s.", NOW + timedelta(minutes=1, seconds=26.5)),
        ("Please try again in 398ms.", NOW + timedelta(milliseconds=398)),
        ("resets in 1 week 2 days", NOW + timedelta(weeks=1, days=2)),
        ("You've hit your limit · resets 3pm (Europe/Berlin)", datetime(2026, 11, 28, 14, 0, tzinfo=UTC)),
        ("resets 9:30am (America/New_York)", datetime(2026, 11, 28, 14, 30, tzinfo=UTC)),
        ("resets 11am (UTC)", datetime(2026, 11, 29, 11, 0, tzinfo=UTC)),
        ("try again at Nov 30th, 2026 3:45 PM (UTC).", datetime(2026, 11, 30, 15, 45, tzinfo=UTC)),
        ("will reset at 2026-11-29 18:00:00", datetime(2026, 11, 29, 18, 0, tzinfo=UTC)),
        ("will reset at 2026-11-29T18:00:00+02:00", datetime(2026, 11, 29, 16, 0, tzinfo=UTC)),
        ("usage limit reached|1600000000", None),
        ("in 3 months", None),
        ("in 2 steps", None),
        ("look in 3 places", None),
        (f"try again in {'9' * 400}d", None),
        (f"try again in {'9' * 9} days", None),
        ("look at 3 places", None),
        ("resets 25pm", None),
        ("resets 3pm (Mars/Olympus)", None),
        ("", None),
    ],
)
def test_a_limit_message_names_its_reset(said: str, until: datetime | None) -> None:
    assert named_reset(said, now=NOW) == until


@pytest.mark.parametrize(
    ("said", "now", "until"),
    [
        ("Jan 2nd 3:45 PM", datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2027, 1, 2, 15, 45, tzinfo=UTC)),
        ("Dec 31st 11 PM", datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("Feb 29th 3 PM", datetime(2028, 2, 28, 12, tzinfo=UTC), datetime(2028, 2, 29, 15, tzinfo=UTC)),
        ("Mar 1st 3 PM", datetime(2028, 2, 29, 12, tzinfo=UTC), datetime(2028, 3, 1, 15, tzinfo=UTC)),
        ("Jan 2nd, 2027 3 PM", datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2027, 1, 2, 15, tzinfo=UTC)),
        ("Jan 2nd, 2026 3 PM", datetime(2026, 12, 31, 12, tzinfo=UTC), None),
        ("Dec 30th 3 PM", datetime(2026, 12, 31, 12, tzinfo=UTC), None),
        ("Dec 31st 3 PM", datetime(2027, 1, 1, 12, tzinfo=UTC), None),
        ("Feb 30th 3 PM", datetime(2026, 2, 28, 12, tzinfo=UTC), None),
    ],
)
def test_a_date_without_a_year_is_the_nearest_one_of_that_name(
    said: str, now: datetime, until: datetime | None
) -> None:
    assert named_reset(f"try again at {said} (UTC).", now=now) == until


@given(
    days=st.integers(0, 40),
    hours=st.integers(0, 23),
    minutes=st.integers(0, 59),
    seconds=st.integers(1, 59),
    words=st.sampled_from(
        [
            (" days", " hours", " minutes", " seconds"),
            (" day", " hour", " minute", " second"),
            (" d", " hr", " min", " sec"),
            ("d", "h", "m", "s"),
            ("D", "H", "M", "S"),
        ]
    ),
    between=st.sampled_from([" ", ", ", " and ", ", and ", ""]),
)
def test_a_span_is_understood_however_it_is_written(
    days: int, hours: int, minutes: int, seconds: int, words: tuple[str, ...], between: str
) -> None:
    counts = (days, hours, minutes, seconds)
    span = between.join(f"{count}{word}" for count, word in zip(counts, words, strict=True) if count)
    until = NOW + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert named_reset(f"You've hit your usage limit. Try again in {span}.", now=NOW) == until


def test_a_time_of_day_without_a_zone_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    local = NOW.astimezone()
    later = (local + timedelta(hours=2)).replace(minute=15)
    assert named_reset(f"try again at {later:%-I:%M %p}.", now=NOW) == later.astimezone(UTC)
