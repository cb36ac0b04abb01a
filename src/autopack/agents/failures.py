"""What a user is told of a failed request, and how the run ends by it. docs/faults.md is its table."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from pydantic_ai.exceptions import ModelAPIError, ModelConnectionError, ModelHTTPError, ModelTimeoutError

from autopack.agents.base import AgentGaveUp, ProviderRefused, ProviderUnreachable
from autopack.agents.causes import Cause, StreamCut, detail, is_redirect
from autopack.errors import AutopackError
from autopack.routing.policy import ModelRef

_LONGEST_DETAIL = 300
_MOST_LOOKED_AT = 10_000


def describe(error: ModelAPIError) -> str:
    """The failure on one line, however long, without the request and without the stack of the SDK."""
    if isinstance(error, ModelHTTPError):
        said = plain(detail(error))
        code = error.provider_error_code
        number = f" {code}" if code and code.isdigit() and len(code) < 10 else ""
        return f"HTTP {error.status_code}{number}" + (f": {said}" if said else "")
    if not isinstance(error, ModelConnectionError) or isinstance(error, StreamCut):
        return plain(error.message)
    if error.phase in ("connect", "pool"):
        return f"no connection: {_root(error)}"
    return (
        "it fell silent" if isinstance(error, ModelTimeoutError) else f"the connection broke: {_root(error)}"
    )


def explain(
    error: ModelAPIError, cause: Cause, model: ModelRef, *, said: str, tries: int, until: datetime | None
) -> AutopackError:
    """The error that a user sees, naming cause and remedy.

    `said` is what `describe` says, shortened and without keys; `until` what the server asked for.
    """
    where = f"{model.name} ({model.provider}{', simulated' if model.simulated else ''})"
    match cause:
        case Cause.KEY:
            return ProviderRefused(
                f"{where} did not accept the key in {model.api_key_env}: {said}",
                hint=f"put a key that may use this model into {model.api_key_env}",
            )
        case Cause.NOT_FOUND:
            address = f" at {model.base_url}" if model.base_url else ""
            return ProviderRefused(
                f"{where} was not found{address}: {said}",
                hint="check the model's name and its provider's base_url in models.yaml",
            )
        case Cause.QUOTA:
            return ProviderRefused(
                f"{where}: the account's credit or quota is used up: {said}",
                hint=f"top up the account of {model.api_key_env}, then resume the run",
            )
        case Cause.REFUSED:
            redirected = "the address redirects elsewhere; write the one it redirects to as base_url"
            return ProviderRefused(
                f"{where} refused the request: {said}",
                hint=redirected if is_redirect(error) else "see the provider's message",
            )
        case Cause.OVERFLOW:
            return AgentGaveUp(
                f"{where}: the conversation outgrew the model's context window: {said}",
                hint="make the phase smaller, or give it a model with a larger window",
            )
        case Cause.LIMIT | Cause.USED_UP | Cause.DOWN | Cause.UNREACHED | Cause.BROKEN:
            what, hint = _unreachable(error, cause, model, tries=tries, until=until)
            return ProviderUnreachable(
                f"{where} {what}: {said}", hint=f"{hint}, then resume the run", until=until
            )


def _unreachable(
    error: ModelAPIError, cause: Cause, model: ModelRef, *, tries: int, until: datetime | None
) -> tuple[str, str]:
    at = model.base_url or f"the API of {model.provider}"
    often = f" in {tries} tries" if tries > 1 else ""
    if until is not None:
        return f"asks to be left alone until {until:%Y-%m-%d %H:%M} UTC", "wait until then"
    match cause:
        case Cause.USED_UP:
            return "has reached a limit of its account", "wait until it is reset"
        case Cause.LIMIT:
            return f"is over its rate limit{often}", "wait a little, run less at the same time"
        case Cause.BROKEN if not (isinstance(error, ModelConnectionError) or error.in_stream):
            hint = "see that its base_url is the address of an API and that no proxy answers for it"
            return f"gave no answer that can be read{often}, at {at}", hint
        case Cause.BROKEN:
            hint = "check the network and the provider's status page"
            return f"did not answer to the end{often}, at {at}", hint
        case _:
            hint = "check the network and the provider's status page"
            return f"can't be reached{often} at {at}", hint


def _root(error: BaseException) -> str:
    """The first cause, which says more than the SDK's `Connection error.`"""
    while (cause := error.__cause__) is not None:
        error = cause
    return plain(str(error)) or type(error).__name__


def one_line(text: str) -> str:
    """The text on one line, shortened where it is long."""
    line = plain(text)
    return line if len(line) <= _LONGEST_DETAIL else line[: _LONGEST_DETAIL - 1] + "…"


def plain(text: str) -> str:
    """The text on one line, without what would act on a terminal or hide in it."""
    return " ".join("".join(map(_shown, text[:_MOST_LOOKED_AT])).split())


def _shown(character: str) -> str:
    """Nothing for control and format characters (bidi among them) and for halves of one."""
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in ("Cc", "Cf", "Cs") else character
