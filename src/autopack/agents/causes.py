"""Why a request failed, read from what Pydantic AI raised: one cause, on which everything else depends."""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelServerError,
    ModelUnavailableError,
)

from autopack.routing.policy import ModelRef, ProviderKind
from autopack.usage.schemas import TokenUsage


class Cause(StrEnum):
    """What stopped a request."""

    KEY = "key"
    """The key, or what it may do."""
    NOT_FOUND = "not found"
    """No such model, or no such address."""
    QUOTA = "quota"
    """The account's money is used up: waiting is no use."""
    OVERFLOW = "overflow"
    """More words than the model's context window."""
    REFUSED = "refused"
    """Anything else that is wrong with the request."""
    LIMIT = "limit"
    """Too much at once; a little later it goes on."""
    USED_UP = "used up"
    """A limit of hours or days that the provider resets; the wait is too long for retries."""
    DOWN = "down"
    """The server fails, is overloaded, or gave up waiting for the model behind it."""
    UNREACHED = "unreached"
    """No connection came about."""
    BROKEN = "broken"
    """The answer did not come whole, or can't be read."""


PASSING = frozenset({Cause.LIMIT, Cause.DOWN, Cause.UNREACHED, Cause.BROKEN})
"""Causes after which the same request may succeed a little later."""

TIMED_OUT_UPSTREAM = (408, 504, 524)
"""A gateway's words for a model that took too long: the model may have worked, and been paid for."""

_PASSING_STATUSES = (*TIMED_OUT_UPSTREAM, 409, 425)
_TOO_LARGE = 413
_INVALID = (400, 422)
_CONTEXT = re.compile(
    r"context (window|length|limit|size)|(prompt|input) (is )?too (long|large)|too many tokens"
)
_EMPTY_ACCOUNT = re.compile(r"insufficient (account )?(balance|credit|funds|quota)|balance is too low")

_ZAI = {
    **dict.fromkeys(
        ("1000", "1001", "1002", "1003", "1004", "1110", "1111", "1112", "1121", "1220"), Cause.KEY
    ),
    **dict.fromkeys(("1113", "1309"), Cause.QUOTA),
    **dict.fromkeys(("1211", "1221", "1222", "1311"), Cause.NOT_FOUND),
    **dict.fromkeys(("1210", "1212", "1213", "1214", "1215", "1300", "1301"), Cause.REFUSED),
    "1261": Cause.OVERFLOW,
    **dict.fromkeys(("1302", "1303"), Cause.LIMIT),
    **dict.fromkeys(("1304", "1308", "1310", "1313"), Cause.USED_UP),
    **dict.fromkeys(("500", "1120", "1200", "1230", "1234", "1305", "1312"), Cause.DOWN),
}
"""Z.ai's own error codes (docs.z.ai/api-reference/api-code): most come as HTTP 429, whatever they mean."""

_ZAI_CODE = re.compile(r"\[(1\d{3})\]")


class StreamCut(ModelConnectionError):
    """A response that ended without saying that it ended well. `usage` is what it reported, if it did."""

    def __init__(self, model_name: str, message: str, *, usage: TokenUsage | None = None) -> None:
        super().__init__(model_name, message, phase="read")
        self.usage = usage


class Garbled(ModelAPIError):
    """An answer that is not of its protocol: the client broke on it in a way of its own."""


def cause_of(error: ModelAPIError, model: ModelRef) -> Cause:
    """The cause of a failed request to `model`."""
    said = detail(error).lower()
    if isinstance(error, ModelHTTPError) and error.status_code in _PASSING_STATUSES:
        return Cause.DOWN
    if isinstance(error, ModelHTTPError) and _overflows(error.status_code, said):
        return Cause.OVERFLOW
    if model.kind is ProviderKind.ZAI or model.family == "glm":
        code = error.provider_error_code or next(iter(_ZAI_CODE.findall(said)), "")
        if code in _ZAI:
            return _ZAI[code]
    match error:
        case ModelQuotaExceededError():
            return Cause.QUOTA
        case ModelContextWindowExceededError():
            return Cause.OVERFLOW
        case ModelRateLimitError():
            return Cause.QUOTA if _EMPTY_ACCOUNT.search(said) else Cause.LIMIT
        case ModelAuthenticationError():
            return Cause.KEY
        case ModelNotFoundError():
            return Cause.NOT_FOUND
        case ModelUnavailableError() | ModelServerError():
            return Cause.DOWN
        case ModelConnectionError():
            return Cause.UNREACHED if error.phase in ("connect", "pool") else Cause.BROKEN
        case ModelHTTPError():
            return Cause.REFUSED
        case _:
            invalid = (error.provider_error_code or "").startswith("invalid_") or is_redirect(error)
            return Cause.REFUSED if invalid else Cause.BROKEN


def costs_nothing(error: ModelAPIError) -> bool:
    """True where nothing was bought for sure: no connection came about, or an error was the whole answer."""
    if isinstance(error, ModelHTTPError):
        return not error.in_stream and error.status_code not in TIMED_OUT_UPSTREAM
    if isinstance(error, ModelConnectionError):
        return error.phase in ("connect", "pool")
    return is_redirect(error)


def is_redirect(error: ModelAPIError) -> bool:
    """Whether the server sent the request elsewhere: the key is not taken there."""
    status = getattr(error.__cause__, "status_code", None)
    return isinstance(status, int) and 300 <= status < 400


def detail(error: ModelAPIError) -> str:
    """The provider's own words: OpenAI and Anthropic both put them under `error.message` or `message`."""
    match error.body:
        case {"error": {"message": str(text)}} | {"message": str(text)} | {"error": str(text)} | str(text):
            return text
        case _:
            return ""


def _overflows(status: int, said: str) -> bool:
    return status == _TOO_LARGE or (status in _INVALID and _CONTEXT.search(said) is not None)
