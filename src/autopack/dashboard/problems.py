"""Errors as they leave over HTTP: one shape, whoever raises them, and no word of what the code looks like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from autopack import userfiles
from autopack.errors import (
    AutopackError,
    Conflict,
    Forbidden,
    InvalidInput,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from autopack.redaction import Redactor

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_MOST = 20
"""Problems of one request that are named."""


_LOOKS: Mapping[str, str] = {
    "run_id": "is no run's id; write it like run_20250303_101500_ab12",
    "note_id": "is no note's id; write it like 3f9c2a1b",
    "phase": "is no phase's id; `autopack show RUN` lists them",
    "note": "says nothing; write what later prompts should say",
    "Idempotency-Key": "must be printable ASCII characters, without blanks around them",
}
"""What is said of a text that does not look as one of its name should."""


class ErrorDetail(BaseModel):
    """What went wrong, and what to do about it."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    code: str
    """Names the kind; a script can rely on it."""
    message: str
    """What happened and why; a line for each problem where there are several."""
    hint: str
    """What to do about it; may be empty."""


class ErrorAnswer(BaseModel):
    """The one shape in which every error leaves."""

    model_config = ConfigDict(frozen=True)

    error: ErrorDetail


TOLD: Mapping[type[AutopackError], str] = {
    Forbidden: "The request may come from another machine or another site's page, or through a proxy.",
    NotFound: "What is named does not exist.",
    Conflict: "The run is not in a state that allows this.",
    TooLarge: "The body is larger than 2 MiB.",
    UnsupportedMediaType: "The body is not JSON.",
    InvalidInput: "What was sent can't be used as it is.",
    AutopackError: "A defect of Autopack.",
    Unavailable: "Something outside Autopack (database, disk, git, sandbox) is missing or broken.",
}
"""What each error means, in the document and in docs/http.md."""
ALWAYS = (Forbidden, TooLarge, AutopackError, Unavailable)
"""What every endpoint can answer."""
OF_POST = (UnsupportedMediaType, InvalidInput)


def answers(*errors: type[AutopackError]) -> dict[int | str, dict[str, Any]]:
    """The documented error answers of an endpoint: those that are given, and those of every one."""
    found = sorted({*ALWAYS, *errors}, key=lambda error: error.status)
    return {error.status: {"model": ErrorAnswer, "description": TOLD[error]} for error in found}


def refusal(error: AutopackError, redactor: Redactor | None = None) -> Response:
    """An error as an answer; keys are redacted, and what is no text is replaced."""
    redactor = redactor or Redactor()
    body = {
        "error": {
            "code": error.code,
            "message": redactor.text(_sayable(error.message)),
            "hint": redactor.text(_sayable(error.hint)),
        }
    }
    headers = {"connection": "close"} if isinstance(error, TooLarge) else None
    content = json.dumps(body, ensure_ascii=False).encode()
    return Response(content, status_code=error.status, media_type="application/json", headers=headers)


def _sayable(text: str) -> str:
    """A lone surrogate has no UTF-8, and NUL is refused by half of all clients."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")


def handle_errors(app: FastAPI) -> None:
    """Have the application answer every error that is not a defect; the guard answers those."""
    app.add_exception_handler(AutopackError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_a_request)
    app.add_exception_handler(HTTPException, _of_the_framework)


async def _of_ours(request: Request, error: Exception) -> Response:
    services = getattr(request.app.state, "services", None)
    return refusal(cast("AutopackError", error), None if services is None else services.redactor)


async def _of_a_request(request: Request, error: Exception) -> Response:
    found = cast("RequestValidationError", error).errors()
    lines = list(dict.fromkeys(_problem(one) for one in found))
    if len(lines) > _MOST:
        lines[_MOST:] = [f"and {len(lines) - _MOST} more"]
    return await _of_ours(request, InvalidInput("\n".join(lines), hint="/docs says what is taken."))


def _problem(error: Any) -> str:
    """`query.limit: must be at most 1000, not 5000`, in the words that plan files are told."""
    place, *rest = (str(part) if not isinstance(part, int) else part for part in error["loc"])
    if error["type"] == "json_invalid":
        return f"body: is not JSON: {error['ctx']['error']} at character {rest[0] if rest else 0}"
    if error["type"] == "missing":
        said = f"is missing; send {rest[-1] if rest else 'a JSON object'}"
    elif error["type"] == "extra_forbidden":
        said = "is not known; remove it"
    elif rest[:1] == ["project"]:
        rest, said = ["project"], "is no project's id, path or name; `autopack project list` has them"
    elif rest == ["run_id"]:
        said = _LOOKS["run_id"]
    elif error["type"] == "string_pattern_mismatch":
        said = _LOOKS.get(str(rest[-1]), f"does not look as it should ({error['ctx']['pattern']})")
    else:
        said = userfiles.wrong(error, written=str(error["input"])[:60])
    return f"{userfiles.path_text((str(place), *rest))}: {said}"


async def _of_the_framework(request: Request, error: Exception) -> Response:
    told = cast("HTTPException", error)
    match told.status_code:
        case 404:
            ours: AutopackError = NotFound(
                "There is nothing at this address.", hint="/docs has what there is."
            )
        case 405:
            allowed = ", ".join(_allowed(request.app, request.scope))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers={"allow": allowed})
            ours = MethodNotAllowed(
                f"This address does not take {request.method[:20]}.", hint=f"It takes {allowed}."
            )
            answer = refusal(ours)
            answer.headers["allow"] = allowed
            return answer
        case _:
            ours = InvalidInput(
                "The request's body can't be read as JSON.", hint="Send one JSON object in UTF-8."
            )
    return refusal(ours)


def _allowed(app: FastAPI, scope: Scope) -> list[str]:
    """The methods that an address takes."""
    found = [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.router.routes)
    ]
    return [*found, *(["HEAD"] if "GET" in found else []), "OPTIONS"]
