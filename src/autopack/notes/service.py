"""Rules of human notes: what one may say, and which are in force. The caller knows project and run."""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

from autopack.errors import InvalidInput
from autopack.notes import file
from autopack.notes.schemas import NOTES, Book, Note, Notes
from autopack.redaction import Redactor

NOTE_CHARS = 4_000
AUTHOR_CHARS = 100


def new_note(
    text: str, *, by: str, run_id: str | None, redactor: Redactor, note_id: str | None = None
) -> Note:
    """A note as it will be written: without keys, and without characters that only steer a terminal.

    Raises `InvalidInput` where text or author is empty or too long.
    """
    text = plain(text)
    if not text:
        raise InvalidInput("The note says nothing.", hint="Write what later prompts should say.")
    if len(text) > NOTE_CHARS:
        raise InvalidInput(
            f"The note has {len(text):,} characters; at most {NOTE_CHARS:,} are taken.",
            hint="Shorten it, or put the long version into a file of the repository and name that.",
        )
    author = plain(" ".join(by.split()))
    if not 1 <= len(author) <= AUTHOR_CHARS or "\n" in author:
        raise InvalidInput(f"An author is one line of at most {AUTHOR_CHARS} characters.")
    return Note(
        id=note_id or secrets.token_hex(4),
        author=redactor.text(author),
        created_at=datetime.now(UTC).replace(microsecond=0),
        run_id=run_id,
        text=redactor.text(text),
    )


def plain(text: str) -> str:
    """A text as a file of UTF-8 holds it, without blanks around it.

    Line ends become newlines; other control characters, and what is no Unicode, U+FFFD.
    """
    text = re.sub(r"\r\n?", "\n", text)
    return "".join(
        "\ufffd" if unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t" else one for one in text
    ).strip()


def notes_of(project: Path, redactor: Redactor, book: Book = NOTES) -> Notes:
    """All notes of a project, without keys. Waits for the disk, and raises what `file.read` raises."""
    found = file.read(project, book)
    return Notes(
        notes=tuple(without_keys(note, redactor) for note in found.notes), unread_bytes=found.unread_bytes
    )


def without_keys(note: Note, redactor: Redactor) -> Note:
    """A note as it may be shown: people write keys into files."""
    return note.model_copy(update={"author": redactor.text(note.author), "text": redactor.text(note.text)})


def in_force(notes: Notes, run_id: str) -> Notes:
    """Those that a run's prompts have to carry."""
    kept = [note for note in notes.notes if note.run_id in (None, run_id)]
    return Notes(notes=tuple(kept), unread_bytes=notes.unread_bytes)
