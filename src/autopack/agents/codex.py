"""Codex: `codex exec --json` (measured).

Its stream tells what it took only at the end of a turn, summed over the whole conversation; each call is a
`token_usage_record` in the record that it keeps below CODEX_HOME, which is read as it grows. Its input tokens
hold those from the cache.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from autopack.agents.base import Access
from autopack.agents.installed import folders_of, there
from autopack.agents.shared import read_on, size_of, write_anew
from autopack.agents.told import AccountSaid, Answered, Began, Doing, Ended, Failing, Start, Told
from autopack.agents.words import count_in, instant_in, number_in, object_in, one_line
from autopack.routing.accounts import AccountUsage, AccountWindow
from autopack.routing.policy import CodingAgent
from autopack.usage.schemas import TokenUsage

_KEY = "AUTOPACK_CODEX_KEY"
_ADDRESS = "https://api.openai.com/v1"
_QUIET = (
    "check_for_update_on_startup=false",
    "analytics.enabled=false",
    'shell_environment_policy.exclude=["*KEY*", "*TOKEN*", "*SECRET*"]',
    "features.multi_agent=false",  # what helpers take is in no record that names them
    "project_doc_max_bytes=0",  # the repository's words are in our prompt, fenced, and the Auditor gets none
)
_SETTINGS = (
    "config.toml",
    "AGENTS.md",
    "AGENTS.override.md",
    "hooks.json",
    "prompts",
    "rules",
    "skills",
    "plugins",
)
"""What is in force where a user starts it, and so nothing for a model to write."""
_KEPT_APART = ("features.plugins=false",)
"""Of a CODEX_HOME of ours; without it, it asks a network that is not the model's."""

_WHOLE_ACCOUNT = "codex"
"""Other limits are of single models."""
_THREAD = re.compile(r"[0-9A-Za-z-]{1,64}")
_YEAR = 366 * 24 * 60
_MOST = 1e6
"""Percent that are believed."""


class Codex:
    """The adapter of Codex."""

    name: CodingAgent = CodingAgent.CODEX
    programs: tuple[str, ...] = ("codex",)
    advisory: bool = False
    tried: str = "0.171.0"

    def sit(self, start: Start) -> CodexSitting:
        """One start of `codex exec`."""
        return CodexSitting(start)


