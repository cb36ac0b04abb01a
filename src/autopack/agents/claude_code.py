"""Claude Code: `claude -p` with a stream of events in both directions (measured).

The prompt is a line on its input, which stays open: there it also takes the word to stop, and then tells
what it took. A call is `message_start … message_delta … message_stop`; calls that it does not stream (of
titles, of helpers) are only in the end's `model_usage_since_last_result`. Its input tokens hold none of the
cache.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from autopack.agents.base import Access
from autopack.agents.installed import folders_of, there
from autopack.agents.told import AccountSaid, Answered, Began, Doing, Ended, Failing, Limited, Start, Told
from autopack.agents.words import count_in, instant_in, list_in, number_in, object_in, one_line
from autopack.routing.accounts import AccountUsage, AccountWindow
from autopack.routing.policy import CodingAgent
from autopack.usage.schemas import TokenUsage

_TOKEN = "CLAUDE_CODE_OAUTH_TOKEN"
_QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_MAX_RETRIES": "4",
}
_TOOLS = {
    Access.WRITE: ("Bash,Edit,Write,NotebookEdit,Read,Grep,Glob,Task,TodoWrite", "Bash"),
    Access.READ: ("Read,Grep,Glob", "Read,Grep,Glob"),
}
_SETTINGS = (
    "settings.json", "settings.local.json", "CLAUDE.md", "commands", "agents", "hooks", "skills", "plugins",
    "rules", "output-styles",
)  # fmt: skip
"""What is in force where a user starts it, and so nothing for a model to write."""
_ENDS_WELL = "success"
_ITSELF = "None"
"""Whose calls are no helper's."""
_WINDOWS = {"five_hour": timedelta(hours=5), "seven_day": timedelta(days=7)}
"""Of the account as a whole."""
_MOST = 1e4
"""Times the whole that are believed to be used."""
_OF_ONE_MODEL = ("seven_day_opus", "seven_day_sonnet")
_KINDS = (*_WINDOWS, *_OF_ONE_MODEL, "seven_day_overage_included", "overage")


class ClaudeCode:
    """The adapter of Claude Code."""

    name: CodingAgent = CodingAgent.CLAUDE_CODE
    programs: tuple[str, ...] = ("claude",)
    advisory: bool = False
    tried: str = "2.1.332"

    def sit(self, start: Start) -> ClaudeSitting:
        """One start of `claude -p`."""
        return ClaudeSitting(start)


class ClaudeSitting:
    """One start of it. Its words on a call come in pieces, which are put together here."""

    def __init__(self, start: Start) -> None:
        task = start.task
        offered, allowed = _TOOLS[task.access]
        self.argv = (
            str(start.program), "-p", "--input-format", "stream-json", "--output-format", "stream-json",
            "--verbose", "--include-partial-messages", "--model", task.model.called,
            "--permission-mode", "acceptEdits" if task.access is Access.WRITE else "default",
            "--tools", offered, "--allowedTools", allowed, "--setting-sources", "", "--strict-mcp-config",
            "--append-system-prompt", task.instructions,
            *(() if start.schema is None else ("--json-schema", json.dumps(start.schema))),
            *(() if start.session is None else ("--resume", start.session)),
        )  # fmt: skip
        config = start.folder / "claude"
        env = {**_QUIET, "CLAUDE_CODE_MAX_OUTPUT_TOKENS": str(task.max_output_tokens)}
        if task.model.api_key_env:
            env["ANTHROPIC_API_KEY"] = task.api_key
            if task.model.base_url is not None:
                env["ANTHROPIC_BASE_URL"] = task.model.base_url
        elif start.environ.get(_TOKEN):
            env[_TOKEN] = start.environ[_TOKEN]
        else:
            home = Path(start.environ.get("HOME") or Path.home())
            config = Path(start.environ.get("CLAUDE_CONFIG_DIR") or home / ".claude")
        env["CLAUDE_CONFIG_DIR"] = str(config)
        self.env: Mapping[str, str] = env
        self.said = _as_line({"type": "user", "message": {"role": "user", "content": start.prompt}})
        self.interrupting = _as_line(
            {"type": "control_request", "request_id": "stop", "request": {"subtype": "interrupt"}}
        )
        self.reads = (*folders_of(start.program), *there(config, _SETTINGS))
        self.writes: tuple[Path, ...] = (config,)
        self._calls: dict[str, dict[str, Any]] = {}

    def read(self, event: Mapping[str, Any]) -> Iterator[Told]:
        """What one event tells."""
        match event:
            case {"type": "system", "subtype": "init", "session_id": str(session)}:
                yield Began(session)
            case {"type": "system", "subtype": "api_retry"}:
                yield Failing(_retried(event))
            case {"type": "stream_event", "event": {"type": str(kind)} as inner}:
                yield from self._streamed(kind, object_in(inner), str(event.get("parent_tool_use_id")))
            case {"type": "assistant", "message": {"content": blocks}}:
                yield from _doing(list_in(blocks))
            case {"type": "rate_limit_event", "rate_limit_info": info}:
                yield from _limits(object_in(info))
            case {"type": "result"}:
                yield from _ended(event)
            case _:
                return

    def look(self) -> Iterable[Told]:
        """Nothing: all is on its stream."""
        return ()

    def _streamed(self, kind: str, inner: dict[str, Any], whose: str) -> Iterator[Told]:
        """`whose`: helpers' calls come in between those of the conversation itself."""
        match kind:
            case "message_start":
                message = object_in(inner.get("message"))
                self._calls[whose] = {"id": message.get("id"), **object_in(message.get("usage"))}
            case "message_delta" if whose in self._calls:
                told = object_in(inner.get("usage"))
                counts = {name: count for name, count in told.items() if isinstance(count, int)}
                stop = object_in(inner.get("delta")).get("stop_reason")
                self._calls[whose].update(counts, stop=stop)
            case "message_stop" if whose in self._calls:
                call = self._calls.pop(whose)
                response_id = call.get("id")
                last = whose == _ITSELF and call.get("stop") == "end_turn"
                yield Answered(_usage(call), response_id if isinstance(response_id, str) else None, last)
            case _:
                return


