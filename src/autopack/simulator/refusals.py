"""Error bodies as each provider words them.

Formats: the OpenAI API reference, "Error codes"; the Anthropic API reference, "Errors"; the Z.ai API
reference, "API code".
"""

from __future__ import annotations

from pydantic import JsonValue

_OPENAI_CODES = {
    401: "invalid_api_key",
    402: "insufficient_quota",
    404: "model_not_found",
    429: "rate_limit_exceeded",
    500: "server_error",
    503: "server_is_overloaded",
    529: "server_is_overloaded",
}
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_ZAI_CODES = {401: "1000", 402: "1113", 403: "1220", 404: "1211", 429: "1302", 503: "1305", 529: "1305"}
_QUOTA = "insufficient_quota"


def openai_error(*, status: int, message: str, code: str | None = None) -> dict[str, JsonValue]:
    """The `error` object of Chat Completions and Responses. A quota used up is its own type."""
    code = code or _OPENAI_CODES.get(status)
    kind = "server_error" if status >= 500 else "requests" if status == 429 else "invalid_request_error"
    return {"message": message, "type": _QUOTA if code == _QUOTA else kind, "param": None, "code": code}


def anthropic_error(*, status: int, message: str, code: str | None = None) -> dict[str, JsonValue]:
    """Anthropic's whole body; its errors have types where others have codes."""
    kind = code or _ANTHROPIC_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


def zai_error(*, status: int, message: str, code: str | None = None) -> dict[str, JsonValue]:
    """Z.ai's `error` object: a business code in digits, and a message."""
    return {"code": code or _ZAI_CODES.get(status, "500" if status >= 500 else "1210"), "message": message}
