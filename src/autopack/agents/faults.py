"""Why a coding agent failed, from its own words: it has no codes that mean the same in each of them."""

from __future__ import annotations

import re
from enum import StrEnum


class Fault(StrEnum):
    """What kept an agent's program from its work."""

    LIMIT = "limit"
    """The account's limit of hours or days, or of requests."""
    LOGIN = "login"
    """It is not logged in, or its key is not accepted."""
    LOST = "lost"
    """It does not know the conversation that it was to go on with."""
    REFUSED = "refused"
    """No such model, or a request that will be refused again."""
    MISSHAPEN = "misshapen"
    """The model gave no answer that fits, however often it was asked."""
    BROKEN = "broken"
    """Anything else: another start may do."""


_SAID = (
    (Fault.MISSHAPEN, re.compile(r"structured.output", re.I)),
    (
        Fault.LOST,
        re.compile(r"no conversation found|no rollout found|(?:chat|session)\b.{0,40}not found", re.I),
    ),
    (
        Fault.LIMIT,
        re.compile(
            r"usage limit|hit your .{0,30}limit|limit reached|rate.?limit|too many requests|\b429\b"
            r"|out of (?:credits|usage)|quota|insufficient credit|credit balance is too low",
            re.I,
        ),
    ),
    (
        Fault.LOGIN,
        re.compile(
            r"\b40[13]\b|unauthori[sz]ed|authenticat|invalid (?:api )?key|incorrect api key|api key not"
            r"|not logged in|please (?:run )?.{0,20}log ?in|/login|login required",
            re.I,
        ),
    ),
    (
        Fault.REFUSED,
        re.compile(
            r"\b(?:400|404|422)\b|model.{0,60}(?:not found|does not exist|not supported|not available"
            r"|may not exist)|unknown model|unexpected argument|unknown option|invalid_request_error",
            re.I,
        ),
    ),
)


def fault_of(said: str) -> Fault:
    """The fault that an agent's words of failure name."""
    return next((fault for fault, words in _SAID if words.search(said)), Fault.BROKEN)
