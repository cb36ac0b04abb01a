"""The notes' file on a real disk: several writers, hand edits at the same moment, and what is refused."""

from __future__ import annotations

import multiprocessing
import os
import resource
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autopack import home as home_folder
from autopack.errors import Conflict, DiskFull, DiskUnusable, NotFound, RepositoryUnreachable, Unavailable
from autopack.notes import file
from autopack.notes.schemas import Note
from autopack.notes.service import new_note
from autopack.redaction import Redactor

WRITERS, EACH = 8, 6


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def made(text: str, *, note_id: str | None = None) -> Note:
    return new_note(text, by="Ada", run_id=None, redactor=Redactor(), note_id=note_id)


def texts(top: Path) -> list[str]:
    return [note.text for note in file.read(top).notes]


def _append_some(top: Path, home: Path, writer: int) -> None:
    for number in range(EACH):
        file.append(top, made(f"{writer}.{number}"), home=home)


def _withdraw_all(top: Path, home: Path, ids: list[str]) -> None:
    for note_id in ids:
        file.remove(top, note_id, home=home)


def _edit_by_hand(top: Path) -> None:
    """As `echo … >>` does, in two halves."""
    for number in range(EACH):
        with file.notes_path(top).open("ab") as edited:
            edited.write(f"\n## Hand {number}\n".encode())
        with file.notes_path(top).open("ab") as edited:
            edited.write(f"By hand {number}.".encode())


def at_once(*work: tuple[Callable[..., None], tuple[object, ...]]) -> None:
    """Each in a process of its own, begun before any of them ends."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=target, args=args) for target, args in work]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def test_eight_processes_that_append_at_once_lose_nothing(top: Path, home: Path) -> None:
    at_once(*((_append_some, (top, home, writer)) for writer in range(WRITERS)))
    wanted = {f"{writer}.{number}" for writer in range(WRITERS) for number in range(EACH)}
    assert sorted(texts(top)) == sorted(wanted)
    assert file.notes_path(top).read_text().count("# Human notes\n") == 1


def test_notes_are_added_while_others_are_withdrawn(top: Path, home: Path) -> None:
    old = [file.append(top, made(f"old {number}"), home=home).id for number in range(2 * EACH)]
    at_once(
        (_withdraw_all, (top, home, old[::2])),
        (_withdraw_all, (top, home, old[1::2])),
        *((_append_some, (top, home, writer)) for writer in range(3)),
    )
    assert sorted(texts(top)) == sorted(f"{writer}.{number}" for writer in range(3) for number in range(EACH))
    assert sorted(path.name for path in (top / ".autopack").iterdir()) == ["human_notes.md"]


def test_lines_added_by_hand_at_the_same_moment_are_kept_with_every_note(top: Path, home: Path) -> None:
    file.append(top, made("first"), home=home)
    at_once((_edit_by_hand, (top,)), *((_append_some, (top, home, writer)) for writer in range(3)))
    written = file.notes_path(top).read_text()
    assert all(f"By hand {number}." in written for number in range(EACH))
    ours = {note.text for note in file.read(top).notes if note.author == "Ada"}
    for writer in range(3):
        for number in range(EACH):
            assert any(text.startswith(f"{writer}.{number}") for text in ours)


def test_a_note_that_an_editor_saved_over_is_written_again(
    top: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor puts a new file in place between the opening of the file and the write."""
    file.append(top, made("first"), home=home)
    path, write, saved = file.notes_path(top), os.write, [b"# Mine\n\nEdited.\n"]

    def saved_before(handle: int, data: bytes) -> int:
        if saved and b"second" in data:
            aside = path.with_suffix(".swp")
            aside.write_bytes(saved.pop())
            aside.replace(path)
        return write(handle, data)

    monkeypatch.setattr(os, "write", saved_before)
    file.append(top, made("second"), home=home)
    assert texts(top) == ["Edited.", "second"]


