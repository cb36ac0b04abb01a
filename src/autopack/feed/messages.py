"""Events as others read them: one flat JSON object, and a message of a `text/event-stream`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from autopack.feed.schemas import Event

HEARTBEAT = b":\n\n"
"""A comment, which readers pass over."""


def event_json(event: Event) -> dict[str, Any]:
    """An event as one flat JSON object: id, run_id, created_at, schema_version, kind, and its fields."""
    from pydantic_core import to_jsonable_python

    head = {
        "id": event.id,
        "run_id": event.run_id,
        "created_at": event.created_at,
        "schema_version": event.schema_version,
        "kind": event.body.kind,
    }
    return to_jsonable_python({**head, **event.body.model_dump(exclude={"kind"})}, inf_nan_mode="strings")


def event_message(event: Event) -> bytes:
    """An event as a message of the stream, with its id."""
    return message("feed", event_json(event), event_id=event.id)


def message(name: str, data: Mapping[str, Any], *, event_id: int | None = None) -> bytes:
    """One message of the stream (HTML standard, 9.2.6). JSON escapes line ends, so the data is one line."""
    told = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    numbered = "" if event_id is None else f"id: {event_id}\n"
    return f"{numbered}event: {name}\ndata: {told}\n\n".encode(errors="replace")
