from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import get_args

import pytest

from autopack.feed.messages import event_json, event_message, message
from autopack.feed.schemas import Event, EventBody, LimitNear, NoteAdded

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HEAD = {"id", "run_id", "created_at", "schema_version", "kind"}
KINDS = get_args(get_args(EventBody)[0])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_field_of_an_event_hides_one_that_all_events_have(kind: type[EventBody]) -> None:
    assert len(KINDS) > 20
    assert set(kind.model_fields) & HEAD == {"kind"}


def test_an_event_is_one_flat_object() -> None:
    body = LimitNear(
        phase_id="store", limit="run_minutes", minutes=60, left_seconds=300, waiting_for="pytest"
    )
    told = event_json(Event(id=7, run_id="run_a", created_at=AT, body=body))
    assert told == {
        "id": 7,
        "run_id": "run_a",
        "created_at": "2026-01-02T03:04:05Z",
        "schema_version": 1,
        "kind": "limit_near",
        "phase_id": "store",
        "limit": "run_minutes",
        "minutes": 60.0,
        "left_seconds": 300.0,
        "waiting_for": "pytest",
    }


def test_a_message_is_three_lines_whatever_the_text_holds() -> None:
    text = "a\nb\r\nc\rid: 9\n\nevent: x\x85\u2028 \U0001f980 \udcff"
    body = NoteAdded(note_id="n1", by="ada", text=text)
    told = event_message(Event(id=7, run_id="run_a", created_at=AT, body=body))
    assert told.count(b"\n") == 4
    assert b"\r" not in told
    head, name, data, *rest = told.decode().split("\n")
    assert (head, name, rest) == ("id: 7", "event: feed", ["", ""])
    assert json.loads(data.removeprefix("data: "))["text"] == text.replace("\udcff", "?")


def test_a_message_without_an_id_leaves_the_last_one_as_it_is() -> None:
    assert message("dropped", {"reason": "So."}) == b'event: dropped\ndata: {"reason":"So."}\n\n'