class CodexSitting:
    """One start of it, and how far its record was read."""

    interrupting = b""

    def __init__(self, start: Start) -> None:
        task = start.task
        self._home = start.folder / "codex"
        settings = [*_QUIET]
        env: dict[str, str] = {}
        if task.model.api_key_env:
            settings += [*_KEPT_APART, *_account(task.model.base_url or _ADDRESS)]
            env = {_KEY: task.api_key}
        else:
            home = Path(start.environ.get("HOME") or Path.home())
            self._home = Path(start.environ.get("CODEX_HOME") or home / ".codex")
        self.env: Mapping[str, str] = {**env, "CODEX_HOME": str(self._home)}
        self._home.mkdir(parents=True, exist_ok=True)
        sandbox = "workspace-write" if task.access is Access.WRITE else "read-only"
        if task.seat is not None and task.seat.sandboxed:
            sandbox = "danger-full-access"  # it is in ours, where a sandbox of its own can't be made
        self.argv = (
            str(start.program), "exec", "--json", "--skip-git-repo-check", "-s", sandbox,
            "-m", task.model.called, "-C", str(task.checkout),
            *(part for setting in settings for part in ("-c", setting)),
            *_schema(start),
            *(() if start.session is None else ("resume", start.session)),
            "-",
        )  # fmt: skip
        first = start.session is None
        self.said = (f"{task.instructions}\n\n{start.prompt}" if first else start.prompt).encode()
        self.reads = (*folders_of(start.program), *there(self._home, _SETTINGS))
        self.writes: tuple[Path, ...] = (self._home, start.folder)
        self._session = start.session
        self._record: Path | None = None
        self._read_to = 0
        self._text = self._error = ""
        self._told_calls = False
        self._said = set[str]()
        """What the call in hand was answered with: `message`, or what is to be done."""
        self._resumed = not first
        if start.session is not None and (record := self._find(start.session)) is not None:
            self._record, self._read_to = record, size_of(record)

    def read(self, event: Mapping[str, Any]) -> Iterator[Told]:
        """What one event tells."""
        match event:
            case {"type": "thread.started", "thread_id": str(thread)} if _THREAD.fullmatch(thread):
                self._session = thread
                yield Began(thread)
            case {"type": "item.started" | "item.completed", "item": item}:
                yield from self._item(object_in(item))
            case {"type": "turn.completed"}:
                yield from self._end(event)
            case {"type": "turn.failed"}:
                yield Ended(failure=_message(event.get("error")) or self._error or "the turn failed")
            case {"type": "error", "message": str(message)}:
                self._error = message
                yield Failing(one_line(message))
            case _:
                return

    def look(self) -> Iterator[Told]:
        """The calls that were written into its record since."""
        if self._record is None and self._session is not None:
            self._record = self._find(self._session)
        if self._record is None:
            return
        new = read_on(self._record, self._read_to)
        whole = new[: new.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            if b'"token_usage_record"' in line:
                self._told_calls = True
                yield from _call(line, last=self._said == {"message"})
                self._said.clear()
            elif b'"response_item"' in line:
                self._said |= _said_in(line)
            elif b'"rate_limits"' in line:
                yield from _limits(line)

    def _find(self, thread: str) -> Path | None:
        try:
            return next((self._home / "sessions").glob(f"**/rollout-*{thread}.jsonl"), None)
        except OSError:
            return None

    def _item(self, item: dict[str, Any]) -> Iterator[Told]:
        match item:
            case {"type": "agent_message", "text": str(text)}:
                self._text = text
                yield Doing("answering")
            case {"type": "command_execution", "command": str(command)}:
                yield Doing(one_line(f"shell {command}"))
            case {"type": "file_change", "changes": [{"path": str(path)}, *_]}:
                yield Doing(one_line(f"edit {path}"))
            case {"type": "error", "message": str(message)}:
                self._error = message
            case {"type": str(kind)}:
                yield Doing(kind.replace("_", " "))
            case _:
                return

    def _end(self, event: Mapping[str, Any]) -> Iterator[Told]:
        yield from self.look()
        usage = object_in(event.get("usage"))
        known = not self._told_calls and not self._resumed and usage
        yield Ended(text=self._text, usage=_usage(usage) if known else None)


def _schema(start: Start) -> tuple[str, ...]:
    if start.schema is None:
        return ()
    return ("--output-schema", str(write_anew(start.folder, "answer.schema.json", json.dumps(start.schema))))


def _account(address: str) -> tuple[str, ...]:
    """Settings by which it calls an account of ours, by the Responses protocol."""
    values = {"name": "autopack", "base_url": address, "wire_api": "responses", "env_key": _KEY}
    told = ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    return (
        'model_provider="autopack"',
        f"model_providers.autopack={{{told}, request_max_retries = 4, stream_max_retries = 4}}",
    )


def _said_in(line: bytes) -> set[str]:
    """What an item of the record is, if the model said it."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return set()
    match told:
        case {"type": "response_item", "payload": {"type": "message", "role": "assistant"}}:
            return {"message"}
        case {"type": "response_item", "payload": {"type": str(kind)}} if kind.endswith("_call"):
            return {kind}
        case _:
            return set()


def _call(line: bytes, *, last: bool) -> Iterator[Told]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return
    match told:
        case {"type": "token_usage_record", "payload": {"usage": counts, **rest}}:
            response_id = rest.get("response_id")
            usage = _usage(object_in(counts))
            yield Answered(usage, response_id if isinstance(response_id, str) else None, last)
        case _:
            return


def _limits(line: bytes) -> Iterator[Told]:
    """What the account has, with the answer to a call: at the end of its windows it may draw on credits."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return
    match told:
        case {"type": "event_msg", "payload": {"type": "token_count", "rate_limits": {**limits}, **rest}}:
            if limits.get("limit_id") in (None, _WHOLE_ACCOUNT):
                named = (object_in(limits.get(name)) for name in ("primary", "secondary"))
                windows = tuple(one for one in map(_window, named) if one is not None)
                credits = object_in(limits.get("credits"))
                paid = credits.get("has_credits") is True or credits.get("unlimited") is True
                answered = rest.get("info") is not None
                full = any(one.used >= 1 for one in windows)
                yield AccountSaid(AccountUsage(windows=windows, extra=answered and full and paid))
        case _:
            return


def _window(told: Mapping[str, Any]) -> AccountWindow | None:
    minutes, percent = (
        number_in(told.get("window_minutes"), most=_YEAR),
        number_in(told.get("used_percent"), most=_MOST),
    )
    resets_at = instant_in(told.get("resets_at"))
    if minutes is None or percent is None or resets_at is None:
        return None
    return AccountWindow(length=timedelta(minutes=minutes), used=percent / 100, resets_at=resets_at)


def _usage(counts: Mapping[str, Any]) -> TokenUsage:
    return TokenUsage(
        input_tokens=count_in(counts, "input_tokens"),
        output_tokens=count_in(counts, "output_tokens"),
        cache_read_tokens=count_in(counts, "cached_input_tokens"),
        cache_write_tokens=count_in(counts, "cache_write_input_tokens"),
        reasoning_tokens=count_in(counts, "reasoning_output_tokens"),
    )


def _message(told: object) -> str:
    match told:
        case {"message": str(message)}:
            return message
        case str():
            return told
        case _:
            return ""
