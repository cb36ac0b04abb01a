"""What a phase's commit says: subject, summary, and trailers that lead back to the run's records."""

from __future__ import annotations

from autopack.roles.fence import visible
from autopack.routing.decisions import Decision
from autopack.supervisor.position import At

_SUMMARY_CHARS = 4_000


def commit_message(run_id: str, at: At) -> str:
    """Subject, the Builder's summary, and a block of `Autopack-*` trailers (git-interpret-trailers(1))."""
    builder = Decision.model_validate(at.open.builder_decision).model
    auditor = Decision.model_validate(at.open.auditor_decision).model
    trailers = {
        "Run": run_id,
        "Phase": at.phase.phase_id,
        "Attempt": str(at.open.number),
        "Builder": builder.name + (" (simulated)" if builder.simulated else ""),
        "Auditor": auditor.name + (" (simulated)" if auditor.simulated else ""),
    }
    block = "\n".join(f"Autopack-{name}: {value}" for name, value in trailers.items())
    return f"{at.phase.name}\n\n{_body(at.open.summary)}{block}\n"


def _body(summary: str) -> str:
    """The summary, with lines that would read as our trailers or as comments indented."""
    lines = [
        f"  {line}" if line.lower().startswith(("autopack-", "#")) else line.rstrip()
        for line in visible(summary[:_SUMMARY_CHARS]).strip().splitlines()
    ]
    return "\n".join(lines) + "\n\n" if lines else ""
