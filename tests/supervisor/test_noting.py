"""Notes and runs: which project has them, which feed tells of them, and that a key writes once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import Conflict, InvalidInput, NotFound
from autopack.feed import queries as feed
from autopack.feed.schemas import EventBody, NoteAdded, NoteDelivered, NoteWithdrawn
from autopack.idempotency.queries import IdempotencyKey
from autopack.notes import file
from autopack.notes.queries import receipts, record_receipt
from autopack.notes.schemas import Note
from autopack.notes.service import NOTE_CHARS
from autopack.redaction import Redactor
from autopack.runs.states import EndReason, RunState
from autopack.supervisor import noting
from autopack.views.notes import latest_notes
from views.recorded import end_run, record_run


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


async def told(database: Database, run_id: str) -> list[EventBody]:
    """What the feed of a run says of notes."""
    async with database.read() as session:
        events = await feed.after(session, event_id=0, run_id=run_id, limit=1000)
    kinds = (NoteAdded, NoteWithdrawn, NoteDelivered)
    return [event.body for event in events if isinstance(event.body, kinds)]


class Writer:
    """Adds and withdraws as the doors do."""

    def __init__(self, settings: Settings, database: Database, redactor: Redactor) -> None:
        self._settings, self._database, self._redactor = settings, database, redactor

    async def add(
        self,
        text: str,
        *,
        by: str = "Ada",
        run_id: str | None = None,
        project: Path | None = None,
        key: IdempotencyKey | None = None,
    ) -> Note:
        return await noting.add_note(
            self._database,
            self._settings,
            self._redactor,
            text=text,
            by=by,
            run_id=run_id,
            project=project,
            key=key,
        )

    async def withdraw(self, note_id: str, *, project: Path | None = None) -> Note:
        return await noting.withdraw_note(
            self._database, self._settings, self._redactor, note_id=note_id, by="Bob", project=project
        )


@pytest.fixture
def writer(settings: Settings, database: Database) -> Writer:
    return Writer(settings, database, Redactor(["the-secret-of-this-environment"]))


async def test_a_note_is_in_the_file_and_in_the_feed(
    writer: Writer, settings: Settings, database: Database, top: Path
) -> None:
    run_id = await record_run(settings, repository=top)
    note = await writer.add("  Skip the UI.\r\n", run_id=run_id)
    assert (note.author, note.run_id, note.text) == ("Ada", run_id, "Skip the UI.")
    assert file.read(top).notes == (note,)
    assert await told(database, run_id) == [NoteAdded(note_id=note.id, by="Ada", text="Skip the UI.")]


async def test_a_note_for_a_project_is_told_in_its_newest_run_that_has_not_ended(
    writer: Writer, settings: Settings, database: Database, top: Path
) -> None:
    older = await record_run(settings, repository=top)
    newer = await record_run(settings, repository=top)
    await end_run(settings, newer, state=RunState.FAILED, reason=EndReason.PROVIDER_REFUSED)
    note = await writer.add("Use tabs.", project=top)
    assert note.run_id is None
    assert (len(await told(database, older)), await told(database, newer)) == (1, [])


async def test_a_note_without_a_run_or_project_is_for_that_of_the_latest_active_run(
    writer: Writer, settings: Settings, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    await record_run(settings, repository=first)
    later = await record_run(settings, repository=second)
    await writer.add("one")
    await end_run(settings, later, state=RunState.FAILED, reason=EndReason.PROVIDER_REFUSED)
    await writer.add("two")
    await writer.add("three", project=tmp_path / "not registered")
    await writer.add("four", project=second)
    assert [note.text for note in file.read(second).notes] == ["one", "four"]
    assert [note.text for note in file.read(first).notes] == ["two", "three"]


async def test_where_every_run_has_ended_the_newest_one_counts(
    writer: Writer, settings: Settings, database: Database, top: Path
) -> None:
    run_id = await record_run(settings, repository=top)
    await end_run(settings, run_id, state=RunState.FAILED, reason=EndReason.PROVIDER_REFUSED)
    note = await writer.add("For the next one.")
    assert file.read(top).notes == (note,)
    assert await told(database, run_id) == []


async def test_without_any_run_there_is_nothing_to_note(writer: Writer) -> None:
    with pytest.raises(NotFound) as caught:
        await writer.add("x")
    assert "autopack run PLAN" in caught.value.hint
    with pytest.raises(NotFound, match="no run run_1"):
        await writer.add("x", run_id="run_1")


@pytest.mark.parametrize("text", ["", " \n\t ", "x" * (NOTE_CHARS + 1)])
async def test_a_note_that_is_empty_or_too_long_is_refused_and_nothing_is_written(
    writer: Writer, settings: Settings, database: Database, top: Path, text: str
) -> None:
    run_id = await record_run(settings, repository=top)
    with pytest.raises(InvalidInput):
        await writer.add(text, key=IdempotencyKey("k", b"1"))
    assert list(top.iterdir()) == []
    assert await told(database, run_id) == []
    longest = f" {'x' * NOTE_CHARS}\n"
    assert len((await writer.add(longest, key=IdempotencyKey("k", b"2"))).text) == NOTE_CHARS


@pytest.mark.parametrize("author", ["", " \n ", "x" * 101])
async def test_an_author_is_one_line_that_is_not_too_long(
    writer: Writer, settings: Settings, top: Path, author: str
) -> None:
    await record_run(settings, repository=top)
    with pytest.raises(InvalidInput, match="An author"):
        await writer.add("x", by=author)
    assert (await writer.add("x", by=" Ada\n## Love\u2028lace ")).author == "Ada ## Love lace"


async def test_no_key_gets_into_the_file_or_out_of_one_written_by_hand(
    writer: Writer, settings: Settings, database: Database, top: Path
) -> None:
    await record_run(settings, repository=top)
    await writer.add("Use the-secret-of-this-environment for it.")
    path = file.notes_path(top)
    assert "the-secret" not in path.read_text()
    assert "[redacted]" in path.read_text()
    path.write_text(path.read_text() + "\n## Mine\n\nOr the-secret-of-this-environment.\n")
    found = await latest_notes(database, Redactor(["the-secret-of-this-environment"]), limit=5, project=top)
    assert [note.text for note in found.notes] == ["## Mine\n\nOr [redacted].", "Use [redacted] for it."]


async def test_control_characters_and_broken_unicode_are_not_written(
    writer: Writer, settings: Settings, top: Path
) -> None:
    await record_run(settings, repository=top)
    note = await writer.add("a\x1b[2J\x00\ud800b\tc\x85d")
    assert note.text == "a\ufffd[2J\ufffd\ufffdb\tc\ufffdd"
    assert file.read(top).notes == (note,)


async def test_a_request_that_is_repeated_under_its_key_writes_one_note(
    writer: Writer, settings: Settings, database: Database, top: Path
) -> None:
    run_id = await record_run(settings, repository=top)
    key = IdempotencyKey("k", b"{}")
    first, *others = await asyncio.gather(*(writer.add("once", run_id=run_id, key=key) for _ in range(4)))
    assert others == [first] * 3
    assert await writer.add("once", run_id=run_id, key=key) == first
    assert file.read(top).notes == (first,)
    assert len(await told(database, run_id)) == 1
    await writer.withdraw(first.id)
    assert await writer.add("once", run_id=run_id, key=key) == first
    assert file.read(top).notes == ()
    with pytest.raises(InvalidInput, match="another request"):
        await writer.add("another", run_id=run_id, key=IdempotencyKey("k", b"[]"))


async def test_a_request_that_died_between_file_and_feed_is_finished_by_its_repetition(
    writer: Writer, settings: Settings, database: Database, top: Path
) -> None:
    run_id = await record_run(settings, repository=top)
    (top / ".autopack").symlink_to(top)
    key = IdempotencyKey("k", b"{}")
    with pytest.raises(Conflict):
        await writer.add("once", run_id=run_id, key=key)
    (top / ".autopack").unlink()
    note = await writer.add("once", run_id=run_id, key=key)
    assert file.read(top).notes == (note,)
    other, same = IdempotencyKey("k2", b"{}"), IdempotencyKey("k2", b"{}")
    written = file.append(top, note.model_copy(update={"id": noting.note_id_of(other)}), home=settings.home)
    assert await writer.add("once", run_id=run_id, key=same) == written
    assert file.read(top).notes == (note, written)
    assert [type(one) for one in await told(database, run_id)] == [NoteAdded, NoteAdded]


async def test_a_withdrawn_note_is_gone_from_the_file_and_the_feed_says_who_did_it(
    writer: Writer, settings: Settings, database: Database, top: Path
) -> None:
    run_id = await record_run(settings, repository=top)
    kept, gone = await writer.add("Keep."), await writer.add("Drop.", run_id=run_id)
    assert await writer.withdraw(gone.id[:6]) == gone
    assert file.read(top).notes == (kept,)
    assert (await told(database, run_id))[-1] == NoteWithdrawn(note_id=gone.id, by="Bob")
    with pytest.raises(NotFound, match="There is no note"):
        await writer.withdraw(gone.id)
    with pytest.raises(NotFound, match="There is no note"):
        await writer.withdraw("")


async def test_a_note_of_another_project_is_found_and_a_damaged_one_is_passed_over(
    writer: Writer, settings: Settings, database: Database, tmp_path: Path
) -> None:
    for name in ("first", "second", "third"):
        (tmp_path / name).mkdir()
        await record_run(settings, repository=tmp_path / name)
    note = await writer.add("x", project=tmp_path / "second")
    (tmp_path / "first").rmdir()
    assert await writer.withdraw(note.id, project=tmp_path / "third") == note
    with pytest.raises(NotFound):
        await writer.withdraw(note.id, project=tmp_path / "third")


async def test_the_beginning_of_several_ids_withdraws_none_of_them(
    writer: Writer, settings: Settings, top: Path
) -> None:
    await record_run(settings, repository=top)
    first = await writer.add("one")
    for note_id in ("abc00001", "abc00002"):
        file.append(top, first.model_copy(update={"id": note_id}), home=settings.home)
    with pytest.raises(InvalidInput, match="abc00001, abc00002"):
        await writer.withdraw("abc")
    assert len(file.read(top).notes) == 3


async def test_a_heading_by_hand_that_names_no_run_of_ours_can_be_withdrawn(
    writer: Writer, settings: Settings, top: Path
) -> None:
    await record_run(settings, repository=top)
    note = await writer.add("x")
    path = file.notes_path(top)
    path.write_text(path.read_text().replace(note.id, f"{note.id} · run run_none"))
    assert (await writer.withdraw(note.id)).run_id == "run_none"


async def _receive(database: Database, run_id: str, note_id: str, attempt: int = 1) -> bool:
    async with database.write() as session:
        return await record_receipt(
            session,
            note_id=note_id,
            run_id=run_id,
            phase_index=1,
            phase_id="store",
            attempt=attempt,
            role="builder",
        )


async def test_a_receipt_is_recorded_once_also_by_several_at_once(
    database: Database, settings: Settings
) -> None:
    databases = [Database(settings.database_url) for _ in range(4)]
    new = await asyncio.gather(*(_receive(one, "run_1", "aaaaaaaa") for one in databases))
    for one in databases:
        await one.close()
    assert sorted(new) == [False, False, False, True]
    assert await _receive(database, "run_1", "aaaaaaaa", attempt=2)
    async with database.read() as session:
        found = await receipts(session, ["aaaaaaaa", "bbbbbbbb"])
    assert [(one.attempt, one.phase_id, one.role) for one in found["aaaaaaaa"]] == [
        (1, "store", "builder"),
        (2, "store", "builder"),
    ]
    assert found["bbbbbbbb"] == []


async def test_the_newest_notes_come_first_with_their_own_projects_receipts(
    writer: Writer, settings: Settings, database: Database, tmp_path: Path
) -> None:
    """Text by hand has its id from what it says: the same in two projects."""
    ids: list[str] = []
    for name in ("first", "second"):
        (tmp_path / name / ".autopack").mkdir(parents=True)
        file.notes_path(tmp_path / name).write_text("Use tabs.\n")
        ids.append(await record_run(settings, repository=tmp_path / name))
    hand = file.read(tmp_path / "first").notes[0]
    for run_id in ids:
        await _receive(database, run_id, hand.id)
    added = [await writer.add(str(number), project=tmp_path / "first") for number in range(3)]
    found = await latest_notes(database, Redactor(), limit=10, project=tmp_path / "first")
    assert [note.id for note in found.notes] == [*(note.id for note in reversed(added)), hand.id]
    assert [receipt.run_id for receipt in found.notes[-1].receipts] == [ids[0]]
    assert (found.total, found.unread_bytes, found.project) == (4, 0, str(tmp_path / "first"))
    few = await latest_notes(database, Redactor(), limit=2, project=tmp_path / "first")
    assert (len(few.notes), few.total) == (2, 4)


async def test_the_notes_of_a_run_are_those_in_force_for_it(
    writer: Writer, settings: Settings, database: Database, top: Path
) -> None:
    one, other = await record_run(settings, repository=top), await record_run(settings, repository=top)
    for_all = await writer.add("For all.")
    for_one = await writer.add("For one.", run_id=one)
    for run_id in (one, other):
        await _receive(database, run_id, for_all.id)
    of_one = await latest_notes(database, Redactor(), limit=5, run_id=one)
    of_other = await latest_notes(database, Redactor(), limit=5, run_id=other)
    assert [note.id for note in of_one.notes] == [for_one.id, for_all.id]
    assert [note.id for note in of_other.notes] == [for_all.id]
    assert [receipt.run_id for receipt in of_other.notes[0].receipts] == [other]