def _retried(event: Mapping[str, Any]) -> str:
    status, error = event.get("error_status"), event.get("error")
    said = " ".join(str(one) for one in (error, f"(HTTP {status})" if status else "") if one)
    return one_line(said) or "the model's server fails"


def _limits(info: Mapping[str, Any]) -> Iterator[Told]:
    """What the account has. A call that it rejects may be let through all the same, and charged for."""
    kind, resets_at, extra = str(info.get("rateLimitType")), instant_in(info.get("resetsAt")), False
    rejected = info.get("status") == "rejected"
    if rejected:
        extra = info.get("isUsingOverage") is True
        if not extra:
            said = f"{kind.replace('_', ' ') if kind in _KINDS else 'its'} limit reached"
            yield Limited(said, resets_at, whole_quota=kind not in _OF_ONE_MODEL)
    told = {kind: _window(kind, info, full=rejected)}
    for name, one in object_in(info.get("unifiedWindows")).items():
        told[name] = _window(name, object_in(one), full=False) or told.get(name)
    usage = AccountUsage(
        windows=tuple(one for one in told.values() if one is not None),
        extra=extra,
        limit_resets_at=resets_at if extra else None,
    )
    if usage != AccountUsage():
        yield AccountSaid(usage)


def _window(kind: str, told: Mapping[str, Any], *, full: bool) -> AccountWindow | None:
    """`full`: it is, also where no number says so."""
    length, resets_at = _WINDOWS.get(kind), instant_in(told.get("resetsAt"))
    used = number_in(told.get("utilization"), most=_MOST)
    used = max(used or 0.0, 1.0) if full else used
    if length is None or resets_at is None or used is None:
        return None
    return AccountWindow(length=length, used=used, resets_at=resets_at)


def _ended(event: Mapping[str, Any]) -> Iterator[Told]:
    """The result. An error of the API calls itself a success with `is_error`."""
    text = event.get("result")
    said = text if isinstance(text, str) else ""
    failed = event.get("is_error") is True or event.get("subtype") != _ENDS_WELL
    failure = ""
    if failed:
        status = event.get("api_error_status")
        kind = event.get("subtype")
        told = [*list_in(event.get("errors")), said, None if kind == _ENDS_WELL else kind]
        failure = " ".join(str(one) for one in (*told, f"(HTTP {status})" if status else "") if one)
    yield Ended(
        text="" if failed else said,
        answer=event.get("structured_output"),
        usage=_all_of(event),
        failure=failure,
    )


def _all_of(event: Mapping[str, Any]) -> TokenUsage | None:
    """All that this start took. `modelUsage` goes on counting where a conversation is gone on with."""
    models = object_in(event.get("model_usage_since_last_result"))
    if models:
        sums = [_model_usage(object_in(one)) for one in models.values()]
        return sum(sums[1:], sums[0])
    usage = object_in(event.get("usage"))
    return _usage(usage) if usage else None


def _usage(counts: Mapping[str, Any]) -> TokenUsage:
    read, written = (
        count_in(counts, "cache_read_input_tokens"),
        count_in(counts, "cache_creation_input_tokens"),
    )
    return TokenUsage(
        input_tokens=count_in(counts, "input_tokens") + read + written,
        output_tokens=count_in(counts, "output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
    )


def _model_usage(counts: Mapping[str, Any]) -> TokenUsage:
    read, written = count_in(counts, "cacheReadInputTokens"), count_in(counts, "cacheCreationInputTokens")
    return TokenUsage(
        input_tokens=count_in(counts, "inputTokens") + read + written,
        output_tokens=count_in(counts, "outputTokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
    )


def _doing(blocks: list[Any]) -> Iterator[Told]:
    for block in blocks:
        match block:
            case {"type": "tool_use", "name": str(tool), "input": given}:
                what = object_in(given)
                shown = what.get("command") or what.get("file_path") or what.get("pattern") or ""
                yield Doing(one_line(f"{tool.lower()} {shown}"))
            case {"type": "text"}:
                yield Doing("answering")
            case _:
                continue


def _as_line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
