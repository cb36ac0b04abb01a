"""YAML text to plain data with the line of every value, and what is wrong with it before any validation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from autopack.errors import InvalidInput
from autopack.userfiles.problems import Loc, Problem, Spot, message, too_large
from autopack.userfiles.wording import kind_of

MAX_BYTES = 1024 * 1024
"""Largest file that is read: a plan of 1,000 phases with long descriptions stays well below it."""
MAX_EXPANDED = 8 * MAX_BYTES
"""What aliases may expand to, in characters (each value counts 64 on top of its text)."""
MAX_DEPTH = 64


@dataclass
class Reader:
    """Plain data from YAML text, with the line of every value and what is wrong before any validation."""

    source: str
    numbered: bool = True
    """Whether problems are named with their line."""
    spots: dict[Loc, Spot] = field(default_factory=dict[Loc, Spot])
    problems: list[Problem] = field(default_factory=list[Problem])
    _expanded: int = 0
    _open: set[int] = field(default_factory=set[int])

    def read(self, text: str) -> dict[str, object]:
        """The file's data. Raises InvalidInput where nothing can be read; lesser problems are collected."""
        if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
            raise InvalidInput(too_large(self.source))
        root = self._compose(text)
        if root is None:
            raise InvalidInput(f"{self.source}:1: is empty; write at least schema_version: 1")
        data = self._build(root, (), _line(root))
        if not isinstance(data, dict):
            raise self._fatal(_line(root), f"must hold keys and values (key: value), not {kind_of(data)}")
        return cast("dict[str, object]", data)

    def _fatal(self, line: int, text: str) -> InvalidInput:
        return InvalidInput(message(self.source, [Problem(line if self.numbered else 0, (), text)]))

    def _compose(self, text: str) -> Any:
        from ruamel.yaml import YAML
        from ruamel.yaml.composer import MaxDepthExceededError
        from ruamel.yaml.error import MarkedYAMLError
        from ruamel.yaml.reader import ReaderError

        yaml: Any = YAML(typ="safe", pure=True)
        yaml.max_depth = MAX_DEPTH
        yaml.composer.warn_double_anchors = False
        try:
            return yaml.compose(text)
        except ReaderError as error:
            found: Any = error
            line = text.count("\n", 0, found.position) + 1
            raise self._fatal(
                line, f"holds the control character U+{found.character:04X}; remove it"
            ) from None
        except (MaxDepthExceededError, RecursionError):
            raise self._fatal(1, f"is nested deeper than {MAX_DEPTH} levels; write it flatter") from None
        except MarkedYAMLError as error:
            found = error
            mark = found.problem_mark or found.context_mark
            line = mark.line + 1 if mark else 1
            raise self._fatal(line, _syntax(str(found.problem or found.context))) from None
        except ValueError as error:
            raise self._fatal(1, f"is not valid YAML: {error}") from None

    def _build(self, node: Any, loc: Loc, line: int) -> object:
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        if id(node) in self._open:
            raise self._fatal(line, "an alias (*name) stands inside its own anchor; write the value out")
        tag = str(node.tag).removeprefix("tag:yaml.org,2002:")
        written = cast("object", node.value)
        self._expanded += 64 + (len(written) if isinstance(written, str) else 0)
        if self._expanded > MAX_EXPANDED:
            raise self._fatal(line, "its aliases (*name) expand to too much; write the values out")
        if isinstance(node, SequenceNode | MappingNode):
            self.spots[loc] = Spot(line, "")
            self._open.add(id(node))
            built = self._list(node, loc) if isinstance(node, SequenceNode) else self._dict(node, loc)
            self._open.discard(id(node))
            if tag not in ("seq", "map"):
                self._note(line, loc, f"the YAML tag {tag} is not supported; remove it")
            return built
        self.spots[loc] = Spot(line, str(written))
        return self._scalar(str(written), tag, loc, line)

    def _list(self, node: Any, loc: Loc) -> list[object]:
        return [self._build(item, (*loc, index), _line(item)) for index, item in enumerate(node.value)]

    def _dict(self, node: Any, loc: Loc) -> dict[str, object]:
        built: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = _line(key_node)
            tag, key = str(key_node.tag), cast("object", key_node.value)
            if tag.endswith(":merge"):
                self._note(line, loc, "merge keys (<<) are not supported; write the keys out")
            elif not isinstance(key, str):
                self._note(line, loc, "a list or a mapping can't be a key; write a text")
            elif not tag.endswith((":str", ":timestamp")):
                self._note(line, loc, f"the key {key!r} is not text; put it in quotes: '{key}'")
            elif key in built:
                first = self.spots[*loc, key].line
                self._note(line, (*loc, key), f"is written twice, first on line {first}; keep one of them")
            elif _unprintable(key):
                self._note(line, loc, "a key holds a character that no text may hold; remove it")
            else:
                built[key] = self._build(value_node, (*loc, key), line)
        return built

    def _scalar(self, written: str, tag: str, loc: Loc, line: int) -> object:
        match tag:
            case "str" | "timestamp":
                if _unprintable(written):
                    self._note(line, loc, "holds a character that no text may hold (such as \\0); remove it")
                    return ""
                return written
            case "bool" if written.lower() in ("true", "false"):
                return written.lower() == "true"
            case "int" | "float":
                return _number(written, whole=tag == "int")
            case "null":
                self._note(line, loc, "has no value; write one, or remove the line")
                return None
            case _:
                self._note(line, loc, f"can't be read as {tag}; put it in quotes, or write it without a tag")
                return written

    def _note(self, line: int, loc: Loc, text: str) -> None:
        self.problems.append(Problem(line, loc, text))


def _line(node: Any) -> int:
    return cast("int", node.start_mark.line) + 1


def _number(written: str, *, whole: bool) -> int | float | str:
    """A YAML 1.2 number. What only looks like one stays text, and is refused where a number is expected."""
    digits = written.replace("_", "").lower()
    try:
        if not whole:
            return float(digits.replace(".inf", "inf").replace(".nan", "nan"))
        return int(digits, 0 if digits.lstrip("+-")[:2] in ("0x", "0o", "0b") else 10)
    except ValueError:
        return written


def _unprintable(text: str) -> bool:
    return "\0" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text))


def _syntax(problem: str) -> str:
    if "'\\t'" in problem:
        return "a tab indents this line; YAML wants spaces, write spaces"
    if "mapping values are not allowed" in problem:
        return "is not valid YAML: a second ': ' on this line, or wrong indentation; put the text in quotes"
    if "single document" in problem or "another document" in problem:
        return "holds a second document (---); write one document per file"
    return f"is not valid YAML: {problem}; check quotes, brackets and indentation here"
