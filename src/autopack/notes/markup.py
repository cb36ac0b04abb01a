"""The format of `human_notes.md` and `lessons.md`: Markdown that people edit, and no text forges a note in.

A note of ours is a heading and the text below it, up to the next heading of level 1 or 2:

    ## 2026-11-27 10:15:03 UTC · Ada · note 3f9c2a1b · run run_20261127_101500_ab12

where that of a lesson says `lesson 3f9c2a1b`.

Text below any other heading, or below none, is a note written by hand. The file's first line may be a title.
A heading inside a note's text is written with a backslash, as Markdown itself has it, and read without. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from autopack.notes.schemas import BY_HAND, NOTES, Book, Note

_TIME = "%Y-%m-%d %H:%M:%S"
_OURS = re.compile(
    r"## +(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC · (?P<author>.+) · (?:note|lesson) (?P<id>[0-9a-f]{8})"
    r"(?: · run (?P<run>\w{1,40}))?\s*"
)
_HEADING = re.compile(r" {0,3}#{1,2}(?:[ \t].*)?")
_TOP_HEADING = re.compile(r" {0,3}#(?:[ \t].*)?")
_PLAIN = re.compile(r"^( {0,3})(\\*#{1,2}(?:[ \t]|$))", re.MULTILINE)
_ESCAPED = re.compile(r"^( {0,3})\\(\\*#{1,2}(?:[ \t]|$))", re.MULTILINE)
_CODE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Section:
    """A note, and the bytes of the file that it stands in."""

    note: Note
    start: int
    end: int


@dataclass(frozen=True)
class _Line:
    text: str
    start: int
    end: int


def heading(note: Note, book: Book = NOTES) -> str:
    """The line above a note of ours."""
    if note.created_at is None:
        raise ValueError("a note written by hand has no heading")
    run = "" if note.run_id is None else f" · run {note.run_id}"
    return f"## {note.created_at.astimezone(UTC):{_TIME}} UTC · {note.author} · {book.word} {note.id}{run}"


def entry(note: Note, book: Book = NOTES) -> str:
    """A note as it is written at the end of the file. It begins with a line's end, whatever is before it."""
    return f"\n{heading(note, book)}\n\n{escaped(note.text)}\n"


def escaped(text: str) -> str:
    """A text none of whose lines is a heading that ends a note."""
    return _PLAIN.sub(r"\1\\\2", text)


def sections(data: bytes) -> list[Section]:
    """Every note of a file with its place, in their order. Bytes that are no UTF-8 are read as U+FFFD.

    Two have one id only where they say the same: copied by hand and then changed, a note of ours is one
    written by hand.
    """
    found: list[Section] = []
    ours: dict[str, str] = {}
    for lines in _divided(data):
        note = _note(lines)
        if note is None:
            continue
        if ours.setdefault(note.id, note.text) != note.text:
            note = _by_hand(note.text, run_id=note.run_id)
        found.append(Section(note, lines[0].start, lines[-1].end))
    return found


def without(data: bytes, section: Section) -> bytes:
    """The file without a section; every other byte stays, but for one blank line at the end."""
    before, behind = data[: section.start], data[section.end :]
    return before[:-1] if not behind and before.endswith(b"\n\n") else before + behind


def _divided(data: bytes) -> Iterator[list[_Line]]:
    """The lines of each section; the title is in none."""
    section: list[_Line] = []
    code = ""
    blank = True
    for line in _lines(data):
        if blank and _TOP_HEADING.fullmatch(line.text):
            section, blank = [], False
            continue
        blank = blank and not line.text.strip()
        ours = _OURS.fullmatch(line.text) is not None
        if ours or (not code and _HEADING.fullmatch(line.text)):
            if section:
                yield section
            section, code = [], ""
        section.append(line)
        code = code if ours else _code_after(line.text, code)
    if section:
        yield section


def _code_after(line: str, code: str) -> str:
    """The fence of the code block that goes on behind a line; empty outside of one."""
    fence = _CODE.match(line)
    if fence is None:
        return code
    if not code:
        return fence[1]
    closes = fence[1].startswith(code) and not line[fence.end() :].strip()
    return "" if closes else code


def _lines(data: bytes) -> Iterator[_Line]:
    for match in _LINE.finditer(data):
        line = match.group()
        if match.start() == 0:
            line = line.removeprefix(_BOM)
        yield _Line(line.rstrip(b"\r\n").decode("utf-8", "replace"), match.start(), match.end())


def _note(lines: list[_Line]) -> Note | None:
    """What a section says; None where it says nothing, as one whose text was deleted."""
    ours = _OURS.fullmatch(lines[0].text)
    text = _ESCAPED.sub(r"\1\2", "\n".join(line.text for line in lines[1 if ours else 0 :])).strip()
    if not text:
        return None
    if ours is None:
        return _by_hand(text)
    author, at = ours["author"].strip(), _time(ours["at"])
    return Note(id=ours["id"], author=author, created_at=at, run_id=ours["run"], text=text)


def _by_hand(text: str, *, run_id: str | None = None) -> Note:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Note(id=digest[:12], author=BY_HAND, created_at=None, run_id=run_id, text=text)


def _time(said: str) -> datetime | None:
    try:
        return datetime.strptime(said, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
