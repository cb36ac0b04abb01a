"""The ASGI application: takes a request to its wire format, answers from the scenario, writes the log."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json, to_json
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from autopack.errors import AutopackError, InvalidInput, NotFound
from autopack.simulator.chat import ChatCompletions, Glm
from autopack.simulator.delivery import Reply, deliver
from autopack.simulator.faults import Fault, fault_for
from autopack.simulator.log import LogEntry, RequestLog
from autopack.simulator.messages import Messages
from autopack.simulator.responses import Responses
from autopack.simulator.scenario import Scenario, Step, describe
from autopack.simulator.script import compose, find_conversation, find_step
from autopack.simulator.spoiling import (
    error_reply,
    reason_of,
    spoiled_answer,
    spoiled_reply,
    spoiled_step,
)
from autopack.simulator.wire import Answer, Asked, WireFormat

MODELS_PATH = "/v1/models"
HANG_UP = "hang_up"
"""In the state that the server gives to a connection's requests: how to close it."""

MODEL = "simulated"
"""The one name in the list of models. A request may name any other: it is served alike."""


class Simulator:
    """Serves one scenario over ASGI. Between requests it remembers how often each step was reached."""

    def __init__(self, scenario: Scenario, log: RequestLog) -> None:
        self._scenario = scenario
        self._log = log
        self._reached: Counter[tuple[int, int]] = Counter()
        wires: tuple[WireFormat, ...] = (ChatCompletions(), Responses(), Messages(), Glm())
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

        def hang_up() -> None:
            scope["state"][HANG_UP]()

        await deliver(reply, receive, send, record=record, hang_up=hang_up)

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
        place, conversation = find_conversation(self._scenario, asked)
        index, step = find_step(conversation, asked)
        facts.update(when=conversation.when, step=index)
        fault = fault_for(step.faults, self._reached[place, index])
        self._reached[place, index] += 1
        if fault is not None:
            facts["fault"] = fault.label
            if fault.status is not None:
                facts["error"] = reason_of(fault, fault.status)
                if not (fault.in_stream and asked.stream):
                    return error_reply(fault, fault.status, wire)
        answer = compose(spoiled_step(step, fault), asked, wire)
        sent = answer if fault is None else spoiled_answer(answer, fault)
        facts.update(response_id=answer.id, usage=answer.usage)
        return _reply_with(sent, step, asked, wire, fault)


def _reply_with(answer: Answer, step: Step, asked: Asked, wire: WireFormat, fault: Fault | None) -> Reply:
    if asked.stream and not asked.stream_usage:
        answer = replace(answer, usage=None)
    if asked.stream:
        reply = Reply(parts=wire.events(answer), content_type="text/event-stream")
    else:
        reply = Reply.whole(wire.whole(answer))
    reply = replace(reply, delay_seconds=step.delay_seconds)
    return reply if fault is None else spoiled_reply(reply, fault, wire, streamed=asked.stream)


def _read(wire: WireFormat, body: bytes, facts: dict[str, Any]) -> Asked:
    try:
        facts["request"] = content = from_json(body)
        return wire.read(content)
    except ValidationError as error:
        raise InvalidInput(f"The request is not valid: {describe(error)}.") from error
    except ValueError as error:
        raise InvalidInput(f"The request is not JSON: {error}.") from error


def _models() -> JsonValue:
    """A list that clients of every provider read."""
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
