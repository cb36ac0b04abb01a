"""How each fault of docs/faults.md is provoked: a scenario of the simulator, or a server of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from agents.conversing import PATIENCE, calls, script
from agents.faulty import Fault, Rewrites, Says, beginning, ended
from autopack.agents.patience import Patience
from autopack.routing.policy import ProviderKind
from autopack.simulator import Scenario

Spoiled: TypeAlias = dict[str, Any]

VERDICT: Spoiled = {"answer": {"decision": "approve", "issues": [], "summary": "It does what it should."}}
ANSWERS: dict[str, Spoiled] = {"builder": {"text": "Wrote the notes."}, "auditor": VERDICT}
TOOLS: dict[str, Spoiled] = {
    "builder": calls(
        ("write_file", {"path": "notes.md", "content": "Noted.\n"}), ("shell", {"command": "cat notes.md"})
    ),
    "auditor": calls(("read_file", {"path": "README.md"})),
}
OUTSIDE: dict[str, Spoiled] = {
    "builder": calls(("write_file", {"path": "../outside.md", "content": "boo"})),
    "auditor": calls(("read_file", {"path": "../secret.md"})),
}
QUICK = Patience(connect_seconds=2, read_seconds=0.4, request_seconds=20, retries=2, backoff_seconds=0.001)
HURRIED = Patience(connect_seconds=2, read_seconds=20, request_seconds=0.4, retries=2, backoff_seconds=0.001)


@dataclass(frozen=True, kw_only=True)
class Provoked:
    """One fault. With none of `faults`, `bad` and `answer` there is no server at all."""

    faults: Callable[[ProviderKind], list[Spoiled]] | None = None
    """What the simulator does, each as one fault of the last answer; tried one by one."""
    on_tools: bool = False
    """The fault is of the tool call, and not of the answer."""
    bad: Callable[[str], Spoiled] | None = None
    """A whole answer of the model, by role, that can't be used."""
    answer: Callable[[ProviderKind], Fault] | None = None
    """What a gate before the simulator makes of its answers."""
    patience: Patience = PATIENCE
    roles: tuple[str, ...] = ("builder", "auditor")
    kinds: tuple[ProviderKind, ...] = tuple(ProviderKind)
    tries: int = 4
    """Answers of the model until it is given up, where it is told each time."""

    def scenario(self, role: str, fault: Spoiled | None, *, lasting: bool) -> Scenario:
        """A conversation that calls tools and answers, and meets the fault once or for ever."""
        tools, answer = TOOLS[role], ANSWERS[role]
        if self.bad is not None:
            bad = self.bad(role)
            return script(bad) if lasting else script(bad, tools, answer)
        spoiled = {"faults": [{**fault, "times": "always" if lasting else 1}]} if fault else {}
        if self.on_tools:
            return script({**tools, **spoiled}) if lasting else script({**tools, **spoiled}, tools, answer)
        return script(tools, {**answer, **spoiled})


def status(number: int, **more: Any) -> Provoked:
    return Provoked(faults=lambda kind: [{"status": number, **more}])


def by_kind(*, chat: Spoiled, anthropic: Spoiled, zai: Spoiled) -> Callable[[ProviderKind], list[Spoiled]]:
    """A fault that each provider words differently."""
    own = {ProviderKind.ANTHROPIC: anthropic, ProviderKind.ZAI: zai}
    return lambda kind: [own.get(kind, chat)]


def same(*faults: Spoiled) -> Callable[[ProviderKind], list[Spoiled]]:
    return lambda kind: list(faults)


CHATS = (ProviderKind.OPENAI, ProviderKind.ZAI)
PAGE = Says(200, "<!doctype html><title>Sign in</title>\n", (("content-type", "text/html"),))
STREAM = ("content-type", "text/event-stream")
HUGE = Says(200, "data: " + "x" * 9_000_000, (STREAM,))
PACKED = Says(200, "data: {}\n\n", (STREAM, ("content-encoding", "gzip")))
HUGE_ERROR = Says(401, "x" * 3_000_000)
REDIRECT = Says(307, "", (("location", "https://elsewhere.example.com/v1"),))
LONG = {"status": 400, "code": "context_length_exceeded", "message": "the context window is 8,192 tokens"}
TOO_LONG = {"status": 400, "message": "prompt is too long: 9,000 tokens > 8,192 maximum"}
POOR = {"status": 400, "message": "Your credit balance is too low to access the API."}
RESET = {
    "status": 429,
    "code": "1308",
    "message": "Usage limit reached. It will reset at 2026-11-23 04:00:00",
}

