"""`GET /dashboard/events`: the live feed. How to read it is in docs/events.md."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from pydantic import BeforeValidator, WithJsonSchema

from autopack.dashboard.event_stream import EventStream
from autopack.dashboard.problems import answers
from autopack.errors import InvalidInput, NotFound, Unavailable
from autopack.runs import queries

router = APIRouter()

_LARGEST = 2**63 - 1


def _event_id(said: object) -> int:
    """An id as a client gives it back. Raises `InvalidInput`, which the application answers with 422."""
    text = str(said)
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= _LARGEST):
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise InvalidInput(
            f"{shown!r} is no id of an event.",
            hint="Give the id of the last event you have as `Last-Event-ID` or `after`, or neither.",
        )
    return int(text)


EventId = Annotated[
    int,
    BeforeValidator(_event_id),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _LARGEST}),
]


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'id: 41\nevent: ready\ndata: {"as_of":41}\n\n'
                'id: 42\nevent: feed\ndata: {"id":42,"run_id":"run_20250303_101500_ab12",'
                '"created_at":"2025-03-03T10:15:02.123456Z","schema_version":1,"kind":"run_claimed",'
                '"epoch":1,"owner":"host.4711"}\n\n',
            }
        },
    },
    **answers(NotFound, InvalidInput, Unavailable),
}


@router.get(
    "/dashboard/events",
    response_class=EventStream,
    status_code=200,
    response_description="Messages, until one of the two sides ends it.",
    responses=_ANSWERS,
    summary="Follow what happens",
    tags=["Runs"],
)
async def follow_events(
    request: Request,
    run_id: Annotated[str | None, Query(description="Only events of this run.")] = None,
    after: Annotated[
        EventId | None, Query(description="Go on after this event. Without it, from now on.")
    ] = None,
    last_event_id: Annotated[
        EventId | None, Header(description="The same, as browsers say it when they connect again.")
    ] = None,
) -> EventStream:
    """Every event as it happens, as `text/event-stream`; `Last-Event-ID` counts more than `after`."""
    state = request.app.state
    if run_id is not None:
        async with state.services.database.read() as session:
            await queries.run(session, run_id)
    return EventStream(
        state.tailer,
        state.services.database,
        run_id=run_id,
        after=after if last_event_id is None else last_event_id,
    )
