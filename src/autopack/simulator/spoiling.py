"""What a fault makes of an answer, and of the reply that carries it."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from pydantic_core import to_json

from autopack.errors import InvalidInput
from autopack.simulator.delivery import End, Reply
from autopack.simulator.faults import Fault
from autopack.simulator.scenario import Step
from autopack.simulator.wire import Answer, WireFormat

_PHRASES = {529: "Overloaded"}
"""Of statuses that have no phrase in HTTP."""


def reason_of(fault: Fault, status: int) -> str:
    """The message of an error that the scenario gives without one."""
    if fault.message is not None:
        return fault.message
    if status in _PHRASES:
        return f"Simulated: {_PHRASES[status]}."
    known = status in HTTPStatus._value2member_map_
    return f"Simulated: {HTTPStatus(status).phrase if known else f'HTTP {status}'}."


def error_reply(fault: Fault, status: int, wire: WireFormat) -> Reply:
    """The error that stands in the place of an answer."""
    body = wire.error(status=status, message=reason_of(fault, status), code=fault.code)
    wait = () if fault.retry_after is None else (("retry-after", f"{fault.retry_after:g}"),)
    return replace(Reply.whole(to_json(body), status=status), headers=wait, answers=False)


def spoiled_step(step: Step, fault: Fault | None) -> Step:
    """The step as it is answered under this fault: an empty one says nothing at all."""
    if fault is None or not fault.empty:
        return step
    return step.model_copy(update={"text": "", "reasoning": "", "calls": (), "answer": None})


def spoiled_answer(answer: Answer, fault: Fault) -> Answer:
    """The answer without its usage, or with arguments of its first call that are no JSON.

    Raises InvalidInput where there is no call.
    """
    if fault.no_usage:
        return replace(answer, usage=None)
    if fault.malformed == "arguments":
        if not answer.calls:
            raise InvalidInput("The step's fault is `malformed: arguments`; there is no call in this answer.")
        first, *others = answer.calls
        return replace(answer, calls=(replace(first, broken=True), *others))
    return answer


def spoiled_reply(reply: Reply, fault: Fault, wire: WireFormat, *, streamed: bool) -> Reply:
    """The reply with what breaks it on its way: an end too early, an error in it, or no JSON."""
    parts = list(reply.parts)
    if fault.malformed == "body":
        broken = b"".join(part.replace(b"{", b"{{", 1) for part in parts)
        return replace(reply, parts=[broken], answers=False)
    if fault.status is not None:
        begun = parts[: len(parts) // 2]
        error = wire.error_event(
            status=fault.status,
            message=reason_of(fault, fault.status),
            code=fault.code,
            place=len(begun),
        )
        return replace(reply, parts=[*begun, error], answers=False)
    for share, end in ((fault.cut, End.CUT), (fault.stall, End.STALL)):
        if share is not None:
            kept = _share_of(parts, share) if streamed else [b"".join(parts)[: _part(parts, share)]]
            return replace(reply, parts=[part for part in kept if part], end=end, answers=False)
    return replace(reply, parts=parts)


def _share_of(parts: list[bytes], share: float) -> list[bytes]:
    """The first events: at least one unless the share is 0, never all."""
    return parts[: min(max(int(len(parts) * share), 1 if share else 0), len(parts) - 1)]


def _part(parts: list[bytes], share: float) -> int:
    size = sum(len(part) for part in parts)
    return min(max(int(size * share), 1 if share else 0), size - 1)