PROVOKED: dict[str, Provoked] = {
    "401: the key is not accepted": status(401),
    "403: the key may not do this": status(403),
    "404: no such model": status(404),
    "402: the account's credit is used up": status(402),
    "Quota used up, said with another status (OpenAI's `insufficient_quota`, Anthropic's credit balance, "
    "Z.ai's 1113)": Provoked(
        faults=by_kind(
            chat={"status": 429, "code": "insufficient_quota"},
            anthropic=POOR,
            zai={"status": 429, "code": "1113"},
        )
    ),
    "400: the request is refused": status(400),
    "A redirect to another address": Provoked(answer=lambda kind: REDIRECT),
    "More words than the model's context window": Provoked(
        faults=by_kind(chat=LONG, anthropic=TOO_LONG, zai={"status": 400, "code": "1261"})
    ),
    "413: the request is too large": status(413),
    "429: rate limit": status(429),
    "429 with a retry-after of 10 minutes at most": status(429, retry_after=0),
    "429 with a longer retry-after": status(429, retry_after=3600),
    "A limit of hours or days that will be reset (Z.ai's 1304, 1308, 1310, 1313)": Provoked(
        faults=same(RESET), kinds=(ProviderKind.ZAI,)
    ),
    "500: server error": status(500),
    "502: bad gateway": status(502),
    "503: unavailable": status(503),
    "529: overloaded": status(529),
    "408: request timeout": status(408),
    "504: gateway timeout": status(504),
    "524: timeout behind a proxy": status(524),
    "No connection": Provoked(),
    "The connection closes before the answer begins": Provoked(faults=same({"cut": 0})),
    "The answer breaks off": Provoked(faults=same({"cut": 0.01}, {"cut": 0.5}, {"cut": 0.9})),
    "The answer ends without saying that it ended": Provoked(answer=lambda kind: beginning(kind)),
    "The provider breaks the answer off itself (Z.ai's `network_error`)": Provoked(
        answer=lambda kind: ended("network_error"), kinds=(ProviderKind.ZAI,)
    ),
    "Silence before the answer": Provoked(faults=same({"stall": 0}), patience=QUICK),
    "Silence in the middle of the answer": Provoked(faults=same({"stall": 0.5}), patience=QUICK),
    "The whole answer takes longer than 30 minutes": Provoked(faults=same({"stall": 0.3}), patience=HURRIED),
    "An overload told in the middle of the answer": status(529, in_stream=True),
    "A rate limit told in the middle of the answer": status(429, in_stream=True),
    "A server error told in the middle of the answer": status(500, in_stream=True),
    "An answer that is no JSON": Provoked(faults=same({"malformed": "body"})),
    "A web page instead of an answer": Provoked(answer=lambda kind: PAGE),
    "An answer of more than 64 MB, or with an event of more than 8 MB": Provoked(answer=lambda kind: HUGE),
    "A compressed answer, which was not asked for": Provoked(answer=lambda kind: PACKED),
    "An error with a body of more than 1 MB, or a compressed one: its status decides": Provoked(
        answer=lambda kind: HUGE_ERROR
    ),
    "Arguments of a tool that are no JSON": Provoked(
        faults=same({"malformed": "arguments"}), on_tools=True, tries=9
    ),
    "A tool that is not there": Provoked(
        bad=lambda role: calls(("find_files", {"pattern": "*"})),
        answer=lambda kind: Rewrites(b"find_files", b"move_files"),
        tries=9,
    ),
    "A tool call that is refused (a path outside the checkout)": Provoked(
        bad=lambda role: OUTSIDE[role], tries=9
    ),
    "A verdict that breaks its schema": Provoked(
        bad=lambda role: {"answer": {"decision": "maybe", "summary": "Hm."}}, roles=("auditor",)
    ),
    "An answer without content": Provoked(faults=same({"empty": True})),
    "An answer of blanks": Provoked(bad=lambda role: {"text": " \n"}),
    "The output limit is reached before there is an answer": Provoked(
        answer=lambda kind: ended("length"), kinds=CHATS
    ),
    "The provider's content filter stops the answer": Provoked(
        answer=lambda kind: ended("content_filter"), kinds=CHATS
    ),
    "An answer without its usage": Provoked(faults=same({"no_usage": True})),
}
