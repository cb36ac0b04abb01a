"""Sessions as CSV, for a spreadsheet or an invoice.

A spreadsheet runs a cell that begins like a formula, and a note may come from anywhere: pasted from a
ticket, or from a log that somebody sent. Such cells get a leading apostrophe, which every spreadsheet
takes as "this is text" (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_UP, Decimal
from typing import Iterable, TextIO

from tally.session import Session

HEADER = ("date", "start", "end", "hours", "tag", "note")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n")
_CENT = Decimal("0.01")


def as_text(value: str) -> str:
    """The value such that a spreadsheet shows it, does not run it, and keeps it in its row."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")  # a bare return ends the row for some readers
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def hours(session: Session) -> Decimal:
    """The length of a finished session in hours, to two places, halves rounded up as on an invoice."""
    assert session.end is not None, "a running session has no length yet"
    seconds = Decimal(int((session.end - session.start).total_seconds()))
    return (seconds / 3600).quantize(_CENT, rounding=ROUND_HALF_UP)


def write_csv(sessions: Iterable[Session], file: TextIO) -> int:
    """Write the finished sessions under a header, and return how many running ones were left out."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    left_out = 0
    for session in sessions:
        if session.end is None:
            left_out += 1
            continue
        writer.writerow(
            (
                f"{session.start:%Y-%m-%d}",
                f"{session.start:%H:%M}",
                f"{session.end:%H:%M}",
                hours(session),
                as_text(session.tag),
                as_text(session.note),
            )
        )
    return left_out
