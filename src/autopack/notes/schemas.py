"""A human note, the files that hold notes, and what is known of where one was delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

BY_HAND = "by hand"
"""The author of text that someone wrote into the file: it does not say who."""


@dataclass(frozen=True)
class Book:
    """A file of notes in `.autopack` of a repository."""

    name: str
    title: str
    """Its first line, where we make it."""
    word: str
    """What a note is called in its heading."""
    command: str
    """Of `autopack`."""


NOTES = Book("human_notes.md", "# Human notes\n", "note", "notes")
LESSONS = Book("lessons.md", "# Lessons\n", "lesson", "lessons")
"""What models learned and people accepted: each is a note whose run is the one that it was learned in."""


class Note(BaseModel):
    """What a person wants every later prompt to say, of one run or of all runs of a project."""

    model_config = ConfigDict(frozen=True)

    id: str
    """Eight hex digits; twelve where the text was written into the file by hand."""
    author: str
    created_at: datetime | None
    """In UTC, to the second; None where it was written by hand."""
    run_id: str | None
    """The one run that it is for; None: every run of the project."""
    text: str


class Notes(BaseModel):
    """What a project's file holds, in its order: what was added last is last."""

    model_config = ConfigDict(frozen=True)

    notes: tuple[Note, ...] = ()
    unread_bytes: int = 0
    """At the end of a file that is longer than what is read of one."""


class Receipt(BaseModel):
    """A note was in the prompt of one conversation, and the model answered it."""

    model_config = ConfigDict(frozen=True)

    note_id: str
    run_id: str
    phase_index: int
    """1-based, over the whole run."""
    phase_id: str
    attempt: int
    role: str
    delivered_at: datetime
    lesson: bool = False
