"""Our own git: every call names its repository, reads no configuration but ours, and runs nobody's code.

Two things follow from who writes in the checkouts. `GIT_DIR`, `GIT_WORK_TREE` and the index are always given,
so a `.git` that a model planted is never looked for. And no command is used that looks into nested
repositories: `git add` and `git status` run `git status` inside them, with their configuration, and so the
filters it names.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autopack.errors import DiskFull, DiskUnusable, Unavailable
from autopack.processes import Command, Finished, run
from autopack.workspace.files import release_pipes

_OURS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.fsync=loose-object,reference",  # what the database refers to outlives a power cut (git 2.36)
    "core.fsyncMethod=batch",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    "safe.directory=*",
    "advice.detachedHead=false",
)
_CONFIG = tuple(word for setting in _OURS for word in ("-c", setting))
_KEPT = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DEVELOPER_DIR")
_OUTPUT_LIMIT_BYTES = 512 * 1024 * 1024
_TIMEOUT_SECONDS = 1800.0
_UNUSUAL_SECONDS = 2.0
_FULL = (b"No space left on device", b"Disk quota exceeded")
_UNUSABLE = (b"Read-only file system", b"Input/output error", b"Stale file handle")


@dataclass(frozen=True)
class Git:
    """One repository, and where it matters its work tree and index."""

    git_dir: Path
    work_tree: Path | None = None
    index: Path | None = None

    async def try_(
        self,
        *args: str,
        stdin: bytes = b"",
        locks: bool = False,
        output_limit_bytes: int = _OUTPUT_LIMIT_BYTES,
        settings: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run git and hand back how it ended, whatever that was. `settings` outdo the repository's own."""
        env = scrubbed_environment()
        env["GIT_DIR"] = str(self.git_dir)
        cwd = self.git_dir
        if self.work_tree is not None:
            env["GIT_WORK_TREE"] = str(self.work_tree)
            cwd = self.work_tree
        if self.index is not None:
            env["GIT_INDEX_FILE"] = str(self.index)
        if not locks:
            env["GIT_OPTIONAL_LOCKS"] = "0"
        if settings:
            # As variables, because `-c` takes no name that holds "=", and a path may.
            env["GIT_CONFIG_COUNT"] = str(len(settings))
            for number, (name, value) in enumerate(settings.items()):
                env |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        command = Command(
            argv=("git", *_CONFIG, *args),
            cwd=cwd,
            env=env,
            timeout_seconds=_TIMEOUT_SECONDS,
            output_limit_bytes=output_limit_bytes,
            separate_errors=True,
            input_bytes=stdin,
        )
        if self.work_tree is None:
            return require_git(await run(command))
        return require_git(await _run_among_pipes(command, self.work_tree))

    async def __call__(self, *args: str, stdin: bytes = b"", locks: bool = False) -> bytes:
        """Run git and hand back its output. Raises `Unavailable` where it fails."""
        finished = await self.try_(*args, stdin=stdin, locks=locks)
        if finished.exit_code != 0:
            raise refusal(f"git {args[0]} failed in {self.git_dir}", finished)
        if finished.truncated:
            raise Unavailable(
                f"git {args[0]} said more than {_OUTPUT_LIMIT_BYTES} bytes, too much to be handled whole."
            )
        return finished.output


async def _run_among_pipes(command: Command, checkout: Path) -> Finished:
    """Run git on a model's files. A named pipe among them, where git reads, would have it wait for ever.

    Looking for pipes costs a walk, so it is done only for a git that takes long, again and again.
    """
    running = asyncio.ensure_future(run(command))
    try:
        while not (await asyncio.wait({running}, timeout=_UNUSUAL_SECONDS))[0]:
            await asyncio.to_thread(release_pipes, checkout)
        return running.result()
    finally:
        if not running.done():
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def scrubbed_environment() -> dict[str, str]:
    """Where programs are found, and nothing else of the caller's: no `GIT_*`, no home, no global settings."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return env | {
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_DEFAULT_REF_FORMAT": "files",
    }


def require_git(finished: Finished) -> Finished:
    """The same. Raises `Unavailable` where git is missing or took longer than any git should."""
    if finished.exit_code == 127 and not finished.errors:
        raise Unavailable(
            "git is not installed.", hint="Install git 2.34 or newer and see that PATH finds it."
        )
    if finished.timed_out:
        raise Unavailable(f"git did not end within {_TIMEOUT_SECONDS:.0f} s: {' '.join(finished.argv[-4:])}")
    return finished


def last_words(finished: Finished) -> str:
    """The line of git's that says what is wrong."""
    lines = (finished.errors or finished.output).decode(errors="replace").strip().splitlines()
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (telling or lines or [f"exit code {finished.exit_code}"])[0]


def refusal(what: str, finished: Finished, *, hint: str = "") -> Unavailable:
    """What a git that failed means: the disk, or anything else. `what` failed, in words without an end."""
    said = f"{what}: {last_words(finished)}"
    errors = finished.errors + finished.output[-4096:]
    if any(words in errors for words in _FULL):
        return DiskFull(
            said, hint="Free some room on that disk (`autopack doctor` says how much there is), then resume."
        )
    if any(words in errors for words in _UNUSABLE):
        return DiskUnusable(said, hint="Mend the disk's mount or its permissions, then resume the run.")
    return Unavailable(said, hint=hint)


def text(path: bytes) -> str:
    """A path of git's as a str; bytes that are not UTF-8 become surrogates, as in `os.fsdecode`."""
    return path.decode("utf-8", "surrogateescape")


def shown(path: bytes) -> str:
    """A path of git's for records and people: valid UTF-8 always, other bytes written as `\\xff`."""
    return path.decode("utf-8", "backslashreplace")


def parts(output: bytes) -> list[bytes]:
    """What `-z` separated."""
    return output.split(b"\0")[:-1]
