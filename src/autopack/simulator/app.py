"""The ASGI application: takes a request to its wire format, answers from the scenario, writes the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json, to_json
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from autopack.errors import AutopackError, InvalidInput, NotFound
from autopack.simulator.chat import ChatCompletions
from autopack.simulator.delivery import Reply, deliver
from autopack.simulator.log import LogEntry, RequestLog
from autopack.simulator.messages import Messages
from autopack.simulator.scenario import Scenario, describe
from autopack.simulator.script import compose, find_conversation, find_step
from autopack.simulator.wire import Asked, WireFormat

MODELS_PATH = "/v1/models"
MODEL = "simulated"
"""The one name in the list of models. A request may name any other: it is served alike."""


class Simulator:
    """Serves one scenario over ASGI. Between requests it remembers nothing."""

    def __init__(self, scenario: Scenario, log: RequestLog) -> None:
        self._scenario = scenario
        self._log = log
        wires: tuple[WireFormat, ...] = (ChatCompletions(), Messages())
        self._wires = {wire.path: wire for wire in wires}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3, HTTP only)."""
        request = Request(scope, receive)
        facts: dict[str, Any] = {
            "time": datetime.now(UTC),
            "method": request.method,
            "path": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        }
        try:
            reply = self._reply(request, await request.body(), facts)
        except ClientDisconnect:
            return

        def record(*, completed: bool) -> None:
            self._log.write(LogEntry(**facts, status=reply.status, completed=completed))

        await deliver(reply, receive, send, record=record)

    def _reply(self, request: Request, body: bytes, facts: dict[str, Any]) -> Reply:
        path = request.url.path
        if request.method == "GET" and path == MODELS_PATH:
            return Reply.whole(to_json(_models()))
        wire = self._wires.get(path) if request.method == "POST" else None
        try:
            if wire is None:
                served = ", ".join(f"POST {known}" for known in self._wires)
                raise NotFound(
                    f"There is no {request.method} {path}: this serves {served}, GET {MODELS_PATH}."
                )
            return self._answer(wire, body, facts)
        except AutopackError as error:
            facts["error"] = message = f"Simulator: {error.message}"
            shape = wire or ChatCompletions()
            return Reply.whole(
                to_json(shape.error(status=error.status, message=message)), status=error.status
            )

    def _answer(self, wire: WireFormat, body: bytes, facts: dict[str, Any]) -> Reply:
        facts["api"] = wire.api
        asked = _read(wire, body, facts)
        facts.update(model=asked.model, streamed=asked.stream)
        conversation = find_conversation(self._scenario, asked)
        index, step = find_step(conversation, asked)
        facts.update(when=conversation.when, step=index)
        answer = compose(step, asked, wire)
        facts.update(response_id=answer.id, usage=answer.usage)
        if asked.stream:
            events = wire.events(answer, with_usage=asked.stream_usage)
            return Reply(parts=events, content_type="text/event-stream", delay_seconds=step.delay_seconds)
        return Reply.whole(wire.whole(answer), delay_seconds=step.delay_seconds)


def _read(wire: WireFormat, body: bytes, facts: dict[str, Any]) -> Asked:
    try:
        facts["request"] = content = from_json(body)
        return wire.read(content)
    except ValidationError as error:
        raise InvalidInput(f"The request is not valid: {describe(error)}.") from error
    except ValueError as error:
        raise InvalidInput(f"The request is not JSON: {error}.") from error


def _models() -> JsonValue:
    """A list that clients of both providers read."""
    model: JsonValue = {
        "id": MODEL,
        "object": "model",
        "created": 0,
        "owned_by": "simulator",
        "type": "model",
        "display_name": "Simulated",
        "created_at": "1970-01-01T00:00:00Z",
    }
    return {"object": "list", "data": [model], "has_more": False, "first_id": MODEL, "last_id": MODEL}