def test_a_withdrawal_does_not_undo_what_an_editor_saves_meanwhile(
    top: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = file.append(top, made("gone"), home=home)
    path, chmod, saved = file.notes_path(top), os.fchmod, [b"\nSaved meanwhile.\n"]

    def saved_before(handle: int, mode: int) -> None:
        if saved:
            with path.open("ab") as edited:
                edited.write(b"\n## More\n" + saved.pop())
        chmod(handle, mode)

    monkeypatch.setattr(os, "fchmod", saved_before)
    file.remove(top, gone.id, home=home)
    assert texts(top) == ["## More\n\nSaved meanwhile."]


def test_a_note_with_an_id_that_is_there_is_not_added_twice(top: Path, home: Path) -> None:
    first = file.append(top, made("once", note_id="00000001"), home=home)
    assert file.append(top, made("again", note_id="00000001"), home=home) == first
    assert texts(top) == ["once"]


def test_a_file_without_a_last_newline_is_continued_on_a_line_of_its_own(top: Path, home: Path) -> None:
    (top / ".autopack").mkdir()
    file.notes_path(top).write_bytes(b"\xef\xbb\xbf# Title\r\n\r\nUse tabs. \xff")
    file.append(top, made("Next."), home=home)
    assert texts(top) == ["Use tabs. \ufffd", "Next."]
    assert file.notes_path(top).read_bytes().startswith(b"\xef\xbb\xbf# Title\r\n\r\nUse tabs. \xff\n")


def test_withdrawing_keeps_the_mode_and_every_other_byte(top: Path, home: Path) -> None:
    (top / ".autopack").mkdir()
    path = file.notes_path(top)
    path.write_bytes(b"# T\r\n\r\nHand \xff\xfe\r\n")
    path.chmod(0o640)
    before = path.read_bytes()
    note = file.append(top, made("gone"), home=home)
    assert file.remove(top, note.id, home=home) == note
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    for _ in range(3):  # blank lines do not pile up
        file.remove(top, file.append(top, made("gone"), home=home).id, home=home)
    assert path.read_bytes() == before


def test_a_note_copied_by_hand_is_withdrawn_with_its_copy(top: Path, home: Path) -> None:
    note = file.append(top, made("twice"), home=home)
    path = file.notes_path(top)
    path.write_text(path.read_text() + path.read_text())
    file.remove(top, note.id, home=home)
    assert "twice" not in path.read_text()


def test_there_is_nothing_to_read_or_withdraw_before_the_first_note(top: Path, home: Path) -> None:
    assert file.read(top).notes == ()
    with pytest.raises(NotFound, match="no note 00000001"):
        file.remove(top, "00000001", home=home)
    assert list(top.iterdir()) == []


def _linked_folder(top: Path, elsewhere: Path) -> None:
    (top / ".autopack").symlink_to(elsewhere)


def _linked_file(top: Path, elsewhere: Path) -> None:
    (top / ".autopack").mkdir()
    file.notes_path(top).symlink_to(elsewhere / "human_notes.md")


def _dangling_link(top: Path, elsewhere: Path) -> None:
    (top / ".autopack").mkdir()
    file.notes_path(top).symlink_to(elsewhere / "not there")


def _pipe(top: Path, _elsewhere: Path) -> None:
    (top / ".autopack").mkdir()
    os.mkfifo(file.notes_path(top))


def _folder_for_a_file(top: Path, _elsewhere: Path) -> None:
    file.notes_path(top).mkdir(parents=True)


def _file_for_a_folder(top: Path, _elsewhere: Path) -> None:
    (top / ".autopack").write_text("")


@pytest.mark.parametrize(
    "plant", [_linked_folder, _linked_file, _dangling_link, _pipe, _folder_for_a_file, _file_for_a_folder]
)
def test_a_planted_link_or_pipe_is_refused_and_followed_by_nobody(
    top: Path, home: Path, tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "human_notes.md").write_text("Secret.\n")
    plant(top, elsewhere)
    with pytest.raises(Conflict, match="does not follow it"):
        file.read(top)
    with pytest.raises(Conflict, match="does not follow it"):
        file.append(top, made("x"), home=home)
    with pytest.raises(Conflict, match="does not follow it"):
        file.remove(top, "00000001", home=home)
    assert [path.name for path in elsewhere.iterdir()] == ["human_notes.md"]
    assert (elsewhere / "human_notes.md").read_text() == "Secret.\n"


def test_the_lock_is_in_the_home_and_never_in_the_repository(top: Path, home: Path) -> None:
    file.append(top, made("x"), home=home)
    assert [path.name for path in (top / ".autopack").iterdir()] == ["human_notes.md"]
    assert [path.name for path in home.iterdir()] == ["notes.lock"]


def test_a_writer_that_never_ends_is_waited_for_only_so_long(
    top: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_folder, "LOCK_SECONDS", 0.1)
    file.append(top, made("x"), home=home)
    begun = time.monotonic()
    with home_folder.turn(home, "notes"):
        failed: list[Exception] = []

        def tried() -> None:
            try:
                file.append(top, made("y"), home=home)
            except Unavailable as error:
                failed.append(error)

        thread = threading.Thread(target=tried)
        thread.start()
        thread.join(30)
    assert "Another process" in str(failed[0])
    assert time.monotonic() - begun < 20


def test_a_file_longer_than_what_is_read_says_so_and_takes_no_more(top: Path, home: Path) -> None:
    note = file.append(top, made("x"), home=home)
    path = file.notes_path(top)
    with path.open("ab") as edited:
        edited.write(b"\n## Mine\n" + b"word " * 60 + b"\n" + (b"a line\n" * 40_000))
    found = file.read(top)
    size = path.stat().st_size
    assert 0 < found.unread_bytes < size
    assert size - file.LIMIT_BYTES <= found.unread_bytes <= size - file.LIMIT_BYTES + len("a line\n")
    assert found.notes[0] == note
    for refused in (
        lambda: file.append(top, made("y"), home=home),
        lambda: file.remove(top, note.id, home=home),
    ):
        with pytest.raises(Conflict, match="is full"):
            refused()
    assert path.stat().st_size == size


def test_a_note_is_refused_that_would_not_be_read_again(top: Path, home: Path) -> None:
    (top / ".autopack").mkdir()
    file.notes_path(top).write_bytes(b"a line\n" * ((file.LIMIT_BYTES - 30) // 7))
    with pytest.raises(Conflict, match="is full"):
        file.append(top, made("x"), home=home)


def test_a_repository_that_is_gone_is_an_error_with_what_to_do(top: Path, home: Path) -> None:
    top.rmdir()
    with pytest.raises(RepositoryUnreachable) as caught:
        file.append(top, made("x"), home=home)
    assert "autopack project move" in caught.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_an_error_and_leaves_the_file_as_it_was(
    top: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the note is written before the disk is full."""
    file.append(top, made("first"), home=home)
    path, write = file.notes_path(top), os.write
    before = path.read_bytes()

    def filling(handle: int, data: bytes) -> int:
        if b"second" not in data:
            return write(handle, data)
        half = data[: data.index(b"second")]
        written = write(handle, half)
        full = os.open("/dev/full", os.O_WRONLY)
        monkeypatch.setattr(os, "write", lambda _handle, rest: write(full, rest))  # pyright: ignore
        return written

    monkeypatch.setattr(os, "write", filling)
    with pytest.raises(DiskFull, match=r"human_notes\.md can't be used: No space left"):
        file.append(top, made("second"), home=home)
    assert path.read_bytes() == before


def test_a_file_size_limit_is_an_error_too_and_no_half_note_stays(top: Path, home: Path) -> None:
    """A real refusal of the system, in a process of its own: the limit can't be raised again."""
    file.append(top, made("first"), home=home)
    before = file.notes_path(top).read_bytes()
    at_once((_append_with_little_room, (top, home, len(before) + 40)))
    assert file.notes_path(top).read_bytes() == before


def _append_with_little_room(top: Path, home: Path, size: int) -> None:
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    with pytest.raises(Unavailable, match="File too large"):
        file.append(top, made("second"), home=home)


@pytest.mark.parametrize("number", ["EROFS", "EACCES"])
def test_a_repository_that_can_not_be_written_is_an_error(
    top: Path, home: Path, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    """As root every file can be written: the system's refusal is staged."""
    import errno

    opened = os.open

    def refusing(path: str, flags: int, *rest: int, dir_fd: int | None = None) -> int:
        if flags & os.O_APPEND:
            raise OSError(getattr(errno, number), "refused", path)
        return opened(path, flags, *rest, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(DiskUnusable) as caught:
        file.append(top, made("x"), home=home)
    assert str(file.notes_path(top)) in caught.value.message
    assert "writable" in caught.value.hint
