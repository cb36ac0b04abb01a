"""What a command said: the end of its output, which is kept whole as an artifact."""

from __future__ import annotations

from dataclasses import dataclass

from autopack.artifacts import ArtifactStore
from autopack.db import ReadSession
from autopack.errors import NotFound
from autopack.runs import queries
from autopack.runs.schemas import Evidence
from autopack.runs.states import AttemptOutcome, EndReason

_TAIL_BYTES = 64 * 1024
_OF_OURS = ("The end of its output:", "It said nothing.")
"""What the workspace says around the output of a command that failed."""


@dataclass(frozen=True)
class Tail:
    """The last lines of an output, and how many came before them."""

    lines: tuple[str, ...]
    left_out: int
    gone: bool = False
    """The artifact was removed by hand."""


async def failing_output(session: ReadSession, run_id: str, *, lines: int) -> tuple[str, ...]:
    """The last lines of what a command said that used up a run's last attempt; none where nothing did."""
    run = await queries.run(session, run_id)
    attempts = await queries.attempts(session, run_id)
    if run.end_reason != EndReason.ATTEMPTS_EXHAUSTED or not attempts:
        return ()
    if attempts[-1].outcome not in {AttemptOutcome.VERIFICATION_FAILED, AttemptOutcome.SETUP_FAILED}:
        return ()
    said = attempts[-1].failure_output.splitlines()[1:]
    return tuple(line for line in said if line.strip() and line not in _OF_OURS)[-lines:]


def output_tail(artifacts: ArtifactStore, evidence: Evidence, *, lines: int) -> Tail:
    """The last lines of a command's output, as text; bytes that are none are replaced."""
    try:
        data = artifacts.get(evidence.output_sha)
    except NotFound:
        return Tail(lines=(), left_out=0, gone=True)
    total = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    shown = data[-_TAIL_BYTES:].decode(errors="replace").split("\n")
    if shown and shown[-1] == "":
        shown.pop()
    kept = shown[-lines:] if lines else []
    return Tail(lines=tuple(line.rstrip("\r") for line in kept), left_out=max(0, total - len(kept)))
