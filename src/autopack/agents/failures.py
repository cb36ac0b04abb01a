"""What a failed request means: whether it may have been billed, whether to try again, what to tell a user."""

from __future__ import annotations

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

from autopack.agents.base import AgentGaveUp, ProviderRefused, ProviderUnreachable
from autopack.errors import AutopackError
from autopack.routing.policy import ModelRef

_TIMED_OUT_UPSTREAM = (408, 504, 524)
_LONGEST_DETAIL = 300


class StreamCut(ModelConnectionError):
    """A response that ended without saying that it ended."""


def costs_nothing(error: ModelAPIError) -> bool:
    """True where nothing was bought for sure: no connection came about, or an error was the whole answer.

    A gateway's timeout is not such an answer: the model behind it may have worked.
    """
    if isinstance(error, ModelHTTPError):
        return not error.in_stream and error.status_code not in _TIMED_OUT_UPSTREAM
    return isinstance(error, ModelConnectionError) and error.phase in ("connect", "pool")


def may_pass(error: ModelAPIError) -> bool:
    """True where the same request may succeed a little later."""
    if isinstance(error, ModelQuotaExceededError):
        return False
    if isinstance(error, ModelHTTPError) and error.status_code in _TIMED_OUT_UPSTREAM:
        return True
    passing = (ModelConnectionError, ModelRateLimitError, ModelUnavailableError, ModelServerError)
    return isinstance(error, passing)


def describe(error: ModelAPIError) -> str:
    """The failure on one line, without the request and without the stack of the SDK."""
    if isinstance(error, ModelHTTPError):
        detail = _detail(error.body)
        return f"HTTP {error.status_code}" + (f": {detail}" if detail else "")
    if isinstance(error, ModelConnectionError) and error.phase in ("connect", "pool"):
        return f"no connection: {_one_line(str(_root(error)))}"
    return _one_line(error.message)


def explain(error: ModelAPIError, model: ModelRef, *, api_key: str) -> AutopackError:
    """The error that a user sees, naming cause and remedy; the key's variable is named, never its value."""
    where = f"{model.name} ({model.provider}{', simulated' if model.simulated else ''})"
    what = describe(error)
    if api_key:
        what = what.replace(api_key, "***")
    if isinstance(error, ModelAuthenticationError):
        return ProviderRefused(
            f"{where} did not accept the key in {model.api_key_env}: {what}",
            hint=f"put a key that may use this model into {model.api_key_env}",
        )
    if isinstance(error, ModelNotFoundError):
        address = f" at {model.base_url}" if model.base_url else ""
        return ProviderRefused(
            f"{where} was not found{address}: {what}",
            hint="check the model's name and its provider's base_url in models.yaml",
        )
    if isinstance(error, ModelQuotaExceededError):
        return ProviderRefused(
            f"{where}: the account's credit or quota is used up: {what}",
            hint=f"top up the account of {model.api_key_env}, then resume the run",
        )
    if isinstance(error, ModelContextWindowExceededError):
        return AgentGaveUp(f"{where}: the conversation outgrew the model's context window: {what}")
    if may_pass(error):
        at = model.base_url or f"the API of {model.provider}"
        return ProviderUnreachable(
            f"{where} can't be reached at {at}: {what}",
            hint="check the network and the provider's status page, then resume the run",
        )
    return ProviderRefused(f"{where} refused the request: {what}", hint="see the provider's message")


def _root(error: BaseException) -> BaseException:
    """The first cause, which says more than the SDK's `Connection error.`"""
    while (cause := error.__cause__) is not None:
        error = cause
    return error


def _detail(body: object) -> str:
    """The provider's own words: OpenAI and Anthropic both put them under `error.message` or `message`."""
    match body:
        case {"error": {"message": str(text)}} | {"message": str(text)} | {"error": str(text)} | str(text):
            return _one_line(text)
        case _:
            return ""


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_DETAIL else line[: _LONGEST_DETAIL - 1] + "…"
