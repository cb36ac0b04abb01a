"""How numbers, times and foreign text are written."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopack.cli.words import (
    clean,
    clock,
    count,
    dollars,
    duration,
    one_line,
    short_tokens,
    tokens,
    unknowns,
)
from autopack.views.spend import Spend


@given(st.text(alphabet=st.characters()))
def test_clean_text_moves_and_hides_nothing_and_can_be_encoded(text: str) -> None:
    assert not {unicodedata.category(char) for char in clean(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    clean(text).encode()
    assert "\x1b" not in clean(text, lines=True)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("naïve 日本語 ✓", "naïve 日本語 ✓"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb\u200b", "a\\u202eb\\u200b"),
        ("a\nb\tc", "a b    c"),
        ("caf\udce9.txt", "caf\\xe9.txt"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_could_steer_a_terminal_is_escaped(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_newlines_stay_only_where_they_are_wanted() -> None:
    assert clean("a\nb\r", lines=True) == "a\nb\\x0d"
    assert one_line("  a\n\n b  ") == "a b"
    assert one_line("word " * 100, limit=12) == "word word w…"


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [(None, "-", "0:00"), (8.44, "8.4 s", "0:08"), (65, "1:05 min", "1:05"), (7389, "2:03:09 h", "2:03:09")],
)
def test_times_are_written_short_and_long(seconds: float | None, long: str, short: str) -> None:
    assert (duration(seconds), clock(seconds)) == (long, short)


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0"), (999, "999"), (24_123, "24.1k"), (999_949, "999.9k"), (999_950, "1.00M")]
)
def test_tokens_are_shortened(number: int, shown: str) -> None:
    assert short_tokens(number) == shown


@pytest.mark.parametrize(
    ("spend", "used", "cost"),
    [
        (Spend(), "-", "-"),
        (Spend(calls=1, tokens=1_234, cost_usd=Decimal("0.01234")), "1,234", "$0.0123"),
        (Spend(calls=1, tokens=5, cost_usd=Decimal("1234.5")), "5", "$1,234.50"),
        (Spend(calls=1, tokens=5, cost_usd=Decimal(0)), "5", "$0.0000"),
        (Spend(calls=1, tokens=5, unpriced_calls=1), "5", "unknown"),
        (Spend(calls=2, tokens=5, cost_usd=Decimal(1), unpriced_calls=1), "5", "$1.00+"),
        (Spend(calls=1, unknown_calls=1, unknown_tokens=9), "unknown", "unknown"),
        (Spend(calls=2, tokens=5, cost_usd=Decimal(1), unknown_calls=1), "5+", "$1.00+"),
        (Spend(calls=1, tokens=5, cost_usd=Decimal(1), simulated=True), "5", "~$1.00"),
    ],
)
def test_unknown_is_never_nothing_and_simulated_never_real(spend: Spend, used: str, cost: str) -> None:
    assert (tokens(spend), dollars(spend)) == (used, cost)


def test_what_is_not_known_is_said_in_words() -> None:
    said = unknowns(Spend(calls=3, unknown_calls=1, unknown_tokens=9_000, unpriced_calls=2))
    assert "1 call ended without saying what it took (at most 9,000 tokens" in said
    assert "2 calls of a model without a known price" in said
    assert unknowns(Spend(calls=3)) == ""


def test_counts_have_their_plural() -> None:
    assert (count(1, "phase"), count(2_000, "phase"), count(0, "try", "tries")) == (
        "1 phase",
        "2,000 phases",
        "0 tries",
    )
