"""Where the work happens: a clone of the user's repository, checked, committed and published from."""

from __future__ import annotations

from autopack.workspace.schemas import Change, Check, CommandSettings, MergeResult, Setup, Source
from autopack.workspace.workspace import Workspace

__all__ = ["Change", "Check", "CommandSettings", "MergeResult", "Setup", "Source", "Workspace"]
