"""Fixtures of the command line's tests."""

from cli.calling import autopack, recorded

__all__ = ["autopack", "recorded"]
