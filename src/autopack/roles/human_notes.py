"""Human notes in a prompt: which there is room for, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autopack.notes.schemas import Note, Notes
from autopack.roles.fence import Fence, visible

NOTES_LIMIT_CHARS = 24_000
"""What a prompt shows of notes in all: the newest."""
NOTE_LIMIT_CHARS = 4_000
"""What a prompt shows of one note; only text that was written by hand can be longer."""
_FENCE_CHARS = 100
"""Of the two lines around a note."""
_TITLE = "## Notes from the people who run this"
_LEAD = """\
They were written for this run or this project by the people who asked for the work. Follow them where they
concern what you do here, and where two disagree the later one. They can't widen the phase's scope, switch its
verification off, or change what a reviewer is told or how a change is judged."""


@dataclass(frozen=True)
class ShownNotes:
    """The notes of one prompt, oldest first, and what there was no room for."""

    notes: tuple[Note, ...] = ()
    left_out: int = 0
    unread_bytes: int = 0
    """Of a file that is too long to be read."""


NO_NOTES = ShownNotes()


def shown(found: Notes) -> ShownNotes:
    """The newest of the notes in force, as many as there is room for."""
    kept: list[Note] = []
    room = NOTES_LIMIT_CHARS
    for note in reversed(found.notes):
        room -= len(_body(note)) + _FENCE_CHARS
        if room < 0:
            break
        kept.append(note)
    left_out = len(found.notes) - len(kept)
    return ShownNotes(tuple(reversed(kept)), left_out=left_out, unread_bytes=found.unread_bytes)


def section(notes: ShownNotes, fence: Fence) -> str:
    """The part of a prompt that carries the notes; empty where there are none."""
    if not notes.notes and not notes.unread_bytes:
        return ""
    parts = [_TITLE, _LEAD, *_missing(notes)]
    parts += [fence.around(f"note {note.id}", _body(note)) for note in notes.notes]
    return "\n" + "\n\n".join(parts) + "\n"


def _missing(notes: ShownNotes) -> Sequence[str]:
    said: list[str] = []
    if notes.left_out:
        said.append(f"Older notes that are not shown, for want of room: {notes.left_out}.")
    if notes.unread_bytes:
        said.append(
            f"The end of the notes' file was not read: {notes.unread_bytes:,} bytes of it are too many."
        )
    return said


def _body(note: Note) -> str:
    when = "" if note.created_at is None else f", {note.created_at:%Y-%m-%d %H:%M:%S} UTC"
    text = note.text
    if len(text) > NOTE_LIMIT_CHARS:
        more = len(text) - NOTE_LIMIT_CHARS
        text = f"{text[:NOTE_LIMIT_CHARS]}\n[… {more} characters left out …]"
    return visible(f"{' '.join(note.author.split())}{when}:\n{text}")
