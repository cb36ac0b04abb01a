from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from autopack.agents.resets import named_reset

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("Claude AI usage limit reached|1795870800", datetime(2026, 11, 28, 13, 0, tzinfo=UTC)),
        ("try again in 2 days 3 hours 5 minutes.", NOW + timedelta(days=2, hours=3, minutes=5)),
        ("try again in 30 seconds", NOW + timedelta(seconds=30)),
        ("You've hit your limit · resets 3pm (Europe/Berlin)", datetime(2026, 11, 28, 14, 0, tzinfo=UTC)),
        ("resets 9:30am (America/New_York)", datetime(2026, 11, 28, 14, 30, tzinfo=UTC)),
        ("resets 11am (UTC)", datetime(2026, 11, 29, 11, 0, tzinfo=UTC)),
        ("try again at Nov 30th, 2026 3:45 PM (UTC).", datetime(2026, 11, 30, 15, 45, tzinfo=UTC)),
        ("will reset at 2026-11-29 18:00:00", datetime(2026, 11, 29, 18, 0, tzinfo=UTC)),
        ("will reset at 2026-11-29T18:00:00+02:00", datetime(2026, 11, 29, 16, 0, tzinfo=UTC)),
        ("usage limit reached|1600000000", None),
        ("look at 3 places", None),
        ("resets 25pm", None),
        ("resets 3pm (Mars/Olympus)", None),
        ("", None),
    ],
)
def test_a_limit_message_names_its_reset(said: str, until: datetime | None) -> None:
    assert named_reset(said, now=NOW) == until


def test_a_time_of_day_without_a_zone_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    local = NOW.astimezone()
    later = (local + timedelta(hours=2)).replace(minute=15)
    assert named_reset(f"try again at {later:%-I:%M %p}.", now=NOW) == later.astimezone(UTC)
