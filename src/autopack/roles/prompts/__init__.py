"""The words the roles are given: Markdown files, filled in with `string.Template`."""

from __future__ import annotations

from importlib.resources import files
from string import Template


def text(name: str) -> str:
    """A prompt as it is written."""
    return files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")


def fill(name: str, **values: str) -> str:
    """A prompt with its `$names` filled in; a missing one is a KeyError. Values are not filled in again."""
    return Template(text(name)).substitute(values)
