"""Autopack runs a written plan on a git repository: build, verify, audit, commit."""

__version__ = "0.1.0"
