"""YAML files that a user writes: parsed with positions, validated; errors name file, line and remedy."""

from autopack.userfiles.files import parse, parse_document, published_schema, read, written
from autopack.userfiles.problems import Loc, Misfits, nearest, path_text
from autopack.userfiles.wording import wrong

__all__ = [
    "Loc",
    "Misfits",
    "nearest",
    "parse",
    "parse_document",
    "path_text",
    "published_schema",
    "read",
    "written",
    "wrong",
]
