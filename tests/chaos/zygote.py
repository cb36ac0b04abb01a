"""A process that has Autopack imported already and forks one command line at a time, to be killed.

Imports take longer than a small run. The child is a process of its own all the same: it is killed with
SIGKILL, and nothing of it is left but its files. Where it dies is told from outside: a named function of
ours is wrapped in the child, and the wrapper sends the signal. The product knows nothing of it.

One JSON object a line on stdin, see `killing.Order`; one a line on stdout: `{"code": …, "killed": …}`.
"""

from __future__ import annotations

import functools
import gc
import importlib
import inspect
import json
import os
import select
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.orm import configure_mappers

LOADED = (
    "autopack.cli.app",
    "autopack.cli.serve",
    "autopack.main",
    "autopack.app",
    "autopack.dashboard.endpoints",
    "uvicorn",
    "autopack.cli.driving",
    "autopack.supervisor.engine",
    "autopack.supervisor.launch",
    "autopack.agents.conversation",
    "autopack.cli.starter",
    "autopack.cli.summary",
    "autopack.supervisor.books",
    "autopack.supervisor.repair",
    "autopack.views.find",
    "autopack.views.integration",
    "autopack.views.usage",
    "pydantic_ai.models.openai",
    "pydantic_ai.providers.openai",
    "pydantic_ai.models.anthropic",
    "pydantic_ai.providers.anthropic",
    "openai.resources.chat.completions",
    "openai.resources.responses",
    "anthropic.resources.messages",
    "anyio._backends._asyncio",
    "genai_prices.data",
    "ruamel.yaml",
    "dbos",
    "dbos._sys_db_sqlite",
    "psycopg",
    "sqlalchemy.ext.asyncio",
    "aiosqlite",
)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


class Trap:
    """Dies at the n-th call of a function: before, after, or seconds into it; or stands still before it."""

    def __init__(self, when: str, nth: int, seconds: float) -> None:
        self.when, self.left, self.seconds = when, nth, seconds

    def enters(self) -> bool:
        self.left -= 1
        if self.left == 0 and self.when == "before":
            die()
        if self.left == 0 and self.when == "stopped before":
            os.kill(os.getpid(), signal.SIGSTOP)
        if self.left == 0 and self.when == "during":
            threading.Timer(self.seconds, die).start()
        return self.left == 0

    def leaves(self, *, mine: bool) -> None:
        if mine and self.when == "after":
            die()


def lay(trap: Trap, point: str) -> None:
    """Wrap the function `module:name` or `module:Class.name`."""
    module, _, path = point.partition(":")
    holder: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        holder = getattr(holder, part)
    setattr(holder, name, wrap(getattr(holder, name), trap))


def wrap(function: Callable[..., Any], trap: Trap) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: Any, **options: Any) -> Any:
            mine = trap.enters()
            result = await function(*args, **options)
            trap.leaves(mine=mine)
            return result

        return awaited
    if inspect.isasyncgenfunction(inspect.unwrap(function)):  # a context: its end is what counts

        @asynccontextmanager
        async def around(*args: Any, **options: Any) -> AsyncGenerator[Any]:
            async with function(*args, **options) as given:
                yield given
                mine = trap.enters()
            trap.leaves(mine=mine)

        return around

    @functools.wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        mine = trap.enters()
        result = function(*args, **options)
        trap.leaves(mine=mine)
        return result

    return called


def become(order: dict[str, Any]) -> None:
    """Be the command line in this forked process."""
    os.setsid()
    handle = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in ((0, nothing), (1, handle), (2, handle)):
        os.dup2(source, number)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    if (trap := order["trap"]) is not None:
        lay(Trap(trap["when"], trap["nth"], trap["seconds"]), trap["point"])
    from autopack.cli import main

    sys.argv = ["autopack", *order["argv"]]
    code = 70
    try:
        code = main(order["argv"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait(pid: int, *, kill_after_seconds: float | None) -> int:
    """The exit code of a child, negative for a signal; killed when its time is over."""
    handle = os.pidfd_open(pid)
    try:
        if kill_after_seconds is not None and not select.select([handle], [], [], kill_after_seconds)[0]:
            os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(handle)


def say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    for name in LOADED:
        importlib.import_module(name)
    configure_mappers()
    gc.freeze()
    assert threading.active_count() == 1, "a fork takes one thread along"
    say({"ready": True})
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(order)
        code = wait(pid, kill_after_seconds=order["kill_after_seconds"])
        say({"code": code, "killed": code == -signal.SIGKILL})


if __name__ == "__main__":
    main()
