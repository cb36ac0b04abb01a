"""What a tool shows of the environment's secrets reaches neither the model nor the stored conversation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.conversing import KINDS, PATIENCE, Books, Notes, calls, script, simulated, task_for
from autopack.agents.api import ApiAgent
from autopack.agents.base import ShellResult
from autopack.redaction import Redactor
from autopack.routing.policy import ProviderKind
from autopack.simulator import serve

SECRET = 'hidden/"value"\\of-7391'
AGENT = ApiAgent(patience=PATIENCE, redactor=Redactor([SECRET]))
STEPS = (
    calls(("read_file", {"path": ".env"}), ("shell", {"command": "env"})),
    calls(("list_directory", {"path": "."})),
    {"text": f"I saw {SECRET}, and wrote the notes."},
)


def holds(secret: str, text: str) -> bool:
    return secret in text or json.dumps(secret)[1:-1] in text


@pytest.mark.parametrize("kind", KINDS)
async def test_a_secret_that_a_tool_shows_is_hidden_before_it_is_sent_and_stored(
    kind: ProviderKind, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"TOKEN={SECRET}\n")

    async def shell(command: str, timeout_seconds: float) -> ShellResult:
        return ShellResult(exit_code=0, output=f"TOKEN={SECRET}\n")

    notes = Notes()
    async with serve(script(*STEPS)) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str, shell=shell, prompt=f"Use {SECRET}.")
        result = await AGENT.run(task, meter=Books(), watch=notes)
        asked = [json.dumps(entry.request) for entry in simulator.entries()]
    assert len(asked) == len(notes.transcripts) == 3
    for text in (*asked, *(transcript.decode() for transcript in notes.transcripts)):
        assert not holds(SECRET, json.dumps(json.loads(text), ensure_ascii=False))
        assert "hidden/" not in text
        assert "[redacted]" in text
    assert asked[-1].count("TOKEN=[redacted]") == 2
    assert result.output.endswith("wrote the notes.")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_conversation_without_secrets_is_sent_as_it_is(kind: ProviderKind, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("nothing\n")

    async def shell(command: str, timeout_seconds: float) -> ShellResult:
        return ShellResult(exit_code=0, output="AKIA and sk-shapes stay: only exact ones are hidden\n")

    async with serve(script(*STEPS[:2], {"text": "Done."})) as simulator:
        task = task_for(simulated(simulator, kind), tmp_path, str, shell=shell)
        await AGENT.run(task, meter=Books(), watch=Notes())
        told = json.dumps(simulator.entries()[-1].request)
    assert "AKIA and sk-shapes stay" in told
    assert "[redacted]" not in told
