"""No key is in the log: not in an event's fields, a traceback, or a library's words."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from autopack.cli.diagnostics import close_log
from autopack.log import configure_logging
from autopack.redaction import Redactor
from redaction.keys_of_all_kinds import KEYS

EXACT = 'an "exact" secret-1'


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    configure_logging(tmp_path / "autopack.log", Redactor([EXACT]))
    yield tmp_path / "autopack.log"
    close_log()
    structlog.reset_defaults()


def test_no_line_holds_a_key_and_each_stays_json(path: Path) -> None:
    key = KEYS["anthropic"]
    structlog.get_logger("autopack.x").warning("said", detail=f"{EXACT} and {key}", more={"deep": [key]})
    logging.getLogger("library").warning("connecting with %s\n%s", key, EXACT)
    try:
        raise ValueError(f"{key} was refused: {EXACT}")
    except ValueError:
        logging.getLogger("library").exception("failed")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["detail"] == "[redacted] and [redacted: anthropic key]"
    assert lines[0]["more"] == {"deep": ["[redacted: anthropic key]"]}
    assert lines[1]["event"] == "connecting with [redacted: anthropic key]\n[redacted]"
    assert "ValueError: [redacted: anthropic key] was refused: [redacted]" in lines[2]["exception"]
    assert key not in path.read_text()
