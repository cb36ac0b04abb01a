"""What the account behind a quota says of itself, as it is shown."""

from __future__ import annotations

from datetime import UTC, datetime

from autopack.db import Database
from autopack.routing.accounts import AccountUsage, AccountWindow
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policyfile import LivePolicy
from views.test_usage_of_period import HOUR, live, look, pool_of

__all__ = ["live"]


async def test_what_an_account_says_is_shown_and_turns_the_windows_of_its_length(
    database: Database, live: LivePolicy
) -> None:
    now = datetime(2026, 11, 27, 10, 30, tzinfo=UTC)
    model = live.now().resolve("claude-code/claude-haiku-4-5").model_copy(update={"pool": "max"})
    context = CallContext(role="builder", model=model, owner="me")
    meter = Meter(database, context, policy=live.now, clock=lambda: now)
    resets = now + HOUR
    windows = (
        AccountWindow(length=5 * HOUR, used=0.93, resets_at=resets),
        AccountWindow(length=168 * HOUR, used=0.1, resets_at=now + 30 * HOUR),
    )
    await meter.account_says(AccountUsage(windows=windows))
    pool = pool_of(await look(database, live, now=now + HOUR / 2), "max")
    assert [(one.window, one.percent, one.told_at) for one in pool.account] == [
        ("5 hours", 93.0, now),
        ("7 days", 10.0, now),
    ]
    (window,) = pool.windows
    assert (window.resets_at, window.rolling, window.oldest_leaves_at) == (resets, False, None)
    assert window.since == (resets - 5 * HOUR).replace(minute=0)
    later = pool_of(await look(database, live, now=resets), "max")
    assert [one.window for one in later.account] == ["7 days"], "after its reset nobody knows"
    assert (later.windows[0].resets_at, later.windows[0].rolling) == (None, True)
    assert later.windows[0].since == resets.replace(minute=0)
