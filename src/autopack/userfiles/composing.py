"""A document as a file that people like to read and edit: block style, long texts as they are, a comment."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any, cast

_WIDTH = 100


def composed(document: Mapping[str, Any], *, comment: str) -> str:
    r"""The document as YAML, behind a comment whose lines get their `# `.

    Short lists stand in brackets, texts of several lines in blocks. Where a text holds characters that YAML
    takes for others, this may say something else than the document: parse it before you rely on it.
    """
    from ruamel.yaml import YAML

    yaml: Any = YAML()
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_unicode = True
    out = StringIO()
    yaml.dump(_styled(document), out)
    return comment_lines(comment) + out.getvalue()


def comment_lines(text: str) -> str:
    """A text as lines of a comment; what can't be printed is a question mark there."""
    shown = (
        "".join(char if char.isprintable() else "?" for char in line.expandtabs(4)).rstrip()
        for line in text.splitlines()
    )
    return "".join(f"# {line}".rstrip() + "\n" for line in shown)


def _styled(value: object) -> object:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import LiteralScalarString

    match value:
        case str():
            return LiteralScalarString(value) if "\n" in value.strip("\n") or len(value) > _WIDTH else value
        case Mapping():
            mapping: Any = CommentedMap()
            for key, one in cast("Mapping[str, object]", value).items():
                mapping[key] = _styled(one)
            return mapping
        case list():
            items = cast("list[object]", value)
            listed: Any = CommentedSeq([_styled(one) for one in items])
            if _short(items):
                listed.fa.set_flow_style()
            return listed
        case _:
            return value


def _short(items: list[object]) -> bool:
    texts = [one for one in items if isinstance(one, str) and "\n" not in one]
    return len(texts) == len(items) and sum(len(one) + 4 for one in texts) < _WIDTH - 20
