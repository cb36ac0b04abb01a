"""Calling the command line in this process, as the entry point does."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from autopack.cli import main
from autopack.config import Settings
from fixtures.database import home_environ
from views.recorded import record_run


@dataclass(frozen=True)
class Called:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)

    def failed(self, code: int, *words: str) -> None:
        """Assert an error of one line and a hint, without a traceback, that holds these words."""
        lines = self.err.splitlines()
        assert self.code == code, self
        assert lines[0].startswith("error: "), self
        assert "Traceback" not in self.err + self.out, self
        assert all(line.startswith("hint: ") for line in lines[1:]), self
        for word in words:
            assert word in self.err, self


Autopack: TypeAlias = Callable[..., Called]


@pytest.fixture
def autopack(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Autopack:
    """The command line, with a home of its own and without keys."""
    for name in [name for name in os.environ if name.endswith("_API_KEY") or name.startswith("AUTOPACK_")]:
        monkeypatch.delenv(name)
    for name, value in home_environ(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "argv", ["autopack"])
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Called:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Called(code, said.out, said.err)

    return call


@pytest.fixture
def recorded(settings: Settings, tmp_path: Path) -> str:
    """Id of a recorded run that was interrupted in its second phase."""
    return asyncio.run(record_run(settings, repository=tmp_path))
