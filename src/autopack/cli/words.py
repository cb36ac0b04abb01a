"""How things are written for people: sanitised text, tokens, dollars, times. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autopack.views.spend import Spend

_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that move the cursor, reorder or hide text. Joiners of emoji are among
them: what a model wrote is shown as it is, not as it wants to look."""


def clean(text: str, *, lines: bool = False) -> str:
    r"""Text that can't steer a terminal: control, bidirectional and invisible characters become `\x1b`.

    One line, unless `lines`: then newlines stay. Tabs become spaces either way.
    """
    text = text.replace("\t", "    ")
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        if (char == "\n" and lines) or unicodedata.category(char) not in _HIDDEN
        else " "
        if char == "\n"
        else _escaped(char)
        for char in text
    )


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is no UTF-8, as Python carries it
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str, *, limit: int = 200) -> str:
    """The text on one clean line, cut at `limit` characters."""
    line = clean(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def sentences(text: str) -> str:
    """The text with one mark at each sentence's end, where it was put together of parts that had theirs."""
    return re.sub(r"(?<!\.)([.?!])\.(?=\s|$)", r"\1", text)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 phase`, `2 phases`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float | None) -> str:
    """`8.4 s`, `1:05 min`, `2:03:09 h`; a dash where there is none."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} h" if hours else f"{minutes}:{rest:02d} min"


def clock(seconds: float | None) -> str:
    """`0:08`, `1:05`, `2:03:09`: a running time."""
    minutes, rest = divmod(max(0, int(seconds or 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def short_tokens(tokens: int) -> str:
    """`950`, `24.1k`, `3.20M`."""
    if tokens < 1_000:
        return str(tokens)
    return f"{tokens / 1_000:.1f}k" if tokens < 999_950 else f"{tokens / 1_000_000:.2f}M"


def tokens(spend: Spend, *, short: bool = False) -> str:
    """Reported tokens; a `+` says that more were used than is known, `unknown` that none is known."""
    if spend.calls == 0:
        return "-"
    if spend.calls == spend.unknown_calls:
        return "unknown"
    shown = short_tokens(spend.tokens) if short else f"{spend.tokens:,}"
    return shown + ("+" if spend.unknown_calls else "")


def dollars(spend: Spend) -> str:
    """Dollars at known prices; a `+` says that some calls have none, `unknown` that all have none.

    Simulated dollars begin with `~`: list prices that nobody was charged.
    """
    if spend.calls == 0:
        return "-"
    if spend.cost_usd is None:
        return "unknown"
    return ("~" if spend.simulated else "") + price(spend.cost_usd) + ("" if spend.whole else "+")


def price(usd: Decimal) -> str:
    """`$12.30`, `$0.0123`."""
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def unknowns(spend: Spend) -> str:
    """What is not known of a sum, as a sentence; empty where all is known."""
    said: list[str] = []
    if spend.unknown_calls:
        said.append(
            f"{count(spend.unknown_calls, 'call')} ended without saying what it took "
            f"(at most {spend.unknown_tokens:,} tokens, not counted above)"
        )
    if spend.unpriced_calls:
        said.append(f"{count(spend.unpriced_calls, 'call')} of a model without a known price")
    return "; ".join(said)


def instant(at: datetime | None) -> str:
    """Local date and time, to the minute; a dash where there is none."""
    return "-" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def words(name: str) -> str:
    """`attempts_exhausted` as `attempts exhausted`."""
    return clean(name.replace("_", " "))


def listed(items: Iterable[str], *, limit: int = 5) -> str:
    """`a, b, c, …`."""
    known = [clean(item) for item in items]
    return ", ".join(known[:limit]) + (", …" if len(known) > limit else "")
