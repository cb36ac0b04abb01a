"""What a command said: the end of its output, which is kept whole as an artifact."""

from __future__ import annotations

from dataclasses import dataclass

from autopack.artifacts import ArtifactStore
from autopack.errors import NotFound
from autopack.runs.schemas import Evidence

_TAIL_BYTES = 64 * 1024


@dataclass(frozen=True)
class Tail:
    """The last lines of an output, and how many came before them."""

    lines: tuple[str, ...]
    left_out: int
    gone: bool = False
    """The artifact was removed by hand."""


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
