"""Streams of coding agents, read piece by piece: cut anywhere, mixed, too long, and what their words mean."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agents.conversing import Finding, model_at, task_for
from autopack.agents.answers import read_answer, schema_of
from autopack.agents.claude_code import ClaudeCode
from autopack.agents.faults import Fault, fault_of, is_limit_alone, last_words
from autopack.agents.lines import LONGEST_LINE_BYTES, Events, Silent
from autopack.agents.shared import read_on, write_anew
from autopack.agents.told import AccountSaid, Answered, Doing, Ended, Limited, Start
from autopack.roles.drafts import Draft
from autopack.roles.schemas import ClosingVerdict, PartReview, Postmortem, Verdict
from autopack.routing.accounts import AccountUsage, AccountWindow
from autopack.routing.policy import CodingAgent, ProviderKind
from autopack.usage.schemas import TokenUsage

MODEL = model_at(None, ProviderKind.ANTHROPIC).model_copy(
    update={"name": "claude-code/claude-sonnet-4-5", "agent": CodingAgent.CLAUDE_CODE}
)


async def heard(*pieces: bytes) -> list[dict[str, Any]]:
    events, found = Events(), list[dict[str, Any]]()
    for piece in pieces:
        events.hear(piece)
    events.end()
    while (event := await events.next(within=1)) is not None:
        found.append(event)
    return found


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20)), max_size=5), st.data())
def test_events_are_the_same_however_the_stream_is_cut(
    told: list[dict[str, str]], data: st.DataObject
) -> None:
    stream = b"".join(json.dumps(one).encode() + b"\n" for one in told)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert asyncio.run(heard(*pieces)) == told


async def test_a_line_without_end_is_not_kept() -> None:
    long = b"x" * 1_000_000
    found = await heard(*[long] * (LONGEST_LINE_BYTES // len(long) + 2), b"y\n", b'{"type": "after"}\n')
    assert found == [{"type": "after"}]


async def test_nothing_for_too_long_is_told() -> None:
    with pytest.raises(Silent):
        await Events().next(within=0.01)


def read(tmp_path: Path, *events: dict[str, Any]) -> list[object]:
    task = task_for(MODEL, tmp_path, str)
    start = Start(
        task=task,
        program=tmp_path / "claude",
        prompt="",
        session=None,
        schema=None,
        folder=tmp_path,
        environ={},
    )
    sitting = ClaudeCode().sit(start)
    return [told for event in events for told in sitting.read(event)]


def streamed(event: dict[str, Any], whose: str | None = None) -> dict[str, Any]:
    return {"type": "stream_event", "event": event, "parent_tool_use_id": whose}


def test_a_helpers_call_in_the_midst_of_another_is_counted_apart(tmp_path: Path) -> None:
    told = read(
        tmp_path,
        streamed({"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 5}}}),
        streamed(
            {"type": "message_start", "message": {"id": "msg_2", "usage": {"input_tokens": 7}}}, "toolu_1"
        ),
        streamed({"type": "message_delta", "usage": {"output_tokens": 70}}, "toolu_1"),
        streamed({"type": "message_delta", "usage": {"output_tokens": 50}}),
        streamed({"type": "message_stop"}),
        streamed({"type": "message_stop"}, "toolu_1"),
        streamed({"type": "message_stop"}),
    )
    assert told == [
        Answered(TokenUsage(input_tokens=5, output_tokens=50), "msg_1"),
        Answered(TokenUsage(input_tokens=7, output_tokens=70), "msg_2"),
    ]


HOURS = AccountWindow(length=timedelta(hours=5), used=0.42, resets_at=datetime.fromtimestamp(1795866225, UTC))
WEEK = AccountWindow(length=timedelta(days=7), used=0.1, resets_at=datetime.fromtimestamp(1796157225, UTC))


def limits(**info: Any) -> dict[str, Any]:
    return {"type": "rate_limit_event", "rate_limit_info": info}


def test_what_a_login_says_of_its_windows(tmp_path: Path) -> None:
    """As 2.1.332 said it of answers with the headers of a login."""
    windows = {
        "five_hour": {"utilization": 0.42, "resetsAt": 1795866225, "status": "allowed"},
        "seven_day": {"utilization": 0.1, "resetsAt": 1796157225, "status": "allowed"},
    }
    common = {"resetsAt": 1795866225, "rateLimitType": "five_hour", "unifiedWindows": windows}
    allowed = limits(status="allowed", overageStatus="rejected", isUsingOverage=False, **common)
    charged = limits(
        status="rejected", overageStatus="allowed", isUsingOverage=True, overageInUse=True, **common
    )
    rejected = limits(status="rejected", overageStatus="rejected", isUsingOverage=False, **common)
    said = AccountSaid(AccountUsage(windows=(HOURS, WEEK)))
    assert read(tmp_path, allowed) == [said]
    assert read(tmp_path, charged) == [
        AccountSaid(AccountUsage(windows=(HOURS, WEEK), extra=True, limit_resets_at=HOURS.resets_at))
    ]
    assert read(tmp_path, rejected) == [Limited("five hour limit reached", HOURS.resets_at), said]


def test_older_versions_say_one_window(tmp_path: Path) -> None:
    warned = limits(
        status="allowed_warning", resetsAt=1795866225, rateLimitType="five_hour", utilization=0.42
    )
    assert read(tmp_path, warned) == [AccountSaid(AccountUsage(windows=(HOURS,)))]


def test_a_limit_of_one_model_is_not_one_of_the_account(tmp_path: Path) -> None:
    opus = limits(status="rejected", resetsAt=1795866225, rateLimitType="seven_day_opus", utilization=1.0)
    assert read(tmp_path, opus) == [
        Limited("seven day opus limit reached", HOURS.resets_at, whole_quota=False)
    ]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "result"},
        {
            "type": "assistant",
            "message": {"content": [None, 7, {"type": "tool_use", "name": "x", "input": None}]},
        },
        {"type": "stream_event", "event": {"type": "message_start", "message": None}},
        {"type": "stream_event", "event": {"type": "message_delta"}},
        {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": "soon"}},
        {"type": "rate_limit_event", "rate_limit_info": None},
        limits(status="allowed", rateLimitType=["five_hour"], unifiedWindows=[1]),
        limits(status="allowed", rateLimitType="five_hour", resetsAt=10**40, utilization="half"),
        limits(unifiedWindows={"five_hour": None, "seven_day": {"utilization": True, "resetsAt": True}}),
        {"type": "result", "modelUsage": [], "model_usage_since_last_result": {"x": None}, "usage": "none"},
        {"type": "result", "subtype": "success", "usage": {"input_tokens": -1, "output_tokens": 10**30}},
    ],
)
def test_events_of_another_shape_harm_nothing(event: dict[str, Any], tmp_path: Path) -> None:
    for told in read(tmp_path, event):
        assert isinstance(told, Ended | Doing | Limited)


def test_a_failure_that_calls_itself_a_success_is_told_without_that(tmp_path: Path) -> None:
    """As 2.1.332 ended where no server could be reached."""
    (ended,) = read(
        tmp_path,
        {"type": "result", "subtype": "success", "is_error": True, "result": "API Error: ENOTFOUND"},
    )
    assert ended == Ended(failure="API Error: ENOTFOUND")


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("You've hit your usage limit. Try again at 3:45 PM.", Fault.LIMIT),
        ("API Error: Request rejected (429)", Fault.LIMIT),
        ("exceeded retry limit, last status: 429 Too Many Requests", Fault.LIMIT),
        ("Credit balance is too low", Fault.LIMIT),
        ("Invalid API key · Please run /login", Fault.LOGIN),
        ("unexpected status 401 Unauthorized", Fault.LOGIN),
        ("Error: Authentication required. Please run 'cursor-agent login'.", Fault.LOGIN),
        ("No conversation found with session ID: 1", Fault.LOST),
        ("thread/resume failed: no rollout found for thread id 1", Fault.LOST),
        ("The model `gpt-9` does not exist or you do not have access to it", Fault.REFUSED),
        ("error: unknown option '--json-schema'", Fault.REFUSED),
        ("stream disconnected before completion", Fault.BROKEN),
        ("at Object.<anonymous> (cli.js:401:17)", Fault.BROKEN),
        ("at Object.<anonymous> (cli.js:429:17)", Fault.BROKEN),
        ("write failed: Disk quota exceeded", Fault.BROKEN),
        ("warning: model cache not found", Fault.BROKEN),
        ("", Fault.BROKEN),
    ],
)
def test_words_of_failure_name_a_fault(said: str, fault: Fault) -> None:
    assert fault_of(said) is fault


@pytest.mark.parametrize(
    ("said", "last"),
    [
        ("warning: x\nError: Authentication required.", "Error: Authentication required."),
        ("You've hit your usage limit.", "You've hit your usage limit."),
        ("Error: session 1 not found in the cache\n  at cli.js:401:17", ""),
        ("INFO session 1 not found in the cache", ""),
        ("", ""),
    ],
)
def test_only_a_last_line_that_reads_as_an_end_names_a_fault(said: str, last: str) -> None:
    assert last_words(said) == last


def test_a_summary_about_limits_is_no_limit() -> None:
    assert is_limit_alone("You've hit your limit · resets 3pm")
    assert not is_limit_alone("Added rate limiting: a client over its quota gets 429.")
    assert not is_limit_alone("The usage limit is checked first. " * 20)


@pytest.mark.parametrize("output", [Verdict, PartReview, ClosingVerdict, Draft, Postmortem])
def test_nothing_stands_beside_a_reference(output: type[BaseModel], tmp_path: Path) -> None:
    """OpenAI's strict schemas refuse it."""

    def check(schema: object) -> None:
        if isinstance(schema, dict):
            told = cast("dict[str, object]", schema)
            assert "$ref" not in told or set(told) == {"$ref"}
            for one in told.values():
                check(one)
        elif isinstance(schema, list):
            for one in cast("list[object]", schema):
                check(one)

    check(schema_of(task_for(MODEL, tmp_path, output)))


