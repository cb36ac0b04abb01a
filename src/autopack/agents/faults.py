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


def _status(numbers: str) -> str:
    """A status of HTTP in words, and no other number."""
    return rf"(?:\b(?:status|http|error)\b:?\s*(?:code:?\s*)?\(?|\()(?:{numbers})\b"


_LIMITS = r"usage limit|hit your .{0,30}limit|limit reached"
_SAID = (
    (Fault.MISSHAPEN, re.compile(r"structured.output", re.I)),
    (
        Fault.LOST,
        re.compile(r"no conversation found|no rollout found|(?:chat|session)\b.{0,40}not found", re.I),
    ),
    (
        Fault.LIMIT,
        re.compile(
            rf"{_LIMITS}|rate.?limit|too many requests|{_status('429')}|out of (?:credits|usage)"
            r"|(?<!disk )quota|insufficient credit|credit balance is too low",
            re.I,
        ),
    ),
    (
        Fault.LOGIN,
        re.compile(
            rf"{_status('401|403')}|unauthori[sz]ed|authentication required|authentication.error"
            r"|invalid (?:api )?key|incorrect api key|api key not|not logged in|/login|login required"
            r"|please (?:run )?.{0,20}log ?in",
            re.I,
        ),
    ),
    (
        Fault.REFUSED,
        re.compile(
            rf"{_status('400|404|422')}|model\W+[\w./-]*\d[\w./-]*\W.{{0,20}}"
            r"(?:not found|does not exist|not supported|not available|may not exist)|unknown model"
            r"|unexpected argument|unknown option|invalid_request_error",
            re.I,
        ),
    ),
)
_FINAL = re.compile(
    r"(?:fatal |api )?error\b|you['\u2019]ve|invalid|not logged|authentication|no conversation|usage", re.I
)
_LONGEST_NOTICE = 300


def fault_of(said: str) -> Fault:
    """The fault that an agent's words of failure name."""
    return next((fault for fault, words in _SAID if words.search(said)), Fault.BROKEN)


def last_words(said: str) -> str:
    """What a program that gave no terminal event may have ended with: its last line, where it reads so.

    Everything else beside its stream is noise, and names no fault.
    """
    line = said.rstrip().rpartition("\n")[2].strip()
    return line if _FINAL.match(line) else ""


def is_limit_alone(text: str) -> bool:
    """Whether an answer is nothing but the notice of a limit."""
    return len(text) <= _LONGEST_NOTICE and re.search(_LIMITS, text, re.I) is not None
