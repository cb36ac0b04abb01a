"""`human_notes.md` and `lessons.md` in `.autopack` of the user's repository: read, added to, taken out of.

Writers of one home take turns by a lock file in it; a hand editor takes no turn. A note is therefore added by
one write at the file's end, and looked for afterwards; it is withdrawn by a new file in the old one's place.
Links are not followed: a model may have planted one in a branch that the user checked out. Everything here
waits for the disk: call it in a thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shlex
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autopack.errors import (
    AutopackError,
    Conflict,
    DiskUnusable,
    NotFound,
    RepositoryUnreachable,
    Unavailable,
    of_system,
)
from autopack.home import turn
from autopack.notes.markup import Section, entry, sections, without
from autopack.notes.schemas import NOTES, Book, Note, Notes

FOLDER = ".autopack"
LIMIT_BYTES = 256 * 1024
"""What is read of a file. One that would become longer is not added to."""
_TRIES = 20
"""How often a write is done again that met a hand edit."""
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class _Place:
    """A book of notes, and the top of the repository that it is in."""

    top: Path
    book: Book

    @property
    def path(self) -> Path:
        return notes_path(self.top, self.book)


def notes_path(top: Path, book: Book = NOTES) -> Path:
    """Where the notes of the repository at `top` are."""
    return top / FOLDER / book.name


def read(top: Path, book: Book = NOTES) -> Notes:
    """The notes of a repository, none where there is no file.

    Raises `Conflict` where the file, or its folder, is a link or something else that is no file;
    `Unavailable` where it can't be read.
    """
    place = _Place(top, book)
    with _explained(place), _folder(top) as folder:
        if folder is None:
            return Notes()
        data, unread = _content(place, folder)
    return Notes(notes=_each_once(sections(data)), unread_bytes=unread)


def append(top: Path, note: Note, *, home: Path, book: Book = NOTES) -> Note:
    """Add a note at the end of the file, which is made where there is none.

    A note that has its id already is not added again, and given back as it is there. Raises `Conflict` and
    `Unavailable` as `read` does, and where the file is full.
    """
    place = _Place(top, book)
    with turn(home, "notes"), _explained(place), _folder(top, make=True) as folder:
        for _ in range(_TRIES):
            data, unread = _content(place, folder)
            if there := [one.note for one in sections(data) if one.note.id == note.id]:
                return there[0]
            added = entry(note, book) if data else book.title + entry(note, book)
            if unread or len(data) + len(added.encode()) > LIMIT_BYTES:
                raise _full(place)
            _write_at_end(place, folder, added.encode())
    raise _edited(place)


def remove(top: Path, note_id: str, *, home: Path, book: Book = NOTES) -> Note:
    """Take a note out of the file, and give it back. All else in the file stays as it is, byte for byte.

    Raises `NotFound` where no note has this id, else as `append`.
    """
    place = _Place(top, book)
    with turn(home, "notes"), _explained(place), _folder(top) as folder:
        for _ in range(_TRIES):
            data, unread = (b"", 0) if folder is None else _content(place, folder)
            found = [one for one in sections(data) if one.note.id == note_id]
            if folder is None or not found:
                raise NotFound(
                    f"There is no {book.word} {note_id} in {place.path}.",
                    hint=f"`autopack {book.command} list` has them.",
                )
            if unread:
                raise _full(place)
            rest = data
            for section in reversed(found):
                rest = without(rest, section)
            if _replace(folder, book.name, data, rest):
                return found[0].note
    raise _edited(place)


def _each_once(found: list[Section]) -> tuple[Note, ...]:
    by_id: dict[str, Note] = {}
    for section in found:
        by_id.setdefault(section.note.id, section.note)
    return tuple(by_id.values())


@contextmanager
def _folder(top: Path, *, make: bool = False) -> Generator[int | None]:
    """The open `.autopack` of a repository; None where there is none, and none was to be made."""
    opened: int | None = None
    outer = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(FOLDER, dir_fd=outer)
        with contextlib.suppress(FileNotFoundError):
            opened = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=outer)
    except NotADirectoryError:
        raise _strange(top / FOLDER, "folder") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise _strange(top / FOLDER, "folder") from None
        raise
    finally:
        os.close(outer)
    try:
        yield opened
    finally:
        if opened is not None:
            os.close(opened)


@contextmanager
def _file(place: _Place, folder: int, flags: int) -> Generator[int]:
    """The open file. Raises `FileNotFoundError`, and `Conflict` where it is a link, a pipe, a folder, …"""
    try:
        handle = os.open(place.book.name, flags | _SAFE, 0o666, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO):
            raise _strange(place.path, "file") from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _strange(place.path, "file")
        yield handle
    finally:
        os.close(handle)


def _content(place: _Place, folder: int | None) -> tuple[bytes, int]:
    """What the file holds, in whole lines up to the limit, and how many bytes more there are."""
    if folder is None:
        return b"", 0
    try:
        with _file(place, folder, os.O_RDONLY) as handle, os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(LIMIT_BYTES + 1)
            size = max(len(data), os.fstat(handle).st_size)
    except FileNotFoundError:
        return b"", 0
    if len(data) > LIMIT_BYTES:
        data = data[: data.rfind(b"\n", 0, LIMIT_BYTES) + 1]
    return data, size - len(data)


def _write_at_end(place: _Place, folder: int | None, data: bytes) -> None:
    """One write at the end of the file, on the disk when this returns; nothing is left of one that fails."""
    if folder is None:
        return
    with _file(place, folder, os.O_WRONLY | os.O_APPEND | os.O_CREAT) as handle:
        written = 0
        try:
            while written < len(data):
                written += os.write(handle, data[written:])
            os.fsync(handle)
        except OSError:
            end = os.lseek(handle, 0, os.SEEK_CUR)
            if written and os.fstat(handle).st_size == end:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, end - written)
            raise


def _replace(folder: int, name: str, former: bytes, data: bytes) -> bool:
    """Put a file with these bytes in the old one's place; False where that was edited meanwhile."""
    aside = f".{name}.{secrets.token_hex(4)}"
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            old = os.stat(name, dir_fd=folder, follow_symlinks=False)
            with contextlib.suppress(PermissionError):
                os.fchown(handle, old.st_uid, old.st_gid)
            os.fchmod(handle, stat.S_IMODE(old.st_mode))
            file.flush()
            os.fsync(handle)
        with os.fdopen(os.open(name, os.O_RDONLY | _SAFE, dir_fd=folder), "rb") as file:
            if file.read(len(former) + 1) != former:
                return False
        os.replace(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except FileNotFoundError:
        return False
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside, dir_fd=folder)
    return True


