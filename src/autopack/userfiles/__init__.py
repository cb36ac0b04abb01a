"""YAML files that a user writes: parsed with positions, validated; errors name file, line and remedy."""

from autopack.userfiles.files import parse, published_schema, read
from autopack.userfiles.problems import Loc, Misfits, nearest

__all__ = ["Loc", "Misfits", "nearest", "parse", "published_schema", "read"]