def test_what_an_agent_left_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    folder = tmp_path / "agent"
    folder.mkdir()
    (folder / "answer.json").symlink_to(victim)
    assert write_anew(folder, "answer.json", "{}").read_text() == "{}"
    assert victim.read_text() == "kept"
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(victim)
    assert [read_on(folder / name, 0) for name in ("pipe", "link", "gone", "answer.json")] == [
        b"",
        b"",
        b"",
        b"{}",
    ]


def test_the_schema_of_an_answer_is_strict(tmp_path: Path) -> None:
    schema = schema_of(task_for(MODEL, tmp_path, Verdict))
    assert schema is not None
    assert schema["required"] == ["decision", "issues", "summary"]
    assert schema["additionalProperties"] is False
    issue = schema["$defs"]["Issue"]
    assert issue["required"] == ["severity", "file", "line", "text"]
    assert "default" not in json.dumps(schema)
    assert schema_of(task_for(MODEL, tmp_path, str)) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"colour": "red", "count": 2}',
        'Here it is:\n```json\n{"colour": "red", "count": 2}\n```\nThat was all.',
        'I found this. {"colour": "red", "count": 2} Bye.',
    ],
)
def test_an_answer_is_found_in_what_was_said(text: str, tmp_path: Path) -> None:
    task = task_for(MODEL, tmp_path, Finding)
    assert read_answer(task, text=text, answer=None) == Finding(colour="red", count=2)
