"""When are two failures the same failure: a hash that a second run of the same failing test repeats.

Where the output names failing tests (pytest, unittest, go, cargo, jest, vitest, mocha, node:test), the
fingerprint is the command plus those names and the error lines beside them; otherwise the command and the end
of the output.
Durations, clock times, memory addresses, process and port numbers, random seeds, ids and temporary paths are
taken out first. Line numbers stay: a failure that has moved is a sign that something was done about it. So do
the values in an assertion: the same test failing with another value is another failure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from autopack.workspace.counts import plain

_TAIL_CHARACTERS = 8_000
_NAMED = re.compile(
    r"^(?:(?:FAILED|ERROR) \S.*"  # pytest -ra
    r"|(?:FAIL|ERROR): \S.*"  # unittest
    r"|\s*--- FAIL: \S+"  # go
    r"|test \S+ \.\.\. FAILED"  # cargo
    r"|\s*(?:\u25cf|\u00d7|\u2715|FAIL) .+ [>\u203a] .+"  # jest, vitest
    r"|\s*\u2716 .+ \(<duration>\)$|\s*not ok - .+"  # node:test, spec and tap
    r"|\s+<number>\) \S.*)",  # mocha
)
_ERROR = re.compile(
    r"^(?:E  +\S.*|(?:\w+\.)*\w*(?:Error|Exception|Failure|Exit)\b.*|\S+:\d+: \w+.*"
    r"|\s+\w*Error(?: \[\w+\])?: .*|\s+(?:actual|expected|Expected|Received): .*"  # node:test, mocha, jest
    r"|\s+(?:at )?(?:\S{1,200} ){0,3}\(?(?:file://)?<checkout>\S{1,300}:\d+:\d+\)?)$"  # their stacks
)
_NOISE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b0x[0-9a-fA-F]{4,}\b"), "<address>"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"(?<![\w.])\d+(?:\.\d+)?\s?(?:ns|us|µs|ms|s|sec|secs|seconds?|minutes?)\b"), "<duration>"),
    (re.compile(r"(?:/private)?/(?:var/folders|var/tmp|tmp)/[^\s'\":,)\]]+"), "<temporary>"),
    (re.compile(r"\b(127\.0\.0\.1|localhost|\[::1\]|0\.0\.0\.0):\d+"), r"\1:<port>"),
    (re.compile(r"^( *not ok) \d+\b", re.MULTILINE), r"\1"),
    (re.compile(r"^( +)\d+\)(?= \S)", re.MULTILINE), r"\1<number>)"),
    (
        re.compile(r"\b(port|pid|process|seed|random_seed|random seed)([ =:]+)\d+", re.IGNORECASE),
        r"\1\2<number>",
    ),
)


def fingerprint(
    *, command: str, output: bytes, exit_code: int, timed_out: bool, places: Iterable[Path]
) -> str:
    """Hex digest of one failed command. `places` are folders of this machine, which say nothing about it."""
    if timed_out:
        telling: list[str] = ["timed out"]
    else:
        said = plain(output)
        for place in places:
            said = said.replace(str(place), "<checkout>")
        lines = [denoise(line) for line in said.splitlines()]
        named = sorted({line.strip() for line in lines if _NAMED.match(line)})
        errors = sorted({line.strip() for line in lines if _ERROR.match(line)})
        tail = denoise(said[-_TAIL_CHARACTERS:])
        telling = [*named, *errors] if named else [f"exit {exit_code}", tail]
    return hashlib.sha256("\n".join((command, *telling)).encode()).hexdigest()


def denoise(said: str) -> str:
    """Text without what differs between two runs of the same thing."""
    for pattern, replacement in _NOISE:
        said = pattern.sub(replacement, said)
    return said