@contextmanager
def _explained(place: _Place) -> Generator[None]:
    """What the operating system refuses, as an error with what to do."""
    try:
        yield
    except OSError as error:
        raise _of_system(place, error) from error


def _of_system(place: _Place, error: OSError) -> AutopackError:
    top = place.top
    if isinstance(error, FileNotFoundError | NotADirectoryError) and not top.is_dir():
        quoted = shlex.quote(str(top))
        return RepositoryUnreachable(
            f"{top} is not there any more.", hint=f"Say where it is now: autopack project move {quoted} NEW"
        )
    known, said = of_system(error), os.strerror(error.errno) if error.errno else str(error)
    kind = Unavailable if known is None else type(known)
    hint = "Make the repository writable." if kind is DiskUnusable else "Then try again."
    return kind(f"The {place.book.command} in {place.path} can't be used: {said}.", hint=hint)


def _strange(path: Path, wanted: str) -> Conflict:
    return Conflict(
        f"{path} is no {wanted}: a link, or something else. Autopack does not follow it.",
        hint=f"Look where it came from, and put a {wanted} there, or nothing.",
    )


def _full(place: _Place) -> Conflict:
    return Conflict(
        f"{place.path} is full: {LIMIT_BYTES:,} bytes of {place.book.command} are read, and no more.",
        hint="Delete from it, in an editor, what is not in force any more.",
    )


def _edited(place: _Place) -> Conflict:
    return Conflict(f"{place.path} is being edited all the time.", hint="Save it, and try again.")
